"""What is timed. Each model is written once, for every library that speaks the Keras API.

`build(keras)` is given the library itself: minigraph, or Keras on one of its backends. The sizes
are attributes, so `MLP(batch=4)` is a small one.
"""

import numpy as np

WORDS = 10_000


def product(rows, inner, columns, first=False):
    """Floating-point operations of a matrix product in a training step.

    2 rows inner columns, three times: the value, the gradient of the weights and that of the input,
    which the first layer of a model does not need.
    """
    return 2 * rows * inner * columns * (2 if first else 3)


class Workload:
    """One model with its data. `flops` counts the products of one step and nothing else."""

    title = ""
    batch = 32
    optimizer = "rmsprop"
    trains = True
    images = False  # whether the order of the axes matters to PyTorch

    def __init__(self, **sizes):
        for name, size in sizes.items():
            if not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} has no size {name!r}")
            setattr(self, name, size)

    def build(self, keras):
        """The model, not compiled."""
        raise NotImplementedError(f"{type(self).__name__} must define build(self, keras)")

    def loss(self, keras):
        """What `compile` takes as its loss."""
        return keras.losses.MeanSquaredError()

    loss_weights = None

    def inputs(self, random, count):
        """`count` samples, as an array or a list of arrays."""
        raise NotImplementedError(f"{type(self).__name__} must define inputs(self, random, count)")

    def targets(self, random, count):
        """What belongs to `count` samples; None where nothing is trained."""
        return random.standard_normal((count, 1), np.float32)

    def flops(self):
        raise NotImplementedError(f"{type(self).__name__} must define flops(self)")

    def data(self, count=None):
        """(inputs, targets), the same for everybody."""
        random = np.random.default_rng(1)
        count = count or self.batch
        return self.inputs(random, count), self.targets(random, count)

    def compile(self, keras, model):
        rates = {"rmsprop": keras.optimizers.RMSprop, "adam": keras.optimizers.Adam}
        optimizer = (rates | {"sgd": keras.optimizers.SGD})[self.optimizer](1e-3)
        model.compile(optimizer, loss=self.loss(keras), loss_weights=self.loss_weights)


def labels(random, count, classes):
    return random.integers(classes, size=count).astype("int32")


class MLP(Workload):
    title = "MLP 784-64-64-10"
    batch, features, units, classes = 64, 784, 64, 10

    def build(self, keras):
        inputs = keras.Input(shape=(self.features,))
        x = keras.layers.Dense(self.units, activation="relu")(inputs)
        x = keras.layers.Dense(self.units, activation="relu")(x)
        return keras.Model(inputs, keras.layers.Dense(self.classes)(x))

    def loss(self, keras):
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def inputs(self, random, count):
        return random.random((count, self.features), np.float32)

    def targets(self, random, count):
        return labels(random, count, self.classes)

    def flops(self):
        rows, units = self.batch, self.units
        hidden = product(rows, self.features, units, first=True) + product(rows, units, units)
        return hidden + product(rows, units, self.classes)


class Autoencoder(Workload):
    title = "convolutional autoencoder, 28x28x1"
    optimizer = "adam"
    images = True

    def build(self, keras):
        layers = keras.layers
        image = keras.Input(shape=(28, 28, 1))
        x = layers.Conv2D(16, 3, activation="relu")(image)
        x = layers.Conv2D(32, 3, activation="relu")(x)
        x = layers.MaxPooling2D(3)(x)
        x = layers.Conv2D(32, 3, activation="relu")(x)
        x = layers.Conv2D(16, 3, activation="relu")(x)
        x = layers.GlobalMaxPooling2D()(x)
        x = layers.Reshape((4, 4, 1))(x)
        x = layers.Conv2DTranspose(16, 3, activation="relu")(x)
        x = layers.Conv2DTranspose(32, 3, activation="relu")(x)
        x = layers.UpSampling2D(3)(x)
        x = layers.Conv2DTranspose(16, 3, activation="relu")(x)
        return keras.Model(image, layers.Conv2DTranspose(1, 3, activation="relu")(x))

    def inputs(self, random, count):
        return random.random((count, 28, 28, 1), np.float32)

    def targets(self, random, count):
        return random.random((count, 28, 28, 1), np.float32)

    def flops(self):
        # (side, channels in, channels out): the side of the output, of the input if transposed.
        places = [(24, 16, 32), (6, 32, 32), (4, 32, 16)]
        places += [(4, 1, 16), (6, 16, 32), (24, 32, 16), (26, 16, 1)]
        first = product(self.batch * 26**2, 9, 16, first=True)
        return first + sum(product(self.batch * side**2, 9 * i, o) for side, i, o in places)


