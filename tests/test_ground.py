"""The ground floor: structures, names, seeds, the registry, initializers and small helpers."""

import ast
import importlib
import platform
import re
import subprocess
import sys
import threading
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigraph import (
    Sequential,
    activations,
    backend,
    check_gradient,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    ops,
    optimizers,
    regularizers,
    utils,
)
from minigraph.core import registry, tree
from minigraph.core.checks import is_number, is_size
from minigraph.core.context import context, setting
from minigraph.core.dtypes import standard_dtype
from minigraph.core.names import unique_name
from minigraph.core.random import RandomStream, next_seed, set_random_seed
from minigraph.graph.layer import Layer
from minigraph.ops.kernels import flush_subnormals
from minigraph.saving.config import find_function, find_layer_class

# ---------------------------------------------------------------------------------------------
# tree

LEAVES = st.integers() | st.none() | st.text(max_size=3)
STRUCTURES = st.recursive(
    LEAVES,
    lambda children: (
        st.lists(children, max_size=3)
        | st.lists(children, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3), children, max_size=3)
    ),
    max_leaves=12,
)


@given(STRUCTURES)
def test_pack_is_the_inverse_of_flatten(structure):
    leaves = tree.flatten(structure)
    assert tree.pack(structure, leaves) == structure
    assert tree.same_structure(structure, tree.map(lambda leaf: 0, structure))
    assert tree.flatten(tree.map(lambda leaf: (leaf, 1), leaves)) == [
        part for leaf in leaves for part in (leaf, 1)
    ]


def test_flatten_walks_dicts_in_insertion_order():
    assert tree.flatten({"b": 1, "a": [2, (3,)], "c": {}}) == [1, 2, 3]
    assert tree.flatten(5) == [5] and tree.flatten(None) == [None] and tree.flatten([]) == []


def test_pack_counts_the_leaves():
    for leaves in [[1], [1, 2, 3]]:
        with pytest.raises(ValueError, match=f"2 leaves, but {len(leaves)} were given"):
            tree.pack([0, {"a": 0}], leaves)


def test_named_tuples_stay_named():
    Pair = namedtuple("Pair", "first second")
    mapped = tree.map(lambda n: n + 1, Pair(1, [2]))
    assert mapped == Pair(2, [3]) and type(mapped) is Pair


def test_same_structure():
    assert tree.same_structure([1, (2,)], (3, [4]))
    assert tree.same_structure({"a": 1, "b": 2}, {"b": 3, "a": 4})
    for other in [[1], [1, 2, 3], 1, {"a": 1, "b": 2}, [1, [2]]]:
        assert not tree.same_structure([1, 2], other)


# ---------------------------------------------------------------------------------------------
# backend


def test_names_count_each_base_for_itself():
    assert [unique_name(base) for base in ["a", "b", "a", "a"]] == ["a", "b", "a_1", "a_2"]
    backend.clear_session()
    assert unique_name("a") == "a"


def test_names_are_unique_across_threads():
    names = []

    def take():
        names.extend(unique_name("x") for _ in range(200))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(names)) == 800


def test_seeds_repeat():
    def draws():
        set_random_seed(7)
        return [next_seed(), RandomStream().generator.random(), np.random.random()]

    assert draws() == draws()
    set_random_seed(8)
    assert next_seed() != draws()[0]


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "1", None, True])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(ValueError, match="seed"):
        set_random_seed(seed)


def test_settings_are_put_back_and_belong_to_a_thread():
    seen = []
    with setting(training=True):
        thread = threading.Thread(target=lambda: seen.append(context.training))
        thread.start()
        thread.join()
        assert context.training is True
    assert seen == [None] and context.training is None


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_numbers_too_small_for_their_type_become_zero(kind):
    tiny = float(np.finfo(kind).tiny)
    kept = np.array([np.nan, np.inf, -np.inf, 1, -1e-20, 0, tiny * 2**33, -tiny * 2**33], kind)
    np.testing.assert_array_equal(flush_subnormals(kept), kept)
    assert not flush_subnormals(np.array([tiny / 4, -tiny / 4, tiny, tiny * 2**31], kind)).any()
    half = np.array([1e-7, 1], "float16")
    np.testing.assert_array_equal(flush_subnormals(half), half)


def test_standard_types():
    assert standard_dtype(None) == standard_dtype(float) == "float32"
    assert standard_dtype(int) == "int32" and standard_dtype(bool) == "bool"
    assert standard_dtype(np.float64) == standard_dtype("float64") == "float64"
    for wrong in ["float7", str, object, "S5", "datetime64[s]", [1]]:
        with pytest.raises(ValueError, match="kind="):
            standard_dtype(wrong, "kind")


