"""A program for each thing that a newcomer to graphs of layers does, in the order of a first tour.

They use nothing but the names that stand on the first shelf: `keras`, `layers`, `ops`. All models
are drawn once, one after another, so their automatic names count through the whole tour.
"""

import re
from types import SimpleNamespace

import numpy as np
import pytest

import minigraph as keras
from minigraph import layers, ops

RANDOM = np.random.default_rng(7)
VOCABULARY, TAGS, TEAMS = 10000, 12, 4


# ---------------------------------------------------------------------------------------------
# The models of the tour


def perceptron():
    entry = keras.Input(shape=(784,))
    first = layers.Dense(64, activation="relu")
    hidden = layers.Dense(64, activation="relu")(first(entry))
    return keras.Model(inputs=entry, outputs=layers.Dense(10)(hidden), name="mnist_model")


def squeeze(image):
    """An image of 28 x 28 becomes 16 numbers."""
    h = layers.Conv2D(16, 3, activation="relu")(image)
    h = layers.Conv2D(32, 3, activation="relu")(h)
    h = layers.MaxPooling2D(3)(h)
    h = layers.Conv2D(32, 3, activation="relu")(h)
    h = layers.Conv2D(16, 3, activation="relu")(h)
    return layers.GlobalMaxPooling2D()(h)


def unfold(code):
    """16 numbers become an image of 28 x 28."""
    h = layers.Reshape((4, 4, 1))(code)
    h = layers.Conv2DTranspose(16, 3, activation="relu")(h)
    h = layers.Conv2DTranspose(32, 3, activation="relu")(h)
    h = layers.UpSampling2D(3)(h)
    h = layers.Conv2DTranspose(16, 3, activation="relu")(h)
    return layers.Conv2DTranspose(1, 3, activation="relu")(h)


def scorer():
    features = keras.Input(shape=(128,))
    return keras.Model(features, layers.Dense(1)(features))


def ticket_model():
    title = keras.Input(shape=(None,), name="title")
    body = keras.Input(shape=(None,), name="body")
    tags = keras.Input(shape=(TAGS,), name="tags")
    title_words = layers.Embedding(VOCABULARY, 64)(title)
    body_words = layers.Embedding(VOCABULARY, 64)(body)
    title_code = layers.LSTM(128)(title_words)
    body_code = layers.LSTM(32)(body_words)
    everything = layers.concatenate([title_code, body_code, tags])
    return keras.Model(
        inputs=[title, body, tags],
        outputs=[
            layers.Dense(1, name="priority")(everything),
            layers.Dense(TEAMS, name="department")(everything),
        ],
    )


def residual_model():
    image = keras.Input(shape=(32, 32, 3), name="img")
    h = layers.Conv2D(32, 3, activation="relu")(image)
    h = layers.Conv2D(64, 3, activation="relu")(h)
    block = layers.MaxPooling2D(3)(h)
    for _ in range(2):
        h = layers.Conv2D(64, 3, activation="relu", padding="same")(block)
        h = layers.Conv2D(64, 3, activation="relu", padding="same")(h)
        block = layers.add([h, block])
    h = layers.Conv2D(64, 3, activation="relu")(block)
    h = layers.GlobalAveragePooling2D()(h)
    h = layers.Dense(256, activation="relu")(h)
    h = layers.Dropout(0.5)(h)
    return keras.Model(image, layers.Dense(10)(h), name="toy_resnet")


@pytest.fixture(scope="module")
def tour():
    keras.utils.clear_session()
    keras.utils.set_random_seed(1)
    found = SimpleNamespace(perceptron=perceptron())

    image = keras.Input(shape=(28, 28, 1), name="img")
    code = squeeze(image)
    found.encoder = keras.Model(image, code, name="encoder")
    found.autoencoder = keras.Model(image, unfold(code), name="autoencoder")

    image = keras.Input(shape=(28, 28, 1), name="original_img")
    found.second_encoder = keras.Model(image, squeeze(image), name="encoder")
    code = keras.Input(shape=(16,), name="encoded_img")
    found.decoder = keras.Model(code, unfold(code), name="decoder")
    image = keras.Input(shape=(28, 28, 1), name="img")
    found.chained = keras.Model(
        image, found.decoder(found.second_encoder(image)), name="autoencoder"
    )

    found.scorers = [scorer() for _ in range(3)]
    features = keras.Input(shape=(128,))
    votes = [model(features) for model in found.scorers]
    found.ensemble = keras.Model(inputs=features, outputs=layers.average(votes))
    found.tickets = ticket_model()
    found.residual = residual_model()
    return found


# ---------------------------------------------------------------------------------------------
# Reading a summary


def summary_lines(model, **options):
    lines = []
    model.summary(line_length=400, print_fn=lambda text: lines.extend(text.split("\n")), **options)
    return lines


def table(model):
    """The rows of a summary as lists of cells, without the head."""
    return [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in summary_lines(model)
        if line.startswith("│")
    ]


