"""Training that is stopped, killed or interrupted: it goes on with the same bits, or ends whole.

Run as a program, this file kills fits and lets them go on, in processes of their own; it is run so
by the first tests below.
"""

import functools
import hashlib
import inspect
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import weakref

import numpy as np
import pytest

from minigraph import Input, callbacks, layers, metrics, ops, optimizers, utils
from minigraph.models import Model, Sequential, load_model
from minigraph.saving import FileDamaged, FileRefused
from minigraph.saving.file import Contents, from_bytes, to_bytes

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((46, 5)).astype("float32")
LABELS = (X @ RANDOM.standard_normal((5, 3))).argmax(1)
STEPS, EPOCHS = 5, 4  # 36 samples to train, in batches of 8

OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.05),
    "momentum": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True, global_clipnorm=1.0),
    "rmsprop": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "adam": lambda: optimizers.Adam(optimizers.schedules.ExponentialDecay(0.02, 3, 0.9)),
    "amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True, clipnorm=0.5),
    "adamw": lambda: optimizers.AdamW(0.01),
    "adagrad": lambda: optimizers.Adagrad(0.05),
    "adamax": lambda: optimizers.Adamax(0.01),
    "nadam": lambda: optimizers.Nadam(0.01),
}


def build(optimizer="adam", seed=1, width=6):
    """A model with everything that draws or remembers: dropout, normalisation, metrics."""
    utils.set_random_seed(seed)
    x = Input((5,))
    h = layers.BatchNormalization()(layers.Dense(width, activation="relu")(x))
    outputs = layers.Dense(3, activation="softmax")(layers.Dropout(0.3)(h))
    model = Model(x, outputs)
    recall = metrics.Recall(class_id=1, thresholds=0.3, name="recall")
    model.compile(OPTIMIZERS[optimizer](), "categorical_crossentropy", metrics=["accuracy", recall])
    return model


ONE_HOT = np.eye(3, dtype="float32")[LABELS]
ARRAYS = {"x": X, "y": ONE_HOT, "batch_size": 8, "validation_split": 0.2, "epochs": EPOCHS}


def watchers():
    """Callbacks that remember: the second changes numbers, the first stops and goes back."""
    return [
        callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True),
        callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=0.1, factor=0.5),
    ]


def fingerprint(model):
    """The SHA-256 of the weights, the slots and the step, and the history."""
    hasher = hashlib.sha256()
    for name, array in enumerate(model.get_weights()):
        hasher.update(f"{name} {array.shape}".encode() + array.tobytes())
    for name, array in model.optimizer.state(model.weights):
        hasher.update(f"{name} {array.shape}".encode() + array.tobytes())
    return hasher.hexdigest()


class At(callbacks.Callback):
    """Does something after the step with this number, counted from 1 over all epochs."""

    def __init__(self, step, act):
        self.step, self.act = step, act

    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.iterations == self.step:
            self.act()


class Stopped(Exception):
    """Training is over, for now."""


def stop():
    raise Stopped


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def outcome(model, history):
    return [fingerprint(model), history.epoch, history.history]


# -- killed ----------------------------------------------------------------------------------------


def train(optimizer, path=None, save_freq="epoch", acts=()):
    """One fit from the beginning or from a backup; the act is called before its end."""
    model = build(optimizer)
    # A schedule of its own keeps its rate; the others are slowed down.
    own = watchers() if optimizer != "adam" else watchers()[:1]
    own += [callbacks.BackupAndRestore(path, save_freq)] if path else []
    return outcome(model, model.fit(**ARRAYS, callbacks=[*own, *acts], verbose=0))


