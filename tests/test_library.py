"""The switch between NumPy and CuPy: what moves, what waits, and that both give equal numbers."""

import ast
import json
import sys
from pathlib import Path

import cupy_standin
import numpy as np
import pytest
from cupy_standin import NAMES, waits
from ops_table import EXAMPLES
from test_layer import BATTERY, data

import minigraph as mg
from minigraph import Input, Model, Tape, Tensor, Variable, callbacks, layers, models, ops
from minigraph.core.device import array_module, to_backend, use
from minigraph.core.random import set_random_seed

README = Path(__file__).parent.parent.joinpath("README.md").read_text("utf-8")
RECORD = Path(__file__).with_name("gpu_record.json")
SOURCES = sorted((Path(mg.__file__).parent / "ops").glob("*.py"))
X = np.random.default_rng(0).normal(size=(40, 6)).astype("float32")
Y = np.arange(40) % 3


def small_model(seed=7, **settings):
    mg.utils.set_random_seed(seed)
    inputs = Input((6,))
    hidden = layers.Dropout(0.3)(layers.Dense(5, activation="relu")(inputs))
    hidden = layers.BatchNormalization()(hidden)
    model = Model(inputs, layers.Dense(3, activation="softmax")(hidden))
    settings = {"metrics": ["accuracy"], "loss": "sparse_categorical_crossentropy"} | settings
    model.compile("adam", **settings)
    return model


def on(name):
    return use("numpy" if name == "numpy" else "cupy")


# ---------------------------------------------------------------------------------------------
# The same numbers


def value_and_gradients(fn, arrays, weights=list):
    """The output of `fn`, weighted with random numbers, and the gradients of all float arrays."""
    inputs = [Tensor(a, a.dtype.kind == "f") if isinstance(a, np.ndarray) else a for a in arrays]
    with Tape() as tape:
        out = fn(*inputs)
        loss = ops.sum(out * np.random.default_rng(1).normal(size=out.shape))
    sources = [t for t in inputs if isinstance(t, Tensor) and t.tracked] + weights()
    found = [None] * len(sources) if not loss.tracked else tape.gradient(loss, sources)
    return [out.numpy(), *(None if g is None else g.numpy() for g in found)]


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            assert one.dtype == other.dtype
            size = max(np.abs(other.astype("float64")).max(initial=0), 1)
            tolerance = 1e-5 if other.dtype == "float32" else 1e-12
            np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * size)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_op_gives_what_numpy_gives(example, library):
    if library == "numpy":
        return
    with on("numpy"):
        expected = value_and_gradients(example.call, example.arrays)
    assert_same(value_and_gradients(example.call, example.arrays), expected)


@pytest.mark.parametrize(("make", "shapes"), BATTERY.values(), ids=BATTERY)
def test_a_layer_gives_what_numpy_gives(make, shapes, library):
    """Also in training: the random numbers are drawn on the host."""
    if library == "numpy":
        return
    arrays = data(shapes)
    arrays = arrays if isinstance(arrays, list) else [arrays]

    def run():
        set_random_seed(3)
        layer = make()

        def call(*inputs):
            return layer(list(inputs) if len(inputs) > 1 else inputs[0], training=True)

        return value_and_gradients(call, arrays, lambda: layer.trainable_weights)

    with on("numpy"):
        expected = run()
    assert_same(run(), expected)


@pytest.mark.parametrize("loss", ["mse", "hinge", "kl_divergence", "huber", "log_cosh"])
def test_masked_training_gives_what_numpy_gives(loss, library):
    steps = np.where(np.arange(5) < np.arange(1, 9)[:, None] % 5, X[:8, :5], 0)[..., None]
    targets = np.abs(np.sign(X[:8, :5])[..., None])

    def run(name):
        with on(name):
            set_random_seed(2)
            inputs = Input((5, 1))
            hidden = layers.GRU(3, return_sequences=True)(layers.Masking()(inputs))
            model = Model(inputs, layers.Dense(1, activation="sigmoid")(hidden))
            reduced = mg.losses.get(loss)
            if loss == "hinge":
                reduced.reduction = "mean_with_sample_weight"
            model.compile("sgd", reduced, weighted_metrics=["mae"])
            waits.clear()
            weights = np.arange(1.0, 9.0)
            fit = model.fit(steps, targets, sample_weight=weights, batch_size=4, verbose=0)
            assert len(waits) == (1 if library == "stand-in" and name == library else 0)
            return fit.history

    expected = run("numpy")
    found = run(library)
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=1e-5)


