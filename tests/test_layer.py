"""What a layer promises: names, building, calling, training, masks, weights and configs."""

import json

import numpy as np
import pytest
from ops_table import spread

from minigraph import Input, Model, Tape, Tensor, Variable, backend, layers, models, ops
from minigraph.core import names as automatic
from minigraph.core.context import context
from minigraph.core.names import snake_case
from minigraph.core.registry import deserialize, serialize
from minigraph.gradcheck import numeric_gradient
from minigraph.graph.input_spec import InputSpec
from minigraph.graph.layer import Layer
from minigraph.initializers import RandomUniform

X = spread(3, 4).astype("float32")


class Scale(Layer):
    """Every column times a weight: the smallest layer with a `build`."""

    def build(self, input_shape):
        self.shape_given = input_shape
        self.scale = self.add_weight((input_shape[-1],), "ones", name="scale")

    def call(self, inputs):
        return inputs * self.scale


# ---------------------------------------------------------------------------------------------
# Names


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("Conv2D", "conv2d"),
        ("Conv2DTranspose", "conv2d_transpose"),
        ("MaxPooling2D", "max_pooling2d"),
        ("GlobalAveragePooling2D", "global_average_pooling2d"),
        ("UpSampling2D", "up_sampling2d"),
        ("ZeroPadding2D", "zero_padding2d"),
        ("SimpleRNN", "simple_rnn"),
        ("LSTM", "lstm"),
        ("GRU", "gru"),
        ("ReLU", "re_lu"),
        ("PReLU", "p_re_lu"),
        ("ELU", "elu"),
        ("LeakyReLU", "leaky_re_lu"),
        ("ConvLSTM2D", "conv_lstm2d"),
        ("SpatialDropout1D", "spatial_dropout1d"),
        ("TimeDistributed", "time_distributed"),
        ("InputLayer", "input_layer"),
        ("Dense", "dense"),
    ],
)
def test_snake_case(name, snake):
    assert snake_case(name) == snake


def test_automatic_names_count_up_and_start_anew():
    names = [layers.Dense(1).name for _ in range(3)]
    assert names == ["dense", "dense_1", "dense_2"]
    assert layers.Dropout(0.5).name == "dropout"
    assert layers.Dense(1, name="mine").name == "mine"
    assert layers.Dense(1).name == "dense_3"
    backend.clear_session()
    assert layers.Dense(1).name == "dense"
    assert Scale().name == "scale"


@pytest.mark.parametrize("name", ["a/b", "a\nb", "a\u202eb", "a\u200bb", "", "x" * 200, 3, b"x"])
def test_forbidden_names(name):
    with pytest.raises(ValueError, match="`name`"):
        layers.Dense(1, name=name)


@pytest.mark.parametrize("name", ["a b", "<script>", "é", "层", "a.b:c", "'\"`"])
def test_every_other_name_is_legal(name):
    assert layers.Dense(1, name=name).name == name


def test_unknown_keywords_are_named():
    with pytest.raises(TypeError, match="colour"):
        layers.Dense(1, colour="red")
    with pytest.raises(TypeError, match="colour"):
        Scale(colour="red")


def test_forgetting_to_call_the_base_constructor():
    class Forgetful(Layer):
        def __init__(self):
            self.dense = layers.Dense(1)

        def call(self, inputs):
            return self.dense(inputs)

    for use in [
        lambda: Forgetful()(X),
        lambda: Forgetful()(Input((4,))),
        lambda: Forgetful().weights,
    ]:
        with pytest.raises(TypeError, match=r"Forgetful.__init__ must call super\(\).__init__\(\)"):
            use()


# ---------------------------------------------------------------------------------------------
# Building


def test_build_runs_once_with_the_full_shape():
    layer = Scale()
    assert not layer.built and layer.weights == []
    layer(X)
    assert layer.built and layer.shape_given == (3, 4)
    scale = layer.scale
    layer(X)
    layer.build((None, 9))
    assert layer.scale is scale and layer.weights == [scale]


def test_build_on_a_symbol_sees_an_unknown_batch():
    layer = Scale()
    layer(Input((5, 4)))
    assert layer.shape_given == (None, 5, 4)
    layer = Scale()
    layer(Input(batch_shape=(2, None, 4)))
    assert layer.shape_given == (2, None, 4)


def test_build_by_hand():
    layer = layers.Dense(2)
    layer.build((None, 4))
    assert layer.built and layer.count_params() == 10


def test_several_inputs_give_several_shapes():
    class Pair(Layer):
        def build(self, input_shape):
            self.shape_given = input_shape

        def call(self, inputs):
            return inputs["a"] + inputs["b"]

    layer = Pair()
    layer({"a": X, "b": X[:, :1]})
    assert layer.shape_given == {"a": (3, 4), "b": (3, 1)}


def test_a_failed_build_is_undone():
    class Fragile(Layer):
        broken = True

        def build(self, input_shape):
            self.first = self.add_weight((4,), name="first")
            self.inner = layers.Dense(3)
            self.things = [1]
            if self.broken:
                raise RuntimeError("half way")
            self.second = self.add_weight((4,), name="second")

        def call(self, inputs):
            return self.inner(inputs) + ops.sum(self.first * self.second)

    layer = Fragile()
    before = dict(vars(layer))
    for attempt in [lambda: layer(X), lambda: layer.build((None, 4)), lambda: layer(Input((4,)))]:
        with pytest.raises((RuntimeError, ValueError), match="half way"):
            attempt()
        assert not layer.built and layer.weights == [] and vars(layer) == before
    layer.broken = False
    assert layer(X).shape == (3, 3)
    assert [v.name for v in layer.weights] == ["first", "second", "kernel", "bias"]


def test_weights_may_be_made_in_the_constructor():
    class Early(Layer):
        def __init__(self):
            super().__init__()
            self.shift = self.add_weight((4,), "ones", name="shift")

        def call(self, inputs):
            return inputs + self.shift

    layer = Early()
    assert len(layer.weights) == 1 and not layer.built
    np.testing.assert_allclose(layer(X).numpy(), X + 1)
    assert layer.count_params() == 4


def test_a_layer_without_weights_needs_no_build():
    class Double(Layer):
        def call(self, inputs):
            return 2 * inputs

    layer = Double()
    np.testing.assert_array_equal(layer(X).numpy(), 2 * X)
    assert layer.built and layer.count_params() == 0