def in_a_fork(act):
    """What `act` returns in a process of its own, or None if that was killed."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writer, json.dumps(act()).encode())  # short enough for the pipe
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writer)
    with open(reader, "rb") as pipe:
        text = pipe.read()
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return None
    assert os.WEXITSTATUS(status) == 0
    return json.loads(text)


def kill_at_steps(path, source, times):
    """Kill fits with every optimizer at random steps, some several times; returns how many."""
    killed = 0
    for optimizer in OPTIMIZERS:
        whole = in_a_fork(lambda optimizer=optimizer: train(optimizer))
        last = len(whole[1]) * STEPS
        assert last >= 2 * STEPS and max(whole[2]["accuracy"]) > 0
        for _ in range(times):
            frequency = source.choice(["epoch", 1, 2, 3])
            found = None
            for step in sorted(source.sample(range(1, last + 1), source.choice([1, 1, 2]))):
                acts = [At(step, kill)]
                found = in_a_fork(lambda o=optimizer, f=frequency, a=acts: train(o, path, f, a))
                assert found is None and os.path.exists(path)
                killed += 1
            found = in_a_fork(lambda o=optimizer, f=frequency: train(o, path, f))
            assert found == whole, (optimizer, frequency, step)
            assert not os.path.exists(path)
    return killed


def kill_in_backups(path, every):
    """Kill a fit at every call of the system that a backup makes; returns how many there were."""
    whole = in_a_fork(lambda: train("nadam"))
    names = ("open", "write", "fsync", "close", "replace", "unlink")

    def killed_at(k):
        left = [k]

        def counted(call):
            def instead(*args, **options):
                left[0] -= 1
                if not left[0]:
                    kill()
                return call(*args, **options)

            return instead

        real = {name: getattr(os, name) for name in names}
        for name in names:
            setattr(os, name, counted(real[name]))
        try:
            return train("nadam", path, 7)
        finally:
            for name in names:
                setattr(os, name, real[name])

    k = 1
    while in_a_fork(functools.partial(killed_at, k)) is None:
        assert in_a_fork(lambda: train("nadam", path, 7)) == whole, k
        assert not os.path.exists(path)
        k += every
    return k


def run(what, path, number):
    """Run one of the two above in a process that has one thread, as a fork wants it."""
    environment = os.environ | {
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    command = [sys.executable, "-W", "ignore", __file__, what, str(path), str(number)]
    found = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert found.returncode == 0, found.stderr
    return int(found.stdout)


def test_every_optimizer_is_tried():
    made = {type(make()) for make in OPTIMIZERS.values()}
    found = {thing for thing in vars(optimizers).values() if isinstance(thing, type)}
    bases = {optimizers.Optimizer, optimizers.Moments}
    assert made == {c for c in found if issubclass(c, optimizers.Optimizer)} - bases


@pytest.mark.linux
def test_a_killed_fit_goes_on_with_the_same_bits(tmp_path):
    assert run("steps", tmp_path / "backup", 2) >= 2 * len(OPTIMIZERS)


@pytest.mark.linux
def test_a_fit_killed_while_it_writes_its_backup_goes_on(tmp_path):
    assert run("backups", tmp_path / "backup", 2) > 20


# -- stopped and gone on, in one process -----------------------------------------------------------


def stop_and_go_on(path, fit, step, save_freq=1):
    """What `fit(model, callbacks)` gives after it was stopped at a step and called again."""
    backup = callbacks.BackupAndRestore(path, save_freq)
    with pytest.raises(Stopped):
        fit(build(), [backup, At(step, stop)])
    assert os.path.exists(backup.path)  # it is kept if training did not end well
    model = build(seed=2)
    history = fit(model, callbacks.BackupAndRestore(path, save_freq))
    assert not os.path.exists(backup.path)
    return outcome(model, history)


class Batches(utils.PyDataset):
    def __len__(self):
        return STEPS

    def __getitem__(self, k):
        return X[8 * k : 8 * k + 8], ONE_HOT[8 * k : 8 * k + 8]


class Loader:
    def __iter__(self):
        return (Batches()[k] for k in range(STEPS))


def batches(times):
    return (batch for _ in range(times) for batch in Loader())


SOURCES = {
    "arrays": lambda: {"x": X[:36], "y": ONE_HOT[:36], "batch_size": 8},
    "arrays in order": lambda: {"x": X[:36], "y": ONE_HOT[:36], "batch_size": 8, "shuffle": False},
    "arrays, more steps": lambda: {"x": X, "y": ONE_HOT, "batch_size": 8, "steps_per_epoch": 7},
    "arrays, fewer steps": lambda: {"x": X, "y": ONE_HOT, "batch_size": 8, "steps_per_epoch": 4},
    "dataset": lambda: {"x": Batches()},
    "dataset, fewer steps": lambda: {"x": Batches(), "steps_per_epoch": 4},
    "loader": lambda: {"x": Loader()},
    "generator": lambda: {"x": batches(9), "steps_per_epoch": 6},
    "validation by a generator": lambda: {
        "x": Batches(),
        "validation_data": batches(9),
        "validation_steps": 3,
    },
}


@pytest.mark.parametrize("source", SOURCES)
def test_data_of_every_kind_go_on(source, tmp_path):
    def fit(model, own=None):
        return model.fit(**SOURCES[source](), epochs=3, callbacks=own, verbose=0)

    model = build()
    whole = outcome(model, fit(model))
    steps = model.optimizer.iterations // 3
    for step, save_freq in [(1, "epoch"), (steps - 1, 2), (steps, 1), (2 * steps + 2, 4)]:
        assert stop_and_go_on(tmp_path / "backup", fit, step, save_freq) == whole


def test_a_generator_of_one_epoch_gives_no_second_one(tmp_path):
    def fit(model, own):
        return model.fit(batches(1), epochs=2, callbacks=own, verbose=0)

    with pytest.warns(UserWarning, match="ran out before epoch 2"):
        model = build()
        whole = outcome(model, fit(model, []))
    late = callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: epoch and stop())
    with pytest.raises(Stopped):
        fit(build(), [late, callbacks.BackupAndRestore(tmp_path)])
    model = build(seed=2)
    with pytest.warns(UserWarning, match="ran out before epoch 2"):
        assert outcome(model, fit(model, callbacks.BackupAndRestore(tmp_path))) == whole


def test_hooks_that_change_something_change_it_once(tmp_path):
    tables = iter(["a.csv", "b.csv"])

    class Mine(callbacks.Callback):
        remembers = ("seen",)

        def on_train_begin(self, logs=None):
            self.seen = {"epochs": [], "mean": np.zeros(2), "worst": -np.inf}

        def on_epoch_begin(self, epoch, logs=None):
            self.seen["epochs"].append(epoch)

        def on_train_batch_end(self, batch, logs=None):
            self.seen["mean"] = self.seen["mean"] + [1, logs["loss"]]
            self.seen["worst"] = max(self.seen["worst"], logs["loss"])

    found, own = [], callbacks.CSVLogger(tmp_path / next(tables))

    def fit(model, more):
        found.append(Mine())
        halve = callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
        best = {"monitor": "loss", "mode": "max", "save_best_only": True}
        best = callbacks.ModelCheckpoint(tmp_path / "best", **best)
        more = more if isinstance(more, list) else [more]
        given = [*more, found[-1], halve, best, own]
        return model.fit(X, ONE_HOT, batch_size=8, epochs=4, callbacks=given, verbose=0)

    model = build("sgd")
    whole, first = outcome(model, fit(model, [])), found[-1].seen
    assert model.optimizer.learning_rate == 0.05 / 16
    best = fingerprint(load_model(tmp_path / "best"))
    own = callbacks.CSVLogger(tmp_path / next(tables))
    with pytest.raises(Stopped):
        fit(build("sgd"), [callbacks.BackupAndRestore(tmp_path, 2), At(21, stop)])
    model = build("sgd", seed=2)
    assert outcome(model, fit(model, callbacks.BackupAndRestore(tmp_path, 2))) == whole
    again = found[-1].seen
    assert again["epochs"] == first["epochs"] == [0, 1, 2, 3]
    assert np.array_equal(again["mean"], first["mean"]) and again["worst"] == first["worst"]
    a, b = ((tmp_path / name).read_text() for name in ("a.csv", "b.csv"))
    assert a == b and len(a.splitlines()) == 5
    assert fingerprint(load_model(tmp_path / "best")) == best  # of the third epoch


@pytest.mark.parametrize("library", ["numpy", "stand-in"], indirect=True)
def test_the_same_model_goes_on_after_ctrl_c(library, tmp_path):
    """From its backup, as a fresh one would, and not from where it was interrupted."""

    def interrupt():
        raise KeyboardInterrupt

    model = build()
    whole = outcome(model, model.fit(**ARRAYS, callbacks=watchers()[:1], verbose=0))
    model = build()
    for step in (2, 7):
        given = [*watchers()[:1], callbacks.BackupAndRestore(tmp_path), At(step, interrupt)]
        with pytest.raises(KeyboardInterrupt):
            model.fit(**ARRAYS, callbacks=given, verbose=0)
        assert model.optimizer.iterations == step
    given = [*watchers()[:1], callbacks.BackupAndRestore(tmp_path)]
    assert outcome(model, model.fit(**ARRAYS, callbacks=given, verbose=0)) == whole


@pytest.mark.parametrize("where", ["on_train_end", "on_epoch_end"])
def test_the_end_may_be_cut_off_too(where, tmp_path):
    """Early stopping had spoken, or all epochs were over: then no step is made again."""
    settings = ARRAYS | {"epochs": 30}

    def own():
        stopping = {"min_delta": 0.3, "patience": 2, "restore_best_weights": True}
        return [callbacks.EarlyStopping("val_loss", **stopping)]

    model = build()
    whole = outcome(model, model.fit(**settings, callbacks=own(), verbose=0))
    assert model.stop_training and len(whole[1]) < 30

    class Fails(callbacks.Callback):
        def on_train_end(self, logs=None):
            stop()

        def on_epoch_end(self, epoch, logs=None):
            if where == "on_epoch_end" and self.model.stop_training:
                stop()

    with pytest.raises(Stopped):
        given = [*own(), Fails(), callbacks.BackupAndRestore(tmp_path / "backup")]
        build().fit(**settings, callbacks=given, verbose=0)
    model = build(seed=2)
    given = [*own(), callbacks.BackupAndRestore(tmp_path / "backup")]
    assert outcome(model, model.fit(**settings, callbacks=given, verbose=0)) == whole


def test_a_wish_to_stop_after_this_epoch_is_kept(tmp_path):
    def fit(model, own):
        wish = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: want(model, batch))
        return model.fit(**ARRAYS, callbacks=[wish, *own], verbose=0)

    def want(model, batch):
        if model.optimizer.iterations == 7:
            model.stop_training = True

    model = build()
    whole = outcome(model, fit(model, []))
    assert whole[1] == [0, 1]
    with pytest.raises(Stopped):
        fit(build(), [callbacks.BackupAndRestore(tmp_path, 4), At(9, stop)])
    model = build(seed=2)
    assert outcome(model, fit(model, [callbacks.BackupAndRestore(tmp_path, 4)])) == whole


def test_a_kept_backup_gives_more_epochs(tmp_path):
    """In a folder that is there the file has a name of its own; weights can be read from it."""
    model = build()
    whole = outcome(model, model.fit(**ARRAYS, verbose=0))
    backup = callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
    first = build()
    first.fit(**ARRAYS | {"epochs": 2}, callbacks=backup, verbose=0)
    assert [path.name for path in tmp_path.iterdir()] == ["backup.safetensors"]
    again = build(seed=2)
    again.load_weights(backup.path)
    assert all(map(np.array_equal, again.get_weights(), first.get_weights()))
    assert outcome(again, again.fit(**ARRAYS, callbacks=backup, verbose=0)) == whole
    with pytest.raises(FileRefused, match="weights only"):
        load_model(backup.path)


def test_the_order_of_thawed_weights_is_kept(tmp_path):
    """Clipping adds up all gradients, in the order in which the optimizer met the weights."""

    def fit(model, own):
        def thaw(epoch, logs):
            model.layers[1].trainable = epoch > 0

        thawing = callbacks.LambdaCallback(on_epoch_begin=thaw)
        return model.fit(**ARRAYS, callbacks=[thawing, *own], verbose=0)

    model = build("momentum")
    whole = outcome(model, fit(model, []))
    assert model.optimizer.parameters[-2:] == model.layers[1].weights
    with pytest.raises(Stopped):
        fit(build("momentum"), [callbacks.BackupAndRestore(tmp_path, 3), At(13, stop)])
    model = build("momentum", seed=2)
    assert outcome(model, fit(model, [callbacks.BackupAndRestore(tmp_path, 3)])) == whole


def test_initial_epoch_goes_on_from_a_saved_model(tmp_path):
    """Schedules are told the number of the epoch, and a file keeps the random streams."""
    model = build("nadam")
    settings = ARRAYS | {"verbose": 0}
    rates = callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))
    whole = outcome(model, model.fit(**settings, callbacks=rates))
    model = build("nadam")
    model.fit(**settings | {"epochs": 2}, callbacks=rates)
    model.save(tmp_path / "model")
    model = load_model(tmp_path / "model")
    history = model.fit(**settings, callbacks=rates, initial_epoch=2)
    assert (fingerprint(model), history.epoch) == (whole[0], [2, 3])
    assert history.history == {name: values[2:] for name, values in whole[2].items()}


# -- refused ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """The bytes of a backup that was made in the middle of the second epoch."""
    path = tmp_path_factory.mktemp("backup") / "backup"
    given = [*watchers(), callbacks.BackupAndRestore(path, 4), At(9, stop)]
    with pytest.raises(Stopped):
        build("nadam").fit(**ARRAYS, callbacks=given, verbose=0)
    return path.read_bytes()


def refuse(path, match, error=FileRefused, model=None, own=None, **options):
    """A fit with this backup is refused, and nothing is changed, the file neither."""
    model = model or build("nadam", seed=3)
    before, data = fingerprint(model), path.read_bytes()
    given = [*(watchers() if own is None else own), callbacks.BackupAndRestore(path, 4)]
    with pytest.raises(error, match=match) as caught:
        model.fit(**ARRAYS | options, callbacks=given, verbose=0)
    assert str(path) in str(caught.value)
    assert fingerprint(model) == before and path.read_bytes() == data


def test_a_backup_of_something_else_is_refused(stopped, tmp_path):
    path = tmp_path / "backup"
    path.write_bytes(stopped)
    refuse(path, r"shape \(5, 7\), but .* \(5, 6\)", model=build("nadam", width=7))
    other = Sequential([Input((5,)), layers.Dense(3)])
    other.compile("nadam", "mse")
    refuse(path, "with the layers .*Dropout.* and here is .*Delete the file", model=other)
    refuse(path, "with the optimizer .'Nadam'.* and here is .'Adamax'", model=build("adamax"))
    refuse(path, "with the callbacks", own=[])
    refuse(path, "with the number of batches .5, 2., and here is .9, 3.", batch_size=4)
    model = build("nadam")
    model.compile(model.optimizer, "categorical_crossentropy")
    refuse(path, "accuracy", model=model)
    model = build("nadam")
    model.optimizer.learning_rate = lambda step: 0.1
    own = watchers()
    own[1]._check = lambda session: None  # it would refuse the schedule first
    refuse(path, "a schedule", model=model, own=own)
    build("nadam").save(path)
    refuse(path, "made_by")


def test_a_damaged_backup_is_refused(stopped, tmp_path):
    path, source = tmp_path / "backup", random.Random(0)
    for _ in range(60):
        data = bytearray(stopped)
        place = source.randrange(len(data))
        data = data[:place] if source.random() < 0.3 else data
        data[place : place + 1] = (
            bytes([data[place] ^ 1 << source.randrange(8)]) if data[place:] else b""
        )
        path.write_bytes(data)
        refuse(path, ".", (FileDamaged, FileRefused))


def places_in(value, path=()):
    """The paths to all parts of a nest of lists and dicts."""
    yield path
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places_in(value[key], (*path, key))


def test_a_forged_backup_is_refused_or_harmless(stopped, tmp_path):
    """Every part of the JSON replaced, with a checksum that fits: refused with a sentence."""
    path, contents, refused = tmp_path / "backup", from_bytes(stopped), 0
    model = build("nadam", seed=3)
    training = json.loads(contents.metadata["minigraph.train"])
    tried = [
        place
        for place in places_in(training)
        # Which numbers and texts a callback remembers is its own affair, as long as the kinds fit.
        if place[:1] not in [(), ("logs",), ("stopped",)]
        and (len(place) < 3 or place[0] != "callbacks")
        and place != ("data", 1, "start")  # the data of the validation are not shuffled
        and place[-1] != "has_uint32"  # a yes or no, for which any number will do
    ]
    for place in tried:
        for wrong in ("x", -1, None, {}, [], {"$array": "train/99"}, {"$layer": 0}):
            forged = json.loads(contents.metadata["minigraph.train"])
            *way, last = place
            inside = forged
            for key in way:
                inside = inside[key]
            if inside[last] == wrong or (wrong is None and place[0] in ("rate", "callbacks")):
                continue
            if place[:2] == ("made_by", "settings") and len(place) == 3 and wrong == {}:
                continue  # an older file does not have the settings of a layer
            inside[last] = wrong
            text = json.dumps(forged)
            metadata = contents.metadata | {"minigraph.train": text}
            path.write_bytes(to_bytes(Contents(metadata, contents.tensors)))
            refuse(path, ".", model=model)
            refused += 1
    assert refused > 300


def test_what_a_backup_needs(tmp_path):
    model = Own(layers.Dense(3, activation="softmax"))
    model.compile("adam", "categorical_crossentropy")
    every_step = callbacks.BackupAndRestore(tmp_path, 1)
    with pytest.raises(ValueError, match="call test_on_batch on some data first"):
        model.fit(**ARRAYS, callbacks=every_step, verbose=0)
    with pytest.raises(ValueError, match="has no weights yet"):
        model.fit(**ARRAYS, callbacks=callbacks.BackupAndRestore(tmp_path), verbose=0)
    model.test_on_batch(X[:1], ONE_HOT[:1])
    model.fit(**ARRAYS, callbacks=every_step, verbose=0)
    for wrong in (0, True, "batch", 1.5):
        with pytest.raises(ValueError, match="save_freq"):
            callbacks.BackupAndRestore(tmp_path, wrong)
    with pytest.raises(OSError):
        missing = callbacks.BackupAndRestore(tmp_path / "missing" / "backup")
        model.fit(**ARRAYS, callbacks=missing, verbose=0)
    odd = callbacks.LambdaCallback()
    odd.remembers, odd.thing = ("thing",), object()
    with pytest.raises(ValueError, match="cannot be written"):
        model.fit(**ARRAYS, callbacks=[odd, callbacks.BackupAndRestore(tmp_path)], verbose=0)


# -- interrupted -----------------------------------------------------------------------------------


WEAK_REFERENCES = weakref.WeakSet.__init__.__code__.co_filename


class Trace(callbacks.Callback):
    """What the model and its optimizer were after each step, and how training began and ended.

    Ctrl-C comes with call number `at` of a function in the file `where`, or in any: to count calls,
    rather than milliseconds, spreads the moments alike on every machine. Then no marks are made.
    Steps into generators, and what weak references call, are not counted: Python itself drops what
    is raised while it closes a generator or clears memory.
    """

    def __init__(self, at=None, where=""):
        self.at, self.where, self.calls, self.ended, self.marks = at, where, 0, 0, {}

    def mark(self):
        if self.at is None:
            self.marks[self.model.optimizer.iterations] = fingerprint(self.model)

    def count(self, frame, event, argument):
        code = frame.f_code
        dropped = code.co_flags & inspect.CO_GENERATOR or code.co_filename == WEAK_REFERENCES
        inside = self.where in code.co_filename and not dropped
        self.calls += inside and event in ("call", "c_call")
        if inside and self.calls == self.at:
            sys.setprofile(None)
            signal.raise_signal(signal.SIGINT)

    def on_train_begin(self, logs=None):
        self.mark()
        if self.at is not None:
            sys.setprofile(self.count)

    def on_train_batch_end(self, batch, logs=None):
        self.mark()

    def on_train_end(self, logs=None):
        sys.setprofile(None)
        self.ended += 1


def fit_traced(trace):
    """A fit of two epochs."""
    try:
        build("rmsprop").fit(**ARRAYS | {"epochs": 2}, callbacks=trace, verbose=0)
    finally:
        sys.setprofile(None)
    return trace


@pytest.mark.parametrize("where", ["", "optimizers.py", "callbacks/base.py"])
def test_ctrl_c_at_fifty_moments_leaves_a_whole_step(where):
    handler = signal.getsignal(signal.SIGINT)
    marks = fit_traced(Trace()).marks
    assert len(marks) == len(set(marks.values())) == 2 * STEPS + 1
    calls, seen = fit_traced(Trace(-1, where)).calls, []
    for moment in range(50):
        trace = Trace(1 + calls * (2 * moment + 1) // 100, where)
        with pytest.raises(KeyboardInterrupt):
            fit_traced(trace)
        model = trace.model
        steps = model.optimizer.iterations
        assert fingerprint(model) == marks[steps]
        assert trace.ended == 1
        finished = len(model.history.epoch)
        assert steps // STEPS - 1 <= finished <= steps // STEPS
        assert [len(values) for values in model.history.history.values()] in ([], [finished] * 6)
        seen.append(steps)
    assert set(seen) | {0} == set(range(2 * STEPS + 1))
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_failed_step_leaves_moving_averages_alone():
    """The forward pass moves them, so a step that fails later must put them back."""
    model = build()
    before = fingerprint(model)
    wrong = np.ones((8, 4), "float32")
    with pytest.raises(ValueError, match="4"):
        model.fit(iter([(X[:8], wrong)]), verbose=0)
    with pytest.raises(ValueError, match="4"):
        model.train_on_batch(X[:8], wrong)
    assert fingerprint(model) == before


def test_what_validates_says_in_which_epoch_it_fails():
    closed = []

    def failing():
        try:
            yield from batches(1)
            yield X[:8], None, None, None
        finally:
            closed.append(True)

    model = build()
    with pytest.raises(ValueError, match="got 4 parts") as caught:
        model.fit(X, ONE_HOT, validation_data=failing(), validation_steps=3, epochs=5, verbose=0)
    assert "in the validation of epoch 2, after 2 complete batches" in caught.value.__notes__
    assert model.history.epoch == [0] and closed == [True]


@pytest.mark.parametrize("batch", [None, [], (X[:8],) * 4, ([[1.0, 2.0], [3.0]], ONE_HOT[:2])])
def test_batches_that_are_none(batch):
    model = build()
    with pytest.raises(ValueError) as caught:
        model.fit(iter([(X[:8], ONE_HOT[:8]), batch]), verbose=0)
    assert "in epoch 1, after 1 complete batches" in caught.value.__notes__
    assert model.optimizer.iterations == 1


def test_callbacks_that_fail_in_the_end_let_the_others_end():
    ended = []

    class Fails(callbacks.Callback):
        def on_train_end(self, logs=None):
            ended.append(logs)
            raise RuntimeError(f"number {len(ended)}")

    with pytest.raises(RuntimeError, match="number 1") as caught:
        build().fit(**ARRAYS, callbacks=[Fails(), Fails()], verbose=0)
    assert len(ended) == 2 and ended[0]["loss"] > 0
    assert "Fails.on_train_end failed: RuntimeError('number 2')" in caught.value.__notes__[0]


# -- numbers that are none -------------------------------------------------------------------------


class Divided(layers.Layer):
    def call(self, inputs):
        return inputs / 0.0


class Own(Model):
    """A model that is no graph."""

    def __init__(self, inside):
        super().__init__()
        self.inside = inside

    def call(self, inputs):
        return self.inside(inputs)


def nested():
    x = Input((5,))
    inner = Sequential([Input((5,)), layers.Dense(4, name="fine"), Divided(name="guilty")])
    return Model(x, layers.Dense(3)(inner(x)))


def normalized():
    """Only in training is a batch of one alike sample divided by its spread, which is 0."""
    x = Input((5,))
    h = layers.BatchNormalization(epsilon=0.0, name="guilty")(layers.Dropout(0.1)(x * 0))
    return Model(x, layers.Dense(3)(h))


def bare():
    x = Input((5,))
    return Model(x, layers.Dense(3)(ops.log(x * 0)))


@pytest.mark.parametrize("make", [nested, normalized, bare, lambda: Own(nested())])
def test_the_first_layer_that_makes_nan_is_named_and_nothing_else_moves(make):
    model = make()
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="'(guilty|log)' is the first layer") as caught:
        model.fit(X, ONE_HOT, batch_size=8, epochs=2, verbose=0)
    assert len(caught) == 1
    assert not any("_run" in vars(layer) for layer in model._all_layers())


def main(what=None, path=None, number=None):
    """A part of the tests above; without arguments a longer run of both, as `make faults` wants."""
    if what == "steps":
        print(kill_at_steps(path, random.Random(0), int(number)))
    elif what == "backups":
        print(kill_in_backups(path, int(number)))
    else:
        with tempfile.TemporaryDirectory() as folder:
            print("fits killed at a step:", run("steps", os.path.join(folder, "backup"), 60))
            print("fits killed in a backup:", run("backups", os.path.join(folder, "backup"), 1))


if __name__ == "__main__":
    main(*sys.argv[1:])