# ---------------------------------------------------------------------------------------------
# registry


def test_names_become_classes_and_back():
    assert registry.find("Dense") is layers.Dense
    assert registry.get_registered_name(layers.Dense) == "Dense"
    with pytest.raises(ValueError, match="'Wonder'.*custom_objects"):
        registry.find("Wonder")
    assert registry.get_registered_object("Wonder") is None


def test_a_registered_class_has_the_name_of_its_package():
    @registry.register_keras_serializable("mine", "Thing")
    class Thing(Layer):
        pass

    assert registry.find("mine>Thing") is Thing
    assert registry.get_registered_name(Thing) == "mine>Thing"
    with pytest.raises(ValueError, match="mine>Thing is already registered"):
        registry.register_keras_serializable("mine", "Thing")(layers.Dense)
    with pytest.raises(ValueError, match="get_config"):
        registry.register_keras_serializable("mine")(type("Bare", (), {}))


def test_custom_objects_hold_within_their_scope_and_replace_nothing():
    class Custom(Layer):
        pass

    with utils.custom_object_scope({"Custom": Custom, "Dense": Custom}):
        assert registry.find("Custom") is Custom
        assert registry.find("Dense") is layers.Dense
    assert registry.get_registered_object("Custom") is None
    assert registry.find("Custom", {"Custom": Custom}) is Custom
    with (
        pytest.raises(TypeError, match="dict of name: class"),
        utils.custom_object_scope([Custom]),
    ):
        pass


def test_values_become_plain_json_and_come_back():
    value = {
        "numbers": [1, 2.5, None, True, "text"],
        "initializer": initializers.RandomUniform(-1, 1, seed=3),
        "function": ops.relu,
        "scalar": np.float32(0.5),
    }
    plain = registry.serialize(value)
    assert plain["function"] == "relu" and plain["scalar"] == 0.5
    again = registry.deserialize(plain)
    assert again["initializer"].get_config() == {"minval": -1, "maxval": 1, "seed": 3}
    assert again["numbers"] == value["numbers"]
    with pytest.raises(ValueError, match="cannot be written"):
        registry.serialize(object())


# ---------------------------------------------------------------------------------------------
# initializers and activations


def test_initializers_by_name_class_config_and_function():
    for identifier in ["glorot_uniform", "GlorotUniform", initializers.GlorotUniform]:
        assert isinstance(initializers.get(identifier), initializers.GlorotUniform)
    config = initializers.serialize(initializers.RandomNormal(stddev=2.0, seed=1))
    assert initializers.get(config).stddev == 2.0
    assert initializers.get(lambda shape, dtype: np.ones(shape))((2,), "float32", 0).sum() == 2
    assert initializers.get(None) is None
    with pytest.raises(ValueError, match="wonder.*zeros"):
        initializers.get("wonder")
    with pytest.raises(ValueError, match="initializer"):
        initializers.get(3)


def test_initial_numbers():
    shape = (300, 200)
    assert not initializers.Zeros()(shape).any() and initializers.Ones()(shape).all()
    normal = initializers.RandomNormal(mean=1.0, stddev=0.5, seed=1)(shape)
    assert abs(normal.mean() - 1) < 0.01 and abs(normal.std() - 0.5) < 0.01
    uniform = initializers.RandomUniform(-2, 6, seed=1)(shape)
    assert -2 <= uniform.min() < -1.9 and 5.9 < uniform.max() <= 6
    glorot = initializers.GlorotUniform(seed=1)(shape)
    bound = np.sqrt(6 / 500)
    assert 0.99 * bound < np.abs(glorot).max() <= bound and glorot.dtype == np.float32
    assert initializers.GlorotUniform()(shape, "float64", 5).dtype == np.float64


def test_a_seed_makes_an_initializer_repeat():
    seeded = initializers.GlorotUniform(seed=4)
    np.testing.assert_array_equal(seeded((3, 2), seed=1), seeded((3, 2), seed=2))
    free = initializers.GlorotUniform()
    assert (free((3, 2), seed=1) != free((3, 2), seed=2)).any()


def test_fans():
    assert initializers.fans((5, 7)) == (5, 7)
    assert initializers.fans((3, 3, 5, 7)) == (45, 63)
    assert initializers.fans((5,)) == (5, 5) and initializers.fans(()) == (1, 1)


def drawn(name, shape=(300, 200), **options):
    return getattr(initializers, name)(**options)(shape, "float64", 1)


SCALED = [("Glorot", 2 / 500), ("He", 2 / 300), ("Lecun", 1 / 300)]