def test_counting_before_the_weights_exist():
    with pytest.raises(ValueError, match="'dense' has no weights yet"):
        layers.Dense(3).count_params()


def test_a_layer_must_define_call():
    with pytest.raises(NotImplementedError, match="must define call"):
        Layer()(X)


# ---------------------------------------------------------------------------------------------
# add_weight


def test_add_weight_defaults():
    layer = Layer()
    weight = layer.add_weight((50, 50))
    assert weight.dtype == "float32" and weight.trainable
    bound = np.sqrt(6 / 100)
    assert 0.9 * bound < np.abs(weight.numpy()).max() <= bound
    assert layer.add_weight().shape == ()
    assert layer.add_weight(3).shape == (3,)
    assert layer.add_weight((2,), dtype="float64").dtype == "float64"


def test_add_weight_takes_names_instances_and_functions():
    layer = Layer()
    assert layer.add_weight((2,), "ones").numpy().tolist() == [1, 1]
    seeded = [layer.add_weight((3,), RandomUniform(seed=1)).numpy() for _ in range(2)]
    np.testing.assert_array_equal(*seeded)
    weight = layer.add_weight((2,), lambda shape, dtype: np.full(shape, 7, dtype))
    assert weight.numpy().tolist() == [7, 7]


def test_add_weight_errors():
    layer = Layer(name="mine")
    with pytest.raises(ValueError, match="name='kernel'"):
        layer.add_weight("kernel", (2, 3))
    with pytest.raises(ValueError, match=r"'mine'.*\(None, 3\)"):
        layer.add_weight((None, 3))
    with pytest.raises(ValueError, match="wonder"):
        layer.add_weight((2, 3), "wonder")
    assert layer.weights == []


# ---------------------------------------------------------------------------------------------
# Calling


def test_arrays_become_tensors_of_the_layers_type():
    layer = Scale()
    for array in [X.astype("float64"), (10 * X).astype("int32"), X > 0, X.astype("float16")]:
        out = layer(array)
        assert type(out) is Tensor and out.dtype == "float32"
    wide = Scale(dtype="float64")
    assert wide(X).dtype == wide.scale.dtype == wide.dtype == "float64"


def test_the_default_float_is_that_of_new_layers():
    backend.set_floatx("float64")
    layer = layers.Dense(2)
    assert layer(X).dtype == layer.kernel.dtype == "float64"
    with pytest.raises(ValueError, match="number"):
        layers.Dense(2, dtype="number")


def test_plain_arrays_that_a_call_returns_are_wrapped():
    class Plain(Layer):
        def call(self, inputs):
            return {"a": inputs.numpy(), "b": [inputs.numpy() * 2]}

    out = Plain()(X)
    assert type(out["a"]) is Tensor and type(out["b"][0]) is Tensor


def test_inputs_of_any_structure_and_by_keyword():
    class Structured(Layer):
        def call(self, inputs, offset, factor=1):
            return (inputs["a"] + inputs["b"][0]) * factor + offset

    layer = Structured()
    out = layer({"a": X, "b": (X,)}, np.ones(4), factor=3)
    np.testing.assert_allclose(out.numpy(), 6 * X + 1, rtol=1e-6)
    out = layer(inputs={"a": X, "b": (X,)}, offset=0)
    np.testing.assert_allclose(out.numpy(), 2 * X, rtol=1e-6)
    with pytest.raises(TypeError, match="'structured' .* called without inputs"):
        layer(offset=0)


@pytest.mark.parametrize("wrong", [None, "text", 3.0, [X, None], object()])
def test_what_is_no_tensor_is_refused(wrong):
    with pytest.raises(ValueError, match="'dense' .* takes tensors and arrays"):
        layers.Dense(2)(wrong)


def test_errors_inside_a_call_name_the_layer_and_the_shape():
    class Faulty(Layer):
        def call(self, inputs):
            return self.inner(inputs) if hasattr(self, "inner") else inputs @ inputs

    layer = Faulty(name="culprit")
    with pytest.raises(ValueError) as found:
        layer(X)
    assert found.value.__notes__ == ["in layer 'culprit' (Faulty), called on shape (3, 4)"]
    outer = Faulty(name="outer")
    outer.inner = layer
    with pytest.raises(ValueError) as found:
        outer(X)
    assert [note.split()[2] for note in found.value.__notes__] == ["'culprit'", "'outer'"]


class InputsOnly(Layer):
    def call(self, inputs):
        return inputs * 1


class WithTraining(Layer):
    def call(self, inputs, training=None):
        self.seen.append(training)
        return inputs * (2 if training else 1)


class WithMask(Layer):
    def call(self, inputs, mask=None):
        self.seen.append(mask)
        return inputs * 1


class WithBoth(Layer):
    def call(self, inputs, training=False, mask=None):
        self.seen.append((training, mask))
        return inputs * 1


def watched(cls):
    layer = cls()
    layer.seen = []
    return layer


def masked(array, mask):
    tensor = Tensor(array)
    tensor.mask = np.asarray(mask)
    return tensor


MASK = np.array([[True, False], [True, True], [False, False]])
SEQUENCE = spread(3, 2, 4).astype("float32")


def test_the_four_signatures_of_call():
    sequence = masked(SEQUENCE, MASK)
    out = InputsOnly()(sequence, training=True)
    np.testing.assert_array_equal(out.numpy(), SEQUENCE)

    layer = watched(WithTraining)
    for call in [
        lambda: layer(sequence),
        lambda: layer(sequence, training=True),
        lambda: layer(sequence, True),
        lambda: layer(sequence, training=False),
    ]:
        call()
    assert layer.seen == [False, True, True, False]

    layer = watched(WithMask)
    layer(SEQUENCE)
    layer(sequence)
    other = ~MASK
    layer(sequence, mask=other)
    layer(sequence, other)
    assert layer.seen[0] is None and layer.seen[1] is sequence.mask
    np.testing.assert_array_equal(np.asarray(layer.seen[2]), other)
    np.testing.assert_array_equal(np.asarray(layer.seen[3]), other)

    layer = watched(WithBoth)
    layer(SEQUENCE)
    layer(sequence, training=True)
    layer(sequence, True, other)
    assert layer.seen[0] == (False, None)
    assert layer.seen[1][0] is True and layer.seen[1][1] is sequence.mask
    assert layer.seen[2][0] is True
    np.testing.assert_array_equal(np.asarray(layer.seen[2][1]), other)