class Tickets(Workload):
    title = "ticket model: 2 embeddings, LSTM(128) x 10, LSTM(32) x 100"
    loss_weights = [1.0, 0.2]
    tags, teams, words, title_steps, body_steps = 12, 4, WORDS, 10, 100

    def build(self, keras):
        layers = keras.layers
        title = keras.Input(shape=(None,), name="title")
        body = keras.Input(shape=(None,), name="body")
        tags = keras.Input(shape=(self.tags,), name="tags")
        title_code = layers.LSTM(128)(layers.Embedding(self.words, 64)(title))
        body_code = layers.LSTM(32)(layers.Embedding(self.words, 64)(body))
        x = layers.concatenate([title_code, body_code, tags])
        priority = layers.Dense(1, name="priority")(x)
        team = layers.Dense(self.teams, name="department")(x)
        return keras.Model([title, body, tags], [priority, team])

    def loss(self, keras):
        return [
            keras.losses.BinaryCrossentropy(from_logits=True),
            keras.losses.CategoricalCrossentropy(from_logits=True),
        ]

    def inputs(self, random, count):
        title = random.integers(self.words, size=(count, self.title_steps)).astype("int32")
        body = random.integers(self.words, size=(count, self.body_steps)).astype("int32")
        return [title, body, random.integers(2, size=(count, self.tags)).astype("float32")]

    def targets(self, random, count):
        priority = random.random((count, 1), np.float32)
        return [priority, np.eye(self.teams, dtype="float32")[labels(random, count, self.teams)]]

    def flops(self):
        title = product(self.batch * self.title_steps, 64 + 128, 4 * 128)
        body = product(self.batch * self.body_steps, 64 + 32, 4 * 32)
        return title + body + product(self.batch, 128 + 32 + self.tags, 1 + self.teams)


class ToyResNet(Workload):
    title = "toy ResNet, 32x32x3"
    batch, dropout, classes = 64, 0.5, 10
    images = True

    def build(self, keras):
        layers = keras.layers
        image = keras.Input(shape=(32, 32, 3))
        x = layers.Conv2D(32, 3, activation="relu")(image)
        x = layers.Conv2D(64, 3, activation="relu")(x)
        block = layers.MaxPooling2D(3)(x)
        for _ in range(2):
            x = layers.Conv2D(64, 3, activation="relu", padding="same")(block)
            x = layers.Conv2D(64, 3, activation="relu", padding="same")(x)
            block = layers.add([x, block])
        x = layers.Conv2D(64, 3, activation="relu")(block)
        x = layers.GlobalAveragePooling2D()(x)
        x = layers.Dense(256, activation="relu")(x)
        x = layers.Dropout(self.dropout)(x)
        return keras.Model(image, layers.Dense(self.classes)(x))

    def loss(self, keras):
        return keras.losses.CategoricalCrossentropy(from_logits=True)

    def inputs(self, random, count):
        return random.random((count, 32, 32, 3), np.float32)

    def targets(self, random, count):
        return np.eye(self.classes, dtype="float32")[labels(random, count, self.classes)]

    def flops(self):
        rows = self.batch
        total = product(rows * 30**2, 27, 32, first=True) + product(rows * 28**2, 9 * 32, 64)
        total += product(rows * (4 * 9**2 + 7**2), 9 * 64, 64)
        return total + product(rows, 64, 256) + product(rows, 256, self.classes)


class SharedEmbedding(Workload):
    title = "one embedding for two texts"
    lengths, words, units = (50, 80), 1000, 128

    def build(self, keras):
        layers = keras.layers
        embedding = layers.Embedding(self.words, self.units)
        texts = [keras.Input(shape=(None,), dtype="int32") for _ in self.lengths]
        x = layers.concatenate([layers.GlobalAveragePooling1D()(embedding(t)) for t in texts])
        return keras.Model(texts, layers.Dense(1)(x))

    def inputs(self, random, count):
        return [random.integers(self.words, size=(count, n)).astype("int32") for n in self.lengths]

    def flops(self):
        return product(self.batch, self.units * len(self.lengths), 1)