def counts(model):
    """Total, trainable and frozen parameters, as the summary says them."""
    text = "\n".join(summary_lines(model))
    kinds = ("Total", "Trainable", "Non-trainable")
    found = [re.search(rf"^{kind} params: ([\d,]+) ", text, re.MULTILINE) for kind in kinds]
    return [int(match[1].replace(",", "")) for match in found]


def head(model):
    return [cell.strip() for cell in summary_lines(model)[2].strip("┃").split("┃")]


# ---------------------------------------------------------------------------------------------
# The first graph


def test_an_input_says_shape_and_type():
    entry = keras.Input(shape=(784,))
    assert entry.shape == (None, 784) and "float32" in str(entry.dtype)
    assert keras.Input(shape=(32, 32, 3)).shape == (None, 32, 32, 3)


def test_the_first_model(tour):
    model = tour.perceptron
    assert summary_lines(model)[0] == 'Model: "mnist_model"'
    assert head(model) == ["Layer (type)", "Output Shape", "Param #"]  # a chain needs no edges
    assert table(model) == [
        ["input_layer (InputLayer)", "(None, 784)", "0"],
        ["dense (Dense)", "(None, 64)", "50,240"],
        ["dense_1 (Dense)", "(None, 64)", "4,160"],
        ["dense_2 (Dense)", "(None, 10)", "650"],
    ]
    assert counts(model) == [55050, 55050, 0]
    assert "Total params: 55,050 (215.04 KB)" in summary_lines(model)


def test_pictures_of_the_first_model(tour, tmp_path):
    plain, full = tmp_path / "plain.png", tmp_path / "full.png"
    keras.utils.plot_model(tour.perceptron, plain)
    keras.utils.plot_model(tour.perceptron, full, show_shapes=True)
    images = [path.read_bytes() for path in (plain, full)]
    assert all(image.startswith(b"\x89PNG\r\n\x1a\n") for image in images)
    areas = [np.prod([int.from_bytes(i[k : k + 4], "big") for k in (16, 20)]) for i in images]
    assert areas[1] > areas[0]
    dot = str(keras.utils.model_to_dot(tour.perceptron, show_layer_names=True))
    assert dot.count("->") == 3 and "dense_1" in dot


# ---------------------------------------------------------------------------------------------
# Training, files


def some_digits():
    x = RANDOM.integers(0, 256, (160, 28, 28), dtype="uint8")
    y = (x.reshape(160, -1).mean(1) * 7 % 10).astype("uint8")
    return (x[:120], y[:120]), (x[120:], y[120:])