# -- training ---------------------------------------------------------------------------------


class Outer(Layer):
    """A layer around a `WithTraining`, whose own call has no `training`."""

    def __init__(self, **told):
        super().__init__()
        self.inner, self.told = watched(WithTraining), told

    def call(self, inputs):
        return self.inner(inputs, **self.told)


def test_training_is_false_unless_somebody_says_so():
    layer = Outer()
    layer(X)
    assert layer.inner.seen == [False]


def test_training_reaches_inner_layers_through_calls_that_do_not_name_it():
    layer = Outer()
    layer(X, training=True)
    layer(X, training=False)
    layer(X)
    assert layer.inner.seen == [True, False, False]


def test_the_argument_of_the_call_itself_comes_first():
    layer = Outer(training=False)
    layer(X, training=True)
    layer = Outer(training=True)
    layer(X, training=False)
    layer(X)
    assert layer.inner.seen == [True, True]
    assert context.training is None


def test_training_none_means_that_nothing_was_said():
    layer = Outer(training=None)
    layer(X, training=True)
    layer(X, training=None)
    assert layer.inner.seen == [True, False]


def test_the_training_flag_is_put_back_after_an_error():
    class Failing(Layer):
        def call(self, inputs):
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        Failing()(X, training=True)
    assert context.training is None


# -- masks ------------------------------------------------------------------------------------


class Supporting(InputsOnly):
    supports_masking = True


def test_a_mask_rides_on_or_ends():
    sequence = masked(SEQUENCE, MASK)
    assert Supporting()(sequence).mask is sequence.mask
    assert InputsOnly()(sequence).mask is None
    assert Supporting()(SEQUENCE).mask is None


def test_a_layer_may_make_a_mask():
    class Masking(Layer):
        def call(self, inputs):
            return inputs

        def compute_mask(self, inputs, mask=None):
            return inputs.numpy()[..., 0] != 0

    x = Tensor(np.array([[[0.0], [1.0]]], "float32"))
    layer = Masking()
    out = layer(x)
    assert out.mask.tolist() == [[False, True]]
    assert x.mask is None  # the input may be read by other layers too
    assert layer(x).mask.tolist() == [[False, True]]


def test_a_mask_that_ends_stays_on_the_input():
    class Same(Layer):
        def call(self, inputs):
            return inputs

    sequence = masked(SEQUENCE, MASK)
    assert Same()(sequence).mask is None
    assert sequence.mask is not None


def test_a_mask_may_be_given_to_a_layer_whose_call_does_not_name_it():
    x = Tensor(SEQUENCE)
    out = Supporting()(x, mask=MASK)
    assert isinstance(out.mask, np.ndarray)
    np.testing.assert_array_equal(out.mask, MASK)
    assert x.mask is None


def test_masks_of_merged_inputs_are_combined_with_and():
    a, b = masked(SEQUENCE, MASK), masked(SEQUENCE, ~MASK)
    both = layers.Add()([a, b])
    assert not both.mask.any()
    one = layers.Add()([a, SEQUENCE])
    np.testing.assert_array_equal(one.mask, MASK)
    assert layers.Add()([SEQUENCE, SEQUENCE]).mask is None
    given = layers.Add()([SEQUENCE, SEQUENCE], mask=[MASK, None])
    np.testing.assert_array_equal(given.mask, MASK)
    np.testing.assert_array_equal(layers.Add()([a, SEQUENCE], mask=[None, MASK]).mask, MASK)


def test_masks_of_concatenated_inputs_are_joined():
    a, b = masked(SEQUENCE, MASK), masked(SEQUENCE, ~MASK)
    in_time = layers.Concatenate(axis=1)([a, b, SEQUENCE])
    expected = np.concatenate([MASK, ~MASK, np.ones((3, 2), bool)], axis=1)
    np.testing.assert_array_equal(in_time.mask, expected)
    side_by_side = layers.Concatenate()([a, b])
    assert side_by_side.mask.shape == (3, 2) and not side_by_side.mask.any()


def test_a_layer_with_several_inputs_that_supports_masking_and_says_no_more():
    class Sum(Layer):
        supports_masking = True

        def call(self, inputs):
            return inputs[0] + inputs[1]

    out = Sum()([masked(SEQUENCE, MASK), SEQUENCE])
    np.testing.assert_array_equal(out.mask, MASK)


@pytest.mark.parametrize(
    "layer", [layers.Activation("relu"), layers.Dropout(0.5)], ids=lambda layer: layer.name
)
@pytest.mark.parametrize("training", [False, True])
def test_element_wise_layers_pass_masks_on(layer, training):
    sequence = masked(SEQUENCE, MASK)
    assert layer(sequence, training=training).mask is sequence.mask


# ---------------------------------------------------------------------------------------------
# Weights


class Block(Layer):
    """Sublayers in an attribute, a list and a dict, and weights of its own."""

    def __init__(self, **options):
        super().__init__(**options)
        self.first = layers.Dense(4, name="first")
        self.listed = [layers.Dense(4, name="listed"), (layers.Dense(4, name="nested"),)]
        self.keyed = {"a": layers.Dense(4, name="keyed")}
        self.counter = self.add_weight((), "zeros", trainable=False, name="counter")
        self.own = self.add_weight((4,), "ones", name="own")

    def call(self, inputs):
        for layer in [self.first, self.listed[0], self.listed[1][0], self.keyed["a"]]:
            inputs = layer(inputs)
        return inputs * self.own


def built_block(**options):
    block = Block(**options)
    block(X)
    return block


def test_weights_are_found_in_attributes_lists_tuples_and_dicts():
    block = built_block()
    assert [v.name for v in block.weights] == ["own", "counter", *["kernel", "bias"] * 4]
    assert [v.name for v in block.trainable_weights] == ["own", *["kernel", "bias"] * 4]
    assert [v.name for v in block.non_trainable_weights] == ["counter"]
    assert block.count_params() == 4 + 1 + 4 * 20
    assert block.weights == block.variables


def test_a_layer_held_twice_counts_once():
    block = built_block()
    block.again = [block.first, block.first]
    assert block.count_params() == 4 + 1 + 4 * 20


def test_variables_made_by_hand_are_weights():
    class Own(Layer):
        def __init__(self):
            super().__init__()
            self.rate = Variable(0.5, name="rate", trainable=False)
            self.parts = [Variable([1.0], name="part")]

        def call(self, inputs):
            return inputs

    assert [v.name for v in Own().weights] == ["part", "rate"] or [
        v.name for v in Own().weights
    ] == ["rate", "part"]
    assert [v.name for v in Own().trainable_weights] == ["part"]


