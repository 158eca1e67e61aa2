"""The table of a model: a row for each layer with its output shape, parameters and inputs."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..core.output import encodable
from ..core.tensor import Variable
from ..graph.symbols import Node
from .text import printable, shape_text, size_text

if TYPE_CHECKING:
    from ..models.model import Model

WIDTH, WIDTH_CONNECTED = 88, 108
HEADERS = {
    "layer": "Layer (type)",
    "shape": "Output Shape",
    "parameters": "Param #",
    "connected": "Connected to",
    "trainable": "Trainable",
}
SHARES = {"layer": 30, "shape": 24, "parameters": 14, "connected": 26, "trainable": 14}
NUMERIC = ("parameters",)


@dataclass
class Row:
    """One row of the table. `layer` is None for an op; `nodes` are its calls in this model."""

    name: str
    label: str
    layer: Any = None
    nodes: list[Node] = field(default_factory=list)
    level: int = 0


def summary(
    model: "Model",
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> None:
    """Print the table of a model, or pass its text to `print_fn`: see `Model.summary`."""
    text = summary_text(model, line_length, positions, expand_nested, show_trainable, layer_range)
    print_fn(text) if print_fn else print(encodable(text))


def summary_text(
    model: "Model",
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> str:
    """Return the table of a model as one string; the arguments are those of `Model.summary`.

    Raises ValueError for a range or positions that do not fit the table.
    """
    rows = expanded(model) if expand_nested else own_rows(model)
    columns = ["layer", "shape", "parameters"]
    if not is_chain(rows):
        columns.append("connected")
    if show_trainable:
        columns.append("trainable")
    if layer_range is not None:
        rows = select(rows, layer_range)
    width = line_length or (WIDTH_CONNECTED if "connected" in columns else WIDTH)
    cells = [[HEADERS[column] for column in columns]]
    cells += [[CELLS[column](row) for column in columns] for row in rows]
    table = draw_table(cells, columns, column_widths(columns, width, positions))
    return "\n".join([f'Model: "{printable(model.name)}"', *table, *totals(model)])


# ---------------------------------------------------------------------------------------------
# Rows


def own_rows(model: "Model", level: int = 0) -> list[Row]:
    """The rows of the model itself, nested models closed.

    A subclassed model has no graph: its rows are the layers that it holds.
    """
    if not hasattr(model, "summary_rows"):
        held = model.layers
        return [Row(layer.name, type(layer).__name__, layer, [], level) for layer in held]
    return [Row(*row, level=level) for row in model.summary_rows]


def expanded(model: "Model") -> list[Row]:
    """The rows of the model and, indented below each nested model, the rows of that model."""
    rows, waiting = [], own_rows(model)[::-1]
    while waiting:
        row = waiting.pop()
        rows.append(row)
        if hasattr(row.layer, "layers"):
            waiting += own_rows(row.layer, row.level + 1)[::-1]
    return rows


def is_chain(rows: list[Row]) -> bool:
    """Return whether every call has at most one input and every output at most one reader.

    Then the order of the rows says everything, and a column of connections would repeat it.
    """
    readers: set[tuple[int, int]] = set()
    for row in rows:
        if len(row.nodes) > 1:
            return False
        for node in row.nodes:
            sources = [(id(symbol.node), symbol.index) for symbol in node.inputs]
            if len(sources) > 1 or readers.intersection(sources):
                return False
            readers.update(sources)
    outermost = [row for row in rows if row.level == 0]
    starts = [row for row in outermost if row.nodes and not row.nodes[0].inputs]
    ends = [row for row in outermost if row.nodes and not feeds_any(row.nodes[0], readers)]
    return len(starts) <= 1 and len(ends) <= 1


def feeds_any(node: Node, readers: set[tuple[int, int]]) -> bool:
    """Whether any output of a node is in a set of (id of the node, index of the output)."""
    return any((id(node), i) in readers for i in range(len(node.outputs)))


def select(rows: list[Row], layer_range: Sequence[str] | None) -> list[Row]:
    """The rows from the first that matches the range's start to the last that matches its end."""
    if not isinstance(layer_range, (list, tuple)) or len(layer_range) != 2:
        raise ValueError(f"layer_range must be two layer names, (first, last), got {layer_range!r}")
    found = []
    for pattern in layer_range:
        matches = [i for i, row in enumerate(rows) if matches_name(pattern, row.name)]
        if not matches:
            names = ", ".join(printable(row.name) for row in rows[:20])
            raise ValueError(f"layer_range: no layer is called {pattern!r}; the rows are {names}")
        found.append(matches)
    first, last = sorted((found[0][0], found[1][-1]))
    return rows[first : last + 1]


def matches_name(pattern: str, name: str) -> bool:
    """Return whether a pattern matches a whole name, literally or as a regular expression."""
    if pattern == name:
        return True
    try:
        return re.fullmatch(pattern, name) is not None
    except re.error:  # a name such as "a(b" is legal, but not a regular expression
        return False


# ---------------------------------------------------------------------------------------------
# Cells


def layer_cell(row: Row) -> str:
    indent = "  " * row.level + ("└ " if row.level else "")
    return f"{indent}{printable(row.name)} ({printable(row.label)})"