def test_training_evaluation_and_a_file(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(keras.datasets.mnist, "load_data", some_digits)
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    x_train = x_train.reshape(len(x_train), 784).astype("float32") / 255
    x_test = x_test.reshape(len(x_test), 784).astype("float32") / 255
    model = perceptron()
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        optimizer=keras.optimizers.RMSprop(),
        metrics=["accuracy"],
    )
    history = model.fit(x_train, y_train, batch_size=64, epochs=2, validation_split=0.2)
    assert list(history.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert history.epoch == [0, 1] and history.params["steps"] == 2  # 96 samples by 64
    shown = capsys.readouterr().out
    assert "Epoch 1/2" in shown and "2/2" in shown and "val_accuracy" in shown
    loss, accuracy = model.evaluate(x_test, y_test, verbose=2)
    assert loss > 0 and 0 <= accuracy <= 1

    expected = model.predict(x_test, verbose=0)
    model.save(tmp_path / "my_model")
    more = model.fit(x_train, y_train, epochs=1, verbose=0, shuffle=False).history
    del model
    model = keras.models.load_model(tmp_path / "my_model")
    np.testing.assert_array_equal(model.predict(x_test, verbose=0), expected)
    assert model.evaluate(x_test, y_test, verbose=0) == [loss, accuracy]
    assert model.fit(x_train, y_train, epochs=1, verbose=0, shuffle=False).history == more


# ---------------------------------------------------------------------------------------------
# Several models over one graph; models that are called


def encoder_rows(entry, conv, pool):
    names = [f"conv2d_{n}" if n else "conv2d" for n in range(conv, conv + 4)]
    return [
        [f"{entry} (InputLayer)", "(None, 28, 28, 1)", "0"],
        [f"{names[0]} (Conv2D)", "(None, 26, 26, 16)", "160"],
        [f"{names[1]} (Conv2D)", "(None, 24, 24, 32)", "4,640"],
        [f"max_pooling2d{pool} (MaxPooling2D)", "(None, 8, 8, 32)", "0"],
        [f"{names[2]} (Conv2D)", "(None, 6, 6, 32)", "9,248"],
        [f"{names[3]} (Conv2D)", "(None, 4, 4, 16)", "4,624"],
        [f"global_max_pooling2d{pool} (GlobalMaxPooling2D)", "(None, 16)", "0"],
    ]


def decoder_rows(conv, other):
    names = [f"conv2d_transpose_{n}" if n else "conv2d_transpose" for n in range(conv, conv + 4)]
    return [
        [f"reshape{other} (Reshape)", "(None, 4, 4, 1)", "0"],
        [f"{names[0]} (Conv2DTranspose)", "(None, 6, 6, 16)", "160"],
        [f"{names[1]} (Conv2DTranspose)", "(None, 8, 8, 32)", "4,640"],
        [f"up_sampling2d{other} (UpSampling2D)", "(None, 24, 24, 32)", "0"],
        [f"{names[2]} (Conv2DTranspose)", "(None, 26, 26, 16)", "4,624"],
        [f"{names[3]} (Conv2DTranspose)", "(None, 28, 28, 1)", "145"],
    ]


def test_two_models_over_one_graph(tour):
    assert table(tour.encoder) == encoder_rows("img", 0, "")
    assert counts(tour.encoder) == [18672, 18672, 0]
    assert table(tour.autoencoder) == encoder_rows("img", 0, "") + decoder_rows(0, "")
    assert counts(tour.autoencoder) == [28241, 28241, 0]
    assert tour.autoencoder.input_shape == tour.autoencoder.output_shape == (None, 28, 28, 1)
    assert tour.encoder.layers == tour.autoencoder.layers[:7]
    assert tour.autoencoder.weights[:8] == tour.encoder.weights


def test_models_called_like_layers(tour):
    assert table(tour.second_encoder) == encoder_rows("original_img", 4, "_1")
    code = [["encoded_img (InputLayer)", "(None, 16)", "0"]]
    assert table(tour.decoder) == code + decoder_rows(4, "_1")
    assert counts(tour.decoder) == [9569, 9569, 0]
    assert table(tour.chained) == [
        ["img (InputLayer)", "(None, 28, 28, 1)", "0"],
        ["encoder (Functional)", "(None, 16)", "18,672"],
        ["decoder (Functional)", "(None, 28, 28, 1)", "9,569"],
    ]
    assert counts(tour.chained) == [28241, 28241, 0]
    images = RANDOM.random((2, 28, 28, 1), dtype="float32")
    codes = tour.second_encoder.predict(images, verbose=0)
    step_by_step = tour.decoder.predict(codes, verbose=0)
    np.testing.assert_allclose(tour.chained(images), step_by_step, rtol=1e-5)


def test_an_ensemble_averages_its_members(tour):
    assert table(tour.ensemble) == [
        ["input_layer_4 (InputLayer)", "(None, 128)", "0", "-"],
        ["functional (Functional)", "(None, 1)", "129", "input_layer_4[0][0]"],
        ["functional_1 (Functional)", "(None, 1)", "129", "input_layer_4[0][0]"],
        ["functional_2 (Functional)", "(None, 1)", "129", "input_layer_4[0][0]"],
        [
            "average (Average)",
            "(None, 1)",
            "0",
            "functional[0][0], functional_1[0][0], functional_2[0][0]",
        ],
    ]
    x = RANDOM.random((5, 128), dtype="float32")
    votes = [model.predict(x, verbose=0) for model in tour.scorers]
    np.testing.assert_allclose(tour.ensemble.predict(x, verbose=0), np.mean(votes, 0), rtol=1e-5)


# ---------------------------------------------------------------------------------------------
# Several inputs and outputs


def test_the_model_for_tickets(tour):
    edges = {row[0]: row[1:] for row in table(tour.tickets)}
    assert edges == {
        "title (InputLayer)": ["(None, None)", "0", "-"],
        "body (InputLayer)": ["(None, None)", "0", "-"],
        "embedding (Embedding)": ["(None, None, 64)", "640,000", "title[0][0]"],
        "embedding_1 (Embedding)": ["(None, None, 64)", "640,000", "body[0][0]"],
        "lstm (LSTM)": ["(None, 128)", "98,816", "embedding[0][0]"],
        "lstm_1 (LSTM)": ["(None, 32)", "12,416", "embedding_1[0][0]"],
        "tags (InputLayer)": ["(None, 12)", "0", "-"],
        "concatenate (Concatenate)": [
            "(None, 172)",
            "0",
            "lstm[0][0], lstm_1[0][0], tags[0][0]",
        ],
        "priority (Dense)": ["(None, 1)", "173", "concatenate[0][0]"],
        "department (Dense)": ["(None, 4)", "692", "concatenate[0][0]"],
    }
    assert list(edges) == [row[0] for row in table(tour.tickets)]
    assert tour.tickets.input_names == ["title", "body", "tags"]
    assert tour.tickets.output_names == ["priority", "department"]


def some_tickets(n=24):
    title = RANDOM.integers(VOCABULARY, size=(n, 10))
    body = RANDOM.integers(VOCABULARY, size=(n, 14))
    tags = RANDOM.integers(2, size=(n, TAGS)).astype("float32")
    priority = RANDOM.random((n, 1))
    department = RANDOM.integers(2, size=(n, TEAMS))
    return [title, body, tags], [priority, department]


def test_tickets_are_learned_from_lists_dicts_and_batches(tour):
    x, y = some_tickets()
    x_dict = dict(zip(["title", "body", "tags"], x, strict=True))
    y_dict = dict(zip(["priority", "department"], y, strict=True))
    binary = keras.losses.BinaryCrossentropy(from_logits=True)
    categorical = keras.losses.CategoricalCrossentropy(from_logits=True)
    in_order = {"loss": [binary, categorical], "loss_weights": [1.0, 0.2]}
    by_name = {
        "loss": {"priority": binary, "department": categorical},
        "loss_weights": {"department": 0.2, "priority": 1.0},
    }
    start = tour.tickets.get_weights()

    def learn(settings, *data):
        tour.tickets.set_weights(start)
        tour.tickets.compile(optimizer=keras.optimizers.RMSprop(1e-3), **settings)
        options = {"verbose": 0, "shuffle": False}
        return tour.tickets.fit(*data, epochs=2, batch_size=12, **options).history

    def take(part, rows):
        if isinstance(part, dict):
            return {name: array[rows] for name, array in part.items()}
        return [array[rows] for array in part]

    def batches(x, y):
        for first in (0, 12, 0, 12):
            rows = slice(first, first + 12)
            yield take(x, rows), take(y, rows)

    expected = learn(in_order, x, y)
    assert list(expected) == ["loss", "priority_loss", "department_loss"]
    weighed = [
        p + 0.2 * d
        for p, d in zip(expected["priority_loss"], expected["department_loss"], strict=True)
    ]
    np.testing.assert_allclose(expected["loss"], weighed, rtol=1e-5)
    assert expected["loss"][1] < expected["loss"][0]
    assert learn(by_name, x, y) == expected
    assert learn(by_name, x_dict, y_dict) == expected
    assert learn(in_order, x_dict, y) == expected
    for settings, data in ((in_order, (x, y)), (by_name, (x_dict, y_dict))):
        tour.tickets.set_weights(start)
        tour.tickets.compile(optimizer=keras.optimizers.RMSprop(1e-3), **settings)
        fed = tour.tickets.fit(batches(*data), steps_per_epoch=2, epochs=2, verbose=0)
        assert fed.history == expected
    priority, department = tour.tickets.predict(x_dict, verbose=0)
    assert priority.shape == (24, 1) and department.shape == (24, TEAMS)


# ---------------------------------------------------------------------------------------------
# Graphs that are no chains, shared layers, features


def test_a_small_residual_network(tour):
    assert table(tour.residual) == [
        ["img (InputLayer)", "(None, 32, 32, 3)", "0", "-"],
        ["conv2d_8 (Conv2D)", "(None, 30, 30, 32)", "896", "img[0][0]"],
        ["conv2d_9 (Conv2D)", "(None, 28, 28, 64)", "18,496", "conv2d_8[0][0]"],
        ["max_pooling2d_2 (MaxPooling2D)", "(None, 9, 9, 64)", "0", "conv2d_9[0][0]"],
        ["conv2d_10 (Conv2D)", "(None, 9, 9, 64)", "36,928", "max_pooling2d_2[0][0]"],
        ["conv2d_11 (Conv2D)", "(None, 9, 9, 64)", "36,928", "conv2d_10[0][0]"],
        ["add (Add)", "(None, 9, 9, 64)", "0", "conv2d_11[0][0], max_pooling2d_2[0][0]"],
        ["conv2d_12 (Conv2D)", "(None, 9, 9, 64)", "36,928", "add[0][0]"],
        ["conv2d_13 (Conv2D)", "(None, 9, 9, 64)", "36,928", "conv2d_12[0][0]"],
        ["add_1 (Add)", "(None, 9, 9, 64)", "0", "conv2d_13[0][0], add[0][0]"],
        ["conv2d_14 (Conv2D)", "(None, 7, 7, 64)", "36,928", "add_1[0][0]"],
        [
            "global_average_pooling2d (GlobalAveragePooling2D)",
            "(None, 64)",
            "0",
            "conv2d_14[0][0]",
        ],
        ["dense_6 (Dense)", "(None, 256)", "16,640", "global_average_pooling2d[0][0]"],
        ["dropout (Dropout)", "(None, 256)", "0", "dense_6[0][0]"],
        ["dense_7 (Dense)", "(None, 10)", "2,570", "dropout[0][0]"],
    ]
    assert counts(tour.residual) == [223242, 223242, 0]


def test_the_residual_network_learns(tour, monkeypatch, tmp_path):
    def some_photographs():
        x = RANDOM.integers(0, 256, (15, 32, 32, 3), dtype="uint8")
        y = RANDOM.integers(0, 10, (15, 1))
        return (x[:10], y[:10]), (x[10:], y[10:])

    monkeypatch.setattr(keras.datasets.cifar10, "load_data", some_photographs)
    (x, y), _ = keras.datasets.cifar10.load_data()
    x, y = x.astype("float32") / 255, keras.utils.to_categorical(y, 10)
    assert y.shape == (10, 10)
    tour.residual.compile(
        optimizer=keras.optimizers.RMSprop(1e-3),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=["acc"],
    )
    history = tour.residual.fit(x, y, batch_size=4, epochs=1, validation_split=0.2, verbose=0)
    assert list(history.history) == ["loss", "acc", "val_loss", "val_acc"]
    keras.utils.plot_model(tour.residual, tmp_path / "net.png", show_shapes=True)
    assert (tmp_path / "net.png").stat().st_size > 1000


def test_one_embedding_reads_two_texts():
    shared = layers.Embedding(1000, 128)
    texts = [keras.Input(shape=(None,), dtype="int32", name=name) for name in ("left", "right")]
    codes = [shared(text) for text in texts]
    assert [code.shape for code in codes] == [(None, None, 128)] * 2
    with pytest.raises(AttributeError, match=r"2 times.*get_output_at\(i\)"):
        _ = shared.output
    assert [shared.get_output_at(k) for k in (0, 1)] == codes
    distance = ops.sum((ops.mean(codes[0], 1) - ops.mean(codes[1], 1)) ** 2, -1, keepdims=True)
    model = keras.Model(texts, distance)
    assert model.count_params() == 128000 and len(model.trainable_weights) == 1
    [embedding] = [row for row in table(model) if row[0] == "embedding (Embedding)"]
    assert embedding[3] == "left[0][0], right[0][0]"
    before = shared.get_weights()[0]
    model.compile("sgd", "mse")
    model.fit([np.array([[1, 2]]), np.array([[3, 4, 5]])], np.ones((1, 1)), verbose=0)
    moved = (shared.get_weights()[0] != before).any(1)
    assert np.flatnonzero(moved).tolist() == [1, 2, 3, 4, 5]


def test_features_of_a_large_network():
    network = keras.applications.VGG19()
    assert network.count_params() == 143667240
    assert len(network.layers) == 26
    features = [layer.output for layer in network.layers]
    extractor = keras.Model(inputs=network.input, outputs=features)
    assert [shape[1:] for shape in extractor.output_shape[:4]] == [
        (224, 224, 3),
        (224, 224, 64),
        (224, 224, 64),
        (112, 112, 64),
    ]
    assert extractor.output_shape[-1] == (None, 1000)
    assert extractor.layers == network.layers  # drawn from the same layers, and no numbers yet

    small = keras.applications.VGG19(include_top=False, input_shape=(32, 32, 3))
    features = [layer.output for layer in small.layers[:5]]
    image = RANDOM.random((1, 32, 32, 3)).astype("float32")
    found = keras.Model(inputs=small.input, outputs=features)(image)
    assert [tuple(f.shape) for f in found] == [
        (1, 32, 32, 3),
        (1, 32, 32, 64),
        (1, 32, 32, 64),
        (1, 16, 16, 64),
        (1, 16, 16, 128),
    ]
    np.testing.assert_array_equal(found[0], image)
    np.testing.assert_array_equal(small.layers[1](found[0]), found[1])


# ---------------------------------------------------------------------------------------------
# Layers of one's own


class Linear(layers.Layer):
    """Weights in `build`; its arguments are stored under their own names, and nothing else."""

    def __init__(self, units=32):
        super().__init__()
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(
            shape=(input_shape[-1], self.units), initializer="random_normal", trainable=True
        )
        self.b = self.add_weight(shape=(self.units,), initializer="random_normal", trainable=True)

    def call(self, inputs):
        return ops.matmul(inputs, self.w) + self.b


class LinearWithConfig(Linear):
    def get_config(self):
        return {"units": self.units}


class LinearFromText(LinearWithConfig):
    @classmethod
    def from_config(cls, config):
        return cls(int(config["text"]))

    def get_config(self):
        return {"text": str(self.units)}


class Hidden(Linear):
    """Takes an argument, and keeps it under another name."""

    def __init__(self, width):
        super().__init__(width)


def one_layer(layer):
    entry = keras.Input((4,))
    return keras.Model(entry, layer(entry))


@pytest.mark.parametrize("cls", [Linear, LinearWithConfig, LinearFromText])
def test_a_layer_of_ones_own_in_a_graph_and_its_config(cls):
    model = one_layer(cls(10))
    assert model.output_shape == (None, 10) and model.count_params() == 50
    x = RANDOM.random((3, 4), dtype="float32")
    w, b = model.layers[1].get_weights()
    np.testing.assert_allclose(model(x), x @ w + b, rtol=1e-5)
    config = model.get_config()
    twin = keras.Model.from_config(config, custom_objects={cls.__name__: cls})
    assert twin.get_config() == config and twin.layers[1] is not model.layers[1]
    twin.set_weights(model.get_weights())
    np.testing.assert_array_equal(twin(x), model(x))
    with pytest.raises((TypeError, ValueError), match=cls.__name__):
        keras.Model.from_config(config)


def test_a_config_that_cannot_be_read_says_what_to_write():
    with pytest.raises(ValueError, match="Hidden.*width.*get_config"):
        one_layer(Hidden(3)).get_config()


class Perceptron(keras.Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.inner = layers.Dense(64, activation="relu")
        self.outer = layers.Dense(10)

    def call(self, inputs):
        return self.outer(self.inner(inputs))


def test_a_model_as_a_class_equals_the_model_as_a_graph():
    entry = keras.Input(shape=(32,))
    drawn = keras.Model(entry, layers.Dense(10)(layers.Dense(64, activation="relu")(entry)))
    written = Perceptron()
    assert written.weights == []
    _ = written(ops.zeros((1, 32)))
    assert [w.shape for w in written.weights] == [w.shape for w in drawn.weights]
    written.set_weights(drawn.get_weights())
    x, y = RANDOM.random((20, 32), dtype="float32"), RANDOM.integers(0, 10, 20)
    np.testing.assert_array_equal(written(x), drawn(x))
    histories = []
    for model in (drawn, written):
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss, metrics=["accuracy"])
        histories.append(model.fit(x, y, epochs=3, shuffle=False, verbose=0).history)
    assert histories[0] == histories[1]
    with pytest.raises(ValueError, match="Perceptron.*get_config"):
        written.get_config()  # its graph is code


class TreeNetwork(keras.Model):
    """Each leaf is a number, each knot joins two branches. How often a layer runs is for the data
    to say, so no graph of layers can be drawn for it.

    A tree is an array of rows (left, right, number); the first row is the root, and a leaf has 0
    in the places of its branches.
    """

    def __init__(self, width):
        super().__init__()
        self.leaf = layers.Dense(width, activation="tanh")
        self.knot = layers.Dense(width, activation="tanh")
        self.answer = layers.Dense(1)

    def embed(self, tree, place):
        left, right, number = tree[place]
        if not left:
            return self.leaf(np.array([[number]], "float32"))
        branches = [self.embed(tree, int(left)), self.embed(tree, int(right))]
        return self.knot(ops.concatenate(branches, axis=-1))

    def call(self, trees):
        roots = [self.embed(tree, 0) for tree in trees.numpy()]
        return self.answer(ops.concatenate(roots, axis=0))


def as_rows(tree):
    """A tree of nested pairs as rows."""
    rows, waiting = [[0, 0, tree]], [0]
    for place in waiting:
        branches = rows[place][2]
        if isinstance(branches, tuple):
            rows[place] = [len(rows), len(rows) + 1, 0]
            waiting += [len(rows), len(rows) + 1]
            rows += [[0, 0, branch] for branch in branches]
    return rows


def test_a_network_over_trees_trains():
    def leaves(tree):
        return sum(map(leaves, tree)) if isinstance(tree, tuple) else 1

    trees = [0.5, (0.1, 0.9), ((0.2, 0.3), 0.4), (0.6, (0.7, (0.1, 0.8))), ((0.3, 1), (1, 0.2))]
    rows = [as_rows(tree) for tree in trees]
    most = max(map(len, rows))
    x = np.array([r + [[0, 0, 0]] * (most - len(r)) for r in rows], "float32")
    y = np.array([leaves(tree) for tree in trees], "float32")
    network = TreeNetwork(8)
    assert network(x).shape == (5, 1) and len(network.trainable_weights) == 6
    network.compile(keras.optimizers.Adam(0.03), "mse")
    history = network.fit(x, y, epochs=60, verbose=0).history["loss"]
    assert history[-1] < 0.05 * history[0]
    deeper = np.array([as_rows((((0.1, 0.2), 0.3), ((0.4, 0.5), 0.6)))], "float32")
    assert network.predict(deeper, verbose=0).shape == (1, 1)  # deeper than all that it has seen


# ---------------------------------------------------------------------------------------------
# Styles mixed


class Unrolled(layers.Layer):
    """A recurrence written as a loop over the steps, with a model or a layer behind it."""

    def __init__(self, units, behind):
        super().__init__()
        self.units = units
        self.project_input = layers.Dense(units=units, activation="tanh")
        self.project_state = layers.Dense(units=units, activation="tanh")
        self.behind = behind

    def call(self, inputs):
        outputs = []
        state = ops.zeros(shape=(inputs.shape[0], self.units))
        for t in range(inputs.shape[1]):
            state = self.project_input(inputs[:, t, :]) + self.project_state(state)
            outputs.append(state)
        features = ops.stack(outputs, axis=1)
        print(features.shape)
        return self.behind(features)


def test_a_graph_inside_a_layer_inside_nothing(capsys):
    sequence = keras.Input((None, 32))
    pooled = layers.GlobalAveragePooling1D()(sequence)
    classifier = keras.Model(sequence, layers.Dense(1)(pooled))
    layer = Unrolled(32, classifier)
    output = layer(ops.zeros((1, 10, 5)))
    assert capsys.readouterr().out == "(1, 10, 32)\n"
    assert output.shape == (1, 1)
    assert layer.count_params() == (5 * 32 + 32) + (32 * 32 + 32) + 33
    assert classifier.weights[0] in layer.trainable_weights


def test_a_recurrence_of_ones_own_in_a_graph(capsys):
    entry = keras.Input(batch_shape=(16, 10, 5))
    narrow = layers.Conv1D(32, 3)(entry)
    layer = Unrolled(32, layers.Dense(1))
    model = keras.Model(entry, layer(narrow))
    assert narrow.shape == (16, 8, 32) and model.output_shape == (16, 8, 1)
    x = RANDOM.random((32, 10, 5), dtype="float32")
    model.compile("adam", "mse")
    loss = model.fit(x, np.ones((32, 8, 1)), batch_size=16, epochs=8, verbose=0).history["loss"]
    assert loss[-1] < loss[0]
    assert "(16, 8, 32)" in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"expects shape \(16, 10, 5\), found \(4, 10, 5\)"):
        model(x[:4])


