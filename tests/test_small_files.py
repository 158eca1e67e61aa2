"""A small file is loaded or refused in bounded time and memory, whatever its settings ask for."""

import json
import random
import time

import numpy as np
import pytest
import small_files
from small_files import SLOWEST

from minigraph import Input, Model, layers, losses, metrics, ops, optimizers
from minigraph.core.registry import did_you_mean
from minigraph.core.tensor import OPS
from minigraph.models import load_model

HOSTILE_NAMES = ["\x1b[2J", "a\rb: 0.0000", "a\nb", "\x9b", "\0", "\u202e", "\ud800", "x" * 129, ""]
NAMED = {
    "metric": lambda name: metrics.MeanAbsoluteError(name=name),
    "metric of counts": lambda name: metrics.Recall(name=name or "\n"),
    "loss": lambda name: losses.MeanSquaredError(name=name),
    "optimizer": lambda name: optimizers.SGD(name=name),
}


@pytest.fixture(scope="module")
def ends(tmp_path_factory):
    files = list(small_files.random_files(random.Random(0), 1000))
    return small_files.faults_among(files, tmp_path_factory.mktemp("small") / "file")


@pytest.mark.linux
def test_random_settings_of_every_class_and_op_are_loaded_or_refused_in_time(ends):
    faults, _ = ends
    assert not faults, "\n".join(faults)


@pytest.mark.linux
def test_many_random_settings_are_valid(ends):
    """A law about files that are all refused at once would say nothing."""
    _, verdicts = ends
    assert verdicts["loaded"] > 250
    assert verdicts["FileRefused"] > 250


def test_every_op_and_class_has_its_turn():
    turns = {what.split()[1] for what, _ in small_files.random_files(random.Random(0), 1000)}
    ours = {name for name, fn in OPS.items() if fn.__module__.startswith("minigraph.")}
    assert ours <= turns
    assert {"Rescaling", "StackedRNNCells", "AUC", "Adam", "ExponentialDecay", "Huber"} <= turns


def called(layer, *shape):
    x = Input(shape)
    return json.loads(Model(x, layer(x), name="m").to_json())


def grown(value, old, new):
    return json.loads(json.dumps(value).replace(str(old), str(new)))


def with_cells(count):
    cell = layers.RNN(layers.StackedRNNCells([layers.GRUCell(1)]))
    model = called(cell, 3, 1)
    cells = [{"class_name": "GRUCell", "config": {"units": 1}}] * count
    stack = {"class_name": "StackedRNNCells", "config": {"cells": cells}}
    entry = {"class_name": "RNN", "name": "rnn", "config": {"cell": stack}}
    model["config"]["layers"] = [model["config"]["layers"][0], entry]
    model["config"]["nodes"][1]["layer"] = 1
    return model


def scored(*metrics_):
    given = small_files.compiled(random.Random(0), "losses", "MeanSquaredError")
    return {"model": small_files.doubling(), "compile": given | {"metrics": list(metrics_)}}


def auc(count, name="auc"):
    return {"class_name": "AUC", "config": {"num_thresholds": count, "name": name}}


LARGE = {
    "parts of an axis": grown(called(lambda x: ops.unstack(x, axis=1)[0], 7777), 7777, 10**6),
    "units of each step": grown(
        called(layers.TimeDistributed(layers.Dense(7777)), 8, 1), 7777, 10**9
    ),
    "axes of a product": grown(called(lambda x: ops.tensordot(x, x, axes=0), 1), '"axes": 0',
                               '"axes": 10000000'),
    "cells": with_cells(4000),
}  # fmt: skip
LARGE = {what: {"model": model, "compile": None} for what, model in LARGE.items()}
LARGE |= {
    "thresholds": scored(auc(10**9)),
    "200 times thresholds": scored(*(auc(10**5, f"auc_{k}") for k in range(200))),
    "a name for the terminal": scored(auc(3, "\x1b[2J")),
}


@pytest.mark.linux
def test_what_is_too_large_is_refused_before_it_is_made(tmp_path):
    found = small_files.tried([*LARGE.items()], tmp_path / "file")
    for what, (kind, text, seconds) in zip(LARGE, found, strict=True):
        assert kind == "FileRefused", (what, text)
        assert seconds < SLOWEST, (what, text)
        assert "random streams" not in text, (what, text)


@pytest.mark.linux
def test_a_wide_layer_on_each_step_takes_no_memory(tmp_path):
    model = grown(called(layers.TimeDistributed(layers.Dense(7777)), 8, 1), 7777, 10**7)
    files = [("units", {"model": model, "compile": None})]
    kind, text, seconds = small_files.tried(files, tmp_path / "file")[0]
    assert kind == "FileRefused"  # the file has no weights; the model itself was made
    assert "weights and the file 0" in text
    assert seconds < SLOWEST


def test_everyday_settings_are_still_read(tmp_path):
    model = Model(x := Input((8, 3)), layers.TimeDistributed(layers.Dense(4))(x))
    kinds = [metrics.AUC(num_thresholds=10_000, name=f"auc_{k}") for k in range(5)]
    model.compile("sgd", "mse", metrics=kinds)
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    data = np.ones((2, 8, 3), "float32")
    np.testing.assert_array_equal(model(data), again(data))


def test_the_search_for_similar_names_has_an_end():
    known = [f"{k:04}" + "abcdefgh" * 15 for k in range(1000)]
    start = time.process_time()
    assert "Known" in did_you_mean("abcdefgh" * 16, known)
    assert time.process_time() - start < SLOWEST


@pytest.mark.parametrize("form", [list, tuple])
def test_a_layer_of_one_tensor_says_so_when_it_is_called_on_several(form):
    x = Input((3,))
    for layer in (layers.Rescaling(10**9), layers.Rescaling(2)):
        with pytest.raises(ValueError, match=r"expects 1 input\(s\), but it received 2, of shapes"):
            layer(form([x, x]))


def test_tensordot_says_how_many_axes_the_shapes_have():
    with pytest.raises(ValueError, match=r"must have 2 axes .*shapes \(2, 3\) and \(3,\)"):
        ops.tensordot(np.ones((2, 3)), np.ones(3), axes=2)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("kind", NAMED)
def test_names_that_logs_cannot_show_are_refused(kind, name):
    with pytest.raises(ValueError, match="`name` must"):
        NAMED[kind](name)


@pytest.mark.parametrize("kind", NAMED)
def test_other_names_are_kept(kind):
    assert NAMED[kind]("train/Fläche 10^2").name == "train/Fläche 10^2"


@pytest.mark.parametrize("name", HOSTILE_NAMES[:7])
@pytest.mark.parametrize("verbose", [1, 2])
def test_the_line_of_fit_is_printable(name, verbose, capsys):
    """The keys of outputs are in it, too, and whatever a custom step returns."""

    class Own(Model):
        def train_step(self, data):
            return super().train_step(data) | {name: 1.0}

    x = Input((2,))
    model = Own(x, layers.Dense(1)(x))
    model.compile("sgd", "mse")
    model.fit(np.ones((2, 2)), np.ones((2, 1)), verbose=verbose)
    assert capsys.readouterr().out.strip("\n").isprintable()
