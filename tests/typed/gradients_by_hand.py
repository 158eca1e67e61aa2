"""Ops, variables and the tape, without a model: logistic regression by hand."""

import numpy as np

import minigraph as keras
from minigraph import ops


def main() -> tuple[list[float], float]:
    """The losses of the steps, and the difference from numeric gradients."""
    random = np.random.default_rng(2)
    x = keras.Tensor(random.standard_normal((50, 3)).astype("float32"))
    y = ops.cast(x[:, :1] > 0, "float32")
    kernel = keras.Variable(np.zeros((3, 1), "float32"), name="kernel")
    bias = keras.Variable(np.zeros((1,), "float32"), name="bias")

    losses = []
    for _ in range(20):
        with keras.Tape() as tape:
            logits = x @ kernel + bias
            loss = ops.mean(ops.softplus(logits) - y * logits)
        slopes = tape.gradient(loss, [kernel, bias])
        for variable, gradient in zip([kernel, bias], slopes, strict=True):
            variable.assign(variable - 0.5 * gradient)
        losses.append(loss.item())

    z = keras.Tensor([1.0, -2.0]) * 2
    assert z.shape == (2,) and ops.mean([1.0, 2.0]).item() == 1.5
    difference = keras.check_gradient(
        lambda a, b: ops.tanh(a) @ b, np.ones((2, 3)), np.ones((3, 1))
    )
    return losses, difference
