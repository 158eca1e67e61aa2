"""What an earlier release wrote, this one reads: each folder of tests/files is one release."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import minigraph
from minigraph.models import load_model

FILES = Path(__file__).parent / "files"
RELEASES = sorted(folder.name for folder in FILES.iterdir() if (folder / "expected.json").exists())
sys.path.insert(0, str(FILES))
from write import X, Y, sequential  # noqa: E402


def test_this_release_has_a_folder():
    assert minigraph.__version__ in RELEASES


@pytest.mark.parametrize("release", RELEASES)
def test_the_files_of_a_release_are_read(release):
    folder = FILES / release
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    inputs = {"a": X, "b": X[::-1]}
    model = load_model(folder / "functional.safetensors")
    found = model.predict(inputs, verbose=0)["two"]
    np.testing.assert_allclose(found, expected["functional"], rtol=1e-5)
    assert model.evaluate(inputs, {"two": Y}, verbose=0) == pytest.approx(expected["loss"], 1e-5)
    assert model.get_layer("first").get_layer("shared") is model.get_layer("second").layers[1]
    assert model.optimizer.iterations == expected["steps"]
    model.fit(inputs, {"two": Y}, verbose=0)

    chain = load_model(folder / "sequential.safetensors")
    np.testing.assert_allclose(chain.predict(X, verbose=0), expected["sequential"], rtol=1e-5)
    fresh = sequential()
    fresh.set_weights([weight * 0 for weight in fresh.get_weights()])
    fresh.load_weights(folder / "weights.safetensors")
    np.testing.assert_allclose(fresh.predict(X, verbose=0), expected["sequential"], rtol=1e-5)