class VGG19(Workload):
    title = "VGG19 forward, one image, all outputs"
    batch, side, top = 1, 224, True
    trains = False
    images = True

    def build(self, keras):
        shape = (self.side, self.side, 3)
        options = {"include_top": self.top, "input_shape": shape}
        vgg = keras.applications.VGG19(weights=None, **options)
        return keras.Model(vgg.input, [layer.output for layer in vgg.layers])

    def inputs(self, random, count):
        return random.random((count, self.side, self.side, 3), np.float32)

    def targets(self, random, count):
        return None

    def flops(self):
        total, side, channels = 0, self.side, 3
        for convolutions, filters in [(2, 64), (2, 128), (4, 256), (4, 512), (4, 512)]:
            for _ in range(convolutions):
                total += 2 * side**2 * 9 * channels * filters
                channels = filters
            side //= 2
        dense = [(side**2 * 512, 4096), (4096, 4096), (4096, 1000)] if self.top else []
        return self.batch * (total + sum(2 * i * o for i, o in dense))


class CustomRNN(Workload):
    title = "a custom recurrent layer after Conv1D"
    batch, steps, features, units = 16, 10, 5, 32

    def build(self, keras):
        layers, ops, units = keras.layers, keras.ops, self.units

        class Recurrent(layers.Layer):
            def __init__(self):
                super().__init__()
                self.projection_1 = layers.Dense(units, activation="tanh")
                self.projection_2 = layers.Dense(units, activation="tanh")
                self.classifier = layers.Dense(1)

            def call(self, inputs):
                outputs, state = [], ops.zeros((inputs.shape[0], units))
                for t in range(inputs.shape[1]):
                    h = self.projection_1(inputs[:, t, :])
                    state = h + self.projection_2(state)
                    outputs.append(state)
                return self.classifier(ops.stack(outputs, axis=1))

        inputs = keras.Input(batch_shape=(self.batch, self.steps, self.features))
        return keras.Model(inputs, Recurrent()(layers.Conv1D(units, 3)(inputs)))

    def inputs(self, random, count):
        return random.standard_normal((count, self.steps, self.features), np.float32)

    def targets(self, random, count):
        return random.standard_normal((count, self.steps - 2, 1), np.float32)

    def flops(self):
        rows, units = self.batch * (self.steps - 2), self.units
        total = product(rows, 3 * self.features, units, first=True)
        return total + 2 * product(rows, units, units) + product(rows, units, 1)


class Ensemble(Workload):
    title = "three models inside a model, averaged"
    batch, features = 64, 128

    def build(self, keras):
        def member():
            features = keras.Input(shape=(self.features,))
            return keras.Model(features, keras.layers.Dense(1)(features))

        members = [member() for _ in range(3)]
        inputs = keras.Input(shape=(self.features,))
        votes = [model(inputs) for model in members]
        return keras.Model(inputs, keras.layers.average(votes))

    def inputs(self, random, count):
        return random.standard_normal((count, self.features), np.float32)

    def flops(self):
        return product(self.batch, self.features, 3, first=True)


class GRU(Workload):
    title = "GRU(64) x 50"
    steps, features, units = 50, 32, 64

    def build(self, keras):
        inputs = keras.Input(shape=(self.steps, self.features))
        x = keras.layers.GRU(self.units)(inputs)
        return keras.Model(inputs, keras.layers.Dense(1)(x))

    def inputs(self, random, count):
        return random.standard_normal((count, self.steps, self.features), np.float32)

    def flops(self):
        rows, units = self.batch * self.steps, self.units
        total = product(rows, self.features, 3 * units, first=True)
        return total + product(rows, units, 3 * units) + product(self.batch, units, 1)