def shape_cell(row: Row) -> str:
    """The output shape, or a list if there are different ones; `?` before the first call."""
    shapes = [[shape_text(symbol.shape) for symbol in node.outputs] for node in row.nodes]
    if not shapes:
        return "?"
    calls = list(dict.fromkeys(tuple(call) for call in shapes))
    flat = [shape for call in calls for shape in call]
    return flat[0] if len(flat) == 1 else "[" + ", ".join(flat) + "]"


def parameters_cell(row: Row) -> str:
    if row.layer is None:
        return "0"
    return f"{row.layer.count_params():,}" if row.layer.built else "0 (unbuilt)"


def connected_cell(row: Row) -> str:
    """Return where the inputs come from: `layer[call][output]` for every input of every call."""
    sources = [
        f"{printable(symbol.node.name)}[{symbol.node.index}][{symbol.index}]"
        for node in row.nodes
        for symbol in node.inputs
    ]
    return ", ".join(sources) or "-"


def trainable_cell(row: Row) -> str:
    if row.layer is None or not row.layer.weights:
        return "-"
    return "Y" if row.layer.trainable else "N"


CELLS = {
    "layer": layer_cell,
    "shape": shape_cell,
    "parameters": parameters_cell,
    "connected": connected_cell,
    "trainable": trainable_cell,
}


# ---------------------------------------------------------------------------------------------
# The table


def column_widths(columns: list[str], width: int, positions: Sequence[float] | None) -> list[int]:
    """The width of each column between its two blanks, so that the table is `width` wide."""
    if positions is None:
        whole = sum(SHARES[column] for column in columns)
        ends, end = [], 0
        for column in columns:
            end += SHARES[column]
            ends.append(end / whole)
    else:
        ends = list(positions)
        if len(ends) < len(columns):
            raise ValueError(
                f"positions needs {len(columns)} entries, one for each column, got {positions!r}"
            )
        ends = ends[: len(columns)]
    if ends[-1] <= 1:
        ends = [round(end * width) for end in ends]
    starts = [0, *ends[:-1]]
    # Each column spends a bar and two blanks; the last closes the table with one more bar.
    widths = [int(end - start) - 3 for start, end in zip(starts, ends, strict=True)]
    widths[-1] -= 1
    return [max(width, 6) for width in widths]


def draw_table(cells: list[list[str]], columns: list[str], widths: list[int]) -> list[str]:
    """The lines of a table with a heavy header; cells that are too long are wrapped in full."""

    def line(left, fill, middle, right):
        return left + middle.join(fill * (width + 2) for width in widths) + right

    drawn = [line("┏", "━", "┳", "┓")]
    for i, row in enumerate(cells):
        bar = "┃" if i == 0 else "│"
        pieces = [wrap(cell, width) for cell, width in zip(row, widths, strict=True)]
        for k in range(max(len(piece) for piece in pieces)):
            texts = []
            for piece, width, column in zip(pieces, widths, columns, strict=True):
                text = piece[k] if k < len(piece) else ""
                texts.append(text.rjust(width) if column in NUMERIC else text.ljust(width))
            drawn.append(bar + bar.join(f" {text} " for text in texts) + bar)
        if i == 0:
            drawn.append(line("┡", "━", "╇", "┩"))
        elif i < len(cells) - 1:
            drawn.append(line("├", "─", "┼", "┤"))
    if len(cells) == 1:
        drawn.pop()  # no rows: the header is the whole table
    drawn.append(line("└", "─", "┴", "┘"))
    return drawn


def wrap(text: str, width: int) -> list[str]:
    """Split a text into lines, at blanks where there are any."""
    lines = []
    while len(text) > width:
        blank = text.rfind(" ", 1, width + 1)
        if not text[:blank].strip():  # there is only an indent before the blank
            blank = -1
        end = blank if blank > 0 else width
        lines.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*lines, text]


# ---------------------------------------------------------------------------------------------
# Totals


def totals(model: "Model") -> list[str]:
    """The lines below the table: how many parameters there are, and how many bytes they take."""
    trainable, frozen = model.trainable_weights, model.non_trainable_weights
    optimizer = optimizer_variables(model)
    lines = [
        total("Total params", [*trainable, *frozen, *optimizer]),
        total("Trainable params", trainable),
        total("Non-trainable params", frozen),
    ]
    if optimizer:
        lines.append(total("Optimizer params", optimizer))
    return lines


def optimizer_variables(model: "Model") -> list[Variable]:
    """The state of the optimizer: empty before the first step."""
    optimizer = getattr(model, "optimizer", None)
    return [] if optimizer is None else list(optimizer.slots.values())


def total(title: str, variables: Iterable[Variable]) -> str:
    count = sum(variable.size for variable in variables)
    size = sum(variable.size * item_size(variable.dtype) for variable in variables)
    return f"{title}: {count:,} ({size_text(size)})"


def item_size(dtype: str) -> int:
    """The bytes of one element, read off the name of its type: `float32` takes 32 bits."""
    digits = "".join(character for character in dtype if character.isdigit())
    return int(digits) // 8 if digits else 1