def test_training_gives_what_numpy_gives(library):
    def run(name):
        with on(name):
            model = small_model()
            history = model.fit(X, Y, epochs=20, batch_size=8, verbose=0)  # 100 steps
        return np.array(history.history["loss"]), model.get_weights()

    (losses, weights), (again, same) = run(library), run(library)
    np.testing.assert_array_equal(losses, again)
    for one, other in zip(weights, same, strict=True):
        np.testing.assert_array_equal(one, other)
    expected, _ = run("numpy")
    np.testing.assert_allclose(losses, expected, rtol=1e-3)
    assert losses[-1] < losses[0]


def test_equal_seeds_give_equal_draws(library):
    def draw():
        set_random_seed(11)
        found = [layers.Dense(3), layers.Dropout(0.5), layers.GaussianNoise(1.0)]
        return [layer(X, training=True).numpy() for layer in found]

    with on("numpy"):
        expected = draw()
    dense, *others = zip(draw(), expected, strict=True)
    np.testing.assert_allclose(*dense, rtol=1e-5, atol=1e-6)
    for found, wanted in others:
        np.testing.assert_array_equal(found, wanted)


def test_rows_that_are_read_twice_get_both_gradients_in_a_fixed_order(library):
    random = np.random.default_rng(5)
    places, g = random.integers(0, 7, 200), random.normal(size=(200, 4)).astype("float32")

    def gradient():
        table = Variable(np.zeros((9, 4), "float32"))
        with Tape() as tape:
            loss = ops.sum(ops.take(table, places, axis=0) * g)
        return tape.gradient(loss, [table])[0].numpy()

    expected = np.zeros((9, 4))
    np.add.at(expected, places, g)
    np.testing.assert_allclose(gradient(), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(gradient(), gradient())


def test_whatever_a_user_brings_trains_alike(library):
    """Arrays of both sides, tensors, lists, a stream, class weights, validation, a loop by hand."""
    here = to_backend(X)
    given = [(X, Y), (here, to_backend(Y)), (Tensor(X), Tensor(Y)), (X.tolist(), [*Y])]
    found = [small_model().fit(x, y, verbose=0, batch_size=8).history for x, y in given]
    assert all(history == found[0] for history in found)
    model = small_model()
    model.fit(((X[k : k + 8], Y[k : k + 8]) for k in range(0, 40, 8)), verbose=0)
    stop = [callbacks.EarlyStopping("val_loss"), callbacks.TerminateOnNaN()]
    weighed = {"class_weight": {0: 1.0, 1: 2.0, 2: 0.5}, "validation_split": 0.2}
    model.fit(X, Y, **weighed, callbacks=stop, epochs=2, verbose=0)
    for _ in range(2):
        with Tape() as tape:
            loss = mg.losses.SparseCategoricalCrossentropy()(Y, model(X))
        weights = model.trainable_weights
        model.optimizer.apply(tape.gradient(loss, weights), weights)
    assert np.isfinite(float(loss)) and "loss" in f"loss {loss:.2f} {loss!r}"


def test_gradients_are_checked_and_drawn_on_either_side(library):
    mg.check_gradient(lambda a, b: ops.tanh(a @ b), X[:3, :2], X[:2, :3])
    model = small_model()
    model.fit(X, Y, verbose=0)
    assert model.explore(X[:2], Y[:2]) is not None
    assert models.clone_model(model)(X).shape == (40, 3)


def test_a_layer_that_keeps_states_moves_with_them(library):
    layer = layers.LSTM(2, stateful=True)
    first = layer(X[:, None]).numpy()
    with on("numpy"):
        second = layer(X[:, None]).numpy()
    assert not np.allclose(first, second)
    layer.reset_state()
    np.testing.assert_allclose(layer(X[:, None]).numpy(), first, rtol=1e-5, atol=1e-6)


# ---------------------------------------------------------------------------------------------
# What moves


def test_new_tensors_lie_in_the_library_in_use(library):
    home = array_module().ndarray
    made = [ops.zeros((2,)), ops.arange(3), ops.one_hot([0, 1], 2), Tensor(X), layers.Dense(2)(X)]
    made += [ops.add(X, 1), Variable(X), ops.linspace(0, 1, 3), ops.stack([X, X])]
    assert all(type(tensor.value) is home for tensor in made)
    assert all(type(tensor.numpy()) is np.ndarray for tensor in made)


def test_a_model_moves_when_it_is_next_used(library):
    model = small_model()
    model.fit(X, Y, epochs=2, verbose=0)
    expected = model.predict(X, verbose=0)
    with on("numpy"):
        np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-5, atol=1e-6)
        assert all(type(weight.value) is np.ndarray for weight in model.weights)
        model.fit(X, Y, verbose=0)
    model.fit(X, Y, verbose=0)
    assert all(type(w.value) is array_module().ndarray for w in model.weights)
    assert model.optimizer.iterations == 8