class PlainCall(layers.Layer):
    def call(self, inputs, scale=2.0):
        return inputs * scale


class TrainingCall(layers.Layer):
    def call(self, inputs, training=None, shift=1.0):
        return inputs + (shift if training else 0.0)


class MaskCall(layers.Layer):
    def call(self, inputs, mask=None):
        return inputs * 1.0 if mask is None else inputs * mask[:, :, None]


class BothCall(layers.Layer):
    def call(self, inputs, training=None, mask=None, factor=1.0):
        return inputs * factor * (10.0 if training else 1.0) * (1.0 if mask is None else 0.0)


@pytest.fixture
def words():
    """An input, a masked sequence of ones made from it, and data with one step of padding."""
    entry = keras.Input((3,), dtype="int32")
    embedding = layers.Embedding(4, 2, mask_zero=True, embeddings_initializer="ones")
    return entry, embedding(entry), np.array([[2, 1, 0]])


def test_four_ways_to_write_a_call(words):
    entry, sequence, data = words

    def run(symbol, **options):
        return keras.Model(entry, symbol)(data, **options).numpy()[0, :, 0].tolist()

    assert run(PlainCall()(sequence)) == [2, 2, 2]
    assert run(PlainCall()(sequence, scale=3.0)) == [3, 3, 3]
    assert run(TrainingCall()(sequence)) == [1, 1, 1]
    assert run(TrainingCall()(sequence, shift=4.0), training=True) == [5, 5, 5]
    assert run(MaskCall()(sequence)) == [1, 1, 0]
    assert run(BothCall()(sequence, factor=7.0), training=True) == [0, 0, 0]
    assert run(BothCall()(PlainCall()(sequence), factor=7.0)) == [14, 14, 14]  # the mask has ended
    custom = {cls.__name__: cls for cls in (PlainCall, TrainingCall, MaskCall, BothCall)}
    model = keras.Model(entry, BothCall()(sequence, factor=7.0) + PlainCall()(sequence, scale=3.0))
    twin = keras.Model.from_config(model.get_config(), custom_objects=custom)
    np.testing.assert_array_equal(twin(data), model(data))
    assert twin(data).numpy()[0, 0, 0] == 3