def test_freezing_reaches_everything_inside():
    block = built_block()
    block.trainable = False
    assert block.trainable_weights == []
    assert len(block.non_trainable_weights) == 10
    assert not block.keyed["a"].trainable
    block.trainable = True
    assert len(block.trainable_weights) == 9
    assert [v.name for v in block.non_trainable_weights] == ["counter"]
    block.listed[0].trainable = False
    assert len(block.trainable_weights) == 7


def test_freezing_before_the_weights_exist():
    block = Block()
    block.trainable = False
    block(X)
    assert block.trainable_weights == []
    assert layers.Dense(2, trainable=False)(X).shape == (3, 2)
    frozen = layers.Dense(2, trainable=False)
    frozen(X)
    assert frozen.trainable_weights == []


def test_a_layer_made_frozen_freezes_the_layers_that_it_is_given():
    block = built_block(trainable=False)
    assert block.trainable_weights == []
    assert len(block.non_trainable_weights) == 10


def test_frozen_weights_get_no_gradient():
    layer = layers.Dense(2)
    layer(X)
    layer.trainable = False
    with Tape() as tape:
        layer(X)
    assert tape.records == []


def test_get_and_set_weights():
    block, other = built_block(), built_block()
    values = block.get_weights()
    assert all(type(value) is np.ndarray for value in values)
    values[0][:] = 7  # a copy
    assert block.own.numpy().tolist() == [1, 1, 1, 1]
    other.set_weights(block.get_weights())
    np.testing.assert_array_equal(other(X).numpy(), block(X).numpy())


def test_set_weights_assigns_all_or_nothing():
    block = built_block(name="block")
    before = block.get_weights()
    changed = [value + 1 for value in before]
    with pytest.raises(ValueError, match="'block' has 10 weights, but 9 were given"):
        block.set_weights(changed[:-1])
    changed[-1] = np.zeros(3)
    with pytest.raises(ValueError, match=r"'block'.*'bias' has shape \(4,\), got \(3,\)"):
        block.set_weights(changed)
    changed[-1] = np.array(["a", "b", "c", "d"])
    with pytest.raises((ValueError, TypeError)):
        block.set_weights(changed)
    for value, kept in zip(block.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, kept)


# ---------------------------------------------------------------------------------------------
# InputSpec


def spec_error(found, **spec):
    layer = Supporting(name="picky")
    layer.input_spec = InputSpec(**spec)
    with pytest.raises(ValueError) as error:
        layer(np.zeros(found, "float32"))
    return str(error.value)


def test_input_spec_messages():
    start = 'Input 0 of layer "picky" is incompatible with the layer: '
    assert spec_error((3, 10), ndim=3) == (
        start + "expected ndim=3, found ndim=2. Full shape received: (3, 10). It expects (batch, "
        "steps, features): Reshape adds or removes axes."
    )
    assert "expected min_ndim=4, found ndim=2" in spec_error((3, 10), min_ndim=4)
    assert "expected max_ndim=1, found ndim=2" in spec_error((3, 10), max_ndim=1)
    assert "axis -1 to have size 4, found size 10" in spec_error((3, 10), axes={-1: 4})
    assert "axis 1 to have size 4, found size 10" in spec_error((3, 10), shape=(None, 4))
    assert "expected ndim=3" in spec_error((3, 10), shape=(None, None, 4))


def test_input_spec_of_an_axis_beyond_the_rank():
    assert "axis 3" in spec_error((3, 10), axes={3: 4})


def test_input_spec_on_a_symbol_shows_the_unknown_batch():
    dense = layers.Dense(2, name="out")
    with pytest.raises(ValueError, match=r'layer "out".*min_ndim=2.*received: \(None,\)'):
        dense(Input(()))
    dense(Input((4,)))
    with pytest.raises(ValueError, match=r"axis -1 to have size 4, found size 5.*\(None, 5\)"):
        dense(Input((5,)))


def test_input_spec_of_several_inputs_counts_them():
    layer = Supporting(name="picky")
    layer.input_spec = [InputSpec(ndim=2), InputSpec(ndim=3)]
    with pytest.raises(ValueError, match='Input 1 of layer "picky"'):
        layer([X, X])


# ---------------------------------------------------------------------------------------------
# Configs


class Configured(Layer):
    def __init__(self, units, activation="relu", shape=(1, 2), **options):
        super().__init__(**options)
        self.units, self.shape = units, shape
        self.activation = activation

    def call(self, inputs):
        return inputs


def test_a_config_is_read_off_the_constructor():
    config = Configured(3, shape=(4,), name="mine", trainable=False).get_config()
    assert config == {
        "units": 3,
        "activation": "relu",
        "shape": [4],
        "name": "mine",
        "trainable": False,
        "dtype": "float32",
        "activity_regularizer": None,
    }
    again = Configured.from_config(json.loads(json.dumps(config)))
    assert again.get_config() == config


def test_an_argument_that_is_not_stored_is_named():
    class Forgetful(Layer):
        def __init__(self, units, **options):
            super().__init__(**options)

        def call(self, inputs):
            return inputs

    with pytest.raises(ValueError, match="Forgetful.*'units'.*self.units = units"):
        Forgetful(3).get_config()


def test_a_rebuilt_layer_keeps_its_name_and_uses_no_number():
    config = layers.Dense(3).get_config()
    assert layers.Dense.from_config(config).name == "dense"
    assert layers.Dense(3).name == "dense_1"


def test_functions_without_a_name_cannot_be_written():
    with pytest.raises(ValueError, match="has no name"):
        layers.Activation(lambda x: x).get_config()


# ---------------------------------------------------------------------------------------------
# Every layer of the library through one battery

