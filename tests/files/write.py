"""Write the files of this release: `python tests/files/write.py`.

A release adds its folder once, and no folder is ever changed or removed: what one release wrote all
later ones read.
"""

import json
from pathlib import Path

import numpy as np

import minigraph
from minigraph import Input, Model, Sequential, layers, ops

X = np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4)
Y = np.linspace(0, 1, 6, dtype="float32").reshape(3, 2)


def functional():
    """Two inputs, a layer shared by two models, one of them called twice, some ops."""
    minigraph.utils.set_random_seed(1)
    a, b = Input((4,), name="a"), Input((4,), name="b")
    shared = layers.Dense(3, activation="tanh", name="shared")
    inside = Input((4,), name="inside")
    first = Model(inside, layers.Dropout(0.2)(shared(inside)), name="first")
    second = Model(inside, layers.BatchNormalization()(shared(inside) * 2), name="second")
    joined = layers.Concatenate()([first(a), first(b), second(a)])
    outputs = {"mean": ops.mean(joined, axis=-1, keepdims=True), "two": layers.Dense(2)(joined)}
    return Model({"a": a, "b": b}, outputs, name="functional")


def sequential():
    minigraph.utils.set_random_seed(2)
    chain = [Input((4,)), layers.Reshape((2, 2)), layers.LSTM(3), layers.Dense(2)]
    return Sequential(chain, name="sequential")


def main():
    folder = Path(__file__).parent / minigraph.__version__
    folder.mkdir()
    model, chain = functional(), sequential()
    model.compile("adam", {"mean": None, "two": "mse"})
    model.fit({"a": X, "b": X[::-1]}, {"mean": None, "two": Y}, epochs=2, verbose=0)
    chain.compile("sgd", "mse")
    model.save(folder / "functional.safetensors")
    chain.save(folder / "sequential.safetensors")
    chain.save_weights(folder / "weights.safetensors")
    expected = {
        "functional": model.predict({"a": X, "b": X[::-1]}, verbose=0)["two"].tolist(),
        "sequential": chain.predict(X, verbose=0).tolist(),
        "loss": model.evaluate({"a": X, "b": X[::-1]}, {"mean": None, "two": Y}, verbose=0),
        "steps": int(model.optimizer.iterations),
    }
    (folder / "expected.json").write_text(json.dumps(expected) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
