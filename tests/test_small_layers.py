"""Merge layers, activations with settings, noise, normalisation by `adapt`, and `Lambda`."""

import numpy as np
import pytest
from ops_table import spread

from minigraph import Input, Model, layers
from minigraph.core.tensor import Tensor
from minigraph.models import clone_model

A, B = (spread(3, 4, seed=i).astype("float32") for i in (1, 2))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("add", A + B),
        ("subtract", A - B),
        ("multiply", A * B),
        ("average", (A + B) / 2),
        ("maximum", np.maximum(A, B)),
        ("minimum", np.minimum(A, B)),
        ("concatenate", np.concatenate([A, B], -1)),
    ],
)
def test_merge_layers_and_their_functions(name, expected):
    layer = getattr(layers, name.capitalize())(name="mine")
    np.testing.assert_allclose(layer([A, B]).numpy(), expected, rtol=1e-6)
    function = getattr(layers, name)
    np.testing.assert_array_equal(function([A, B]).numpy(), layer([A, B]).numpy())
    assert function([Input((4,)), Input((4,))], name="drawn").node.name == "drawn"
    assert function.__name__ == name


def test_two_inputs_exactly():
    for layer in (layers.Subtract(), layers.Dot(axes=1)):
        with pytest.raises(ValueError, match="exactly 2 inputs, got 3"):
            layer([A, A, A])


def test_dot():
    x, y = spread(2, 3, 4, seed=1), spread(2, 4, 5, seed=2)
    out = layers.dot([x, y], axes=(2, 1)).numpy()
    np.testing.assert_allclose(out, x @ y, rtol=1e-5)
    assert layers.dot([A, B], axes=1).shape == (3, 1)
    np.testing.assert_allclose(layers.Dot(-1)([A, B]).numpy()[:, 0], (A * B).sum(1), rtol=1e-5)
    cosine = (A * B).sum(1) / np.linalg.norm(A, axis=1) / np.linalg.norm(B, axis=1)
    np.testing.assert_allclose(layers.Dot(1, True)([A, B]).numpy()[:, 0], cosine, rtol=1e-5)
    with pytest.raises(ValueError, match=r"axes \(1, 1\) .* sizes 4 and 3 differ"):
        layers.Dot(1)([A, B[:, :3]])
    for wrong in [0, 1.5, (1, 2, 3), "last", None]:
        with pytest.raises(ValueError, match="`axes`"):
            layers.Dot(wrong)


def test_activation_layers():
    x = np.array([[-2.0, -0.5, 0.5, 3.0]], "float32")
    assert layers.ReLU()(x).numpy().tolist() == [[0, 0, 0.5, 3]]
    full = layers.ReLU(max_value=2.0, negative_slope=0.5, threshold=1.0)
    assert full(x).numpy().tolist() == [[-1.5, -0.75, -0.25, 2]]
    np.testing.assert_allclose(layers.LeakyReLU()(x).numpy(), [[-0.6, -0.15, 0.5, 3]], rtol=1e-6)
    expected = [[2 * np.expm1(-2), 2 * np.expm1(-0.5), 0.5, 3]]
    np.testing.assert_allclose(layers.ELU(2.0)(x).numpy(), expected, rtol=1e-6)
    prelu = layers.PReLU()
    assert prelu(x).numpy().tolist() == [[0, 0, 0.5, 3]] and prelu.alpha.shape == (4,)
    assert layers.PReLU(shared_axes=(1, 2)).build((None, 5, 6, 7)) is None
    for make, argument in [
        (lambda: layers.ReLU(negative_slope=-1), "negative_slope"),
        (lambda: layers.ReLU(max_value="six"), "max_value"),
        (lambda: layers.LeakyReLU(None), "negative_slope"),
        (lambda: layers.ELU(-1.0), "alpha"),
        (lambda: layers.GaussianNoise(-1.0), "stddev"),
        (lambda: layers.SpatialDropout1D(1.5), "rate"),
    ]:
        with pytest.raises(ValueError, match=f"`{argument}`"):
            make()


def test_shared_axes_share_a_slope():
    layer = layers.PReLU(shared_axes=[1, 2])
    layer.build((None, 5, 6, 7))
    assert layer.alpha.shape == (1, 1, 7)


def test_spatial_dropout_drops_whole_channels():
    x = np.ones((50, 3, 2, 4), "float32")
    out = layers.SpatialDropout2D(0.5, seed=3)(x, training=True).numpy()
    np.testing.assert_array_equal(out, np.broadcast_to(out[:, :1, :1], out.shape))
    assert set(np.unique(out)) == {0, 2} and 0.3 < out.mean() / 2 < 0.7
    with pytest.raises(ValueError, match="expected ndim=3, found ndim=4"):
        layers.SpatialDropout1D(0.5)(x)


def test_gaussian_noise_acts_in_training_only():
    x = np.zeros((1000, 4), "float32")
    layer = layers.GaussianNoise(0.5, seed=1)
    out = layer(x, training=True).numpy()
    assert abs(out.std() - 0.5) < 0.02 and abs(out.mean()) < 0.02
    assert not layer(x).numpy().any()
    again = layers.GaussianNoise(0.5, seed=1)(x, training=True).numpy()
    np.testing.assert_array_equal(again, out)


