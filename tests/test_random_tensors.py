"""`keras.random`: what it draws, from which stream, and that streams are saved and resumed."""

import numpy as np
import pytest

from minigraph import Input, Layer, Model, Tape, Tensor, layers, models, ops, random, utils
from minigraph.saving import register_keras_serializable

DRAWS = {
    "normal": lambda seed: random.normal((50, 2), 1.0, 2.0, seed=seed),
    "uniform": lambda seed: random.uniform((50, 2), -1.0, 3.0, seed=seed),
    "randint": lambda seed: random.randint((50, 2), -3, 4, seed=seed),
    "dropout": lambda seed: random.dropout(np.ones((50, 2), "float32"), 0.5, seed=seed),
}
every_draw = pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)


@every_draw
def test_an_integer_begins_a_generator_goes_on_and_none_follows_the_global_seed(draw):
    first, again = draw(3).numpy(), draw(3).numpy()
    np.testing.assert_array_equal(first, again)
    seeds = random.SeedGenerator(3)
    np.testing.assert_array_equal(draw(seeds).numpy(), first)
    assert (draw(seeds).numpy() != first).any()
    free = draw(None).numpy()
    assert (draw(None).numpy() != free).any()
    utils.set_random_seed(7)
    one = draw(None).numpy()
    utils.set_random_seed(7)
    np.testing.assert_array_equal(draw(None).numpy(), one)


@every_draw
@pytest.mark.parametrize("seed", [1.5, "one", -1, True, np.array([1, 2])])
def test_a_seed_is_an_integer_a_generator_or_none(draw, seed):
    with pytest.raises(ValueError, match="`seed` must be an integer"):
        draw(seed)
    with pytest.raises(ValueError, match="`seed` must be an integer"):
        random.SeedGenerator(seed)


def test_what_is_drawn():
    x = random.normal((40000,), mean=2.0, stddev=3.0, seed=1)
    assert x.dtype == "float32" and abs(x.numpy().mean() - 2) < 0.05
    assert abs(x.numpy().std() - 3) < 0.05
    u = random.uniform(40000, -1.0, 3.0, "float64", seed=1)
    assert u.dtype == "float64" and u.shape == (40000,) and abs(u.numpy().mean() - 1) < 0.05
    i = random.randint((6, 1000), 0, 6, dtype="uint8", seed=1)
    assert i.dtype == "uint8" and set(i.numpy().ravel().tolist()) == set(range(6))
    assert random.normal((), seed=1).shape == () and random.normal((0, 3), seed=1).shape == (0, 3)
    assert random.uniform((3,), 2.0, 2.0, seed=1).numpy().tolist() == [2, 2, 2]


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_the_upper_end_is_never_drawn(dtype):
    x = random.uniform((200000,), 1.0, 2.0, dtype, seed=1).numpy()
    assert x.min() >= 1 and x.max() < 2


def test_dropout_keeps_the_mean_and_shares_decisions():
    x = np.ones((200, 300), "float32")
    y = random.dropout(x, 0.25, seed=1).numpy()
    assert set(np.unique(y)) == {np.float32(0), np.float32(4 / 3)} and abs(y.mean() - 1) < 0.02
    rows = random.dropout(x, 0.5, noise_shape=(None, 1), seed=1).numpy()
    assert (rows == rows[:, :1]).all() and len(np.unique(rows)) == 2
    assert not random.dropout(x, 1.0).numpy().any() and (random.dropout(x, 0).numpy() == 1).all()
    t = Tensor(x, tracked=True)
    with Tape() as tape:
        y = random.dropout(t, 0.5, seed=1)
        loss = ops.sum(y)
    np.testing.assert_array_equal(tape.gradient(loss, [t])[0].numpy(), y.numpy())


def test_what_cannot_be_drawn_is_named():
    for draw, words in [
        (lambda: random.normal((None, 3)), "without None.*`call` of a layer"),
        (lambda: random.dropout(Input((3,)), 0.5), "without None.*`call` of a layer"),
        (lambda: random.normal((-1,)), "`shape`"),
        (lambda: random.normal((3,), stddev=-1), "`stddev`"),
        (lambda: random.normal((3,), dtype="int32"), "`dtype` must be a float type.*randint"),
        (lambda: random.uniform((3,), 2, 1), "`maxval`"),
        (lambda: random.uniform((3,), dtype="int32"), "`dtype` must be a float type.*randint"),
        (lambda: random.randint((3,), 4, 4), "`minval` < `maxval`"),
        (lambda: random.randint((3,), 0, 1.5), "`minval` < `maxval`"),
        (lambda: random.randint((3,), 0, 300, "uint8"), "fit uint8"),
        (lambda: random.randint((3,), 0, 3, "float32"), "draws integers"),
        (lambda: random.dropout(np.ones(3), 1.5), "`rate`"),
    ]:
        with pytest.raises(ValueError, match=words):
            draw()


@register_keras_serializable()
class Sampling(Layer):
    """The layer of a variational autoencoder that draws from a distribution."""

    def __init__(self, seed_generator=None, **options):
        super().__init__(**options)
        self.seed_generator = seed_generator or random.SeedGenerator(1337)

    def call(self, inputs):
        mean, log_variance = inputs
        noise = random.normal(ops.shape(mean), seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_variance) * noise


def encoder():
    inputs = Input((4,))
    parts = [layers.Dense(2)(inputs), layers.Dense(2)(inputs)]
    return Model(inputs, Sampling()(parts))


def test_a_model_that_samples_is_saved_with_its_stream(tmp_path):
    model, x = encoder(), np.ones((3, 4), "float32")
    first, second = model(x).numpy(), model(x).numpy()
    assert (first != second).any()
    model.save(tmp_path / "encoder.safetensors")
    again = models.load_model(tmp_path / "encoder.safetensors")
    np.testing.assert_array_equal(again(x).numpy(), model(x).numpy())
    assert again.layers[-1].seed_generator.get_config() == {"seed": 1337, "name": "seed_generator"}


def test_drawing_a_graph_draws_no_numbers():
    utils.set_random_seed(5)
    expected = random.normal((3,)).numpy()
    utils.set_random_seed(5)
    seeds = random.SeedGenerator(5)
    state = seeds.state
    for seed in (None, seeds):
        noise = layers.Lambda(lambda x, seed=seed: x + random.normal(ops.shape(x), seed=seed))
        assert noise(Input((3,))).shape == (None, 3)
    np.testing.assert_array_equal(random.normal((3,)).numpy(), expected)
    assert seeds.state == state