class Cabinet(layers.Layer):
    """Layers and models in an attribute, a list, a tuple and a dict, one in two places."""

    def __init__(self):
        super().__init__()
        entry = keras.Input((4,))
        self.first = keras.Model(entry, layers.Dense(4)(entry))
        self.more = [layers.Dense(4), (layers.BatchNormalization(), [layers.Dense(4)])]
        self.named = {"last": layers.Dense(1), "again": self.first}

    def call(self, inputs):
        normalize, [inner] = self.more[1]
        h = self.named["again"](self.first(inputs))
        return self.named["last"](inner(normalize(self.more[0](h))))


def test_layers_are_found_wherever_they_are_kept():
    cabinet = Cabinet()
    cabinet(np.ones((1, 4)))
    assert cabinet.count_params() == 3 * 20 + 16 + 5
    assert len(cabinet.weights) == 12 and len(cabinet.trainable_weights) == 10
    model = keras.Sequential([keras.Input((4,)), cabinet])
    assert model.count_params() == 81
    before = [w.numpy().copy() for w in model.weights]
    model.compile("adam", "mse")
    model.fit(RANDOM.random((8, 4)), np.ones(8), verbose=0)
    assert all((w.numpy() != b).any() for w, b in zip(model.weights, before, strict=True))
    cabinet.trainable = False
    assert model.trainable_weights == [] and not cabinet.first.layers[1].trainable