BATTERY = {
    "Dense": (lambda: layers.Dense(3, activation="tanh"), [(4,)]),
    "Dense-no-bias": (lambda: layers.Dense(2, use_bias=False), [(5, 4)]),
    "Dense-softmax": (lambda: layers.Dense(3, activation="softmax"), [(4,)]),
    "Activation": (lambda: layers.Activation("sigmoid"), [(2, 3)]),
    "Add": (lambda: layers.Add(), [(4,), (4,), (1,)]),
    "Add-ranks": (lambda: layers.Add(), [(2, 3), (3,)]),
    "Concatenate": (lambda: layers.Concatenate(), [(2, 3), (2, 1)]),
    "Concatenate-axis-1": (lambda: layers.Concatenate(axis=1), [(2, 3), (1, 3)]),
    "Dropout": (lambda: layers.Dropout(0.5, seed=1), [(4,)]),
    "Subtract": (lambda: layers.Subtract(), [(4,), (4,)]),
    "Multiply": (lambda: layers.Multiply(), [(2, 3), (3,), (2, 1)]),
    "Average": (lambda: layers.Average(), [(4,), (4,), (4,)]),
    "Maximum": (lambda: layers.Maximum(), [(4,), (4,), (1,)]),
    "Minimum": (lambda: layers.Minimum(), [(4,), (4,)]),
    "Dot": (lambda: layers.Dot(axes=(2, 1)), [(2, 3), (3, 4)]),
    "Dot-vectors": (lambda: layers.Dot(axes=-1, normalize=True), [(4,), (4,)]),
    "Identity": (lambda: layers.Identity(), [(2, 3)]),
    "ReLU": (lambda: layers.ReLU(1.5, 0.1, 0.2), [(2, 3)]),
    "LeakyReLU": (lambda: layers.LeakyReLU(), [(4,)]),
    "ELU": (lambda: layers.ELU(0.5), [(4,)]),
    "PReLU": (lambda: layers.PReLU(alpha_regularizer="l2"), [(2, 3)]),
    "PReLU-shared": (lambda: layers.PReLU(shared_axes=[1]), [(2, 3)]),
    "Softmax": (lambda: layers.Softmax(axis=1), [(2, 3)]),
    "SpatialDropout1D": (lambda: layers.SpatialDropout1D(0.5, seed=1), [(2, 3)]),
    "SpatialDropout2D": (lambda: layers.SpatialDropout2D(0.5, seed=1), [(2, 1, 3)]),
    "SpatialDropout3D": (lambda: layers.SpatialDropout3D(0.5, seed=1), [(2, 1, 2, 3)]),
    "GaussianNoise": (lambda: layers.GaussianNoise(0.5, seed=1), [(4,)]),
    "ActivityRegularization": (lambda: layers.ActivityRegularization(0.1, 0.2), [(4,)]),
    "Rescaling": (lambda: layers.Rescaling([1.0, 2.0, 3.0], -1.0), [(2, 3)]),
    "Normalization": (lambda: layers.Normalization(mean=[1.0, 2.0], variance=4.0), [(3, 2)]),
    "Flatten": (lambda: layers.Flatten(), [(2, 3, 2)]),
    "Flatten-rows": (lambda: layers.Flatten(), [()]),
    "Reshape": (lambda: layers.Reshape((3, -1)), [(2, 6)]),
    "SimpleRNN": (lambda: layers.SimpleRNN(2), [(3, 4)]),
    "LSTM": (lambda: layers.LSTM(2, dropout=0.3, recurrent_dropout=0.3, seed=1), [(3, 4)]),
    "LSTM-relu": (lambda: layers.LSTM(2, "relu", use_bias=False), [(2, 3)]),
    "LSTM-backwards": (
        lambda: layers.LSTM(2, return_sequences=True, go_backwards=True, unit_forget_bias=False),
        [(3, 2)],
    ),
    "GRU": (lambda: layers.GRU(2, return_sequences=True, dropout=0.3, seed=1), [(3, 2)]),
    "GRU-before": (lambda: layers.GRU(2, reset_after=False), [(3, 2)]),
    "GRU-softsign": (lambda: layers.GRU(2, activation="softsign"), [(3, 2)]),
    "ConvLSTM2D": (lambda: layers.ConvLSTM2D(1, (2, 1)), [(2, 3, 2, 2)]),
    "ConvLSTM2D-same": (
        lambda: layers.ConvLSTM2D(
            1,
            2,
            strides=(1, 2),
            padding="same",
            return_sequences=True,
            dropout=0.2,
            recurrent_dropout=0.2,
            seed=1,
        ),
        [(2, 2, 3, 1)],
    ),
    "RNN": (lambda: layers.RNN([layers.LSTMCell(2), layers.GRUCell(2)]), [(3, 2)]),
    "Bidirectional": (lambda: layers.Bidirectional(layers.SimpleRNN(2)), [(3, 2)]),
    "Bidirectional-sum": (
        lambda: layers.Bidirectional(layers.GRU(2, return_sequences=True), merge_mode="sum"),
        [(3, 2)],
    ),
    "TimeDistributed": (lambda: layers.TimeDistributed(layers.Dense(2)), [(3, 2, 2)]),
    "Masking": (lambda: layers.Masking(), [(3, 2)]),
    # A bias of the keys moves all scores alike, which changes nothing: it has no gradient.
    "MultiHeadAttention": (lambda: layers.MultiHeadAttention(2, 3, use_bias=False), [(3, 4)]),
    "Permute": (lambda: layers.Permute((2, 1)), [(2, 3)]),
    "RepeatVector": (lambda: layers.RepeatVector(3), [(2,)]),
    "Conv1D": (lambda: layers.Conv1D(2, 3, padding="causal", dilation_rate=2), [(5, 2)]),
    "Conv2D": (lambda: layers.Conv2D(4, (2, 3), activation="tanh", groups=2), [(4, 4, 2)]),
    "Conv2D-strides": (lambda: layers.Conv2D(1, 3, 2, "same", use_bias=False), [(3, 4, 2)]),
    "Conv3D": (lambda: layers.Conv3D(2, 2, activation="softmax"), [(2, 3, 2, 1)]),
    "Conv1DTranspose": (lambda: layers.Conv1DTranspose(2, 3, 2, "same"), [(3, 2)]),
    "Conv2DTranspose": (lambda: layers.Conv2DTranspose(2, 3, activation="tanh"), [(2, 3, 2)]),
    "Conv2DTranspose-output": (
        lambda: layers.Conv2DTranspose(1, 3, 2, output_padding=(1, 0)),
        [(2, 2, 1)],
    ),
    "Conv3DTranspose": (lambda: layers.Conv3DTranspose(1, 2, 2), [(2, 1, 2, 1)]),
    "DepthwiseConv1D": (
        lambda: layers.DepthwiseConv1D(3, 2, activation="tanh"),
        [(5, 2)],
    ),
    "DepthwiseConv2D": (lambda: layers.DepthwiseConv2D(2, 1, "same", 2, 3), [(3, 4, 2)]),
    "SeparableConv1D": (lambda: layers.SeparableConv1D(3, 2, 2, "same"), [(5, 2)]),
    "SeparableConv2D": (
        lambda: layers.SeparableConv2D(2, (2, 3), depth_multiplier=2, activation="softmax"),
        [(3, 4, 2)],
    ),
    "Resizing": (lambda: layers.Resizing(4, 3, crop_to_aspect_ratio=True), [(3, 5, 2)]),
    "Resizing-nearest": (lambda: layers.Resizing(2, 5, "nearest"), [(3, 4, 1)]),
    "RandomFlip": (lambda: layers.RandomFlip(seed=1), [(2, 3, 2)]),
    "RandomCrop": (lambda: layers.RandomCrop(2, 2, seed=1), [(3, 4, 2)]),
    "RandomContrast": (lambda: layers.RandomContrast(0.3, (-2.5, 2.5), seed=1), [(2, 3, 2)]),
    "RandomRotation": (lambda: layers.RandomRotation(0.2, "constant", seed=1), [(3, 2, 2)]),
    "RandomZoom": (lambda: layers.RandomZoom(0.2, (0.1, 0.3), "wrap", seed=1), [(2, 3, 2)]),
    "RandomTranslation": (
        lambda: layers.RandomTranslation(0.2, 0.5, "nearest", "nearest", seed=1),
        [(2, 3, 2)],
    ),
    "MaxPooling1D": (lambda: layers.MaxPooling1D(), [(5, 2)]),
    "MaxPooling2D": (lambda: layers.MaxPooling2D((2, 3), 1, "same"), [(3, 4, 2)]),
    "MaxPooling3D": (lambda: layers.MaxPooling3D(2), [(2, 3, 4, 1)]),
    "AveragePooling1D": (lambda: layers.AveragePooling1D(2, padding="same"), [(5, 2)]),
    "AveragePooling2D": (lambda: layers.AveragePooling2D(2, (2, 1)), [(3, 4, 2)]),
    "AveragePooling3D": (lambda: layers.AveragePooling3D(2), [(2, 3, 4, 1)]),
    "GlobalMaxPooling1D": (lambda: layers.GlobalMaxPooling1D(), [(5, 2)]),
    "GlobalMaxPooling2D": (lambda: layers.GlobalMaxPooling2D(keepdims=True), [(3, 4, 2)]),
    "GlobalMaxPooling3D": (lambda: layers.GlobalMaxPooling3D(), [(2, 3, 2, 2)]),
    "GlobalAveragePooling1D": (lambda: layers.GlobalAveragePooling1D(), [(5, 2)]),
    "GlobalAveragePooling2D": (lambda: layers.GlobalAveragePooling2D(keepdims=True), [(3, 4, 2)]),
    "GlobalAveragePooling3D": (lambda: layers.GlobalAveragePooling3D(), [(2, 3, 2, 2)]),
    "UpSampling1D": (lambda: layers.UpSampling1D(3), [(2, 3)]),
    "UpSampling2D": (lambda: layers.UpSampling2D((2, 3)), [(2, 3, 2)]),
    "UpSampling2D-bilinear": (
        lambda: layers.UpSampling2D((2, 3), interpolation="bilinear"),
        [(3, 2, 2)],
    ),
    "UpSampling3D": (lambda: layers.UpSampling3D((1, 2, 2)), [(2, 1, 2, 2)]),
    "ZeroPadding1D": (lambda: layers.ZeroPadding1D((1, 2)), [(2, 3)]),
    "ZeroPadding2D": (lambda: layers.ZeroPadding2D((1, (0, 2))), [(2, 3, 1)]),
    "ZeroPadding3D": (lambda: layers.ZeroPadding3D((1, 0, 2)), [(2, 1, 2, 1)]),
    "Cropping1D": (lambda: layers.Cropping1D((1, 2)), [(5, 2)]),
    "Cropping2D": (lambda: layers.Cropping2D(((1, 0), (0, 2))), [(3, 4, 2)]),
    "Cropping3D": (lambda: layers.Cropping3D(1), [(3, 4, 3, 2)]),
    "BatchNormalization": (lambda: layers.BatchNormalization(), [(4, 2)]),
    "BatchNormalization-axis-1": (lambda: layers.BatchNormalization(axis=1), [(2, 3)]),
    "BatchNormalization-bare": (
        lambda: layers.BatchNormalization(center=False, scale=False),
        [(3,)],
    ),
    "LayerNormalization": (lambda: layers.LayerNormalization(), [(2, 4)]),
    "LayerNormalization-axes": (lambda: layers.LayerNormalization((1, -1), scale=False), [(2, 3)]),
}
battery = pytest.mark.parametrize(("make", "shapes"), BATTERY.values(), ids=BATTERY)


