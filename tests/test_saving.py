"""Files: what was saved comes back, and what was not saved by this library stays outside."""

import ast
import errno
import json
import os
import stat
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.numpy

import minigraph
from minigraph import Input, Model, Sequential, backend, callbacks, layers, optimizers
from minigraph.core import names as automatic
from minigraph.layers import Add, Dense, Dropout, Layer
from minigraph.models import load_model, save_model
from minigraph.saving import FileDamaged, FileRefused
from minigraph.saving import file as file_format
from minigraph.saving.file import Contents, from_bytes, to_bytes


def rows(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def classifier():
    x = Input((6,), name="x")
    hidden = Dropout(0.3)(Dense(8, activation="relu")(x))
    return Model(x, Dense(3, activation="softmax")(hidden), name="classifier")


X, Y = rows(48, 6), np.random.default_rng(1).integers(0, 3, 48)


def trained(optimizer="adam"):
    model = classifier()
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(X, Y, epochs=2, batch_size=16, verbose=0)
    return model


def assert_same_weights(a, b):
    for left, right in zip(a.weights, b.weights, strict=True):
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left.numpy(), right.numpy())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


# ---------------------------------------------------------------------------------------------
# What was saved comes back


def test_the_reloaded_model_predicts_the_same_bits(path):
    model = classifier()
    model.save(path)
    again = load_model(path)
    assert type(again) is Model
    assert again.name == "classifier"
    assert again.get_config() == model.get_config()
    assert not again.compiled
    assert_same_weights(model, again)
    np.testing.assert_array_equal(model.predict(X, verbose=0), again.predict(X, verbose=0))


def test_the_file_opens_in_the_safetensors_package(path):
    model = trained()
    model.save(path)
    with safetensors.safe_open(path, "numpy") as file:
        names, metadata = sorted(file.keys()), file.metadata()
        kernel = file.get_tensor("layers/dense/kernel")
    np.testing.assert_array_equal(kernel, model.get_weights()[0])
    assert [name for name in names if name.startswith("layers/")] == [
        "layers/dense/bias",
        "layers/dense/kernel",
        "layers/dense_1/bias",
        "layers/dense_1/kernel",
    ]
    assert metadata["minigraph.version"] == "1"
    assert set(metadata) == {
        f"minigraph.{part}" for part in ("version", "model", "compile", "train", "sha256")
    }
    assert json.loads(metadata["minigraph.model"])["config"] == model.get_config()


@pytest.mark.parametrize(
    "make",
    [
        lambda: "adam",
        lambda: "sgd",
        lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True),
        lambda: optimizers.RMSprop(0.01, centered=True, momentum=0.5),
        lambda: optimizers.Adam(0.02, amsgrad=True, weight_decay=0.01, global_clipnorm=1.0),
    ],
    ids=["adam", "sgd", "nesterov", "rmsprop", "amsgrad"],
)
def test_training_goes_on_with_the_same_numbers(path, make):
    model = trained(make())
    model.save(path)
    again = load_model(path)
    assert again.compiled
    assert again.optimizer.iterations == model.optimizer.iterations == 6
    histories = [
        m.fit(X, Y, epochs=3, batch_size=16, verbose=0, validation_split=0.25).history
        for m in (model, again)
    ]
    assert histories[0] == histories[1]  # with dropout and shuffling
    assert_same_weights(model, again)


def test_saving_does_not_alter_the_model(path):
    model, twin = trained(), None
    model.save(path)
    twin = load_model(path)  # the state at the moment of saving
    config, names = model.get_config(), dict(automatic._counts)
    for _ in range(3):
        model.save(path)
    assert model.get_config() == config
    assert dict(automatic._counts) == names
    for m in (model, twin):
        m.fit(X, Y, verbose=0)
    assert_same_weights(model, twin)


def test_loading_uses_no_automatic_name(path):
    classifier().save(path)
    names = dict(automatic._counts)
    load_model(path)
    assert dict(automatic._counts) == names


def test_saving_before_any_weight_has_a_value(path):
    model = classifier()
    model.save(path)
    np.testing.assert_array_equal(
        load_model(path).predict(X, verbose=0), model.predict(X, verbose=0)
    )


def test_compile_false_leaves_the_optimizer_behind(path):
    model = trained()
    model.save(path)
    again = load_model(path, compile=False)
    assert not again.compiled
    assert_same_weights(model, again)


