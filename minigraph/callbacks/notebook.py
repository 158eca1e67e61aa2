"""The line of a running loop in a notebook: one output, which is updated until it is finished.

A stored notebook keeps the last update alone, so the same run stores the same text.
"""

import secrets
import sys
from collections.abc import Callable
from typing import Any

KERNELS = ("ipykernel", "pyodide_kernel")  # whose streams become the outputs of a cell


class DisplayedText:
    """A text in the output of a cell; `show` replaces it.

    Args:
        publish: What sends an output to the notebook, `shell.display_pub.publish` of IPython.
    """

    def __init__(self, publish: Callable[..., Any]) -> None:
        self.publish: Callable[..., Any] = publish
        self.identity: dict[str, str] = {"display_id": secrets.token_hex(16)}
        self.shown: bool = False

    def show(self, text: str) -> None:
        """Show a text, in place of the one before.

        Args:
            text: The text, of one line or several.
        """
        data = {"text/plain": text}
        self.publish(data, metadata={}, transient=self.identity, update=self.shown)
        self.shown = True


def displayed_text(stream: Any) -> DisplayedText | None:
    """A text in the notebook in which `stream` prints; None if it prints elsewhere."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None or type(stream).__module__.partition(".")[0] not in KERNELS:
        return None
    return DisplayedText(shell.display_pub.publish)