@pytest.mark.parametrize(("name", "variance"), SCALED)
def test_initial_variances(name, variance):
    uniform, normal = drawn(f"{name}Uniform"), drawn(f"{name}Normal")
    for x in (uniform, normal, drawn("VarianceScaling", scale=300 * variance)):
        assert x.var() == pytest.approx(variance, rel=0.02) and abs(x.mean()) < 1e-3
    assert 0.999 < np.abs(uniform).max() / np.sqrt(3 * variance) <= 1
    assert 0.999 < np.abs(normal).max() / (2 * np.sqrt(variance) / 0.87962566) <= 1


def test_other_initial_numbers():
    truncated = drawn("TruncatedNormal", mean=1.0, stddev=0.5)
    assert 0 <= truncated.min() < 0.01 and 1.99 < truncated.max() <= 2
    wide = drawn("VarianceScaling", mode="fan_out", distribution="untruncated_normal")
    assert wide.var() == pytest.approx(1 / 200, rel=0.02) and np.abs(wide).max() > 3 / 200**0.5
    assert drawn("Constant", (2,), value=3).tolist() == [3, 3]
    assert drawn("Identity", (2, 3), gain=2).tolist() == [[2, 0, 0], [0, 2, 0]]
    for shape in [(7, 4), (4, 7), (2, 3, 4)]:
        q = drawn("Orthogonal", shape, gain=2).reshape(-1, shape[-1])
        q = q if len(q) >= q.shape[1] else q.T
        np.testing.assert_allclose(q.T @ q, 4 * np.eye(q.shape[1]), atol=1e-12)
    for wrong in [
        lambda: drawn("Identity", (2,)),
        lambda: drawn("Orthogonal", (2,)),
        lambda: initializers.VarianceScaling(mode="sideways"),
    ]:
        with pytest.raises(ValueError, match="matrix|2 axes|mode"):
            wrong()
    assert initializers.get("truncated_normal").get_config()["stddev"] == 0.05
    assert initializers.HeNormal(seed=3).get_config() == {"seed": 3}


def test_regularizers():
    x = np.array([[1.0, -2.0], [2.0, 1.0]])
    assert float(regularizers.L1()(x)) == pytest.approx(0.06)
    assert float(regularizers.L2(0.1)(x)) == pytest.approx(1.0)
    assert float(regularizers.L1L2(1, 2)(x)) == pytest.approx(26)
    assert float(regularizers.L1L2()(x)) == 0
    assert float(regularizers.OrthogonalRegularizer(1.0)(x)) == pytest.approx(0)
    y = np.array([[3.0, 4.0, 0.0], [1.0, 0.0, 0.0]])
    assert float(regularizers.OrthogonalRegularizer(2.0)(y)) == pytest.approx(2 * 0.6)
    assert float(regularizers.OrthogonalRegularizer(2.0, "columns")(y.T)) == pytest.approx(1.2)
    check_gradient(regularizers.L1L2(0.3, 0.2), x)
    check_gradient(regularizers.OrthogonalRegularizer(mode="columns"), y)


def test_regularizers_by_name():
    assert regularizers.get("l2").get_config() == {"l2": 0.01}
    assert regularizers.get("l1_l2").get_config() == {"l1": 0, "l2": 0}
    again = regularizers.get(regularizers.serialize(regularizers.L1(0.5)))
    assert type(again) is regularizers.L1 and again.l1 == 0.5
    assert regularizers.get(None) is None
    for wrong in [lambda: regularizers.L1(-1), lambda: regularizers.L2("much")]:
        with pytest.raises(ValueError, match="`l[12]` must be a number"):
            wrong()
    with pytest.raises(ValueError, match="'rows', 'columns', got 'all'"):
        regularizers.OrthogonalRegularizer(mode="all")
    with pytest.raises(ValueError, match="Unknown regularizer 'l3'"):
        regularizers.get("l3")


@pytest.mark.parametrize("wrong", [np.array([2, 3]), np.array(2.5), np.float64(2), True, np.True_])
def test_a_size_is_one_integer(wrong):
    assert not is_size(wrong, 0) and is_size(np.int8(3), 3) and is_size(np.array(3), 3)
    with pytest.raises(ValueError, match="`units`"):
        layers.Dense(wrong)


def test_activations_by_name():
    assert activations.get("relu") is ops.relu and activations.get(None) is activations.linear
    assert activations.get(np.tanh) is np.tanh
    x = np.array([-1.0, 2.0])
    np.testing.assert_array_equal(activations.linear(x).numpy(), x)
    with pytest.raises(ValueError, match="wonder.*linear.*relu"):
        activations.get("wonder")
    with pytest.raises(ValueError, match="activation"):
        activations.get(3)