def test_trainable_flags_come_back_exactly(path):
    class Block(Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.first, self.second = Dense(4), Dense(4)

        def call(self, inputs):
            return self.second(self.first(inputs))

    a, x = Input((4,)), Input((4,))
    inner = Model(a, Dense(4, name="inside")(a), name="inner")
    model = Model(x, inner(Block(name="block")(Dense(4)(x))))
    model.get_layer("block").second.trainable = False
    inner.trainable = False
    inner.get_layer("inside").trainable = True
    model.save(path)
    again = load_model(path, custom_objects={"Block": Block})
    block = again.get_layer("block")
    assert (block.trainable, block.first.trainable, block.second.trainable) == (True, True, False)
    assert not again.get_layer("inner").trainable
    assert again.get_layer("inner").get_layer("inside").trainable
    flags = [variable.trainable for variable in model.weights]
    assert sorted(flags) == [False] * 2 + [True] * 6
    assert [variable.trainable for variable in again.weights] == flags


def test_a_layer_shared_by_two_sub_models_is_saved_once_and_trains_alike(path):
    shared = Dense(3, name="shared")
    a, b, x = Input((10,)), Input((10,)), Input((10,))
    left, right = Model(a, shared(a), name="left"), Model(b, shared(b), name="right")
    model = Model(x, Add()([left(x), right(x * 2)]))
    model.compile("sgd", "mse")
    model.save(path)
    again = load_model(path)
    assert len(safetensors.numpy.load_file(path)) == 2 + 1  # kernel and bias, and the step count
    assert again.count_params() == 33
    data, targets = rows(20, 10), rows(20, 3, seed=1)
    losses = [m.fit(data, targets, epochs=2, verbose=0).history["loss"] for m in (model, again)]
    assert losses[0] == losses[1]


def test_sequential(path):
    model = Sequential([Dense(3), Dense(2)], name="chain")
    with pytest.raises(ValueError, match="'chain' has no weights yet"):
        model.save(path)
    model(rows(1, 4))
    model.save(path)
    again = load_model(path)
    assert type(again) is Sequential
    assert_same_weights(model, again)


def test_a_subclassed_model_with_a_config_of_its_own(path):
    class Own(Model):
        def __init__(self, units, **options):
            super().__init__(**options)
            self.units, self.dense, self.last = units, Dense(units), Dense(1)

        def call(self, inputs, training=False):
            return self.last(self.dense(inputs))

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    model = Own(3)
    model.compile("adam", "mse")
    model.fit(X, X[:, :1], verbose=0)
    model.save(path)
    again = load_model(path, custom_objects={"Own": Own})
    assert (type(again), again.units, again.optimizer.iterations) == (Own, 3, 2)
    assert_same_weights(model, again)
    for m in (model, again):
        m.fit(X, X[:, :1], verbose=0)
    assert_same_weights(model, again)


def test_a_subclassed_model_without_one_saves_its_weights_only(path):
    class Free(Model):
        def __init__(self):
            super().__init__()
            self.dense = Dense(2)

        def call(self, inputs):
            return self.dense(inputs)

    model, again = Free(), Free()
    model(X)
    with pytest.raises(ValueError, match="Free cannot be rebuilt.*save_weights"):
        model.save(path)
    assert not path.exists()
    model.save_weights(path)
    with pytest.raises(ValueError, match="no weights yet"):
        again.load_weights(path)
    again(X)
    again.load_weights(path)
    assert_same_weights(model, again)


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_other_floats(path, dtype):
    backend.set_floatx(dtype)
    model = classifier()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, Y, verbose=0)
    model.save(path)
    backend.set_floatx("float32")
    again = load_model(path)
    assert again.weights[0].dtype == dtype
    assert_same_weights(model, again)


def test_special_numbers_keep_their_bits(path):
    model = Model(x := Input((2,)), Dense(2)(x))
    strange = np.array([[np.nan, -0.0], [np.inf, 1e-42]], "float32")
    strange.view("uint32")[0, 0] = 0x7FC12345  # a NaN with a message in it
    model.set_weights([strange, np.zeros(2)])
    model.save(path)
    kernel = load_model(path).get_weights()[0]
    np.testing.assert_array_equal(kernel.view("uint32"), strange.view("uint32"))


def test_a_variable_of_whole_numbers_and_one_of_truth_values(path):
    class Counting(Layer):
        def build(self, input_shape):
            self.count = self.add_weight((), "zeros", dtype="int64", trainable=False, name="count")
            self.seen = self.add_weight((3,), "ones", dtype="bool", trainable=False, name="seen")

        def call(self, inputs):
            return inputs

    model = Model(x := Input((2,)), Counting()(x))
    model.weights[0].assign(2**40 + 1)
    model.save(path)
    again = load_model(path, custom_objects={"Counting": Counting})
    assert [v.dtype for v in again.weights] == ["int64", "bool"]
    assert_same_weights(model, again)


def test_many_layers_of_one_name(path):
    shapes = []
    outputs = []
    x = Input((3,))
    for k in range(3):
        start = Input((3,))
        outputs.append(Model(start, Dense(k + 1, name="same")(start), name=f"m{k}")(x))
        shapes.append((3, k + 1))
    model = Model(x, outputs)
    model.save(path)
    again = load_model(path)
    assert_same_weights(model, again)


def test_names_with_markup_and_other_scripts(path):
    names = [
        "<script>alert(1)</script>".replace("/", "|"),
        "größe 😀",
        "a b",
        "..",
        "%s{}",
        '"' * 3,
    ]
    x = symbol = Input((2,), name=names[0])
    for name in names[1:]:
        symbol = Dense(2, name=name)(symbol)
    model = Model(x, symbol)
    model.save(path)
    assert [layer.name for layer in load_model(path).layers] == names