def test_activity_regularization():
    layer = layers.ActivityRegularization(l1=0.5, l2=0.1)
    layer(A)
    assert float(layer.losses[0]) == pytest.approx((0.5 * abs(A) + 0.1 * A**2).sum() / 3, rel=1e-5)
    again = layers.ActivityRegularization.from_config(layer.get_config())
    assert (again.l1, again.l2) == (0.5, 0.1)


def test_rescaling():
    np.testing.assert_allclose(layers.Rescaling(1 / 127.5, -1)(A).numpy(), A / 127.5 - 1)
    layer = layers.Rescaling(np.array([1.0, 2.0, 3.0, 4.0]), offset=[0, 0, 0, 1])
    np.testing.assert_allclose(layer(A).numpy(), A * [1, 2, 3, 4] + [0, 0, 0, 1], rtol=1e-6)
    assert layer.get_config()["scale"] == [1, 2, 3, 4]


@pytest.mark.parametrize(("axis", "reduced"), [(-1, (0, 1)), (None, (0, 1, 2)), ((1, 2), (0,))])
def test_normalization_adapts(axis, reduced):
    data = 5 + 3 * spread(20, 3, 4)
    layer = layers.Normalization(axis=axis)
    layer.adapt(data)
    expected = (data - data.mean(reduced, keepdims=True)) / data.std(reduced, keepdims=True)
    np.testing.assert_allclose(layer(data).numpy(), expected, rtol=1e-4, atol=1e-5)
    assert layer.trainable_weights == [] and len(layer.weights) == 2
    batches = layers.Normalization(axis=axis)
    batches.adapt(batch for batch in np.split(data, 4))
    np.testing.assert_allclose(batches(data).numpy(), expected, rtol=1e-4, atol=1e-5)
    back = layers.Normalization(axis=axis, invert=True)
    back.adapt(data)
    np.testing.assert_allclose(back(expected).numpy(), data, rtol=1e-4)
    layer.adapt(2 * data)
    np.testing.assert_allclose(layer(2 * data).numpy(), expected, rtol=1e-4, atol=1e-5)


def test_normalization_with_given_numbers():
    layer = layers.Normalization(mean=[1.0, 2.0, 3.0, 4.0], variance=4.0)
    np.testing.assert_allclose(layer(A).numpy(), (A - [1, 2, 3, 4]) / 2, rtol=1e-6)
    assert layer.weights == []
    with pytest.raises(ValueError, match="was given its mean"):
        layer.adapt(A)
    with pytest.raises(ValueError, match="together"):
        layers.Normalization(mean=1.0)
    constant = layers.Normalization()
    constant.adapt(np.ones((4, 2)))
    assert np.isfinite(constant(np.ones((4, 2))).numpy()).all()


def test_identity_takes_any_structure():
    out = layers.Identity()({"a": A, "b": [B]})
    assert out["b"][0].numpy().tolist() == B.tolist()


def test_lambda():
    inputs = Input((4,))
    layer = layers.Lambda(lambda x, factor: factor * x, arguments={"factor": 3}, name="triple")
    model = Model(inputs, layer(inputs))
    np.testing.assert_allclose(model(A).numpy(), 3 * A, rtol=1e-6)
    for use in (layer.get_config, model.get_config, lambda: clone_model(model)):
        with pytest.raises(ValueError, match="'triple' cannot be saved.*subclass of Layer"):
            use()
    with pytest.raises(ValueError, match="`function`"):
        layers.Lambda(3)
    x = Tensor(spread(2, 3, 4).astype("float32"))
    x.mask = np.array([[True, False, True]] * 2)
    assert layer(x).mask is None
    kept = layers.Lambda(lambda x: x * 2, mask=lambda inputs, mask: mask)
    assert kept(x).mask.tolist() == x.mask.tolist()
    assert layers.ReLU()(x).mask is x.mask


S = np.ones((2, 5, 4), "float32")


@pytest.mark.parametrize(
    "wrong, words",
    [
        (lambda: layers.Embedding(3, 4)(np.array([[0.5]])), "integers"),
        (lambda: layers.Masking("a"), "`mask_value` must be a number"),
        (lambda: layers.Dot(axes=5)([S, S]), "axis=5 is out of bounds"),
        (lambda: layers.PReLU(shared_axes=[9])(S), "`shared_axes`=.*from 1 to 2"),
        (lambda: layers.PReLU(shared_axes=[0])(S), "`shared_axes`=.*from 1 to 2"),
        (lambda: layers.Normalization(axis=9).adapt(S), "axis=9 is out of bounds"),
        (lambda: layers.Normalization().adapt(S[:0]), "cannot adapt to `data`"),
        (lambda: layers.BatchNormalization(epsilon=-1), "`epsilon` must be a number, at least 0"),
        (lambda: layers.LayerNormalization(epsilon="a"), "`epsilon` must be a number"),
        (lambda: layers.Lambda(lambda x: "text")(S), "returned 'text', not a tensor"),
    ],
)
def test_what_a_layer_cannot_use_is_named(wrong, words):
    with pytest.raises((ValueError, TypeError), match=words):
        wrong()
