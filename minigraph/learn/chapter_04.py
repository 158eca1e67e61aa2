"""The checks of chapter 4: draw a side branch, put a graph in order, run it."""

import traceback
from collections.abc import Callable, Sequence
from itertools import product
from numbers import Real
from typing import Any

import numpy as np

from .. import ops
from ..core.tensor import Tensor
from ..graph.layer import Layer
from ..graph.plan import Plan
from ..graph.symbols import Input, Node, SymbolicTensor
from ..layers.core import Activation
from ..layers.merging import Concatenate
from . import plain
from .checking import NotYet, attempt, check, describe, listing, require_function

PIXELS, DIGITS = 64, 10
WANTED = ("relu", "linear", "linear")
DEEP = 5_000


# ---------------------------------------------------------------------------------------------
# Exercise 1: draw a side branch


@check("draw the `Input` first, call `first` on it, and keep a name for every symbol on the way.")
def side_branch(model: Any, edges: Any, count: Any) -> str:
    """Check a residual model of digits, its edges as pairs of names, and its parameter count."""
    plain.require_graph(model)
    check_graph(model)
    check_edges(model, edges)
    check_count(model, count)
    return (
        "Five arrows, and 8,970 parameters: as many as the plain chain has. A side branch gives "
        "the values a second path to the output, and it costs no parameters."
    )


def check_graph(model: Any) -> None:
    """Raise NotYet unless the model computes Dense(relu(Dense(x)) ... + x)."""
    if model.input_shape != (None, PIXELS):
        raise NotYet(
            f"Your model takes inputs of shape {model.input_shape}. An image of a digit is a "
            f"row of {PIXELS} pixels."
        )
    layers = plain.dense_layers(model)
    if len(layers) != 3:
        raise NotYet(
            f"I find {len(layers)} Dense layers in your drawing: "
            f"{listing(repr(layer.name) for layer in layers) or 'none'}. It needs 3. A layer that "
            "is called twice is still one layer, with one set of weights."
        )
    kernels = [layer.kernel.shape for layer in layers]
    if kernels == [(PIXELS, PIXELS), (PIXELS, PIXELS), (2 * PIXELS, DIGITS)]:
        raise NotYet(
            f"The last layer is called on {2 * PIXELS} features, so the two branches are "
            "concatenated. Add them element by element instead: then 64 and 64 stay 64."
        )
    if kernels != [(PIXELS, PIXELS), (PIXELS, PIXELS), (PIXELS, DIGITS)]:
        raise NotYet(
            f"The kernels of your Dense layers have the shapes {listing(kernels)}. Both inner "
            f"layers take {PIXELS} features and give {PIXELS}; the last one gives {DIGITS}."
        )
    x = np.random.default_rng(0).standard_normal((16, PIXELS)).astype("float32")
    explain_branches(layers, find_branches(layers, x, plain.outputs_of(model, x)))


def find_branches(
    layers: Any, x: np.ndarray, found: Any
) -> tuple[str | None, tuple[str, ...] | None]:
    """Return the side branch and the activations that give the model's outputs in plain NumPy."""
    first, second, last = layers
    for activations in [WANTED, *product(plain.ACTIVATIONS, repeat=3)]:
        hidden = plain.dense(first, x, activations[0])
        main = plain.dense(second, hidden, activations[1])
        for branch, added in (("input", x), ("hidden", hidden), ("none", 0 * x)):
            expected = plain.dense(last, main + added, activations[2])
            if found.shape == expected.shape and np.allclose(found, expected, **plain.ENOUGH):
                return branch, activations
    return None, None


def explain_branches(layers: Any, found: Any) -> None:
    """Raise NotYet unless the side branch and the activations are those of the task."""
    branch, activations = found
    first, second, last = [layer.name for layer in layers]
    if branch is None:
        raise NotYet(
            "The three Dense layers have the right shapes, but the outputs are different. Follow "
            f"the drawing backwards from {last!r}: what is added to what?"
        )
    if branch == "none":
        raise NotYet(
            f"Your model is a plain chain: {last!r} is called on the output of {second!r}, and "
            "nothing is added. From which box should a second arrow start?"
        )
    if branch == "hidden":
        raise NotYet(
            f"A branch is there, but it starts one box too late: you add the output of {first!r}. "
            f"The task adds the input of {first!r}."
        )
    for name, activation, wanted in zip((first, second, last), activations, WANTED, strict=True):
        if activation != wanted:
            raise NotYet(
                f"The branch is right. The layer {name!r} should have "
                f"{'no activation' if wanted == 'linear' else f'the activation {wanted}'}, but I "
                f"find {'none' if activation == 'linear' else activation}."
            )


