"""The checks of chapter 0, the tour: draw a model, read its summary, predict its size."""

from itertools import pairwise, product
from numbers import Real
from typing import Any

import numpy as np

from ..graph.symbols import Input
from ..layers.core import Dense
from ..models.model import Model
from . import plain
from .checking import NotYet, attempt, check, describe, listing, require_function

PIXELS, WIDTH, DIGITS = 64, 32, 10
WANTED = ("relu", "relu", "linear")
ROUNDED = 0.0051  # a share may be given to two digits


# ---------------------------------------------------------------------------------------------
# Exercise 1: change the width


@check("draw an `Input` of 64 values, call the first Dense layer on it, and go on from there.")
def another_width(model: Any) -> str:
    """Check a model of digits with two hidden layers of width 32."""
    plain.require_graph(model)
    if model.input_shape != (None, PIXELS):
        raise NotYet(
            f"Your model takes inputs of shape {model.input_shape}. An image of a digit has "
            "8 × 8 pixels, and its row in the data holds all of them. How long is that row?"
        )
    layers = plain.dense_layers(model)
    widths = [layer.units for layer in layers]
    if len(widths) != 3:
        raise NotYet(
            f"I find {len(widths)} Dense layers in your model, of widths {widths}. Count again: "
            "two hidden layers, and one more whose outputs are the scores of the ten digits."
        )
    if widths[-1] != DIGITS:
        raise NotYet(
            f"Your last layer has width {widths[-1]}. Each digit, from 0 to 9, needs its own "
            "score. How many are there?"
        )
    if widths[:2] != [WIDTH, WIDTH]:
        raise NotYet(
            f"Your hidden layers have widths {widths[0]} and {widths[1]}. The task asks for "
            f"{WIDTH} in both. Which argument of Dense is the width?"
        )
    explain_activations(layers, matching_activations(model, layers))
    return (
        f"{model.count_params():,} parameters instead of 8,970. A width is one number in the code, "
        "and the layer after it adapts its shape by itself."
    )


def explain_activations(layers: list[Dense], found: Any) -> str | None:
    """Raise NotYet unless the activations that were found are relu, relu and none."""
    if found == WANTED:
        return
    if found is None:
        raise NotYet(
            "The widths are right. But the outputs are not those of three Dense layers in a row "
            "with relu after the first two. Is there a layer too many, or a different "
            "activation?"
        )
    for layer, activation in zip(layers[:2], found, strict=False):
        if activation == "linear":
            raise NotYet(
                f"I ran your model on some data, and the hidden layer {layer.name!r} lets negative "
                "values pass: it has no relu. Without a nonlinearity between them, two layers can "
                "do no more than one. Look at its `activation`."
            )
        if activation != "relu":
            raise NotYet(
                f"The hidden layer {layer.name!r} has the activation {activation}. The tour's "
                "model uses a different one there. Which one?"
            )
    if found[-1] == "softmax":
        raise NotYet(
            "The ten outputs for each sample add up to 1, so the last layer of your model applies "
            "softmax. The loss of the tour is given `from_logits=True`: it takes the raw scores "
            "and applies softmax itself. Twice is once too often."
        )
    raise NotYet(
        f"The last layer {layers[-1].name!r} applies {found[-1]}. The scores of the digits should "
        "come out as they are, so that they can be any number, even a negative one."
    )


def matching_activations(model: Any, layers: list[Dense]) -> Any:
    """The activations with which a plain MLP on the model's weights gives the model's outputs.

    None if there are none, or if the layers do not form a chain.
    """
    kernels = [layer.kernel.shape for layer in layers]
    if kernels != list(pairwise([PIXELS, WIDTH, WIDTH, DIGITS])):
        return None
    x = np.random.default_rng(0).standard_normal((16, PIXELS)).astype("float32")
    found = plain.outputs_of(model, x)
    for activations in [WANTED, *product(plain.ACTIVATIONS, repeat=len(layers))]:
        expected = x
        for layer, activation in zip(layers, activations, strict=True):
            expected = plain.dense(layer, expected, activation)
        if found.shape == expected.shape and np.allclose(found, expected, **plain.ENOUGH):
            return activations
    return None


# ---------------------------------------------------------------------------------------------
# Exercise 2: read the summary


@check("walk over `model.layers` and print `layer.name` and `layer.count_params()` for each one.")
def largest_layer(function: Any) -> str:
    """Check a function: model -> (name of the layer with the most parameters, its share of all)."""
    require_function(function, "largest_layer")
    for sizes in ([100, 20, 30, 5], [5, 40, 60, 3], [4, 3, 2, 80]):
        model = make_mlp(sizes)
        answer = attempt(function, model, shown="`largest_layer(model)`")
        named, counts = plain.dense_layers(model), [a * b + b for a, b in pairwise(sizes)]
        name, share = name_and_share(answer)
        about = (
            f"For a model whose three layers hold {listing(f'{n:,}' for n in counts)} parameters"
        )
        largest = named[counts.index(max(counts))]
        if name != largest.name:
            explain_name(name, sizes, named, about)
        explain_share(share, sizes, counts, about)
    return (
        "You read the table as the library does: each row counts the weights of its own layer, "
        "and the largest matrix between two neighbours decides where most of them live."
    )


