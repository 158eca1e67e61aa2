"""Each test starts from the same names, the same seeds and the same settings.

The tests in `SUITES` run on NumPy, on the stand-in for CuPy, and, where that is asked for with
`pytest -m gpu`, on CuPy itself.
"""

import json
import platform
import signal
import subprocess
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import cupy_standin
import numpy as np
import pytest

import minigraph
from minigraph import backend
from minigraph.core.context import context
from minigraph.core.device import use
from minigraph.core.random import set_random_seed

# Some shells start what runs in the background with Ctrl-C ignored, and the tests that press it
# would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SUITES = {
    *("test_ops", "test_layer", "test_convolution", "test_recurrent", "test_small_layers"),
    *("test_losses", "test_added_losses", "test_metrics", "test_optimizers", "test_library"),
    *("test_masks", "test_constraints", "test_random_tensors", "test_images"),
}
HOST_ONLY = {  # slow numeric gradients, and what looks at NumPy's arrays themselves
    *("test_gradient_of_every_element", "test_the_examples_lie_where_the_op_has_a_slope"),
    *("test_gradient_along_random_directions", "test_gradients_of_inputs_and_weights"),
    *("test_gradient_of_each_output_alone", "test_gradient_in_small_blocks"),
    *("test_inputs_and_incoming_gradients_are_only_read", "test_promised_gradients"),
    *("test_settings_by_position_and_by_keyword", "test_ops_name_no_library"),
    *("test_gradients_flow_through_every_loss", "test_masked_steps_leave_the_mean"),
    *("test_the_four_signatures_of_call", "test_arrays_that_somebody_holds_stay_as_they_were"),
    "test_masks_of_merged_inputs_are_combined_with_and",
    "test_masks_of_concatenated_inputs_are_joined",
    "test_a_mask_may_be_given_to_a_layer_whose_call_does_not_name_it",
    "test_the_readme_says_where_the_gpu_path_was_last_run",
    *("test_cupy_has_every_name_that_is_used", "test_the_stand_in_refuses_what_cupy_refuses"),
}
RECORD = Path(__file__).with_name("gpu_record.json")


def pytest_addoption(parser):
    parser.addoption(
        "--require-gpu", action="store_true", help="fail where a test of the GPU would be skipped"
    )


def asks_for_gpu(config):
    return config.getoption("--require-gpu") or "gpu" in config.getoption("-m").split()


def pytest_generate_tests(metafunc):
    if metafunc.module.__name__ not in SUITES or metafunc.function.__name__ in HOST_ONLY:
        return
    libraries = ["numpy", "stand-in"]
    if asks_for_gpu(metafunc.config):
        libraries.append(pytest.param("gpu", marks=pytest.mark.gpu))
    metafunc.parametrize("library", libraries, indirect=True)


def missing_gpu():
    """Why CuPy cannot be used here, or None."""
    try:
        with use("cupy"):
            return None
    except (ImportError, RuntimeError) as error:
        return str(error)


@pytest.fixture(autouse=True)
def library(request):
    """The library that the test runs on: "numpy", "stand-in" or "gpu"."""
    name = getattr(request, "param", "numpy")
    with ExitStack() as stack:
        if name == "gpu" and (reason := missing_gpu()):
            (pytest.fail if request.config.getoption("--require-gpu") else pytest.skip)(reason)
        if name == "stand-in":
            stack.enter_context(cupy_standin.installed())
        if name != "numpy":
            stack.enter_context(use("cupy"))
        yield name


@pytest.fixture(autouse=True)
def fresh_session(library):
    """Names count from the start, randomness repeats, and weights are float32 again."""
    backend.clear_session()
    set_random_seed(0)
    yield
    backend.set_floatx("float32")
    context.tape = None  # a test may leave one open on purpose


def pytest_terminal_summary(terminalreporter, config):
    """Write down on what the tests of the GPU ran, if they all passed on one."""
    reports = terminalreporter.stats
    passed = [r for r in reports.get("passed", ()) if "gpu" in r.keywords and r.when == "call"]
    if not passed or reports.get("failed") or reports.get("error") or missing_gpu():
        return
    RECORD.write_text(json.dumps(describe_run(len(passed)), indent=1) + "\n", "utf-8")
    terminalreporter.write_line(f"{RECORD.name}: {len(passed)} tests passed on a GPU")


def describe_run(passed):
    """The device, the versions, the date and the commit of this run."""
    import cupy

    device = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)["name"].decode()
    git = ["git", "-C", str(RECORD.parent), "describe", "--always", "--dirty"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "device": device,
        "cuda": cupy.cuda.runtime.runtimeGetVersion(),
        "cupy": cupy.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "minigraph": minigraph.__version__,
        "commit": commit or "unknown",
        "date": date.today().isoformat(),
        "tests": passed,
    }