def data(shapes, rows=3, dtype="float32"):
    """One array for each shape, alone or in a list, as a layer takes them."""
    arrays = [spread(rows, *shape, seed=i).astype(dtype) for i, shape in enumerate(shapes)]
    return arrays if len(arrays) > 1 else arrays[0]


OTHERWISE = {  # bases, and layers whose calls have tests of their own
    *("Layer", "InputLayer", "Embedding", "Lambda"),
    *("SimpleRNNCell", "LSTMCell", "GRUCell", "ConvLSTMCell", "StackedRNNCells"),
}


def test_the_battery_has_every_layer():
    tested = {name.partition("-")[0] for name in BATTERY}
    public = {name for name in layers.__all__ if isinstance(getattr(layers, name), type)}
    assert tested == {
        name for name in public
        if issubclass(getattr(layers, name), Layer) and name not in OTHERWISE
    }  # fmt: skip


@battery
def test_the_drawn_shape_is_the_real_one(make, shapes):
    symbols = [Input(shape) for shape in shapes]
    layer = make()
    drawn = layer(symbols if len(shapes) > 1 else symbols[0])
    real = layer(data(shapes))
    assert drawn.shape == (None, *real.shape[1:])
    assert drawn.dtype == real.dtype
    assert layer(data(shapes, rows=0)).shape == (0, *real.shape[1:])