def test_a_custom_loss_must_be_known(path):
    def my_loss(y_true, y_pred):
        return (y_true - y_pred) ** 2

    model = Model(x := Input((2,)), Dense(1)(x))
    model.compile("sgd", my_loss)
    model.fit(rows(4, 2), rows(4, 1), verbose=0)
    model.save(path)
    with pytest.raises(FileRefused, match="my_loss.*compile=False"):
        load_model(path)
    assert not load_model(path, compile=False).compiled
    again = load_model(path, custom_objects={"my_loss": my_loss})
    again.fit(rows(4, 2), rows(4, 1), verbose=0)
    assert again.optimizer.iterations == 2


def test_a_custom_layer_must_be_known(path):
    class Mine(Layer):
        def call(self, inputs):
            return inputs * 2

    Model(x := Input((2,)), Mine()(x)).save(path)
    with pytest.raises(FileRefused, match=r"model\.safetensors: .*'Mine'.*custom_objects"):
        load_model(path)
    with minigraph.utils.custom_object_scope({"Mine": Mine}):
        assert isinstance(load_model(path).layers[1], Mine)
    with pytest.raises(FileRefused, match="'Mine' is not the class of a layer"):
        load_model(path, custom_objects={"Mine": os.system})


def test_custom_objects_cannot_replace_a_class_of_the_library(path):
    class Impostor(Layer):
        def call(self, inputs):
            raise AssertionError("the impostor was called")

    classifier().save(path)
    again = load_model(path, custom_objects={"Dense": Impostor})
    assert type(again.layers[1]) is Dense


# ---------------------------------------------------------------------------------------------
# Weights alone


def test_weights_are_matched_by_order_not_by_name(path):
    model, other = classifier(), classifier()
    assert other.layers[1].name != model.layers[1].name
    model.save_weights(path)
    other.load_weights(path)
    assert_same_weights(model, other)
    with pytest.raises(FileRefused, match="weights only.*load_weights"):
        load_model(path)


def test_weights_can_be_read_from_the_file_of_a_whole_model(tmp_path):
    model, other = trained(), classifier()
    model.save(tmp_path / "any name.h5")
    other.load_weights(str(tmp_path / "any name.h5"))
    assert_same_weights(model, other)


@pytest.mark.parametrize(
    "width, depth, message",
    [
        (9, 1, r"'layers/dense_2/kernel' of model 'other' has shape \(6, 9\).*\(6, 8\)"),
        (8, 2, "'other' has 6 weights and the file 4.*'layers/dense_4/kernel'"),
        (8, 0, "'other' has 2 weights and the file 4.*'layers/dense_1/kernel'"),
    ],
)
def test_another_architecture_is_refused_and_nothing_is_changed(path, width, depth, message):
    classifier().save_weights(path)
    x = symbol = Input((6,))
    for size in [width, 3, 3][: depth + 1]:
        symbol = Dense(size)(symbol)
    model = Model(x, symbol, name="other")
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        model.load_weights(path)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_another_kind_of_number_is_refused(path):
    class Whole(Layer):
        def build(self, input_shape):
            self.count = self.add_weight((2,), "zeros", dtype="int32", name="count")

        def call(self, inputs):
            return inputs

    class Real(Whole):
        def build(self, input_shape):
            self.count = self.add_weight((2,), "zeros", name="count")

    real, whole = (Model(x := Input((2,)), cls()(x)) for cls in (Real, Whole))
    real.save_weights(path)
    with pytest.raises(
        FileRefused, match="is int32, but 'layers/real/count' in the file is float32"
    ):
        whole.load_weights(path)


def test_a_wider_model_takes_narrower_floats(path):
    model = classifier()
    model.save_weights(path)
    backend.set_floatx("float64")
    wide = classifier()
    wide.load_weights(path)
    assert wide.weights[0].dtype == "float64"
    np.testing.assert_array_equal(wide.get_weights()[0], model.get_weights()[0])


# ---------------------------------------------------------------------------------------------
# What cannot be saved


def test_a_weight_that_no_config_mentions_is_not_lost_silently(path):
    model = classifier()
    model.extra = Dense(2)
    model.extra(X)
    with pytest.raises(ValueError, match=r"layers/dense_2/kernel.*save_weights"):
        model.save(path)
    model.save_weights(path)


def test_a_layer_without_weights_that_no_config_mentions_does_no_harm(path):
    model = classifier()
    model.extra = Dropout(0.5)
    model.save(path)
    assert_same_weights(model, load_model(path))


def test_constants_that_are_too_long_for_a_header_are_refused(path):
    x = Input((1000, 1000))
    model = Model(x, x * np.zeros((1000, 1000), "float32"))
    with pytest.raises(ValueError, match="cannot be saved.*header"):
        model.save(path)
    assert list(path.parent.iterdir()) == []


# ---------------------------------------------------------------------------------------------
# Paths


def test_path_as_text_or_path_and_any_name(tmp_path):
    model = classifier()
    for name in ("a", "b.keras", "ü ñ.h5", "x" * 250):
        model.save(str(tmp_path / name))
        save_model(model, tmp_path / name)
        assert_same_weights(model, load_model(tmp_path / name))
    assert len(list(tmp_path.iterdir())) == 4
    for wrong in (None, 3, b"bytes"):
        with pytest.raises(TypeError):
            model.save(wrong)