def name_and_share(answer: Any) -> Any:
    """Return the two parts of an answer; raise NotYet if it does not have them."""
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        raise NotYet(
            f"`largest_layer(model)` returns {describe(answer)}. Return a pair: the name of the "
            "layer, and its share as a number from 0 to 1."
        )
    name, share = answer
    if not isinstance(name, str):
        raise NotYet(
            f"The first part of your answer is {describe(name)}. Give the layer's name, a string "
            "such as 'dense_1'."
        )
    if not isinstance(share, Real):
        raise NotYet(f"The second part of your answer is {describe(share)}. A share is a number.")
    return name, float(share)


def explain_name(name: Any, sizes: Any, named: Any, about: str) -> None:
    """Raise NotYet for a layer that does not hold the most parameters."""
    widest = named[int(np.argmax(sizes[1:]))].name
    if name == widest:
        raise NotYet(
            f"{about}, you name {name!r}. That is the layer with the widest output. A narrow layer "
            "behind a wide one can hold more. Which column of the summary counts parameters?"
        )
    numbers = {layer.name: number for number, layer in enumerate(named, 1)}
    which = f"number {numbers[name]}" if name in numbers else "none of them"
    raise NotYet(
        f"{about}, in this order, you name {name!r}, which is {which}. Do you compare every layer "
        "with the largest one so far?"
    )


def explain_share(share: Any, sizes: Any, counts: Any, about: str) -> None:
    """Raise NotYet for a wrong share of the parameters."""
    largest, total = max(counts), sum(counts)
    kernels = [a * b for a, b in pairwise(sizes)]
    if abs(share - largest / total) <= ROUNDED:
        return
    about = f"{about}, you give the largest a share of {share:.4g}"
    if abs(share - 100 * largest / total) <= 100 * ROUNDED:
        raise NotYet(f"{about}. That is a percentage. As a fraction, the whole is 1.")
    if abs(share - largest / (total - largest)) <= ROUNDED:
        raise NotYet(
            f"{about}. That is how it compares to the others together. A share is a part of the "
            "whole, and the layer itself belongs to the whole."
        )
    if abs(share - max(kernels) / sum(kernels)) <= ROUNDED:
        raise NotYet(
            f"{about}. That is its share of the kernels. Each Dense layer also holds a bias for "
            "every output, and the summary counts it."
        )
    raise NotYet(f"{about}. Divide what this layer holds by `model.count_params()`.")


# ---------------------------------------------------------------------------------------------
# Exercise 3: predict a parameter count


@check("take the smallest case. How many weights are there between widths 7 and 4?")
def parameters(function: Any) -> str:
    """Check a function: the sizes of an MLP, inputs first -> the number of its parameters."""
    require_function(function, "parameters")
    for sizes in ([3, 5, 2], [7, 4], [PIXELS, 64, 64, DIGITS], [784, 64, 64, DIGITS]):
        answer = attempt(function, list(sizes), shown=f"`parameters({sizes})`")
        if not isinstance(answer, Real):
            raise NotYet(f"`parameters({sizes})` returns {describe(answer)}. A count is a number.")
        if answer != make_mlp(sizes).count_params():
            explain_count(answer, sizes)
    return (
        "The library draws the same models and counts the same: 8,970 for the tour's, and 55,050 "
        "if the images were 28 × 28 pixels. You can size a model before you draw it."
    )


def explain_count(answer: Any, sizes: Any) -> None:
    """Raise NotYet for a wrong number of parameters."""
    products = [a * b for a, b in pairwise(sizes)]
    layers = [a * b + b for a, b in pairwise(sizes)]
    about = (
        f"`parameters({sizes})` returns {answer:,}, but the library's model has a different number."
    )
    if answer == sum(products):
        raise NotYet(
            f"{about} Yours is {' + '.join(f'{a}·{b}' for a, b in pairwise(sizes))}, the kernels "
            "alone. A Dense layer computes x @ kernel + bias."
        )
    if answer == sum(layers) + sizes[-1] * sizes[0] + sizes[0]:
        raise NotYet(
            f"{about} Your loop starts at 0, and `sizes[0 - 1]` is the *last* size. Between which "
            "sizes is the first gap?"
        )
    if answer == sum(products) + sum(sizes):
        raise NotYet(
            f"{about} Yours gives a bias to the {sizes[0]} inputs as well. Inputs are data: which "
            "layer would own that bias?"
        )
    if answer in (sum(layers[1:]), sum(layers[:-1])):
        raise NotYet(
            f"{about} Yours is what {len(layers) - 1} of the {len(layers)} Dense layers hold. "
            f"{len(sizes)} sizes have {len(layers)} gaps between them, and each gap is a layer. "
            "Which gap does your loop not reach?"
        )
    if answer == sum(products) + sum(sizes[:-1]):
        raise NotYet(
            f"{about} Yours gives the bias of each layer one value for each input. The bias is "
            "added last. What is the shape of the sum it is added to?"
        )
    if answer == sum(products) + len(products):
        raise NotYet(
            f"{about} Yours adds 1 for each layer. A bias is a vector: one value for each output."
        )
    raise NotYet(
        f"{about} Take the layers one at a time: what is the shape of the kernel between widths "
        f"{sizes[0]} and {sizes[1]}, and what is the shape of the bias?"
    )


def make_mlp(sizes: Any) -> Model:
    """The library's MLP of these sizes. Its names are fixed: no automatic name is used up."""
    inputs = x = Input((sizes[0],), name="inputs")
    for number, units in enumerate(sizes[1:], 1):
        x = Dense(units, activation="relu", name=f"layer_{number}")(x)
    return Model(inputs, x, name="mlp")
