"""Compute all cases with Keras, in float64, and keep the numbers in `fixtures.safetensors`.

Run it in an environment of its own: `make reference`. The tests only read what it wrote.
"""

import json
import os
import sys
from pathlib import Path

os.environ |= {"KERAS_BACKEND": "jax", "JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu"}
os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"  # each program runs once: compile it quickly

import cases
import jax
import keras
import numpy as np
from safetensors.numpy import load_file, save_file

FIXTURES = Path(__file__).with_name("fixtures.safetensors")


def differentiate(call, arrays, layer, cotangents):
    """Outputs, gradients of the arrays and of the trainable weights, the other weights after."""
    weights = layer.trainable_weights if layer else []
    others = layer.non_trainable_weights if layer else []
    fixed = [(variable, variable.value) for variable in others]

    def forward(arrays, values):
        pairs = [*zip(weights, values, strict=True), *fixed]
        with keras.StatelessScope(pairs, collect_losses=True) as scope:
            outputs = [jax.numpy.asarray(y) for y in call(arrays)]
        return outputs, [scope.get_current_value(variable) for variable in others]

    arrays = [jax.numpy.asarray(a, "float64") for a in arrays]
    values = [variable.value for variable in weights]
    outputs, back, after = jax.vjp(forward, arrays, values, has_aux=True)
    if not arrays + values:
        return outputs, [], [], after
    cotangents = [np.asarray(c, y.dtype) for c, y in zip(cotangents, outputs, strict=True)]
    return outputs, *back(cotangents), after


def main():
    """Compute all cases, or with `--missing` those that the file does not hold yet."""
    keras.config.set_floatx("float64")
    jax.config.update("jax_disable_jit", True)  # step by step is faster than to compile each case
    found = load_file(FIXTURES) if "--missing" in sys.argv else {}
    known = {key.rsplit("/", 1)[0] for key in found}
    try:
        for name in cases.CASES:
            if name in known:
                continue
            try:
                numbers = cases.run(name, keras, differentiate)
            except Exception as error:
                raise RuntimeError(f"case {name} fails with Keras") from error
            for part, array in numbers.items():
                found[f"{name}/{part}"] = np.array(array, "float32", order="C")
    finally:  # what is done is kept, also when someone stops it
        keep(found)


def keep(found):
    """Write the numbers, and what made them, to the file."""
    versions = {"keras": keras.__version__, "jax": jax.__version__, "numpy": np.__version__}
    versions["python"] = sys.version.split()[0]
    found = {key: a for key, a in found.items() if key.rsplit("/", 1)[0] in cases.CASES}
    # One entry, because the order of several is not fixed.
    save_file(found, FIXTURES, metadata={"versions": json.dumps(versions)})
    print(f"{len(found)} arrays, {FIXTURES.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