def ones_of(shape, dtype):
    return np.ones(shape, dtype)


def test_a_function_initializes_and_its_name_is_saved():
    function = registry.register_keras_serializable("Mine")(ones_of)
    found = initializers.get(function)
    assert initializers.get(found) is found
    config = initializers.serialize(found)
    assert config["config"] == {"function": "Mine>ones_of"}
    assert initializers.get(config).function is function
    layer = layers.Dense(2, kernel_initializer=function)
    again = layers.Dense.from_config(layer.get_config())
    assert again(np.ones((1, 3))).numpy().tolist() == [[3, 3]]


def test_an_initializer_gives_the_shape_it_is_asked_for():
    class Seven(initializers.Initializer):
        def draw(self, random, shape):
            return np.ones(7)

    for wrong in [Seven(), initializers.get(lambda shape, dtype: np.ones(7))]:
        with pytest.raises(ValueError, match=r"shape \(7,\) for a weight of shape \(3, 2\)"):
            wrong((3, 2))


@pytest.mark.parametrize(
    ("cls", "wrong"),
    [
        (initializers.RandomNormal, {"stddev": -1}),
        (initializers.RandomNormal, {"mean": "a"}),
        (initializers.RandomUniform, {"minval": None}),
        (initializers.RandomUniform, {"maxval": -2}),
        (initializers.GlorotUniform, {"seed": "a"}),
        (initializers.GlorotUniform, {"seed": -1}),
    ],
)
def test_settings_of_initializers_are_checked_at_once(cls, wrong):
    ((argument, value),) = wrong.items()
    with pytest.raises(ValueError, match=f"`{argument}` must be .*got {value!r}"):
        cls(**wrong)


def test_a_layer_is_no_initializer():
    with pytest.raises(ValueError, match="Dense.*is not a valid initializer"):
        initializers.get(layers.Dense(2))


def test_ops_of_one_array_are_activations_by_name():
    for op in (ops.exp, ops.square, ops.log_softmax):
        config = layers.Activation(op).get_config()
        assert layers.Activation.from_config(config).activation is op
    for name in ["add", "mean_squared_error", "concatenate"]:
        with pytest.raises(ValueError, match=f"Unknown activation '{name}'"):
            activations.get(name)
    with pytest.raises(ValueError, match="activation.*Dense.*object"):
        activations.get(layers.Dense)


def test_an_unknown_name_may_be_a_custom_object():
    with pytest.raises(ValueError, match="'swoosh'.*custom_objects={'swoosh'"):
        activations.get("swoosh")


def test_numbers():
    for number in (1, -1.5, np.float32(2), np.int64(3), np.array(1.0)):
        assert is_number(number) and is_number(number, least=-1.5)
    for other in (True, np.True_, "1", None, [1], float("nan"), float("inf"), 10**400):
        assert not is_number(other)
    assert is_number(0, least=0) and not is_number(-1, least=0)


# ---------------------------------------------------------------------------------------------
# Names: what is known, what an unknown one may have meant, what a module offers

GROUPS = {
    "activation": (activations.get, "rellu", "relu"),
    "initializer": (initializers.get, "glorot", "glorot_uniform' or 'glorot_normal"),
    "loss": (losses.get, "MeanSquaredEror", "mean_squared_error"),
    "metric": (metrics.get, "acuracy", "accuracy"),
    "optimizer": (optimizers.get, "rmsprp", "rmsprop"),
    "regularizer": (regularizers.get, "l1_l3", "l1_l2"),
    "constraint": (constraints.get, "max_nrm", "max_norm"),
    "class": (registry.find_class, "ExponentialDeca", "ExponentialDecay"),
    "layer or model": (find_layer_class, "Dens", "Dense"),
    "op": (find_function, "matmull", "matmul"),
    "function": (registry.as_function, "reluu", "relu"),
}


def test_every_group_is_walked():
    assert registry._members.keys() < GROUPS.keys()


@pytest.mark.parametrize("kind", GROUPS)
def test_an_unknown_name_is_answered_in_one_form(kind):
    get, wrong, meant = GROUPS[kind]
    with pytest.raises(ValueError) as caught:
        get(wrong)
    text = str(caught.value)
    assert text.startswith(f"Unknown {kind} {wrong!r}. Did you mean '{meant}'")
    assert "? Known: '" in text and f"custom_objects={{{wrong!r}: ...}}" in text
    known = re.findall("'([^']+)'", text.partition("Known: ")[2].partition(". ")[0])
    letters = [name.replace("_", "").lower() for name in known]
    assert len(set(letters)) == len(letters), "a name is listed in two spellings"
    if kind in registry._members:
        assert known == sorted(known) and all(map(str.islower, known))
        assert all(get(name) is not None for name in known)
        with pytest.raises(ValueError, match=f"Unknown {kind} 'zzz'. Known: '{known[0]}'"):
            get("zzz")
        members = {name: get(name) for name in registry._members[kind]}
        listed = {type(get(name)) for name in known}
        assert {type(member) for member in members.values()} == listed