def check_edges(model: Any, edges: Any) -> None:
    """Raise NotYet unless `edges` are the pairs (from, to) of the reader's own drawing."""
    if edges is None or edges == []:
        raise NotYet(
            "Your drawing is right. The `edges` are still to be written: one pair "
            "`(from, to)` of names for each arrow."
        )
    if not isinstance(edges, (list, tuple, set)):
        raise NotYet(f"`edges` is {describe(edges)}. It should be a list of pairs of names.")
    for pair in edges:
        if not isinstance(pair, (list, tuple)) or [type(name) for name in pair] != [str, str]:
            two = isinstance(pair, tuple) and len(pair) == 2
            parts = listing(map(describe, pair)) if two else describe(pair)
            raise NotYet(f"An edge is a pair of two names, but one of yours is {parts}.")
    arrows = {(parent.name, node.name) for node in model.plan_nodes for parent in node.parents}
    stated = {tuple(pair) for pair in edges}
    if stated == arrows:
        return
    if stated == {(end, start) for start, end in arrows}:
        raise NotYet(
            "All your arrows point the wrong way. Values flow from the box that makes them to the "
            "box that needs them, and a pair is `(from, to)`."
        )
    boxes = [node.name for node in model.plan_nodes]
    names = listing(map(repr, boxes))
    unknown = sorted({name for pair in stated for name in pair if name not in boxes})
    if unknown:
        raise NotYet(
            f"No box of yours is called {unknown[0]!r}. Give each layer its `name=`. So far your "
            f"boxes are called {names}."
        )
    invented = sorted(map(str, stated - arrows))
    if invented:
        raise NotYet(
            f"Your drawing has no arrow {invented[0]}. Its boxes are called {names}. What was "
            "the second of the pair called on?"
        )
    raise NotYet(
        f"You name {len(stated)} arrows. They are all there, but the drawing has more. Which box "
        "was called on two symbols?"
    )


def check_count(model: Any, count: Any) -> None:
    """Raise NotYet unless `count` is the number of parameters of the reader's own drawing."""
    if count is None:
        raise NotYet(
            "Drawing and edges are right. The `count` is missing: how many parameters does "
            "the model have?"
        )
    if isinstance(count, str):
        raise NotYet("`count` is a string. Leave out the quotes.")
    if not isinstance(count, Real):
        raise NotYet(f"`count` is {describe(count)}. It should be a number.")
    kernels = sum(layer.kernel.size for layer in plain.dense_layers(model))
    if count == kernels:
        raise NotYet(f"{count:,} are the parameters of the kernels. What else does Dense learn?")
    if count == model.count_params() + PIXELS * PIXELS + PIXELS:
        raise NotYet(
            f"With {count:,} you count a layer of weights for the addition too. What would it "
            "have to learn in order to add?"
        )
    if count != model.count_params():
        raise NotYet(
            f"Your drawing does not have {describe(count)} parameters. Take the Dense layers one "
            "at a time: a kernel of inputs × outputs, and a bias for each output."
        )


# ---------------------------------------------------------------------------------------------
# Exercise 2: parents first


@check(
    "begin with the smallest graph, one Input and no call. Which node does `outputs[0].node` give?"
)
def parents_first(function: Any) -> str:
    """Check a function: a list of symbols -> the nodes they need, parents first, each once."""
    require_function(function, "parents_first")
    for case in (chain, diamond, uneven, two_ends, shared_layer, deep_chain):
        case(function)
    return (
        "Chains, forks, several outputs, a layer called twice, and 5,000 calls in a row. With "
        "this order in hand, a model can be run, drawn, counted and saved."
    )


def chain(function: Any) -> None:
    x = Input((3,), name="x")
    a = step("a")(x)
    check_order(function, "a chain of two calls", [step("b")(a)], [x, a])


def diamond(function: Any) -> None:
    x = Input((3,), name="x")
    top = step("top")(x)
    left, right = step("left")(top), step("right")(top)
    graph = "a diamond, where `left` and `right` both need `top`"
    check_order(function, graph, [Concatenate(name="join")([left, right])], [x, top, left, right])