@battery
def test_the_shape_is_known_before_anything_is_built(make, shapes):
    layer, again = make(), make()
    names = dict(automatic._counts)
    given = [(None, *shape) for shape in shapes]
    computed = layer.compute_output_shape(given if len(shapes) > 1 else given[0])
    assert automatic._counts == names  # no Input and no layer inside used up a name
    assert computed == (None, *again(data(shapes)).shape[1:])
    assert not layer.nodes and vars(layer).keys() == vars(make()).keys()
    assert layer.built or not layer.weights


def test_the_shape_of_several_outputs_and_of_inputs_in_a_dict():
    layer = layers.LSTM(4, return_sequences=True, return_state=True)
    assert layer.compute_output_shape((None, None, 3)) == [(None, None, 4), (None, 4), (None, 4)]
    assert layer.compute_output_shape([2, 5, 3]) == [(2, 5, 4), (2, 4), (2, 4)]
    assert layers.Embedding(5, 3).compute_output_shape((None, 7)) == (None, 7, 3)
    identity = layers.Identity()
    shapes = {"a": (8, 3), "b": (8, 4, None)}
    assert identity.compute_output_shape(shapes) == shapes
    with pytest.raises(ValueError, match=r"layer 'picky' \(Conv2D\) .* larger than the input"):
        layers.Conv2D(4, 3, name="picky").compute_output_shape((None, 2, 2, 1))


class Pairs(Layer):
    """Joins each row with the next one: it cannot run on fewer than four rows."""

    def call(self, inputs):
        assert len(inputs) > 3
        return inputs[:-1] * inputs[1:] @ np.ones((3, 5), "float32")

    def compute_output_shape(self, input_shape):
        return None, 5


def test_a_layer_may_say_its_shape_itself():
    symbol = Input((3,))
    drawn = Pairs()(symbol)
    assert drawn.shape == (None, 5) and drawn.dtype == "float32"
    model = Model(symbol, layers.Dense(2)(drawn))
    assert model(np.ones((6, 3))).shape == (5, 2)
    assert Model(symbol, drawn)(np.ones((4, 3))).numpy().tolist() == [[3.0] * 5] * 3


@battery
def test_the_config_makes_an_equal_layer(make, shapes):
    layer = make()
    expected = layer(data(shapes), training=True)
    description = json.loads(json.dumps(serialize(layer)))
    again = deserialize(description)
    assert type(again) is type(layer) and again.name == layer.name
    assert again.get_config() == layer.get_config()
    again(data(shapes, rows=0))
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(data(shapes), training=True).numpy(), expected.numpy())


@battery
def test_a_file_brings_the_layer_back(make, shapes, tmp_path):
    symbols, x = [Input(shape) for shape in shapes], data(shapes)
    model = Model(symbols, make()(symbols if len(shapes) > 1 else symbols[0]))
    model.save(tmp_path / "model.safetensors")
    again = models.load_model(tmp_path / "model.safetensors")
    x = x if len(shapes) > 1 else [x]
    np.testing.assert_array_equal(again(x).numpy(), model(x).numpy())


@battery
def test_two_calls_share_the_weights(make, shapes):
    layer = make()
    layer(data(shapes))
    weights = layer.weights
    first = layer(data(shapes, rows=2)).numpy()
    layer([Input(s) for s in shapes] if len(shapes) > 1 else Input(shapes[0]))
    assert all(a is b for a, b in zip(layer.weights, weights, strict=True))
    np.testing.assert_array_equal(layer(data(shapes, rows=2)).numpy(), first)
    assert layer.count_params() == sum(w.size for w in weights)


@battery
def test_inference_is_deterministic_and_each_sample_stands_alone(make, shapes):
    layer = make()
    x = data(shapes, rows=6)
    together = layer(x).numpy()
    np.testing.assert_array_equal(layer(x).numpy(), together)
    pieces = [
        layer([a[i : i + 2] for a in x] if len(shapes) > 1 else x[i : i + 2]).numpy()
        for i in (0, 2, 4)
    ]
    np.testing.assert_allclose(np.concatenate(pieces), together, rtol=1e-5, atol=1e-6)


@battery
def test_gradients_of_inputs_and_weights(make, shapes):
    backend.set_floatx("float64")
    layer = make()
    arrays = [spread(3, *shape, seed=i) for i, shape in enumerate(shapes)]

    def call(*values):
        inputs, weights = values[: len(shapes)], values[len(shapes) :]
        for variable, value in zip(layer.trainable_weights, weights, strict=False):
            variable.assign(value)
        return layer(list(inputs) if len(shapes) > 1 else inputs[0])

    call_once = layer(arrays if len(shapes) > 1 else arrays[0])
    weights = [spread(*w.shape, low=-1, high=1, seed=5) for w in layer.trainable_weights]
    cotangent = spread(*call_once.shape, seed=9)
    inputs = [Tensor(a, tracked=True) for a in arrays]
    with Tape() as tape:
        loss = ops.sum(call(*inputs, *weights) * cotangent)
    gradients = tape.gradient(loss, [*inputs, *layer.trainable_weights])
    for place, gradient in enumerate(gradients):
        numeric = numeric_gradient(call, [*arrays, *weights], [cotangent], place)
        assert np.abs(numeric).max() > 1e-3
        np.testing.assert_allclose(gradient.numpy(), numeric, rtol=1e-6, atol=1e-8)


@battery
def test_float_type_of_the_layer_is_kept(make, shapes):
    backend.set_floatx("float64")
    layer = make()
    backend.set_floatx("float32")
    assert layer.dtype == "float64"
    for training in (False, True):
        assert layer(data(shapes), training=training).dtype == "float64"
    assert all(w.dtype == "float64" for w in layer.weights)


# ---------------------------------------------------------------------------------------------
# What single layers promise


def test_dense_computes_what_it_says():
    layer = layers.Dense(2, activation="relu", bias_initializer="ones")
    out = layer(X).numpy()
    expected = np.maximum(X @ layer.kernel.numpy() + 1, 0)
    np.testing.assert_allclose(out, expected, rtol=1e-6)
    assert (layer.kernel.name, layer.bias.name) == ("kernel", "bias")


@pytest.mark.parametrize("units", [0, -1, 2.5, "ten", None, True])
def test_dense_takes_a_positive_number_of_units(units):
    with pytest.raises(ValueError, match="`units`"):
        layers.Dense(units)


def test_dense_needs_to_know_its_last_axis():
    with pytest.raises(ValueError, match="'dense'.*last axis.*None"):
        layers.Dense(3)(Input((None,)))