def test_the_block_ends_with_the_library_before(library):
    before = array_module()
    with use("numpy"), pytest.raises(ZeroDivisionError):
        with on(library):
            raise ZeroDivisionError
    assert array_module() is before


def test_saved_on_one_side_and_loaded_on_the_other(library, tmp_path):
    model = small_model()
    model.fit(X, Y, epochs=2, verbose=0)
    model.save(tmp_path / "model.safetensors")
    expected = model.predict(X, verbose=0)
    model.fit(X, Y, verbose=0)
    with on("numpy"):
        again = models.load_model(tmp_path / "model.safetensors")
        np.testing.assert_allclose(again.predict(X, verbose=0), expected, rtol=1e-5, atol=1e-6)
        again.fit(X, Y, shuffle=False, verbose=0)
        again.save(tmp_path / "back.safetensors")
    back = models.load_model(tmp_path / "back.safetensors")
    for one, other in zip(back.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    back.fit(X, Y, verbose=0)


def test_a_tensor_of_the_other_side_is_refused(library):
    if library == "numpy":
        return
    with on("numpy"):
        old = Tensor(X)
    with pytest.raises(TypeError, match=r'tensor of numpy meets cupy.*use\("cupy"\).*Tensor\(t\)'):
        ops.exp(old)
    np.testing.assert_array_equal(ops.add(Tensor(old), 0).numpy(), X)
    with pytest.raises(TypeError, match=r"\.numpy\(\)"):
        np.asarray(Tensor(X))


def test_drawing_needs_no_gpu(library):
    if library != "stand-in":
        return
    waits.clear()
    dense = layers.Dense(2)
    dense(X)  # a filled weight is met by the next drawing
    model = Model(inputs := Input((6,)), dense(inputs))
    assert model.output_shape == (None, 2) and waits == []


# ---------------------------------------------------------------------------------------------
# What waits


def counted(fn):
    waits.clear()
    fn()
    return list(waits)


class Reader(callbacks.Callback):
    """Looks at the logs of every k-th step."""

    def __init__(self, every):
        self.every = every

    def on_train_batch_end(self, batch, logs=None):
        if batch % self.every == 0:
            assert {type(value) for value in logs.values()} == {float}
            assert set(logs) == set(dict(logs)) and "loss" in logs


@pytest.mark.parametrize("clip", [None, "clipnorm", "global_clipnorm", "clipvalue"])
def test_fit_waits_once_for_each_logged_step(library, clip):
    if library != "stand-in":
        return
    model = small_model(metrics=["accuracy", mg.metrics.AUC(name="auc")], loss="mse")
    model.optimizer = mg.optimizers.RMSprop(**({clip: 1.0} if clip else {}))
    targets = np.eye(3, dtype="float32")[Y]
    fit = {"x": X, "y": targets, "epochs": 3, "batch_size": 5, "verbose": 0}
    assert counted(lambda: model.fit(**fit)) == ["get"] * 3
    assert counted(lambda: model.fit(**fit, callbacks=[Reader(4)])) == ["get"] * 3 * (2 + 1)
    assert counted(lambda: model.fit(**fit, sample_weight=np.ones(40))) == ["get"] * 3
    assert counted(lambda: model.evaluate(X, targets, verbose=0)) == ["get"]


def test_fit_of_whole_numbers_checks_them_on_the_host(library):
    if library != "stand-in":
        return
    places, tags = np.arange(40).reshape(8, 5), np.arange(8)[:, None] % 3
    words = Input((5,), dtype="int32")
    found = layers.LSTM(3)(layers.Embedding(40, 4, mask_zero=True)(words))
    model = Model(words, layers.Dense(3)(found))
    loss = mg.losses.SparseCategoricalCrossentropy(from_logits=True)
    top = mg.metrics.SparseTopKCategoricalAccuracy(2)
    model.compile("adam", loss, metrics=["accuracy", top])
    for labels in (tags, tags[:, 0], tags.astype("float32")):
        fit = {"x": places, "y": labels, "epochs": 2, "batch_size": 2, "verbose": 0}
        assert counted(lambda fit=fit: model.fit(**fit)) == ["get"] * 2


def test_a_place_that_does_not_exist_is_an_error_on_a_gpu_too(library):
    embedding = layers.Embedding(4, 2)
    for wrong in ([[4]], [[-1]]):
        with pytest.raises(IndexError, match=r"\[0, 3\]"):
            embedding(np.array(wrong))
        with pytest.raises(IndexError, match=r"\[0, 3\]"):
            embedding(ops.add(np.array(wrong), 0))  # made there: nobody on the host knows it
    with pytest.raises(IndexError):
        Tensor(X)[:, np.array([6])]
    with pytest.raises(IndexError):
        ops.take(X, [40], axis=0)
    with pytest.raises(ValueError, match="0 to 2"):
        small_model().train_on_batch(X, Y + 1)
    pair = np.array([[0, 9], [1, 9]])
    assert ops.take(X[0], ops.getitem(pair, key=(slice(None), 0))).shape == (2,)


def test_a_loss_that_is_no_number_is_reported(library):
    model = small_model()
    with pytest.warns(UserWarning, match="the inputs x are not finite"):
        model.fit(np.full_like(X, np.nan), Y, verbose=0)


# ---------------------------------------------------------------------------------------------
# Plain sentences


def test_a_name_that_is_unknown(library):
    with pytest.raises(ValueError, match='"numpy" or "cupy", got \'torch\''):
        mg.use("torch")


def test_cupy_that_is_not_there(library, monkeypatch):
    if library == "gpu":
        return
    before = array_module()
    monkeypatch.setitem(sys.modules, "cupy", None)
    with use("numpy"):
        with pytest.raises(ImportError, match=r"pip install minigraph\[gpu\]") as found:
            mg.use("cupy")
        assert found.value.__suppress_context__
    assert array_module() is before


def test_cupy_without_a_gpu(library):
    if library == "gpu":
        return
    with use("numpy"), cupy_standin.installed(available=False):
        with pytest.raises(RuntimeError, match="is installed, but finds no GPU"):
            mg.use("cupy")
        assert array_module() is np


def test_the_readme_says_where_the_gpu_path_was_last_run():
    said = next(line for line in README.splitlines() if line.startswith("The GPU path was"))
    if RECORD.exists():
        record = json.loads(RECORD.read_text("utf-8"))
        assert all(record[key] in said for key in ("device", "date", "commit"))
    else:
        assert said == "The GPU path was last run on: no device yet."


# ---------------------------------------------------------------------------------------------
# The source keeps to what CuPy has


def dotted(node):
    """`xp.lib.tricks` as ["xp", "lib", "tricks"], or []."""
    if isinstance(node, ast.Name):
        return [node.id]
    inner = dotted(node.value) if isinstance(node, ast.Attribute) else []
    return [*inner, node.attr] if inner else []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_ops_name_no_library(path):
    names = {n.id for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Name)}
    assert not names & {"np", "numpy", "cupy"}