def uneven(function: Any) -> None:
    x = Input((3,), name="x")
    top = step("top")(x)
    left = step("left")(top)
    longer = step("longer")(left)
    check_order(
        function,
        "a diamond with a long and a short side",
        [Concatenate(name="join")([longer, top])],
        [x, top, left, longer],
        out_of_order=(
            "`top` is near the output along its short path and far from it along its long one. The "
            "distance of a node from the output does not say when its turn is; what does?"
        ),
    )


def two_ends(function: Any) -> None:
    x = Input((3,), name="x")
    trunk = step("trunk")(x)
    outputs = [step("color")(trunk), step("shape")(trunk)]
    step("unused")(trunk)
    check_order(
        function,
        "a graph with two outputs, `color` and `shape`",
        outputs,
        [x, trunk],
        left_out="Do you start from every symbol in `outputs`?",
    )
    check_order(function, "the same output asked for twice", outputs[:1] * 2, [x, trunk])


def shared_layer(function: Any) -> None:
    x = Input((3,), name="x")
    twice = step("twice")
    once = twice(x)
    check_order(
        function,
        "one layer called two times in a row",
        [twice(once)],
        [x, once],
        left_out="Two calls are two nodes, though their layer and name are the same.",
    )


def deep_chain(function: Any) -> None:
    """One layer called very often: the graph of a loop over 5,000 time steps."""
    again = step("again")
    symbols = [Input((1,), name="x")]
    for _ in range(DEEP):
        symbols.append(again(symbols[-1]))
    check_order(
        function,
        f"a chain of {DEEP:,} calls",
        symbols[-1:],
        symbols,
        look=(
            "A function that calls itself once for each node runs out of stack here. Keep a list "
            "of what is still to be done, and loop."
        ),
    )


def step(name: str) -> Activation:
    """A layer to call, without weights. Its name is fixed, so no automatic one is used up."""
    return Activation("relu", name=name)


def check_order(
    function: Any,
    graph: str,
    outputs: list[SymbolicTensor],
    inner: list[SymbolicTensor],
    look: str = "Which node did it stop at?",
    out_of_order: str = "A node may join the list once everything that it needs has joined.",
    left_out: str = "Does your walk go on from every input of a node, down to the Input?",
) -> None:
    """Raise NotYet unless the function lists each node once, and after the nodes it needs.

    `outputs` are the symbols it is asked for, `inner` the others that they need.
    """
    about = f"On {graph}, your function"
    answer = attempt(
        function,
        list(outputs),
        shown=f"`parents_first(outputs)` on {graph}",
        look=look,
        explain=lambda error: (
            "A symbol has no parents; the node that made it has."
            if getattr(error, "name", None) == "parents" and isinstance(error.obj, SymbolicTensor)
            else None
        ),
    )
    if not isinstance(answer, (list, tuple)):
        raise NotYet(f"{about} gives {describe(answer)}. The order must be a list.")
    strange = [item for item in answer if not isinstance(item, Node)]
    if strange:
        raise NotYet(
            f"{about} lists {describe(strange[0])}. The list should hold nodes: the node that made "
            "a symbol is `symbol.node`."
        )
    index = {}
    for i, node in enumerate(answer):
        if node in index:
            raise NotYet(
                f"{about} lists the node `{node.name}` at index {index[node]} and again at index "
                f"{i}. Two arrows lead to it, but it is one call. How can a walk know where it has "
                "been?"
            )
        index[node] = i
    check_members(about, index, {symbol.node: symbol.node for symbol in inner + outputs}, left_out)
    for node, i in index.items():
        for parent in node.parents:
            if index[parent] > i:
                raise NotYet(
                    f"{about} puts `{node.name}` at index {i}, before `{parent.name}` at index "
                    f"{index[parent]}, which it needs. {out_of_order}"
                )


def check_members(about: str, listed: Any, needed: Any, left_out: Any) -> None:
    """Raise NotYet unless the listed nodes are the needed ones."""
    missing = [node.name for node in needed if node not in listed]
    if missing:
        raise NotYet(
            f"{about} lists {len(listed)} of {len(needed)} nodes. The first that it leaves out is "
            f"`{missing[0]}`. {left_out}"
        )
    surplus = [node.name for node in listed if node not in needed]
    if surplus:
        raise NotYet(
            f"{about} lists `{surplus[0]}`, which no output needs. Walk from the outputs back to "
            "what they need, never forwards."
        )


# ---------------------------------------------------------------------------------------------
# Exercise 3: run a graph