class Mixed(keras.Model):
    """A class that holds a graph, a chain and a layer of its own, and sees whether it trains."""

    def __init__(self):
        super().__init__()
        entry = keras.Input((6,))
        hidden = layers.Dense(8, activation="relu")(entry)
        self.graph = keras.Model(entry, layers.concatenate([entry, hidden]))
        self.chain = keras.Sequential([layers.Dense(8), Linear(8), layers.ReLU()])
        self.noise = layers.Dropout(0.25)

    def call(self, inputs, training=None):
        h = self.chain(self.graph(inputs))
        return self.noise(h) if training else h


def test_all_styles_in_one_program(tmp_path):
    entry = keras.Input((6,), name="entry")
    written = Mixed()
    h = layers.LayerNormalization()(written(entry) + 0.5)
    model = keras.Model(entry, {"level": layers.Dense(1)(h), "kind": layers.Dense(3)(h)})
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.02, 10, 0.9)),
        loss={
            "level": "mse",
            "kind": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        },
        metrics={"kind": "accuracy"},
    )
    x = RANDOM.normal(size=(64, 6)).astype("float32")
    y = {"level": x[:, :1] * 2, "kind": (x[:, 1] > 0).astype(int) + (x[:, 2] > 0)}
    history = model.fit(x, y, epochs=12, batch_size=16, validation_split=0.25, verbose=0).history
    assert list(history)[:4] == ["loss", "level_loss", "kind_loss", "kind_accuracy"]
    assert history["loss"][-1] < 0.6 * history["loss"][0]
    assert history["kind_accuracy"][-1] > history["kind_accuracy"][0]
    assert model.predict(x, verbose=0).keys() == {"level", "kind"}
    assert len(written.weights) == 6
    model.save_weights(tmp_path / "weights")
    expected = model.predict(x, verbose=0)["kind"]
    model.fit(x, y, verbose=0)
    model.load_weights(tmp_path / "weights")
    np.testing.assert_array_equal(model.predict(x, verbose=0)["kind"], expected)