class StackedLSTM(GRU):
    title = "two LSTM(64) x 50"

    def build(self, keras):
        inputs = keras.Input(shape=(self.steps, self.features))
        x = keras.layers.LSTM(self.units, return_sequences=True)(inputs)
        x = keras.layers.LSTM(self.units)(x)
        return keras.Model(inputs, keras.layers.Dense(1)(x))

    def flops(self):
        rows, units = self.batch * self.steps, self.units
        total = product(rows, self.features, 4 * units, first=True)
        return total + 3 * product(rows, units, 4 * units) + product(self.batch, units, 1)


class ConvNormRelu(Workload):
    title = "three of Conv2D(16) - BatchNormalization - ReLU, 32x32x16"
    side, channels, classes = 32, 16, 10
    images = True

    def build(self, keras):
        layers = keras.layers
        x = image = keras.Input(shape=(self.side, self.side, self.channels))
        for _ in range(3):
            x = layers.Conv2D(self.channels, 3, padding="same")(x)
            x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.GlobalAveragePooling2D()(x)
        return keras.Model(image, layers.Dense(self.classes)(x))

    def loss(self, keras):
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def inputs(self, random, count):
        shape = (count, self.side, self.side, self.channels)
        return random.standard_normal(shape, np.float32)

    def targets(self, random, count):
        return labels(random, count, self.classes)

    def flops(self):
        rows, inner = self.batch * self.side**2, 9 * self.channels
        total = product(rows, inner, self.channels, first=True)
        total += 2 * product(rows, inner, self.channels)
        return total + product(self.batch, self.channels, self.classes)


class ResidualMLP(MLP):
    title = "residual MLP of 12 layers"
    features, depth = 64, 12

    def build(self, keras):
        layers = keras.layers
        x = inputs = keras.Input(shape=(self.features,))
        small = {"activation": "relu", "kernel_initializer": "random_normal"}  # 200 add up, too
        for _ in range(self.depth):
            x = layers.add([x, layers.Dense(self.units, **small)(x)])
        return keras.Model(inputs, layers.Dense(self.classes)(x))

    def flops(self):
        rows, units = self.batch, self.units
        total = product(rows, self.features, units, first=True)
        total += (self.depth - 1) * product(rows, units, units)
        return total + product(rows, units, self.classes)


class Nodes(Workload):
    """As many nodes as you like that do next to nothing, for runs that ask how cost grows."""

    title = "a chain of additions"
    nodes, features = 10, 4

    def build(self, keras):
        x = inputs = keras.Input(shape=(self.features,))
        for _ in range(self.nodes - 2):
            x = x + inputs
        return keras.Model(inputs, keras.layers.Dense(1)(x))

    def inputs(self, random, count):
        return random.standard_normal((count, self.features), np.float32)

    def flops(self):
        return product(self.batch, self.features, 1, first=True)


WORKLOADS = {
    "a64": (MLP, {}),
    "a32": (MLP, {"batch": 32}),
    "b": (Autoencoder, {}),
    "c": (Tickets, {}),
    "d": (ToyResNet, {}),
    "e": (SharedEmbedding, {}),
    "f": (VGG19, {}),
    "g": (CustomRNN, {}),
    "h": (Ensemble, {}),
    "hgru": (GRU, {}),
    "hlstm": (StackedLSTM, {}),
    "i": (ConvNormRelu, {}),
    "j": (ResidualMLP, {}),
    "nodes": (Nodes, {}),
}

TINY = {
    "a64": {"batch": 8, "features": 12, "units": 8},
    "a32": {"batch": 4, "features": 12, "units": 8},
    "b": {"batch": 2},
    "c": {"batch": 2, "words": 20, "title_steps": 3, "body_steps": 5},
    "d": {"batch": 2},
    "e": {"batch": 2, "lengths": (5, 8), "words": 20},
    "f": {"side": 32, "top": False},
    "g": {"batch": 2, "steps": 5},
    "h": {"batch": 4},
    "hgru": {"batch": 2, "steps": 5},
    "hlstm": {"batch": 2, "steps": 5},
    "i": {"batch": 2, "side": 8},
    "j": {"batch": 4, "features": 8, "units": 8, "depth": 3},
    "nodes": {"batch": 2},
}


def make(name, tiny=False, **sizes):
    """The workload of this name; the tiny one is the same program with small numbers."""
    kind, own = WORKLOADS[name]
    return kind(**own | (TINY[name] if tiny else {}) | sizes)
