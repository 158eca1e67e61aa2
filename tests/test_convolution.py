"""Convolution and pooling against slow programs that anyone can check; what layers promise."""

import itertools
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ops_table import spread

from minigraph import (
    Input,
    Model,
    Sequential,
    Tape,
    Tensor,
    Variable,
    applications,
    layers,
    losses,
    models,
    ops,
    optimizers,
)
from minigraph.ops.conv import LEAST_ROWS, conv_axes, windows

# ---------------------------------------------------------------------------------------------
# Against five lines of loops


def output_length(n, k, stride, padding):
    """The contract's formula for one axis."""
    return -(-n // stride) if padding == "same" else (n - k) // stride + 1


def front(n, k, stride, padding):
    """How many zeros stand before the first cell."""
    if padding == "same":
        return max((-(-n // stride) - 1) * stride + k - n, 0) // 2
    return k - 1 if padding == "causal" else 0


def naive(x, kernel, output_size, before, strides, dilation, groups):
    """Every output number by itself, from the definition."""
    y = np.zeros((len(x), *output_size, kernel.shape[-1]))
    width, filters = kernel.shape[-2], kernel.shape[-1] // groups
    for at in np.ndindex(*y.shape):
        row, *position, f = at
        for offset in np.ndindex(*kernel.shape[:-2]):
            axes = zip(position, strides, offset, dilation, before, strict=True)
            cell = [p * s + t * d - b for p, s, t, d, b in axes]
            if all(0 <= c < n for c, n in zip(cell, x.shape[1:-1], strict=True)):
                first = f // filters * width
                y[at] += x[(row, *cell)][first : first + width] @ kernel[offset][:, f]
    return y


@st.composite
def geometries(draw):
    rank = draw(st.integers(1, 3))
    small = lambda high: tuple(draw(st.integers(1, high)) for _ in range(rank))  # noqa: E731
    kernel_size, dilation = small(3), small(3 if rank < 3 else 2)
    strides = small(3) if set(dilation) == {1} or draw(st.booleans()) else (1,) * rank
    paddings = ["valid", "same", "causal"] if rank == 1 else ["valid", "same"]
    padding = draw(st.sampled_from(paddings))
    effective = [(k - 1) * d + 1 for k, d in zip(kernel_size, dilation, strict=True)]
    least = effective if padding == "valid" else [1] * rank
    lengths = tuple(draw(st.integers(n, n + 4)) for n in least)
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    channels, filters = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    return lengths, kernel_size, strides, dilation, padding, groups, channels, filters


@settings(max_examples=120, deadline=None, derandomize=True)
@given(geometries())
def test_convolution_is_what_the_definition_says(geometry):
    lengths, kernel_size, strides, dilation, padding, groups, channels, filters = geometry
    x = spread(2, *lengths, channels, seed=1)
    kernel = spread(*kernel_size, channels // groups, filters, seed=2)
    bias = spread(filters, seed=3)
    y = ops.conv(x, kernel, bias, strides, padding, dilation, groups).numpy()
    effective = [(k - 1) * d + 1 for k, d in zip(kernel_size, dilation, strict=True)]
    before = [front(n, k, s, padding) for n, k, s in zip(lengths, effective, strides, strict=True)]
    full = [
        n + (k - 1 if padding == "causal" else 0) for n, k in zip(lengths, effective, strict=True)
    ]
    axes = zip(full, effective, strides, strict=True)
    output_size = [output_length(n, k, s, padding) for n, k, s in axes]
    assert y.shape == (2, *output_size, filters)
    expected = naive(x, kernel, output_size, before, strides, dilation, groups) + bias
    np.testing.assert_allclose(y, expected, rtol=1e-10, atol=1e-10)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(geometries())
def test_both_gradients_are_adjoints(geometry):
    """A convolution is linear in x and in its kernel, so <g, conv(x, k)> = <dx, x> = <dk, k>."""
    lengths, kernel_size, strides, dilation, padding, groups, channels, filters = geometry
    x = Variable(spread(2, *lengths, channels, seed=1))
    kernel = Variable(spread(*kernel_size, channels // groups, filters, seed=2))
    with Tape() as tape:
        y = ops.conv(x, kernel, None, strides, padding, dilation, groups)
        g = spread(*y.shape, seed=4)
        product = ops.sum(y * g)
    dx, dk = tape.gradient(product, [x, kernel])
    for gradient, source in ((dx, x), (dk, kernel)):
        inner = (gradient.numpy() * source.numpy()).sum()
        np.testing.assert_allclose(inner, float(product), rtol=1e-9, atol=1e-9)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(geometries(), st.integers(1, 3))
def test_a_depthwise_convolution_has_a_group_for_each_channel(geometry, multiplier):
    """Value and gradients are those of a convolution with as many groups as channels."""
    lengths, kernel_size, strides, dilation, padding, _, _, channels = geometry
    x = Variable(spread(2, *lengths, channels, seed=1))
    kernel = Variable(spread(*kernel_size, channels, multiplier, seed=2))
    bias = Variable(spread(channels * multiplier, seed=3))
    found = []
    for op in ("depthwise", "grouped"):
        with Tape() as tape:
            if op == "depthwise":
                y = ops.depthwise_conv(x, kernel, bias, strides, padding, dilation, "tanh")
            else:
                groups = ops.reshape(kernel, (*kernel_size, 1, channels * multiplier))
                y = ops.conv(x, groups, bias, strides, padding, dilation, channels, "tanh")
            loss = ops.sum(y * spread(*y.shape, seed=4))
        found.append([y, *tape.gradient(loss, [x, kernel, bias])])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("rank", [1, 2])
def test_a_separable_convolution_is_a_depthwise_one_and_then_one_of_size_1(rank):
    separable = getattr(layers, f"SeparableConv{rank}D")(5, 3, 2, "same", 1, 2, "relu")
    depthwise = getattr(layers, f"DepthwiseConv{rank}D")(3, 2, "same", 1, 2, use_bias=False)
    pointwise = getattr(layers, f"Conv{rank}D")(5, 1, activation="relu")
    x = spread(2, *(7, 6)[:rank], 4).astype("float32")
    expected, found = pointwise(depthwise(x)), separable(x)
    assert found.shape == expected.shape
    separable.set_weights([*depthwise.get_weights(), *pointwise.get_weights()])
    np.testing.assert_allclose(separable(x).numpy(), pointwise(depthwise(x)).numpy(), rtol=1e-5)
    assert separable.depthwise_kernel is separable.weights[0]
    assert separable.pointwise_kernel is separable.weights[1]


def test_what_a_depthwise_convolution_refuses():
    for make, words in [
        (lambda: layers.DepthwiseConv2D(3, depth_multiplier=0), "`depth_multiplier`"),
        (lambda: layers.SeparableConv2D(0, 3), "`filters`"),
        (lambda: layers.SeparableConv1D(2, 3, padding="causal"), "`padding`"),
        (lambda: layers.DepthwiseConv2D(3, strides=2, dilation_rate=2), "cannot both be above 1"),
        (lambda: layers.DepthwiseConv2D(9)(np.ones((1, 4, 4, 2))), "larger than the input"),
        (lambda: ops.depthwise_conv(np.ones((1, 4, 3)), np.ones((2, 2, 1))), "does not fit"),
    ]:
        with pytest.raises(ValueError, match=words):
            make()
    with pytest.raises(TypeError, match="takes no argument 'kernel_initializer'.*depthwise"):
        layers.DepthwiseConv2D(3, kernel_initializer="ones")
    assert "groups" not in layers.SeparableConv2D(2, 3).get_config()


@settings(max_examples=120, deadline=None, derandomize=True)
@given(geometries(), st.booleans())
def test_the_transpose_is_the_adjoint_of_the_convolution(geometry, give_output_padding):
    """<conv(x, k), g> = <x, conv_transpose(g, k)>, and the lengths are those of the contract."""
    output_size, kernel_size, strides, dilation, padding, _, channels, filters = geometry
    padding = "valid" if padding == "causal" else padding
    kernel = spread(*kernel_size, channels, filters, seed=2)
    extra = tuple(s - 1 for s in strides) if give_output_padding else None
    g = spread(2, *output_size, filters, seed=4)
    effective = [(k - 1) * d + 1 for k, d in zip(kernel_size, dilation, strict=True)]
    axes = list(zip(output_size, strides, effective, extra or strides, strict=True))
    if extra is None and padding == "same":
        lengths = [n * s for n, s, _, _ in axes]
    elif extra is None:
        lengths = [n * s + max(k - s, 0) for n, s, k, _ in axes]
    else:
        pad = (lambda k: k // 2) if padding == "same" else (lambda k: 0)
        lengths = [(n - 1) * s + k - 2 * pad(k) + p for n, s, k, p in axes]
    larger = ops.conv_transpose(g, kernel, None, strides, padding, extra, dilation).numpy()
    assert larger.shape == (2, *lengths, channels)
    rule = {"same": lambda n, s, k: -(-n // s), "valid": lambda n, s, k: (n - k) // s + 1}[padding]
    sizes = zip(lengths, strides, effective, strict=True)
    if extra is None or [n and rule(n, s, k) for n, s, k in sizes] == [*output_size]:
        x = spread(2, *lengths, channels, seed=1)
        y = ops.conv(x, kernel, None, strides, padding, dilation).numpy()
        np.testing.assert_allclose((y * g).sum(), (x * larger).sum(), rtol=1e-9, atol=1e-9)
        return
    ends = [(n - 1) * s + k for n, s, k, _ in axes]  # added by hand
    moved = [max(end - n, 0) // 2 for end, n in zip(ends, lengths, strict=True)]
    canvas = np.zeros((2, *[n + 2 * k for n, k in zip(lengths, effective, strict=True)], channels))
    for position in np.ndindex(*output_size):
        for offset in np.ndindex(*kernel_size):
            axes = zip(position, strides, offset, dilation, moved, effective, strict=True)
            cell = tuple(p * s + t * d - b + k for p, s, t, d, b, k in axes)
            canvas[(slice(None), *cell)] += g[(slice(None), *position)] @ kernel[offset].T
    inner = tuple(slice(k, k + n) for n, k in zip(lengths, effective, strict=True))
    expected = canvas[(slice(None), *inner)]
    np.testing.assert_allclose(larger, expected, rtol=1e-9, atol=1e-9)


def test_a_transposed_convolution_whose_output_is_cropped_to_nothing():
    """(n - 1) * s + k - 2 * (k // 2) + p is 0 here: the output is empty, the gradients are 0."""
    x, kernel = Variable(np.ones((2, 1, 1))), Variable(np.ones((2, 1, 1)))
    with Tape() as tape:
        y = ops.conv_transpose(x, kernel, None, 1, "same", 0)
        loss = ops.sum(y)
    assert y.shape == (2, 0, 1)
    for gradient, source in zip(tape.gradient(loss, [x, kernel]), (x, kernel), strict=True):
        np.testing.assert_array_equal(gradient.numpy(), np.zeros(source.shape))


@settings(max_examples=120, deadline=None, derandomize=True)
@given(geometries())
def test_pooling_is_what_the_definition_says(geometry):
    lengths, pool, strides, _, padding, _, channels, _ = geometry
    padding = "valid" if padding == "causal" else padding
    lengths = tuple(max(n, p) for n, p in zip(lengths, pool, strict=True))
    x = spread(2, *lengths, channels)
    axes = list(zip(lengths, pool, strides, strict=True))
    output_size = [output_length(n, k, s, padding) for n, k, s in axes]
    before = [front(n, k, s, padding) for n, k, s in axes]
    for name, reduce in (("max_pool", np.max), ("average_pool", np.mean)):
        y = getattr(ops, name)(x, pool, strides, padding).numpy()
        assert y.shape == (2, *output_size, channels)
        for position in np.ndindex(*output_size):
            first = [p * s - b for p, s, b in zip(position, strides, before, strict=True)]
            window = tuple(
                slice(max(a, 0), a + k) for a, k in zip(first, pool, strict=True)
            )  # without the padding
            cells = x[(slice(None), *window)].reshape(2, -1, channels)
            np.testing.assert_allclose(y[(slice(None), *position)], reduce(cells, 1), rtol=1e-12)


@pytest.mark.parametrize(
    ("shape", "kernel_shape", "strides"),
    [((3, 40, 40, 8), (3, 3, 8, 4), 1), ((70, 9, 9, 64), (3, 3, 64, 2), 1)]
    + [((70, 9, 9, 64), (3, 3, 64, 8), 2), ((3, 5000, 4), (3, 4, 2), 2)],
)
def test_many_blocks_give_what_one_gives(shape, kernel_shape, strides):
    """So many output positions that a strip of rows, or a group of images, is a block."""
    assert math.prod(shape[:-1]) > LEAST_ROWS
    x, kernel = Variable(spread(*shape, seed=1)), Variable(spread(*kernel_shape, seed=2))

    def value_and_gradients(rows):
        part = Variable(x.numpy()[rows])
        with Tape() as tape:
            y = ops.conv(part, kernel, None, strides, activation="tanh")
            loss = ops.sum(y * y)
        return [y.numpy(), *(g.numpy() for g in tape.gradient(loss, [part, kernel]))]

    y, dx, dk = value_and_gradients(slice(None))
    alone = [value_and_gradients(slice(i, i + 1)) for i in range(len(y))]
    ys, dxs, dks = zip(*alone, strict=True)
    np.testing.assert_allclose(y, np.concatenate(ys), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(dx, np.concatenate(dxs), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(dk, sum(dks), rtol=1e-9, atol=1e-9)
    first = np.s_[:1, :12] if len(shape) == 3 else np.s_[:1, :6, :6]
    before = [0] * (len(shape) - 2)
    output_size = [(n - 3) // strides + 1 for n in x.numpy()[first].shape[1:-1]]
    steps = [strides] * len(before), [1] * len(before)
    expected = np.tanh(naive(x.numpy()[first], kernel.numpy(), output_size, before, *steps, 1))
    inner = tuple(slice(n) for n in output_size)
    np.testing.assert_allclose(y[(slice(1), *inner)], expected, rtol=1e-9, atol=1e-9)
    direction = spread(*kernel_shape, seed=6)
    moved = [
        (np.tanh(ops.conv(x, kernel.numpy() + d * direction, None, strides).numpy()) ** 2).sum()
        for d in (1e-6, -1e-6)
    ]
    np.testing.assert_allclose((dk * direction).sum(), (moved[0] - moved[1]) / 2e-6, rtol=1e-4)


# ---------------------------------------------------------------------------------------------
# Single promises


def test_the_first_of_equal_cells_gets_the_gradient():
    x = Variable(np.array([2.0, 2.0, 1.0, 3.0, 3.0, 3.0]).reshape(1, 6, 1))
    with Tape() as tape:
        y = ops.sum(ops.max_pool(x, 3))
    assert tape.gradient(y, [x])[0].numpy().ravel().tolist() == [1, 0, 0, 1, 0, 0]


def test_max_pooling_knows_more_than_256_cells():
    x = Variable(np.arange(400.0).reshape(1, 400, 1))
    with Tape() as tape:
        y = ops.sum(ops.max_pool(x, 400))
    assert tape.gradient(y, [x])[0].numpy().ravel().argmax() == 399


def test_a_border_is_no_maximum():
    x = -np.ones((1, 3, 3, 1))
    assert (ops.max_pool(x, 3, 1, "same").numpy() == -1).all()
    np.testing.assert_allclose(ops.average_pool(x, 3, 1, "same").numpy(), -1)


def test_nothing_causal_sees_the_future():
    layer = layers.Conv1D(2, 3, padding="causal", dilation_rate=2)
    x = spread(1, 8, 2).astype("float32")
    y = layer(x).numpy()
    x[:, 5:] = 9
    changed = layer(x).numpy()
    np.testing.assert_array_equal(changed[:, :5], y[:, :5])
    assert (changed[:, 5:] != y[:, 5:]).all()


def test_weights_of_convolutions():
    layer = layers.Conv2D(6, (3, 2), groups=3)
    layer.build((None, 8, 8, 9))
    assert [w.shape for w in layer.weights] == [(3, 2, 3, 6), (6,)]
    layer = layers.Conv3DTranspose(5, 2)
    layer.build((None, 4, 4, 4, 3))
    assert [(w.name, w.shape) for w in layer.weights] == [
        ("kernel", (2, 2, 2, 5, 3)),
        ("bias", (5,)),
    ]
    assert layer.get_config()["kernel_initializer"]["class_name"] == "GlorotUniform"


def test_unknown_lengths_stay_unknown():
    x = Input((None, None, 3))
    assert layers.Conv2D(4, 3)(x).shape == (None, None, None, 4)
    assert layers.MaxPooling2D(2)(x).shape == (None, None, None, 3)
    assert layers.Conv2DTranspose(4, 3, 2)(x).shape == (None, None, None, 4)
    assert layers.UpSampling2D(2, interpolation="bilinear")(x).shape == (None, None, None, 3)
    assert layers.ZeroPadding2D(1)(x).shape == (None, None, None, 3)
    assert layers.Cropping2D(1)(x).shape == (None, None, None, 3)
    assert layers.GlobalMaxPooling2D()(x).shape == (None, 3)


def test_a_custom_function_named_relu_is_not_taken_for_the_librarys():
    def relu(x):
        return x * 0 + 7

    x = spread(1, 3, 2).astype("float32")
    assert (layers.Conv1D(2, 2, activation=relu)(x).numpy() == 7).all()
    assert (layers.Dense(2, activation=relu)(x).numpy() == 7).all()


CONVOLUTIONS = [layers.Conv1D, layers.Conv2D, layers.Conv3D]
TRANSPOSED = [layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose]
POOLINGS = [layers.MaxPooling1D, layers.AveragePooling2D, layers.MaxPooling3D]


@pytest.mark.parametrize("wrong", [0, -1, 2.5, "ten", None, (1, 2, 3, 4), (), True, (0, 1)])
@pytest.mark.parametrize("cls", CONVOLUTIONS + TRANSPOSED)
def test_sizes_that_are_no_sizes(cls, wrong):
    for argument in ("kernel_size", "strides", "dilation_rate"):
        with pytest.raises(ValueError, match=f"`{argument}`"):
            cls(**({"filters": 2, "kernel_size": 2} | {argument: wrong}))
    with pytest.raises(ValueError, match="`filters`"):
        cls(wrong, 2)


@pytest.mark.parametrize("wrong", [0, -1, 2.5, "ten", (1, 2, 3, 4), True])
@pytest.mark.parametrize("cls", POOLINGS)
def test_pools_that_are_no_sizes(cls, wrong):
    with pytest.raises(ValueError, match="`pool_size`"):
        cls(wrong)
    with pytest.raises(ValueError, match="`strides`"):
        cls(2, wrong)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Conv2D(2, 3, padding="wide"), "`padding`.*'valid', 'same', got 'wide'"),
        (lambda: layers.Conv2D(2, 3, padding="causal"), "`padding`"),
        (lambda: layers.Conv1DTranspose(2, 3, padding="causal"), "`padding`"),
        (lambda: layers.MaxPooling2D(2, padding="causal"), "`padding`"),
        (lambda: layers.Conv2D(2, 3, data_format="channels_first"), "`data_format`.*channels_l"),
        (lambda: layers.MaxPooling1D(2, data_format="channels_first"), "`data_format`"),
        (lambda: layers.GlobalMaxPooling1D(data_format="NCHW"), "`data_format`"),
        (lambda: layers.UpSampling2D(data_format="channels_first"), "`data_format`"),
        (lambda: layers.ZeroPadding2D(data_format="channels_first"), "`data_format`"),
        (lambda: layers.Cropping2D(data_format="channels_first"), "`data_format`"),
        (lambda: layers.Conv2D(2, 3, 2, dilation_rate=2), "`strides`=2 and `dilation_rate`=2"),
        (lambda: layers.Conv2DTranspose(2, 3, 2, dilation_rate=2), "`strides`=2 and `dilation"),
        (lambda: layers.Conv2D(4, 3, groups=3), "`groups`=3 must divide `filters`=4"),
        (lambda: layers.Conv2D(4, 3, groups=0), "`groups`"),
        (lambda: layers.Conv2DTranspose(4, 3, groups=2), "`groups`"),
        (lambda: layers.Conv2DTranspose(4, 3, 2, output_padding=2), "`output_padding`=2"),
        (lambda: layers.Conv2DTranspose(4, 3, 2, output_padding=-1), "`output_padding`"),
        (lambda: layers.UpSampling2D(interpolation="cubic"), "`interpolation`.*'cubic'"),
        (lambda: layers.UpSampling1D(0), "`size`"),
        (lambda: layers.ZeroPadding1D(-1), "`padding`"),
        (lambda: layers.ZeroPadding2D((1, 2, 3)), "`padding`"),
        (lambda: layers.ZeroPadding2D("one"), "`padding`"),
        (lambda: layers.Cropping1D((1, 2, 3)), "`cropping`"),
        (lambda: layers.Cropping2D(((1, 2, 3), 1)), "`cropping`"),
        (lambda: layers.Permute((0, 1)), "`dims`"),
        (lambda: layers.Permute((1, 3)), "`dims`"),
        (lambda: layers.Permute(2), "`dims`"),
        (lambda: layers.Permute("12"), "`dims`"),
        (lambda: layers.RepeatVector(2.5), "`n`"),
        (lambda: layers.BatchNormalization(momentum=1.5), "`momentum`"),
        (lambda: layers.BatchNormalization(axis="last"), "`axis`"),
        (lambda: layers.BatchNormalization(axis=4)(np.ones((2, 3))), "`axis`=4"),
        (lambda: layers.BatchNormalization(axis=0)(np.ones((2, 3))), "`axis`=0"),
        (lambda: layers.LayerNormalization(axis=(1, 5))(np.ones((2, 3))), "`axis`=5"),
        (lambda: layers.Conv2D(4, 3, name="c")(Input((8, 8))), '"c".*ndim=4, found ndim=3'),
        (lambda: layers.Conv2D(4, 3, name="c")(Input((2, 8, 1))), "'c'.*larger.*negative.*kernel"),
        (lambda: layers.MaxPooling2D(3, name="p")(Input((2, 8, 1))), "'p'.*larger.*negative.*pool"),
        (lambda: layers.Conv2D(4, 3, groups=2)(Input((8, 8, 3))), "`groups`=2 must divide the 3"),
        (lambda: layers.Conv2D(4, 3)(Input((8, 8, None))), "last axis"),
        (lambda: layers.Cropping2D(4, name="crop")(Input((8, 9, 1))), "'crop'.*leaves nothing"),
        (lambda: ops.conv(np.ones((1, 5, 2)), np.ones((3, 3, 4))), r"\(3, 3, 4\).*\(1, 5, 2\)"),
        (lambda: ops.conv(np.ones((1, 5, 5)), np.ones((3, 5, 2)), padding="wide"), "padding.*wide"),
        (lambda: windows(np.ones((1, 5, 2)), conv_axes("", [5], 3, 1, "same")), r"\(7,\).*1, 5, 2"),
        (lambda: applications.VGG19(weights="imagenet"), "'imagenet'.*no trained weights"),
        (lambda: applications.VGG19(include_top=False, pooling="sum"), "`pooling`"),
    ],
)  # fmt: skip
def test_errors_name_the_argument(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_another_number_of_channels_later():
    layer = layers.Conv2D(4, 3, name="first")
    layer(np.zeros((1, 5, 5, 3), "float32"))
    with pytest.raises(ValueError, match='"first".*axis -1 to have size 3, found size 4'):
        layer(np.zeros((1, 5, 5, 4), "float32"))


# ---------------------------------------------------------------------------------------------
# Reshaping and sampling


def test_up_sampling_between_half_pixel_centres():
    x = np.array([0.0, 1.0, 3.0], "float32").reshape(1, 1, 3, 1)
    y = layers.UpSampling2D((1, 2), interpolation="bilinear")(x).numpy().ravel()
    np.testing.assert_allclose(y, [0, 0.25, 0.75, 1.5, 2.5, 3])
    y = layers.UpSampling2D((2, 3), interpolation="bilinear")(x).numpy()
    np.testing.assert_allclose(
        y[0, 0, :, 0], [0, 0, 1 / 3, 2 / 3, 1, 5 / 3, 7 / 3, 3, 3], rtol=1e-6
    )
    np.testing.assert_array_equal(y[0, 0], y[0, 1])


def test_up_sampling_repeats():
    x = spread(2, 2, 3, 2).astype("float32")
    y = layers.UpSampling2D((2, 3))(x).numpy()
    np.testing.assert_array_equal(y, x.repeat(2, 1).repeat(3, 2))


def test_padding_and_cropping_undo_each_other():
    x = spread(2, 3, 4, 2).astype("float32")
    for sizes in [1, (1, 2), ((0, 1), (2, 3))]:
        padded = layers.ZeroPadding2D(sizes)(x)
        np.testing.assert_array_equal(layers.Cropping2D(sizes)(padded).numpy(), x)
        assert np.count_nonzero(padded.numpy()) == x.size
    assert layers.ZeroPadding2D(((0, 1), (2, 3)))(x).shape == (2, 4, 9, 2)
    assert layers.ZeroPadding1D(((1, 2),))(x[..., 0]).shape == (2, 6, 4)


def test_permute_and_repeat():
    x = spread(2, 3, 4, 5).astype("float32")
    np.testing.assert_array_equal(layers.Permute((3, 1, 2))(x).numpy(), x.transpose(0, 3, 1, 2))
    y = layers.RepeatVector(3)(x[..., 0, 0]).numpy()
    np.testing.assert_array_equal(y, np.stack([x[..., 0, 0]] * 3, 1))


def test_the_global_mean_over_the_steps_that_count():
    x = Tensor(spread(2, 3, 2).astype("float32"))
    x.mask = np.array([[True, False, True], [False, False, False]])
    y = layers.GlobalAveragePooling1D()(x)
    np.testing.assert_allclose(y.numpy()[0], x.numpy()[0, [0, 2]].mean(0), rtol=1e-6)
    assert not y.numpy()[1].any() and y.mask is None
    assert layers.GlobalAveragePooling1D(keepdims=True)(x).shape == (2, 1, 2)


# ---------------------------------------------------------------------------------------------
# Normalisation


def test_batch_normalisation_learns_the_moments():
    layer = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
    x = spread(50, 4, 3, low=-3, high=9).astype("float32")
    y = layer(x, training=True).numpy()
    np.testing.assert_allclose(y.mean((0, 1)), 0, atol=1e-5)
    np.testing.assert_allclose(y.var((0, 1)), 1, rtol=1e-4)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.1 * x.mean((0, 1)), rtol=1e-4)
    variance = 0.9 + 0.1 * x.var((0, 1))
    np.testing.assert_allclose(layer.moving_variance.numpy(), variance, rtol=1e-4)
    expected = (x - layer.moving_mean.numpy()) / np.sqrt(variance + 1e-5)
    np.testing.assert_allclose(layer(x).numpy(), expected, rtol=1e-3, atol=1e-4)
    assert [w.name for w in layer.weights] == ["gamma", "beta", "moving_mean", "moving_variance"]
    assert len(layer.trainable_weights) == 2


def test_a_frozen_batch_normalisation_is_in_inference_mode():
    layer = layers.BatchNormalization()
    x = spread(5, 3).astype("float32")
    layer(x)
    layer.trainable = False
    np.testing.assert_array_equal(layer(x, training=True).numpy(), layer(x).numpy())
    assert not layer.moving_mean.numpy().any()


def test_drawing_teaches_nothing():
    layer = layers.BatchNormalization()
    layer(Input((3,)), training=True)
    assert not layer.moving_mean.numpy().any() and (layer.moving_variance.numpy() == 1).all()


def test_batch_normalisation_leaves_masked_steps_out():
    layer = layers.BatchNormalization(momentum=0)
    x = spread(2, 3, 2).astype("float32")
    mask = np.array([[True, True, False], [True, False, False]])
    tensor = Tensor(x)
    tensor.mask = mask
    y = layer(tensor, training=True)
    assert y.mask is mask
    np.testing.assert_allclose(y.numpy()[mask].mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(layer.moving_mean.numpy(), x[mask].mean(0), rtol=1e-5)


def test_batch_normalisation_along_another_axis():
    x = spread(4, 3, 5, 2).astype("float32")
    last, first = layers.BatchNormalization(), layers.BatchNormalization(axis=1)
    for training in (True, False):
        y = first(np.moveaxis(x, -1, 1), training=training).numpy()
        np.testing.assert_allclose(np.moveaxis(y, 1, -1), last(x, training=training).numpy(), 1e-5)


def test_training_through_batch_normalisation_moves_x_gamma_and_beta():
    layer = layers.BatchNormalization(dtype="float64")
    x = Variable(spread(4, 3))
    layer(x)
    weigh = spread(4, 3, seed=3)
    loss = lambda value: ops.sum(layer(value, training=True) * weigh)  # noqa: E731
    with Tape() as tape:
        total = loss(x)
    dx, *weights = tape.gradient(total, [x, *layer.trainable_weights])
    step = spread(4, 3, seed=5)
    ahead, behind = (loss(Tensor(x.numpy() + d * step)) for d in (1e-6, -1e-6))
    derivative = (float(ahead) - float(behind)) / 2e-6
    np.testing.assert_allclose((dx.numpy() * step).sum(), derivative, rtol=1e-6)
    np.testing.assert_allclose(weights[1].numpy(), weigh.sum(0))


def test_layer_normalisation():
    x = spread(3, 4, 5).astype("float32")
    y = layers.LayerNormalization(epsilon=1e-6)(x).numpy()
    np.testing.assert_allclose(y.mean(-1), 0, atol=1e-6)
    np.testing.assert_allclose(y.var(-1), 1, rtol=1e-4)
    layer = layers.LayerNormalization(axis=[1, 2], epsilon=1e-6)
    y = layer(x).numpy()
    np.testing.assert_allclose(y.mean((1, 2)), 0, atol=1e-6)
    assert [w.shape for w in layer.weights] == [(4, 5), (4, 5)]


# ---------------------------------------------------------------------------------------------
# Whole models: numbers of parameters and shapes


def encoder_and_decoder():
    image = Input((28, 28, 1), name="img")
    x = image
    for filters in (16, 32):
        x = layers.Conv2D(filters, 3, activation="relu")(x)
    x = layers.MaxPooling2D(3)(x)
    for filters in (32, 16):
        x = layers.Conv2D(filters, 3, activation="relu")(x)
    encoder = Model(image, layers.GlobalMaxPooling2D()(x), name="encoder")
    code = Input((16,), name="encoded_img")
    x = layers.Reshape((4, 4, 1))(code)
    for filters in (16, 32):
        x = layers.Conv2DTranspose(filters, 3, activation="relu")(x)
    x = layers.UpSampling2D(3)(x)
    for filters in (16, 1):
        x = layers.Conv2DTranspose(filters, 3, activation="relu")(x)
    return encoder, Model(code, x, name="decoder")


def test_the_autoencoder_has_its_numbers():
    encoder, decoder = encoder_and_decoder()
    assert encoder.count_params() == 18_672
    assert decoder.count_params() == 9_569
    assert [layer.output.shape[1:] for layer in encoder.layers] == [
        *[(28, 28, 1), (26, 26, 16), (24, 24, 32), (8, 8, 32), (6, 6, 32), (4, 4, 16), (16,)]
    ]
    assert [layer.output.shape[1:] for layer in decoder.layers] == [
        *[(16,), (4, 4, 1), (6, 6, 16), (8, 8, 32), (24, 24, 32), (26, 26, 16), (28, 28, 1)]
    ]
    image = Input((28, 28, 1))
    autoencoder = Model(image, decoder(encoder(image)), name="autoencoder")
    assert autoencoder.count_params() == 28_241
    assert autoencoder.output_shape == (None, 28, 28, 1)


def test_the_toy_resnet_has_its_number():
    inputs = Input((32, 32, 3), name="img")
    conv = lambda x, **more: layers.Conv2D(64, 3, activation="relu", **more)(x)  # noqa: E731
    x = layers.Conv2D(32, 3, activation="relu")(inputs)
    x = block = layers.MaxPooling2D(3)(conv(x))
    for _ in range(2):
        x = conv(conv(block, padding="same"), padding="same")
        x = block = layers.add([x, block])
    x = layers.GlobalAveragePooling2D()(conv(x))
    x = layers.Dropout(0.5)(layers.Dense(256, activation="relu")(x))
    model = Model(inputs, layers.Dense(10)(x), name="toy_resnet")
    assert model.count_params() == 223_242
    assert block.shape == (None, 9, 9, 64)
    assert model(np.zeros((2, 32, 32, 3), "float32")).shape == (2, 10)


def test_vgg19_is_traced_without_its_weights():
    tracemalloc.start()
    try:
        model = applications.VGG19(weights=None)
        assert model.count_params() == 143_667_240
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8e6  # the weights would take 575 MB
    assert len(model.layers) == 26
    outputs = [layer.output for layer in model.layers]
    assert len(Model(model.input, outputs).outputs) == 26
    names = [layer.name for layer in model.layers[1:]]
    blocks = itertools.chain(*([i] * n for i, n in enumerate((3, 3, 5, 5, 5), 1)))
    assert all(name.startswith(f"block{i}") for name, i in zip(names, blocks, strict=False))
    assert names[-4:] == ["flatten", "fc1", "fc2", "predictions"]
    assert model.get_layer("block5_pool").output.shape == (None, 7, 7, 512)
    assert model.output_shape == (None, 1000)


def test_vgg19_without_its_top_takes_any_image():
    assert applications.VGG19(include_top=False).output_shape == (None, None, None, 512)
    small = applications.VGG19(include_top=False, input_shape=(32, 32, 3), pooling="avg")
    assert small.output_shape == (None, 512) and small.count_params() == 20_024_384


def test_a_network_of_all_of_it_learns_and_comes_back(tmp_path):
    """Images with a bright left or right half: told apart after a few epochs."""
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 64)
    x = random.normal(size=(64, 8, 8, 1)).astype("float32")
    x[np.arange(64), :, :4] += np.where(y == 0, 1, -1)[:, None, None, None]
    model = Sequential([
        Input((8, 8, 1)),
        layers.Conv2D(4, 3, use_bias=False),
        layers.BatchNormalization(momentum=0.5),
        layers.Activation("relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(2),
    ])  # fmt: skip
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizers.RMSprop(0.01), loss, metrics=["accuracy"])
    history = model.fit(x, y, epochs=8, batch_size=16, verbose=0).history
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    scores = model.evaluate(x, y, verbose=0, return_dict=True)
    assert scores["accuracy"] > 0.9
    normalization = model.layers[1]
    assert (normalization.moving_variance.numpy() != 1).all()
    model.save(tmp_path / "model.safetensors")
    again = models.load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


def test_normalisation_is_exact_where_the_mean_is_large():
    layer = layers.BatchNormalization()
    x = np.random.default_rng(0).normal(1000.0, 0.1, (64, 3)).astype("float32")
    layer.build((None, 3))
    layer.set_weights([np.ones(3), np.zeros(3), x.mean(0), x.astype("float64").var(0)])
    wide = x.astype("float64")
    expected = (wide - x.mean(0)) / np.sqrt(wide.var(0) + layer.epsilon)
    np.testing.assert_allclose(layer(x).numpy(), expected, rtol=1e-4, atol=1e-4)
