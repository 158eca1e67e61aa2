"""The numbers of an independent implementation, computed once with Keras and kept as a file.

`reference/cases.py` says what is computed, `reference/make_fixtures.py` did it in float64. Here the
same cases run in float32.
"""

import inspect
import json
from pathlib import Path

import numpy as np
import pytest
from reference import cases
from safetensors import safe_open

import minigraph
from minigraph import Tape, Tensor, ops

FIXTURES = Path(__file__).parent / "reference" / "fixtures.safetensors"
TOLERANCE = 1e-5  # of the largest number among the outputs, or among the gradients
ZERO = 1e-12  # below this, float64 left only rounding errors of a zero

# What has no case, and why.
KEYWORDS = "it names keyword arguments, for editors"
NO_COUNTERPART = "Keras has no such name"
DRAWS = "it draws random numbers, in a way of its own"
BASE = "a base class, seen through its children"
UNCOVERED = {
    "layers.Layer": BASE,
    "layers.InputSpec": "it checks shapes and computes nothing",
    "layers.InputLayer": "it stands behind every Input of the graphs and computes nothing",
    "layers.ConvLSTMCell": "Keras does not export it; seen through ConvLSTM2D",
    **{f"layers.Random{name}": DRAWS for name in ("Contrast", "Crop")},
    "losses.Loss": BASE,
    "losses.FormulaLoss": BASE,
    "losses.LossOptions": KEYWORDS,
    "losses.FunctionLoss": NO_COUNTERPART,
    "losses.Crossentropy": NO_COUNTERPART,
    "metrics.Metric": BASE,
    "metrics.FormulaMetric": BASE,
    "metrics.Counts": BASE,
    "metrics.Huber": NO_COUNTERPART,
    "optimizers.Optimizer": BASE,
    "optimizers.Chunk": "it is not public",
    "optimizers.Moments": BASE,
    "optimizers.AdamOptions": KEYWORDS,
    "optimizers.ClippingOptions": KEYWORDS,
    "optimizers.OptimizerOptions": KEYWORDS,
    "optimizers.Segment": "it is not public",
    "schedules.LearningRateSchedule": BASE,
    "schedules.Decay": BASE,
    "initializers.Initializer": BASE,
    "initializers.FunctionInitializer": NO_COUNTERPART,
    "initializers.Scaling": BASE,
    "regularizers.Regularizer": BASE,
    "constraints.Constraint": BASE,
    **{
        f"initializers.{name}": DRAWS
        for name in ("GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal")
        + ("LecunUniform", "Orthogonal", "RandomNormal", "RandomUniform", "TruncatedNormal")
        + ("VarianceScaling",)
    },
}


def kept():
    """The kept numbers: case -> name of an array -> array."""
    found = {}
    with safe_open(FIXTURES, "numpy") as file:
        for key in file.keys():
            case, part = key.rsplit("/", 1)
            found.setdefault(case, {})[part] = file.get_tensor(key)
    return found


KEPT = kept()


def differentiate(call, arrays, layer, cotangents):
    """Outputs, gradients of the arrays and of the trainable weights, the other weights after."""
    weights = layer.trainable_weights if layer else []
    tensors = [Tensor(array, tracked=True) for array in arrays]
    with Tape() as tape:
        outputs = [ops.convert_to_tensor(y) for y in call(tensors)]
        parts = [ops.sum(y * c) for y, c in zip(outputs, cotangents, strict=True)]
        total = sum(parts)
    gradients = []
    if tensors or weights:
        gradients = [
            np.zeros(v.shape) if g is None else g.numpy()
            for g, v in zip(
                tape.gradient(total, [*tensors, *weights]), [*tensors, *weights], strict=True
            )
        ]
    others = layer.non_trainable_weights if layer else []
    n = len(tensors)
    return outputs, gradients[:n], gradients[n:], [v.numpy() for v in others]


@pytest.mark.parametrize("name", KEPT)
def test_numbers_are_those_of_keras(name):
    found = cases.run(name, minigraph, differentiate)
    assert found.keys() == KEPT[name].keys()
    for part, expected in KEPT[name].items():
        assert found[part].shape == expected.shape, part
        kind = part.rpartition("_")[0]  # a gradient that is exactly 0 is measured by its siblings
        siblings = [array for name, array in KEPT[name].items() if name.startswith(kind)]
        largest = max(np.abs(array).max(initial=0) for array in siblings)
        bound = TOLERANCE * (largest if largest > ZERO else 1)
        np.testing.assert_allclose(found[part], expected, rtol=0, atol=bound, err_msg=part)


def test_the_file_holds_enough_cases_and_stays_small():
    assert KEPT.keys() == cases.CASES.keys(), "run `make reference`"
    assert sum(name.startswith("layers/") for name in KEPT) >= 80
    assert FIXTURES.stat().st_size < 3e6
    with safe_open(FIXTURES, "numpy") as file:
        versions = json.loads(file.metadata()["versions"])
    assert versions.keys() == {"keras", "jax", "numpy", "python"}


class Spy:
    """A module that writes down which of its names are used."""

    def __init__(self, module, used):
        self.module, self.used = module, used

    def __getattr__(self, name):
        value = getattr(self.module, name)
        self.used.add(f"{self.module.__name__.rsplit('.')[-1]}.{name}")
        return Spy(value, self.used) if inspect.ismodule(value) else value


def test_every_public_class_has_a_case_or_a_reason():
    used = set()
    for case in cases.CASES.values():
        case.build(Spy(minigraph, used))
    public = set()
    for module in (
        *(minigraph.layers, minigraph.losses, minigraph.metrics, minigraph.optimizers),
        *(minigraph.optimizers.schedules, minigraph.initializers, minigraph.regularizers),
        minigraph.constraints,
    ):
        place = module.__name__.rsplit(".")[-1]
        for name, value in vars(module).items():
            if inspect.isclass(value) and name[0].isupper() and value.__name__ == name:
                if value.__module__.startswith(module.__name__) or place == "layers":
                    public.add(f"{place}.{name}")
    activations = {f"activations.{name}" for name in minigraph.activations.FUNCTIONS}
    assert activations <= {n.replace("/", ".") for n in cases.CASES}
    assert public - used == UNCOVERED.keys()