def test_cupy_has_every_name_that_is_used():
    used = set()
    for path in Path(mg.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and dotted(node)[:1] == ["xp"]:
                used.add(".".join(["cupy", *dotted(node)[1:]]))
    whole = {name for name in used if not any(other.startswith(name + ".") for other in used)}
    assert len(whole) > 50
    whole = whole - {"cupy.__name__", "cupy.add.at"}  # what is asked of NumPy alone
    for name in whole:
        place, _, last = name.rpartition(".")
        assert last in NAMES[place], f"CuPy {NAMES['version']} has no {name}"


def test_the_record_of_names_is_that_of_cupy(library):
    if library != "gpu":
        assert {"errstate", "insert", "block"}.isdisjoint(NAMES["cupy"])
        return
    from record_cupy import RECORD, record

    if record()["version"] == NAMES["version"]:
        assert record() == json.loads(RECORD.read_text("utf-8"))


def test_the_stand_in_refuses_what_cupy_refuses():
    with cupy_standin.installed() as cp:
        x = cp.asarray(X)
        refused = [
            lambda: np.exp(x), lambda: np.asarray(x), lambda: x + X, lambda: X + x,
            lambda: cp.exp(X), lambda: cp.exp([1.0]), lambda: cp.maximum(x, [0.0]),
            lambda: x[np.array([0])], lambda: x[[0]], lambda: list(x), lambda: cp.sum(X),
            lambda: cp.sum(x, where=x > 0), lambda: cp.add.at(x, 0, 1), lambda: cp.errstate(),
            lambda: x.__imatmul__(x), lambda: x.scatter_add(0, 1), lambda: cp.stack([X]),
            lambda: x.__setitem__(cp.asarray([0, 0]), x[:2]), lambda: x.__setitem__(0, X[0]),
        ]  # fmt: skip
        for call in refused:
            with pytest.raises((TypeError, AttributeError)):
                call()
        waits.clear()
        allowed = [np.float32(2) * x, x * 2, x.sum(), x[1:] + x[:-1], cp.asarray(40) % x.size]
        assert all(type(y) is type(x) for y in allowed) and allowed[2].shape == ()
        assert float(x[cp.asarray([41])].sum()) == float(x[1].sum()) and waits == ["__float__"] * 2
        waits.clear()
        for wait in (x.get, x.tolist, lambda: bool(x.any()), lambda: x[x > 0], lambda: repr(x)):
            wait()
        assert len(waits) == 5