def test_the_names_of_layers_and_arguments_are_suggested_alike():
    model = Sequential([layers.Input((3,)), layers.Dense(2, name="encoder")])
    with pytest.raises(ValueError, match="'encodr'. Did you mean 'encoder'. Known: 'encoder'"):
        model.get_layer("encodr")
    with pytest.raises(TypeError, match="'unit'. Did you mean 'units'. Known: 'activation', "):
        layers.Dense(3, unit=3)
    assert registry.did_you_mean(3, []) == "Known: none."
    assert registry.suggestions("", ["a", "b"]) == []


# Public in the module for its neighbours, and not offered to users.
INNER = {
    "activations": {"takes_one_array"},
    "config": set(),
    "backend": set(),
    "constraints": {"constrained", "rescaled"},
    "applications": set(),
    "initializers": {"check_initial", "fans", "draw_truncated"},
    "losses": {"LossOptions", "combine"},
    "metrics": {"better_by_name", "better_of", "for_training", "ratio"},
    "optimizers": {"Chunk", "Segment", "checked_rate", "chunks_of", "update_average"}
    | {"AdamOptions", "ClippingOptions", "OptimizerOptions", "slots_dtype"},
    "random": {"check_float", "check_seed", "check_shape", "generator"},
    "regularizers": set(),
    "schedules": set(),
    "utils": set(),
    "datasets.mnist": {"read_all", "read_idx"},
    "datasets.fashion_mnist": set(),
    "datasets.cifar10": {"read_members", "read_pictures"},
}


@pytest.mark.parametrize("name", INNER)
def test_a_module_lists_what_it_offers(name):
    source = Path(registry.__file__).parent.parent / f"{name.replace('.', '/')}.py"
    tree = ast.parse(source.read_text("utf-8"))
    (listed,) = [
        ast.literal_eval(node.value)  # a list that is written out, for readers and type checkers
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    assert listed == sorted(listed) and len(set(listed)) == len(listed)
    module = importlib.import_module(f"minigraph.{name}")
    assert all(hasattr(module, member) and not member.startswith("_") for member in listed)
    own = {
        member
        for member, thing in vars(module).items()
        if not member.startswith("_") and getattr(thing, "__module__", None) == module.__name__
    }
    assert own - set(listed) == INNER[name]


# ---------------------------------------------------------------------------------------------
# utils


def test_to_categorical():
    assert utils.to_categorical([0, 2, 1]).tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert utils.to_categorical([1], num_classes=4).tolist() == [[0, 1, 0, 0]]
    assert utils.to_categorical([[1], [0]]).tolist() == [[0, 1], [1, 0]]
    assert utils.to_categorical([[0, 1]]).shape == (1, 2, 2)
    assert utils.to_categorical([0.0, 1.0]).dtype == np.float32


@pytest.mark.parametrize("wrong", [[3], [-1]])
def test_to_categorical_names_the_range(wrong):
    with pytest.raises(ValueError, match=f"0 to 2 .*found {wrong[0]} to {wrong[0]}"):
        utils.to_categorical(wrong, num_classes=3)


@pytest.mark.parametrize("wrong", [[0.5], ["a"], [], [None], [float("nan")], [float("inf")]])
def test_to_categorical_takes_whole_numbers(wrong):
    with pytest.raises(ValueError, match="integers"):
        utils.to_categorical(wrong)


@pytest.mark.parametrize("wrong", ["a", 0, 2.5, True])
def test_to_categorical_needs_a_number_of_classes(wrong):
    with pytest.raises(ValueError, match=f"num_classes.*{wrong!r}"):
        utils.to_categorical([0], num_classes=wrong)


# ---------------------------------------------------------------------------------------------
# Memory

PAGES = """
import resource, sys
import numpy as np
from minigraph import config

if sys.argv[1] == "kept":
    config.keep_memory()

def step():
    return sum(array[0] for array in [np.ones(10**6, "float32") for _ in range(5)])

step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries do as they like")
def test_kept_memory_is_used_again():
    def new_pages(how):
        command = [sys.executable, "-c", PAGES, how]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert new_pages("kept") < 100 < 1000 < new_pages("given back")