# ---------------------------------------------------------------------------------------------
# Steps of one's own


def line_data():
    x = RANDOM.normal(size=(32, 3)).astype("float32")
    return x, (x @ [1.0, -2.0, 0.5] + 3.0)[:, None].astype("float32")


def test_a_training_loop_in_five_lines():
    x, y = line_data()
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    optimizer = keras.optimizers.SGD(0.1)
    for _ in range(100):
        with keras.Tape() as tape:
            loss = ops.mean((model(x, training=True) - y) ** 2)
        gradients = tape.gradient(loss, model.trainable_weights)
        optimizer.apply(gradients, model.trainable_weights)
    assert float(loss) < 1e-4
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(kernel[:, 0], [1, -2, 0.5], atol=0.05)
    np.testing.assert_allclose(bias, [3], atol=0.05)


class OwnSteps(keras.Model):
    """Learns from the size of the errors, and tests for the largest."""

    def train_step(self, data):
        x, y = data
        with keras.Tape() as tape:
            loss = ops.mean(abs(self(x, training=True) - y))
        weights = self.trainable_weights
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        return {"off_by": loss}

    def test_step(self, data):
        x, y = data
        return {"largest": ops.max(abs(self(x, training=False) - y))}


class OwnLoss(keras.Model):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        usual = super().compute_loss(x, y, y_pred, sample_weight, training)
        return usual + (100.0 if training else 0.0)