def test_dense_refuses_another_width_later():
    layer = layers.Dense(3, name="out")
    layer(X)
    with pytest.raises(ValueError, match='"out".*size 4, found size 5'):
        layer(np.zeros((2, 5)))


def test_unknown_activations_and_initializers_are_named():
    with pytest.raises(ValueError, match="wonder.*relu"):
        layers.Dense(2, activation="wonder")
    with pytest.raises(ValueError, match="wonder.*glorot_uniform"):
        layers.Dense(2, kernel_initializer="wonder")
    with pytest.raises(ValueError, match="activation"):
        layers.Activation(3)


@pytest.mark.parametrize("rate", [-0.1, 1.5, "half", None, True])
def test_dropout_takes_a_rate_from_0_to_1(rate):
    with pytest.raises(ValueError, match="`rate`"):
        layers.Dropout(rate)


def test_dropout_keeps_and_scales():
    ones = np.ones((100, 100), "float32")
    layer = layers.Dropout(0.2, seed=3)
    assert layer(ones).numpy() is not None and (layer(ones).numpy() == 1).all()
    out = layer(ones, training=True).numpy()
    assert set(np.unique(out)) == {np.float32(0), np.float32(1.25)}
    assert 0.78 < (out > 0).mean() < 0.82
    again = layers.Dropout(0.2, seed=3)
    np.testing.assert_array_equal(again(ones, training=True).numpy(), out)
    assert (layer(ones, training=True).numpy() != out).any()
    assert not layers.Dropout(1.0)(ones, training=True).numpy().any()
    assert (layers.Dropout(0)(ones, training=True).numpy() == 1).all()


def test_dropout_of_whole_columns():
    out = layers.Dropout(0.5, noise_shape=(1, None), seed=1)(np.ones((5, 20)), training=True)
    assert (out.numpy() == out.numpy()[:1]).all()
    assert len(np.unique(out.numpy())) == 2


def test_dropout_passes_the_gradient_through_what_it_kept():
    x = Variable(np.ones((4, 5), "float32"))
    with Tape() as tape:
        out = layers.Dropout(0.5, seed=1)(x, training=True)
        loss = ops.sum(out)
    np.testing.assert_array_equal(tape.gradient(loss, [x])[0].numpy(), out.numpy())


def test_merging_takes_a_list():
    for wrong in [X, [X]]:
        with pytest.raises(ValueError, match="'add' .* list of at least 2 tensors"):
            layers.Add(name="add")(wrong)


def test_merging_refuses_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"\(3, 4\) and \(3, 5\) cannot be merged by Add"):
        layers.Add()([X, np.zeros((3, 5))])
    with pytest.raises(ValueError, match=r"\(3, 4\), \(3, 2, 4\)"):
        layers.Concatenate()([X, SEQUENCE])


def test_functions_of_layers():
    np.testing.assert_array_equal(layers.add([X, X]).numpy(), 2 * X)
    joined = layers.concatenate([X, X], axis=-1, name="joined")
    np.testing.assert_array_equal(joined.numpy(), np.concatenate([X, X], -1))


@pytest.mark.parametrize("target", [(0, 3), (2.5,), (-1, -1), ("a",), (-2, 3), None])
def test_reshape_takes_sizes(target):
    with pytest.raises((ValueError, TypeError), match="target_shape"):
        layers.Reshape(target)


def test_reshape_refuses_another_number_of_values():
    with pytest.raises(ValueError, match=r"\(3, 4\).*\(3, 5\)"):
        layers.Reshape((5,))(X)
    for target in [(5, -1), (5,)]:
        with pytest.raises(ValueError, match=r"'mine'.*\(None, 4\) do not fit.*\(None, 5"):
            layers.Reshape(target, name="mine")(Input((4,)))


def test_a_layer_may_join_rows():
    class Pairs(Layer):
        def call(self, inputs):
            return ops.reshape(inputs, (2 * inputs.shape[0], inputs.shape[1] // 2))

    assert Pairs()(Input((4,))).shape == (None, 2)


def test_flatten_of_unknown_lengths():
    assert layers.Flatten()(Input((None, 4))).shape == (None, None)
    assert layers.Flatten()(Input(batch_shape=(2, 3, 4))).shape == (2, 12)


def test_a_layer_inside_a_layer_comes_back_from_a_config():
    class Twice(Layer):
        def __init__(self, layer, **options):
            super().__init__(**options)
            self.layer = layer

        def call(self, inputs):
            return self.layer(self.layer(inputs))

    again = Twice.from_config(Twice(layers.Dense(4, name="inner")).get_config())
    assert isinstance(again.layer, layers.Dense)
    assert again.layer.name == "inner"


def test_a_function_called_relu_is_not_the_librarys():
    def relu(x):
        return x * 0 + 100.0

    assert (layers.Dense(2, activation=relu)(X).numpy() == 100).all()
    layered = layers.Dense(2, activation=layers.Activation("relu"))
    assert (layered(X).numpy() >= 0).all()


@pytest.mark.parametrize("array", [np.array([[None]]), np.array([["text"]])])
def test_arrays_that_hold_no_numbers_are_refused_with_the_layer(array):
    with pytest.raises(TypeError, match="'mine'.*numbers"):
        layers.Dense(2, name="mine")(array)


def test_a_layer_given_for_its_output_is_recognised():
    with pytest.raises(ValueError, match="Call it first"):
        layers.Dense(2)(layers.Dense(3))


def test_a_missing_return_is_named():
    class Silent(Layer):
        def call(self, inputs):
            pass

    with pytest.raises(TypeError, match="'silent'.*return"):
        Silent()(X)


@pytest.mark.parametrize("name", ["output", "weights", "variables"])
def test_a_name_that_every_layer_has_cannot_be_taken(name):
    class Taken(Layer):
        def __init__(self):
            super().__init__()
            setattr(self, name, layers.Dense(2))

    with pytest.raises(TypeError, match=f"`{name}`"):
        Taken()


@pytest.mark.parametrize("shape", [None, 3, "abc", ()])
def test_a_shape_that_is_none_is_refused_by_build(shape):
    with pytest.raises(ValueError, match="'mine'"):
        layers.Dense(2, name="mine").build(shape)


def test_the_input_of_an_input_layer_is_its_symbol():
    symbol = Input((3,))
    assert symbol.node.layer.input is symbol
    assert symbol.node.layer.get_input_at(0) is symbol