def test_overwrite(path):
    first, second = classifier(), classifier()
    first.save(path)
    with pytest.raises(FileExistsError, match="overwrite=False"):
        second.save(path, overwrite=False)
    assert_same_weights(first, load_model(path))
    second.save(path)
    assert_same_weights(second, load_model(path))


def test_missing_folder_and_missing_file(tmp_path):
    with pytest.raises(OSError, match="no such folder"):
        classifier().save(tmp_path / "nowhere" / "model")
    with pytest.raises(OSError, match="nowhere"):
        load_model(tmp_path / "nowhere")
    with pytest.raises(OSError, match="nowhere"):
        classifier().load_weights(tmp_path / "nowhere")


@pytest.mark.linux
def test_folders_and_pipes_are_no_files(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for wrong in (tmp_path, pipe):
        with pytest.raises(FileRefused, match="not a file"):
            load_model(wrong)  # and does not wait for somebody to write into the pipe
        with pytest.raises(OSError, match="in the way"):
            classifier().save(wrong)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.linux
def test_names_of_files(tmp_path, monkeypatch):
    model = classifier()
    for name in ("models for späť, 模型 \N{SNOWMAN}", "x" * 255):  # 255 is what file systems take
        model.save(tmp_path / name)
        assert_same_weights(model, load_model(tmp_path / name))
    with pytest.raises(OSError) as caught:
        model.save(tmp_path / ("x" * 256))
    assert caught.value.filename == str(tmp_path / ("x" * 256))
    with pytest.raises(OSError):
        load_model(tmp_path / ("x" * 5000))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        model.save("~/model")  # as `open` does, nothing is read into a name
    with pytest.raises(ValueError, match="null"):
        model.save("a\0b")
    assert sorted(map(len, os.listdir(tmp_path))) == [21, 255]


@pytest.mark.linux
def test_links_to_nowhere_and_in_circles(tmp_path):
    here, there, nowhere = (tmp_path / name for name in ("here", "there", "nowhere"))
    here.symlink_to(there)
    there.symlink_to(here)
    nowhere.symlink_to(tmp_path / "missing" / "model")
    for link in (here, nowhere):
        with pytest.raises(OSError):
            classifier().save(link)
        with pytest.raises(OSError):
            load_model(link)
        assert link.is_symlink()


@pytest.mark.linux
def test_a_link_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "model", tmp_path / "link"
    link.symlink_to(target)
    model = classifier()
    model.save(link)
    assert link.is_symlink()
    assert_same_weights(model, load_model(target))
    assert [entry.name for entry in (tmp_path / "real").iterdir()] == ["model"]


@pytest.mark.linux
def test_the_rights_of_a_file(path):
    before = os.umask(0o027)
    try:
        classifier().save(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o604)
        classifier().save(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o604
    finally:
        os.umask(before)


def test_the_remains_of_killed_saves_are_swept_away_when_old(tmp_path):
    path = tmp_path / "model"
    old, young, other, alien = (
        tmp_path / name
        for name in (
            ".model.0123abcd.minigraph-tmp",
            ".model.4567abcd.minigraph-tmp",
            ".model2.0123abcd.minigraph-tmp",
            ".model.important.minigraph-tmp",
        )
    )
    for file in (old, young, other, alien):
        file.write_bytes(b"half a model")
        if file is not young:
            os.utime(file, (0, 0))
    classifier().save(path)
    assert not old.exists()
    assert young.exists() and other.exists() and alien.exists()


def test_savers_and_readers_at_once_see_whole_files_only(path):
    models = [classifier(), classifier()]
    models[0].save(path)
    known = [m.get_weights()[0].tobytes() for m in models]
    trouble = []

    def saver(model):
        try:
            for _ in range(40):
                model.save(path)
        except Exception as error:
            trouble.append(error)

    threads = [threading.Thread(target=saver, args=(m,)) for m in models]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        with open(path, "rb") as file:
            found = from_bytes(file.read()).tensors
        assert next(a for a in found.values() if a.shape == (6, 8)).tobytes() in known
    for thread in threads:
        thread.join()
    assert not trouble
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_two_processes_that_save_never_show_a_reader_half_a_file(path):
    model = classifier()
    model.save(path)
    program = """
import sys
from minigraph.models import load_model
model = load_model(sys.argv[1])
for _ in range(60):
    model.save(sys.argv[1])
"""
    folder = Path(minigraph.__file__).parent.parent
    command = [sys.executable, "-c", program, str(path)]
    savers = [subprocess.Popen(command, cwd=folder) for _ in range(2)]
    while any(saver.poll() is None for saver in savers):
        assert_same_weights(model, load_model(path))
    assert [saver.returncode for saver in savers] == [0, 0]
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_file_larger_than_allowed_is_refused_before_it_is_read(path):
    with open(path, "wb") as file:
        file.truncate(3 * 2**30)  # a hole: it takes no room on the disk
    with pytest.raises(FileRefused, match="max_bytes"):
        load_model(path)
    classifier().save(path)
    with pytest.raises(FileRefused, match="max_bytes"):
        load_model(path, max_bytes=100)


# ---------------------------------------------------------------------------------------------
# Files that were made on purpose. `forge` gives them a right checksum.


def forge(path, change):
    """Save a model, let `change(model JSON, metadata, tensors)` edit the file, seal it again."""
    model = trained()
    model.save(path)
    metadata, tensors = from_bytes(path.read_bytes())
    description = json.loads(metadata["minigraph.model"])
    tensors = dict(tensors)
    change(description, metadata, tensors)
    if metadata["minigraph.model"] is not None:
        metadata["minigraph.model"] = json.dumps(description)
    else:
        del metadata["minigraph.model"]
    path.write_bytes(to_bytes(Contents(metadata, tensors)))


def config_of(name, **settings):
    """A change of the config of one layer."""

    def change(description, metadata, tensors):
        for entry in description["config"]["layers"]:
            if entry["name"] == name:
                entry["config"].update(settings)

    return change


def describe(change):
    return lambda description, metadata, tensors: change(description)


def arrays(change):
    return lambda description, metadata, tensors: change(tensors)


def texts(**changes):
    changes = {f"minigraph.{key}": value for key, value in changes.items()}
    return lambda description, metadata, tensors: metadata.update(changes)


def rename_layer(name):
    def change(description):
        entry = description["config"]["layers"][1]
        entry["name"] = entry["config"]["name"] = name

    return describe(change)


def move(tensors, old, new):
    tensors[new] = tensors.pop(old)


def swap_random(state):
    def change(description, metadata, tensors):
        train = json.loads(metadata["minigraph.train"])
        train["random"][0] = state(train["random"][0])
        metadata["minigraph.train"] = json.dumps(train)

    return change


def op_node(op, args, **kwargs):
    """One more call behind the model, whose result becomes the output."""

    def change(description):
        nodes = description["config"]["nodes"]
        nodes.append({"op": op, "name": "last", "args": args, "kwargs": kwargs})
        description["config"]["outputs"] = {"$tensor": [len(nodes) - 1, 0]}

    return describe(change)


HUGE = 10**12
KERNEL = "layers/dense/kernel"
OUTPUT = {"$tensor": [3, 0]}
HOSTILE = {
    "os.system as a class": describe(
        lambda d: d["config"]["layers"][1].update(class_name="os.system")
    ),
    "builtins.eval as an op": op_node("builtins.eval", [OUTPUT]),
    "a module beside a class": describe(lambda d: d["config"]["layers"][1].update(module="os")),
    "os.system as an activation": config_of("dense", activation="os.system"),
    "a class as an activation": config_of("dense", activation="Dense"),
    "a command as an initializer": config_of(
        "dense", kernel_initializer={"class_name": "os.system", "config": {"command": "id"}}
    ),
    "a model as an initializer": config_of(
        "dense", kernel_initializer={"class_name": "Functional", "config": {}}
    ),
    "an optimizer as a layer": describe(
        lambda d: d["config"]["layers"][1].update(class_name="Adam")
    ),
    "a layer as the model": describe(lambda d: d.update(class_name="Dense")),
    "a trillion units": config_of("dense", units=HUGE),
    "units of twenty digits": config_of("dense", units=10**19),
    "units -1": config_of("dense", units=-1),
    "units 1.5": config_of("dense", units=1.5),
    "units true": config_of("dense", units=True),
    "units as a text": config_of("dense", units="64"),
    "units null": config_of("dense", units=None),
    "another number of units": config_of("dense", units=9),
    "rate 2": config_of("dropout", rate=2),
    "an input of a trillion numbers": config_of("x", batch_shape=[None, HUGE]),
    "an input of a trillion rows": config_of("x", batch_shape=[HUGE, 6]),
    "a negative input": config_of("x", batch_shape=[None, -6]),
    "an input of objects": config_of("x", dtype="object"),
    "a broadcast to everything": op_node("broadcast_to", [OUTPUT], shape=[10**6, 10**6, 3]),
    "an outer product without a batch": describe(
        lambda d: (
            d["config"].update(
                nodes=[
                    {"layer": 0},
                    {
                        "op": "sum",
                        "name": "s",
                        "args": [{"$tensor": [0, 0]}],
                        "kwargs": {"axis": 0},
                    },
                    *(
                        {
                            "op": "reshape",
                            "name": f"r{k}",
                            "args": [{"$tensor": [1, 0]}],
                            "kwargs": shape,
                        }
                        for k, shape in enumerate(
                            ({"newshape": [100_000, 1]}, {"newshape": [1, 100_000]})
                        )
                    ),
                    {
                        "op": "multiply",
                        "name": "m",
                        "args": [{"$tensor": [2, 0]}, {"$tensor": [3, 0]}],
                        "kwargs": {},
                    },
                ],
                outputs={"$tensor": [4, 0]},
            )
            or config_of("x", batch_shape=[None, 100_000])(d, None, None)
        )
    ),
    "a name of a million characters": rename_layer("x" * 10**6),
    "an empty name": rename_layer(""),
    "a name that is a path": rename_layer("../../etc/passwd"),
    "a name with a null": rename_layer("a\0b"),
    "a name with a newline": rename_layer("a\nb"),
    "a name written backwards": rename_layer("a\u202eb"),
    "a name with half a character": rename_layer("a\ud800"),
    "a name that is there already": rename_layer("dense_1"),
    "a name that is a list": rename_layer(["dense"]),
    "a circle": describe(lambda d: d["config"]["nodes"][1].update(args=[{"$tensor": [3, 0]}])),
    "a call of itself": describe(
        lambda d: d["config"]["nodes"][1].update(args=[{"$tensor": [1, 0]}])
    ),
    "an output that is not there": describe(
        lambda d: d["config"].update(outputs={"$tensor": [3, 7]})
    ),
    "a call of a layer that is not there": describe(
        lambda d: d["config"]["nodes"][1].update(layer=10**6)
    ),
    "too many layers": describe(
        lambda d: d["config"].update(layers=[{"class_name": "Flatten"}] * 10_001)
    ),
    "an unknown key": describe(lambda d: d.update(hook="os.system")),
    "no config, but a class": describe(lambda d: d.pop("config")),
    "no weights": describe(lambda d: d.pop("weights")),
    "no flags": describe(lambda d: d.pop("trainable")),
    "too few flags": describe(lambda d: d["trainable"]["weights"].pop()),
    "flags that are numbers": describe(lambda d: d["trainable"].update(layers=[1] * 5)),
    "a weight listed twice": describe(lambda d: d["weights"].append(d["weights"][0])),
    "a weight that is not there": arrays(lambda t: t.pop(KERNEL)),
    "a weight too many": arrays(lambda t: t.update({"layers/extra": np.zeros(3)})),
    "a tensor of no use": arrays(lambda t: t.update(extra=np.zeros(3))),
    "a tensor of a backup": arrays(lambda t: t.update({"train/3": np.zeros(3)})),
    "a slot of another kind": arrays(
        lambda t: t.update({"optimizer/0/m": t["optimizer/0/m"].astype("f8")})
    ),
    "a weight left out": lambda d, m, t: (d["weights"].remove(KERNEL), t.pop(KERNEL)),
    "a weight of another shape": arrays(lambda t: t.update({KERNEL: np.zeros((8, 6), "f4")})),
    "a weight of another kind": arrays(lambda t: t.update({KERNEL: t[KERNEL].astype("f8")})),
    "weights in another order": describe(lambda d: d["weights"].reverse()),
    "a slot that is not there": arrays(lambda t: t.pop("optimizer/0/m")),
    "a slot of another optimizer": arrays(
        lambda t: t.update({"optimizer/0/b": np.zeros((6, 8), "f4")})
    ),
    "a step count below zero": arrays(lambda t: t.update({"optimizer/iterations": np.asarray(-1)})),
    "slots without an optimizer": lambda d, m, t: m.pop("minigraph.compile"),
    "another optimizer": lambda d, m, t: m.update(
        {"minigraph.compile": m["minigraph.compile"].replace('"Adam"', '"SGD"')}
    ),
    "os.system as an optimizer": lambda d, m, t: m.update(
        {"minigraph.compile": m["minigraph.compile"].replace('"Adam"', '"os.system"')}
    ),
    "os.system as a loss": lambda d, m, t: m.update(
        {
            "minigraph.compile": m["minigraph.compile"].replace(
                "sparse_categorical_crossentropy", "os.system"
            )
        }
    ),
    "compile settings that are a list": texts(compile="[]"),
    "an unknown compile setting": texts(compile='{"surprise": 1}'),
    "training state that is no JSON": texts(train="{"),
    "training state of another version": texts(train='{"pickle": "x"}'),
    "no random states": texts(train='{"random": []}'),
    "a random state that is a text": swap_random(lambda s: "x"),
    "a random state without numbers": swap_random(lambda s: s | {"state": {}}),
    "a random state with a long number": swap_random(
        lambda s: s | {"state": {"state": "0x" + "f" * 100, "inc": "0x1"}}
    ),
    "a random state of another generator": swap_random(lambda s: s | {"bit_generator": "MT19937"}),
    "an unknown text": texts(surprise="x"),
    "no model": lambda d, m, t: m.update({"minigraph.model": None}),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_forged_file_is_refused(path, what):
    forge(path, HOSTILE[what])
    names = dict(automatic._counts)
    tracemalloc.start()
    try:
        with pytest.raises(FileRefused, match=r"model\.safetensors: "):
            load_model(path)
        assert tracemalloc.get_traced_memory()[1] < 100 * 2**20
    finally:
        tracemalloc.stop()
    assert dict(automatic._counts) == names


def test_the_forger_changes_nothing_by_itself(path):
    forge(path, lambda description, metadata, tensors: None)
    assert load_model(path).compiled


def test_a_million_weights_must_be_in_the_file(path):
    """A layer may be as large as it likes until its weights are compared with the file."""
    forge(path, config_of("dense_1", units=2**26))
    tracemalloc.start()
    with pytest.raises(FileRefused, match=r"has shape \(8, 67108864\), but .* \(8, 3\)"):
        load_model(path)
    assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    tracemalloc.stop()


@pytest.mark.parametrize("version", ["0", "2", "", "1.0"])
def test_another_format_is_refused_with_the_reason(path, version):
    classifier().save(path)
    tensors = safetensors.numpy.load_file(path)
    safetensors.numpy.save_file(tensors, path, {"minigraph.version": version})
    with pytest.raises(FileRefused, match="this release reads '1'"):
        load_model(path)


def test_a_foreign_safetensors_file_is_refused(path):
    safetensors.numpy.save_file({"a": np.zeros(3)}, path, {"format": "pt"})
    with pytest.raises(FileRefused, match="holds no model of this library"):
        load_model(path)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x89HDF\r\n\x1a\n" + bytes(100), b"PK\x03\x04" + bytes(100), b"hello world, hello"],
)
def test_a_foreign_file_is_damaged(path, data):
    path.write_bytes(data)
    with pytest.raises(FileDamaged, match=r"model\.safetensors: .*Copy or download"):
        load_model(path)


def test_a_file_whose_checksum_is_of_another_content_is_damaged(path):
    classifier().save(path)
    metadata, tensors = from_bytes(path.read_bytes())
    tensors = {name: array + 1 for name, array in tensors.items()}
    path.write_bytes(safetensors.numpy.save(tensors, metadata))
    with pytest.raises(FileDamaged, match="checksum"):
        load_model(path)


def test_a_failed_load_of_weights_changes_nothing(path):
    model = trained()
    model.save(path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    again = trained()
    before, state = again.get_weights(), again.optimizer.iterations
    with pytest.raises(FileDamaged):
        again.load_weights(path)
    for a, b in zip(before, again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert again.optimizer.iterations == state


# ---------------------------------------------------------------------------------------------
# The source


MODULES = {
    "pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "importlib", "runpy", "imp",
    "subprocess", "yaml", "code", "ctypes",
}  # fmt: skip
CALLS = {"eval", "exec", "compile", "__import__"}
ATTRIBUTES = {
    "os": {"system", "popen", "startfile", "fork", "posix_spawn", "posix_spawnp"},
    "np": {"load", "fromfile", "memmap", "loadtxt", "genfromtxt"},
    "builtins": {"eval", "exec", "compile", "__import__", "getattr"},
    "sys": {"modules"},
}
STARTS = ("exec", "spawn")  # os.execv, os.spawnl ...
DOORS = {"__globals__", "__builtins__", "__subclasses__", "__reduce__", "__setstate__"}


def forbidden(tree):
    """Pairs (line, what) of all that could run, import or unpickle what a text says."""
    for node in ast.walk(tree):
        found = []
        match node:
            case ast.Import(names=names):
                found = [n.name for n in names if n.name.split(".")[0] in MODULES]
            case ast.ImportFrom(module=module, names=names):
                found = [module] if (module or "").split(".")[0] in MODULES else []
                bad = ATTRIBUTES.get(module, set()) | CALLS
                found += [n.name for n in names if n.name in bad]
            case ast.Call(func=ast.Name(id="compile")):  # it is also the name of an argument
                found = ["compile"]
            case ast.Name(id=name) if name in (CALLS - {"compile"}) | {"__builtins__"}:
                found = [name]
            case ast.Subscript(value=ast.Call(func=ast.Name(id="globals"))):
                found = ["globals()[...]"]
            case ast.Attribute(value=ast.Name(id=of), attr=name):
                bad = name in ATTRIBUTES.get(of, ()) or (of == "os" and name.startswith(STARTS))
                found = [f"{of}.{name}"] if bad or name in DOORS else []
            case ast.Attribute(attr=name) if name in DOORS:
                found = [name]
            case ast.keyword(arg="allow_pickle", value=value):
                found = ["allow_pickle"] if getattr(value, "value", True) else []
        yield from ((getattr(node, "lineno", 0), what) for what in found)


def test_nothing_in_the_library_runs_or_imports_what_a_file_says():
    files = list(Path(minigraph.__file__).parent.rglob("*.py"))
    assert len(files) > 20
    for file in files:
        found = list(forbidden(ast.parse(file.read_text(encoding="utf-8"))))
        assert not found, f"{file}: {found}"


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import importlib.util",
        "from importlib import import_module",
        "from os import system",
        "__import__(name)",
        "call = eval",
        "exec(text)",
        "compile(text, '', 'exec')",
        "os.system(text)",
        "os.execv(text, [])",
        "import subprocess",
        "import yaml",
        "np.load(path)",
        "read(path, allow_pickle=True)",
        "read(path, allow_pickle=flag)",
        "sys.modules[name]",
        "globals()[name]",
        "f.__globals__",
    ],
)
def test_what_the_test_of_the_source_would_find(source):
    assert list(forbidden(ast.parse(source)))


def test_what_the_test_of_the_source_allows():
    text = "import cupy\nmodel.compile()\nnp.save(path, a, allow_pickle=False)\nre.compile(x)"
    assert not list(forbidden(ast.parse(text)))


def test_a_layer_class_of_every_kind_of_example_survives_a_file(path):
    """Every layer that can be called on rows of numbers is saved and loaded once."""
    x = Input((4,), name="x")
    made = {
        "Activation": lambda: layers.Activation("tanh")(x),
        "Add": lambda: layers.Add()([x, x]),
        "Concatenate": lambda: layers.Concatenate()([x, x]),
        "Dense": lambda: layers.Dense(3, use_bias=False, kernel_initializer="ones")(x),
        "Dropout": lambda: layers.Dropout(0.2, noise_shape=(None, 1), seed=4)(x),
        "Flatten": lambda: layers.Flatten()(x),
        "Reshape": lambda: layers.Reshape((2, -1))(x),
    }
    for name, draw in made.items():
        model = Model(x, draw())
        model.save(path)
        again = load_model(path)
        assert type(again.layers[-1]).__name__ == name
        np.testing.assert_array_equal(model(X[:, :4]).numpy(), again(X[:, :4]).numpy())


@minigraph.saving.register_keras_serializable("Files")
def quarter(shape, dtype):
    return np.full(shape, 0.25, dtype)


def test_a_registered_function_as_initializer_comes_back(tmp_path):
    x = Input((2,))
    model = Model(x, Dense(1, kernel_initializer=quarter, activation=minigraph.ops.exp)(x))
    model.compile(loss=minigraph.losses.mean_squared_error)
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.layers[-1].kernel_initializer.function is quarter
    assert again.layers[-1].activation is minigraph.ops.exp
    data = rows(3, 2), rows(3, 1)
    assert again.evaluate(*data, verbose=0) == model.evaluate(*data, verbose=0)


# ---------------------------------------------------------------------------------------------
# File systems that lack something


def refusing_folders(monkeypatch, step, error):
    """Let a step of `os` fail for folders: they can be written to, but not opened or forced."""
    real = getattr(os, step)

    def refuse(target, *args):
        if stat.S_ISDIR(os.stat(target).st_mode if os.path.exists(target) else 0):
            raise OSError(error, os.strerror(error))
        return real(target, *args)

    monkeypatch.setattr(file_format.os, step, refuse)


@pytest.mark.linux
@pytest.mark.parametrize(
    ("step", "error"),
    [("open", errno.EACCES), ("fsync", errno.EINVAL), ("fsync", errno.EIO)],
)
def test_a_folder_that_cannot_be_read_or_forced_is_a_warning(path, monkeypatch, step, error):
    refusing_folders(monkeypatch, step, error)
    model = classifier()
    for save, load in ((model.save, load_model), (model.save_weights, model.load_weights)):
        with pytest.warns(UserWarning, match="model.safetensors is written, but.*power failure"):
            save(path)
        load(path)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.linux
@pytest.mark.parametrize("error", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_that_cannot_be_forced_is_a_warning(path, monkeypatch, error):
    def refuse(descriptor):
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(file_format.os, "fsync", refuse)
    model = classifier()
    with pytest.warns(UserWarning, match="is written, but") as warned:
        model.save(path)
    assert "may not be on the disk yet" in str(warned[0].message)
    assert_same_weights(model, load_model(path))


@pytest.mark.linux
def test_permissions_that_cannot_be_kept_are_a_warning(path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    real = os.chmod
    monkeypatch.setattr(file_format.os, "chmod", refuse)
    model = classifier()
    model.save(path)
    model.save(path)  # the permissions are those it has anyway: nothing to say
    real(path, 0o604)
    with pytest.warns(UserWarning, match="permissions of the one before"):
        model.save(path)
    assert_same_weights(model, load_model(path))


@pytest.mark.linux
def test_a_rename_whose_answer_is_lost_is_done(path, monkeypatch):
    real = os.replace

    def lose(source, target):
        real(source, target)
        raise OSError(errno.ESTALE, "Stale file handle")

    classifier().save(path)
    model = classifier()
    monkeypatch.setattr(file_format.os, "replace", lose)
    model.save(path)
    assert_same_weights(model, load_model(path))


@pytest.mark.linux
def test_names_that_are_no_utf8(tmp_path, capsys):
    path = os.path.join(tmp_path, os.fsdecode(b"mod\xe8le" + b"\xff" * 120))
    model = classifier()
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.save(path)
    assert_same_weights(model, load_model(path))
    model.save_weights(path)
    model.load_weights(path)
    with pytest.raises(FileRefused) as raised:
        load_model(path)
    print(raised.value)
    assert "mod\\udce8le" in capsys.readouterr().out
    save = callbacks.ModelCheckpoint(path, verbose=1)
    x, y = np.zeros((4, *model.input_shape[1:])), np.zeros(4)
    model.fit(x, y, verbose=0, callbacks=[save, callbacks.BackupAndRestore(path + "b")])
    assert_same_weights(model, load_model(path))


@pytest.mark.parametrize("end", ["/", os.sep])
def test_a_path_that_names_a_folder_is_refused(tmp_path, end):
    with pytest.raises(IsADirectoryError, match="names a folder"):
        classifier().save(f"{tmp_path / 'model'}{end}")
    assert not any(tmp_path.iterdir())