@check("put the values of the inputs into a dict, `known[symbol] = value`. What comes next?")
def run(function: Any) -> str:
    """Check a function: (input symbols, output symbols, input values) -> output values."""
    require_function(function, "run")
    cases = (
        runs_a_chain,
        keeps_the_order,
        keeps_constants,
        keeps_lists,
        keeps_settings,
        gives_the_outputs_in_order,
        runs_once,
        runs_a_shared_layer,
        takes_several_outputs,
        makes_the_calls,
    )
    for case in cases:
        case(function)
    return (
        "Each call ran once, after the calls it needs, with its own arguments. This loop is all "
        "that happens when a model is called."
    )


class Times(Layer):
    """y = factor * x; counts its calls, and notes whether a Model made the last one."""

    factor: float
    calls: int
    called_by_plan: bool

    def __init__(self, factor: float, name: str) -> None:
        super().__init__(name=name)
        self.factor, self.calls, self.called_by_plan = factor, 0, False

    def call(self, inputs: Any) -> Any:
        self.calls += 1
        callers = (frame.f_code for frame, _ in traceback.walk_stack(None))
        self.called_by_plan = Plan.execute.__code__ in callers
        return inputs * self.factor


class Halves(Layer):
    """The first and the second half of the last axis: one call, two outputs."""

    def call(self, inputs: Any) -> Any:
        half = inputs.shape[-1] // 2
        return inputs[:, :half], inputs[:, half:]


A = np.array([[1, 2, 3, 4], [5, 6, 7, 8]], "float32")
B = np.array([[1, 10, 100, 1000], [2, 20, 200, 2000]], "float32")


def runs_a_chain(function: Any) -> None:
    x = Input((4,), name="x")
    y = Times(3, name="three")(Times(2, name="two")(x))
    (found,) = values_of(
        function,
        "a chain, 3 · (2 · x)",
        [x],
        [y],
        [A],
        look="An Input makes no call: its value is there from the start.",
    )
    compare(found, 6 * A, "On a chain, 3 · (2 · x)", "What is `node.fn` called on?")


def keeps_the_order(function: Any) -> None:
    a, b = Input((4,), name="a"), Input((4,), name="b")
    graph = "ops.subtract(a, b)"
    (found,) = values_of(function, graph, [a, b], [ops.subtract(a, b)], [A, B])
    if close(found, B - A):
        raise NotYet(
            f"On `{graph}` your function computes b - a. The order of the arguments counts: "
            "`node.args` holds them in the order in which they were given."
        )
    compare(found, A - B, f"On `{graph}`", "Does each input symbol get the value with its index?")


def keeps_constants(function: Any) -> None:
    x = Input((4,), name="x")
    graph = "ops.subtract(10, x)"
    look = (
        "`node.inputs` holds the symbols of a call, and none of its other arguments. The 10 is in "
        "`node.args`, next to the symbol."
    )
    outputs = [ops.subtract(10, x)]
    (found,) = values_of(function, graph, [x], outputs, [A], look, explain_constant)
    compare(found, 10 - A, f"On `{graph}`", look)


def explain_constant(error: Exception) -> str | None:
    """The explanation if the constant was looked up like a symbol; None for any other error."""
    if isinstance(error, KeyError) and error.args == (10,):
        return (
            "The 10 in `node.args` is a constant, so `known` does not hold it. `fill` should "
            "return it unchanged."
        )
    return None


def keeps_lists(function: Any) -> None:
    a, b = Input((4,), name="a"), Input((4,), name="b")
    graph = "Concatenate()([b, a])"
    look = (
        "This layer takes one argument, a list of two. In `node.args` the symbols may be inside "
        "lists; `tree.map(fill, node.args)` calls `fill` on each and keeps the lists."
    )
    joined = Concatenate(name="join")([b, a])
    (found,) = values_of(function, graph, [a, b], [joined], [A, B], look=look)
    compare(found, np.concatenate([B, A], axis=-1), f"On `{graph}`", look)


def keeps_settings(function: Any) -> None:
    x = Input((4,), name="x")
    graph = "ops.sum(x, axis=1)"
    (found,) = values_of(function, graph, [x], [ops.sum(x, axis=1)], [A])
    look = "The call had a setting, `axis=1`, and a node keeps settings too: see `node.kwargs`."
    compare(found, A.sum(axis=1), f"On `{graph}`", look)


def gives_the_outputs_in_order(function: Any) -> None:
    x = Input((4,), name="x")
    early = Times(2, name="early")(x)
    late = Times(3, name="late")(early)
    found = values_of(function, "outputs [late, early, x]", [x], [late, early, x], [A])
    look = "The values come in the order of `outputs`, whatever was computed first."
    for value, factor in zip(found, (6, 2, 1), strict=True):
        compare(value, factor * A, "For the outputs [late, early, x]", look)