def test_steps_and_losses_of_ones_own():
    x, y = line_data()
    entry = keras.Input((3,))
    model = OwnSteps(entry, layers.Dense(1)(entry))
    model.compile(keras.optimizers.SGD(0.2), loss="mse")
    history = model.fit(x, y, epochs=60, validation_data=(x, y), verbose=0).history
    assert list(history) == ["off_by", "val_largest"]
    assert history["off_by"][-1] < 0.1 * history["off_by"][0]
    assert model.evaluate(x, y, verbose=0) == pytest.approx(history["val_largest"][-1])

    entry = keras.Input((3,))
    model = OwnLoss(entry, layers.Dense(1)(entry))
    model.compile("sgd", "mse", metrics=["mse"])
    training = model.fit(x, y, batch_size=32, verbose=0).history
    assert training["loss"][0] == pytest.approx(training["mse"][0] + 100, rel=1e-5)
    loss, mse = model.evaluate(x, y, verbose=0)
    assert loss == pytest.approx(mse)


class Sparse(layers.Layer):
    """Gives its input back, and asks for small numbers."""

    def __init__(self, price):
        super().__init__()
        self.price = price

    def call(self, inputs):
        self.add_loss(self.price * ops.mean(inputs**2))
        return inputs


def test_a_loss_that_a_layer_adds():
    x, y = line_data()
    entry = keras.Input((3,))
    hidden = layers.Dense(4)(entry)
    inner = keras.Model(entry, Sparse(0.5)(hidden))  # also from inside a nested model
    outer_entry = keras.Input((3,))
    model = keras.Model(outer_entry, layers.Dense(1)(inner(outer_entry)))
    model(x)
    assert len(model.losses) == 1  # that of the latest call
    expected = 0.5 * np.mean(keras.Model(entry, hidden)(x).numpy() ** 2)
    assert float(model.losses[0]) == pytest.approx(expected, rel=1e-5)
    model.compile("sgd", "mse", metrics=["mse"])
    loss, mse = model.evaluate(x, y, verbose=0)
    assert loss == pytest.approx(mse + expected, rel=1e-5)
    only_price = keras.Model(outer_entry, inner(outer_entry))
    only_price.compile(keras.optimizers.SGD(0.5))
    falling = only_price.fit(x, epochs=5, verbose=0).history["loss"]
    assert falling == sorted(falling, reverse=True) and falling[-1] < 0.5 * falling[0]
