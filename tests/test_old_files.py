"""What an earlier release wrote, this one reads: each folder of tests/files is one release."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import minigraph
from minigraph import callbacks, optimizers
from minigraph.models import load_model
from minigraph.saving import FileRefused
from minigraph.saving.file import from_bytes, to_bytes
from minigraph.saving.model import OLD_SLOT_NAMES

FILES = Path(__file__).parent / "files"
RELEASES = sorted(folder.name for folder in FILES.iterdir() if (folder / "expected.json").exists())
sys.path.insert(0, str(FILES))
from write import X, Y, sequential  # noqa: E402


def test_this_release_has_a_folder():
    assert minigraph.__version__ in RELEASES


@pytest.mark.parametrize("release", RELEASES)
def test_the_files_of_a_release_are_read(release):
    folder = FILES / release
    expected = json.loads((folder / "expected.json").read_text("utf-8"))
    inputs = {"a": X, "b": X[::-1]}
    model = load_model(folder / "functional.safetensors")
    found = model.predict(inputs, verbose=0)["two"]
    np.testing.assert_allclose(found, expected["functional"], rtol=1e-5)
    assert model.evaluate(inputs, {"two": Y}, verbose=0) == pytest.approx(expected["loss"], 1e-5)
    assert model.get_layer("first").get_layer("shared") is model.get_layer("second").layers[1]
    assert model.optimizer.iterations == expected["steps"]
    model.fit(inputs, {"two": Y}, verbose=0)

    chain = load_model(folder / "sequential.safetensors")
    np.testing.assert_allclose(chain.predict(X, verbose=0), expected["sequential"], rtol=1e-5)
    fresh = sequential()
    fresh.set_weights([weight * 0 for weight in fresh.get_weights()])
    fresh.load_weights(folder / "weights.safetensors")
    np.testing.assert_allclose(fresh.predict(X, verbose=0), expected["sequential"], rtol=1e-5)


def old_names(optimizer):
    """Today's slot names -> those of version 0.1.0."""
    kinds = [cls.__name__ for cls in type(optimizer).__mro__]
    kind = next(kind for kind in kinds if kind in OLD_SLOT_NAMES)
    return {new: old for old, new in OLD_SLOT_NAMES[kind].items()}


def with_old_names(path, optimizer):
    """Write the file again with the slots as version 0.1.0 named them."""
    contents, old = from_bytes(path.read_bytes()), old_names(optimizer)
    tensors = {}
    for name, array in contents.tensors.items():
        slot = name.rpartition("/")[2]
        is_slot = name.startswith("optimizer/") and slot != "iterations"
        tensors[name.removesuffix(slot) + old[slot] if is_slot else name] = array
    assert not is_new(tensors, optimizer) and is_new(contents.tensors, optimizer)
    path.write_bytes(to_bytes(contents._replace(tensors=tensors)))


def is_new(tensors, optimizer):
    """Whether a slot has a name of today."""
    slots = {name.rpartition("/")[2] for name in tensors if name.startswith("optimizer/")}
    return bool(slots & set(optimizer.slot_names()))


OPTIMIZERS = [
    optimizers.SGD(momentum=0.9),
    optimizers.RMSprop(momentum=0.9, centered=True),
    optimizers.Adam(amsgrad=True),
    optimizers.AdamW(),
    optimizers.Adagrad(),
    optimizers.Adamax(),
    optimizers.Nadam(),
]


def bits(model):
    weights = model.get_weights() + [array for _, array in model.optimizer.state(model.weights)]
    return [array.tobytes() for array in weights]


def trained(optimizer, **options):
    model = sequential()
    model.compile(type(optimizer).from_config(optimizer.get_config()), "mse")
    model.fit(X, Y, verbose=0, shuffle=False, **options)
    return model


def test_every_slot_has_its_old_name():
    assert {type(o).__name__ for o in OPTIMIZERS} - {"AdamW"} == OLD_SLOT_NAMES.keys()
    for optimizer in OPTIMIZERS:
        assert old_names(optimizer).keys() >= set(optimizer.slot_names())


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.name)
def test_slots_under_old_names_go_on_with_the_same_bits(optimizer, tmp_path):
    path = tmp_path / "model"
    whole = trained(optimizer, epochs=2)
    whole.save(path)
    again = load_model(path)
    assert bits(again) == bits(whole)
    with_old_names(path, optimizer)
    old = load_model(path)
    assert bits(old) == bits(whole)
    for model in (whole, again, old):
        model.fit(X, Y, epochs=2, verbose=0, shuffle=False)
    assert bits(old) == bits(again) == bits(whole)


def test_a_backup_with_old_names_goes_on_with_the_same_bits(tmp_path):
    path, optimizer = tmp_path / "backup", OPTIMIZERS[2]

    class Stop(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 2:
                raise InterruptedError

    backup = callbacks.BackupAndRestore(path, delete_checkpoint=False)
    whole = trained(optimizer, epochs=4)
    with pytest.raises(InterruptedError):
        trained(optimizer, epochs=4, callbacks=[backup, Stop()])
    with_old_names(path, optimizer)
    backup = callbacks.BackupAndRestore(path, delete_checkpoint=False)
    assert bits(trained(optimizer, epochs=4, callbacks=[backup])) == bits(whole)


def test_a_slot_under_both_names_is_refused(tmp_path):
    path, optimizer = tmp_path / "model", OPTIMIZERS[3]
    trained(optimizer).save(path)
    contents = from_bytes(path.read_bytes())
    twice = contents.tensors | {"optimizer/0/mean": contents.tensors["optimizer/0/m"]}
    path.write_bytes(to_bytes(contents._replace(tensors=twice)))
    with pytest.raises(FileRefused, match="'0/m' is there twice"):
        load_model(path)