def runs_once(function: Any) -> None:
    """Three outputs need one call; how often was it made?"""
    x = Input((4,), name="x")
    costly = Times(5, name="costly")
    y = costly(x)
    outputs = [Times(2, name="left")(y), Times(3, name="right")(y), y]
    costly.calls = 0  # the symbolic call ran it too, to infer its shape
    found = values_of(function, "a graph where three outputs need one call", [x], outputs, [A])
    if costly.calls != 1:
        raise NotYet(
            f"Two calls need what the layer `costly` gives, and it is an output too. Your function "
            f"ran it {costly.calls} times. Imagine that it takes an hour: run it once, and keep "
            "its output."
        )
    for value, factor in zip(found, (10, 15, 5), strict=True):
        compare(value, factor * A, "Where three outputs need one call", "Look at what you keep.")


def runs_a_shared_layer(function: Any) -> None:
    a, b = Input((4,), name="a"), Input((4,), name="b")
    shared = Times(7, name="shared")
    outputs = [shared(a), shared(b)]
    found = values_of(function, "a layer called on a and on b", [a, b], outputs, [A, B])
    if close(found[0], found[1]):
        raise NotYet(
            "One layer is called on a, then on b, and your function gives the same values for "
            "both. It keeps one value for each layer or name. But arrows belong to calls: keep "
            "one for each symbol."
        )
    for value, expected in zip(found, (7 * A, 7 * B), strict=True):
        compare(value, expected, "Where one layer is called twice", "Which call is which?")


def takes_several_outputs(function: Any) -> None:
    x = Input((4,), name="x")
    first, second = Halves(name="halves")(x)
    graph = "a layer that gives two halves, joined in reverse order"
    look = "This node has two symbols in `node.outputs`, and its call gives a tuple of two tensors."
    joined = Concatenate(name="join")([second, first])
    (found,) = values_of(function, graph, [x], [joined], [A], look=look)
    compare(found, np.concatenate([A[:, 2:], A[:, :2]], axis=-1), f"On {graph}", look)


def makes_the_calls(function: Any) -> None:
    x = Input((4,), name="x")
    two = Times(2, name="two")
    values_of(function, "one call, 2 · x", [x], [two(x)], [A])
    if two.called_by_plan:
        raise NotYet("Right, but you let Model do the work. Now write the loop.")


def values_of(
    function: Any,
    graph: str,
    inputs: Any,
    outputs: Sequence[SymbolicTensor],
    values: Sequence[np.ndarray],
    look: str = "Which node did it stop at?",
    explain: Callable[[Any], str | None] | None = None,
) -> list[np.ndarray]:
    """Return the outputs of the reader's `run` as arrays, or raise NotYet."""
    shown = f"`run(inputs, outputs, values)` on {graph}"
    tensors = [Tensor(value.copy()) for value in values]
    arguments = list(inputs), list(outputs), tensors
    answer = attempt(function, *arguments, shown=shown, look=look, explain=explain)
    if not isinstance(answer, (list, tuple)) or len(answer) != len(outputs):
        raise NotYet(
            f"On {graph}, your function gives {describe(answer)}, but it was asked for "
            f"{len(outputs)} output{'s' if len(outputs) > 1 else ''}. Give a list with one value "
            "for each."
        )
    strange = [value for value in answer if not isinstance(value, (Tensor, np.ndarray))]
    if strange:
        raise NotYet(
            f"On {graph}, one of your values is {describe(strange[0])}. A value is what a call "
            "returned, a tensor."
        )
    return [np.asarray(value) for value in answer]


def close(found: Any, expected: np.ndarray) -> bool:
    """Return whether two arrays agree up to rounding."""
    return found.shape == expected.shape and np.allclose(found, expected, rtol=1e-5)


def compare(found: Any, expected: np.ndarray, about: str, look: str) -> None:
    """Raise NotYet, with the first wrong element, unless two arrays agree."""
    if close(found, expected):
        return
    if found.shape != expected.shape:
        raise NotYet(f"{about}, your function gives the wrong shape, {found.shape}. {look}")
    wrong = int(np.argmax(~np.isclose(found, expected, rtol=1e-5)))
    raise NotYet(
        f"{about}, element {wrong} of what your function gives is {found.flat[wrong]:g}. Compute "
        f"that element on paper and compare. {look}"
    )
