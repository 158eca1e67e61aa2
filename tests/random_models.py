"""Random models for property tests: every way in which calls can be put together."""

from collections import Counter
from types import SimpleNamespace

from hypothesis import strategies as st

import minigraph as keras
from minigraph import layers, ops
from minigraph.core import tree

OPERATIONS = [
    lambda a, b: a * 2.0,
    lambda a, b: 1.0 - a,
    lambda a, b: ops.tanh(a),
    lambda a, b: a[:, :1] + a,
    lambda a, b: ops.concatenate([a, b, a], axis=-1),
    lambda a, b: ops.split(ops.concatenate([b, a, b], axis=-1), 1, axis=-1)[0],
    lambda a, b: ops.split(ops.concatenate([a, a], axis=-1), 2, axis=-1),
    lambda a, b: ops.where(ops.greater(a, 0.0), a, -a),
]
MERGES = [layers.Add, layers.Average, layers.Maximum, layers.Multiply]


@st.composite
def structures(draw, leaves):
    """The leaves in a single value, a list, a tuple, a dict, or a dict with a list in it."""
    if len(leaves) == 1 and draw(st.booleans()):
        return leaves[0]
    form = draw(st.sampled_from(["list", "tuple", "dict", "nest"]))
    if form == "nest" and len(leaves) > 1:
        return {"first": leaves[0], "rest": [leaves[1:]]}
    names = [f"part_{k}" for k in range(len(leaves))]
    return {"list": list, "tuple": tuple}.get(form, lambda x: dict(zip(names, x, strict=True)))(
        leaves
    )


@st.composite
def models(draw, depth=2, stock=None):
    """A model with branches, merges, shared layers, shared models and bare operations.

    `stock` holds the layers and models that were made before, also in the models around.
    """
    stock = stock or SimpleNamespace(layers=[], models=[])
    starts = [keras.Input((draw(st.integers(1, 3)),)) for _ in range(draw(st.integers(1, 3)))]
    symbols = list(starts)

    def pick():
        return symbols[draw(st.integers(0, len(symbols) - 1))]

    def fitted(symbol, width):
        return symbol if symbol.shape[-1] == width else layers.Dense(width)(symbol)

    kinds = ["dense", "again", "merge", "operation", "model", "model again", "inside"]
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(kinds))
        a, b = pick(), pick()
        if kind == "merge":
            merge = draw(st.sampled_from(MERGES))()
            symbols.append(merge([a, fitted(b, a.shape[-1]), a]))
        elif kind == "operation":
            symbols += tree.flatten(draw(st.sampled_from(OPERATIONS))(a, b))
        elif kind == "model" and depth:
            inner = draw(models(depth - 1, stock))
            stock.models.append(inner)
            symbols += tree.flatten(called(inner, pick, fitted))
        elif kind == "model again" and stock.models:
            symbols += tree.flatten(called(draw(st.sampled_from(stock.models)), pick, fitted))
        elif kind == "inside" and (paths := paths_inside(so_far := keras.Model(starts, symbols))):
            symbols.append(so_far.get_tensor(draw(st.sampled_from(paths))))
        elif kind == "again" and stock.layers:
            layer = draw(st.sampled_from(stock.layers))
            symbols.append(layer(fitted(a, layer.get_input_at(0).shape[-1])))
        else:
            activation = draw(st.sampled_from([None, "relu", "tanh"]))
            stock.layers.append(layers.Dense(draw(st.integers(1, 3)), activation=activation))
            symbols.append(stock.layers[-1](a))
    outputs = [symbols[-1], *(pick() for _ in range(draw(st.integers(0, 2))))]
    return keras.Model(draw(structures(starts)), draw(structures(outputs)))


def called(model, pick, fitted):
    given = [fitted(pick(), symbol.shape[-1]) for symbol in model.inputs]
    return model(tree.pack(model.input, given))


def paths_inside(model):
    """The paths of all tensors that models inside this one make, one level down."""
    nested = [node for node in model.plan.calls if isinstance(node.layer, keras.Model)]
    paths = []
    for node in nested:
        calls = sorted((n for n in nested if n.layer is node.layer), key=lambda n: n.order)
        for name, count in Counter(n.name for n in node.layer.plan.calls).items():
            outer = f"{node.name}[{calls.index(node)}]"
            paths += [f"{outer}/{name}[{k}][0]" for k in range(count)]
    return paths
