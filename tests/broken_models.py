"""Broken programs, each with the words that its author needs to read, and the repair.

A case is a short program, the words that its error must contain, and a repair: a pair of texts,
what stands in the program and what should stand there instead. `test_broken_models.py` runs every
program before and after its repair. The cases with a `lesson` make up the book's gallery of errors.
"""

from typing import NamedTuple


class Case(NamedTuple):
    title: str
    program: str
    words: tuple  # each must stand in the message
    repair: tuple = ()  # (what stands in the program, what should stand there), any number of pairs
    lesson: str = ""  # why it is wrong, for the gallery
    error: type = ValueError

    @property
    def mended(self):
        """The program after its repair, or None where the message names no repair."""
        text = self.program
        for old, new in zip(self.repair[::2], self.repair[1::2], strict=True):
            text = text.replace(old, new)
        return text if self.repair else None


# Every program starts with these lines.
PREAMBLE = """\
import numpy as np

import minigraph as mg
from minigraph import layers, ops
"""

SHAPES = [
    Case(
        "A picture goes into a layer for sequences",
        """
inputs = mg.Input(shape=(28, 28, 1), name="image")
outputs = layers.LSTM(8, name="reader")(inputs)
""",
        ("reader", "image", "ndim=3", "ndim=4", "(None, 28, 28, 1)"),
        ("shape=(28, 28, 1)", "shape=(28, 28)"),
        "A recurrent layer reads (batch, steps, features): three axes. An image with a channel "
        "axis has four. Rows of pixels are a sequence too, once the channel axis is gone.",
    ),
    Case(
        "A flat vector goes into a convolution",
        """
inputs = mg.Input(shape=(784,), name="pixels")
outputs = layers.Conv2D(16, 3, name="edges")(inputs)
""",
        ("edges", "pixels", "ndim=4", "ndim=2", "(None, 784)"),
        (
            'layers.Conv2D(16, 3, name="edges")(inputs)',
            'layers.Conv2D(16, 3, name="edges")(layers.Reshape((28, 28, 1))(inputs))',
        ),
        "A convolution slides over rows and columns. A flat vector of 784 values has neither, so "
        "the layer cannot know which pixels are neighbours. Tell it with Reshape.",
    ),
    Case(
        "Two branches of different width are added",
        """
inputs = mg.Input(shape=(32,))
wide = layers.Dense(64, name="wide")(inputs)
narrow = layers.Dense(16, name="narrow")(inputs)
outputs = layers.add([wide, narrow], name="meeting")
""",
        ("meeting", "wide", "narrow", "(None, 64)", "(None, 16)"),
        ('layers.Dense(16, name="narrow")', 'layers.Dense(64, name="narrow")'),
        "Adding works element by element, so both sides need the same shape. To join tensors of "
        "different width, use concatenate.",
    ),
    Case(
        "A residual connection around a layer that shrinks",
        """
inputs = mg.Input(shape=(32, 32, 8), name="map")
x = layers.Conv2D(8, 3, name="shrinking")(inputs)
outputs = layers.add([x, inputs], name="shortcut")
""",
        ("shortcut", "shrinking", "map", "(None, 30, 30, 8)", "(None, 32, 32, 8)"),
        ("layers.Conv2D(8, 3,", 'layers.Conv2D(8, 3, padding="same",'),
        "A 3 x 3 convolution without padding loses a pixel on every side. The shortcut "
        'around it keeps all 32 rows, so the two shapes no longer match. With padding="same" '
        "nothing is lost.",
    ),
    Case(
        "Pictures of different size are concatenated",
        """
a = mg.Input(shape=(16, 16, 3), name="left")
b = mg.Input(shape=(8, 16, 3), name="right")
outputs = layers.concatenate([a, b], name="pair")
""",
        ("pair", "left", "right", "(None, 16, 16, 3)", "(None, 8, 16, 3)", "axis"),
        ('([a, b], name="pair")', '([a, b], axis=1, name="pair")'),
        "Concatenate joins along one axis, by default the last. All other axes must agree. These "
        "two agree on every axis but the first.",
    ),
    Case(
        "A kernel larger than the picture",
        """
inputs = mg.Input(shape=(4, 4, 1), name="icon")
outputs = layers.Conv2D(8, 5, name="big")(inputs)
""",
        ("big", "icon", "5", "4", "kernel"),
        ("Conv2D(8, 5,", "Conv2D(8, 3,"),
        "Without padding the kernel must fit into the picture at least once.",
    ),
    Case(
        "Too many pooling layers",
        """
x = inputs = mg.Input(shape=(8, 8, 4))
for i in range(4):
    x = layers.MaxPooling2D(2, name=f"halving_{i}")(x)
""",
        ("halving_3", "halving_2", "pool", "(None, 1, 1, 4)"),
        ("range(4)", "range(3)"),
        "Eight pixels halve to four, two and one. One pixel cannot be halved again.",
    ),
    Case(
        "Reshape to a different number of values",
        """
inputs = mg.Input(shape=(28, 28))
outputs = layers.Reshape((27, 29), name="squeeze_in")(inputs)
""",
        ("squeeze_in", "784", "(None, 27, 29)"),
        ("(27, 29)", "(-1, 14)"),
        "Reshape keeps the elements and changes the axes: 28 x 28 = 784 elements. 27 x 29 = 783 "
        "is one too few. Write -1 for one axis and it is computed.",
    ),
    Case(
        "Two matrices that cannot be multiplied",
        """
a = mg.Input(shape=(3, 4), name="left")
b = mg.Input(shape=(5, 6), name="right")
outputs = a @ b
""",
        ("matmul", "left", "right", "(None, 3, 4)", "(None, 5, 6)"),
        ("shape=(5, 6)", "shape=(4, 6)"),
        "Rows times columns: the last axis of the left side must be as long as the second to last"
        " of the right side.",
    ),
    Case(
        "A layer is called on inputs of another width",
        """
layer = layers.Dense(8, name="head")
layer(mg.Input(shape=(32,), name="first"))
layer(mg.Input(shape=(16,), name="second"))
""",
        ("head", "second", "32", "16"),
        ("shape=(16,)", "shape=(32,)"),
        "A shared layer has one set of weights. The first call fixed their shape, here 32 rows."
        " Each later input must fit them.",
    ),
    Case(
        "Dense needs to know how wide its input is",
        """
inputs = mg.Input(shape=(None,), name="text")
outputs = layers.Dense(8, name="head")(inputs)
""",
        ("head", "text", "(None, None)", "last axis"),
        ("shape=(None,)", "shape=(20,)"),
        "The kernel has one row for each feature of the input. With None as the last axis "
        "nobody knows how many rows to make.",
    ),
    Case(
        "A flattened picture of unknown size",
        """
inputs = mg.Input(shape=(None, None, 3), name="photo")
x = layers.Flatten(name="row")(inputs)
outputs = layers.Dense(10, name="head")(x)
""",
        ("head", "row", "None"),
        ("layers.Flatten(name", "layers.GlobalAveragePooling2D(name"),
        "Images of any size flatten to vectors of any length, and Dense needs a fixed length. "
        "Global pooling gives one value per channel, whatever the size.",
    ),
    Case(
        "Cropping more than there is",
        """
inputs = mg.Input(shape=(6, 6, 1), name="stamp")
outputs = layers.Cropping2D(3, name="scissors")(inputs)
""",
        ("scissors", "stamp", "6", "(None, 6, 6, 1)"),
        ("Cropping2D(3,", "Cropping2D(2,"),
    ),
    Case(
        "Heads of attention without a sequence",
        """
inputs = mg.Input(shape=(16,), name="token")
outputs = layers.MultiHeadAttention(2, 8, name="look")(inputs, inputs)
""",
        ("look", "token", "(None, 16)"),
        ("shape=(16,)", "shape=(5, 16)"),
    ),
    Case(
        "A merge of one tensor",
        """
inputs = mg.Input(shape=(8,), name="alone")
outputs = layers.Add(name="sum")(inputs)
""",
        ("sum", "list"),
        ('layers.Add(name="sum")(inputs)', 'layers.Add(name="sum")([inputs, inputs])'),
    ),
    Case(
        "Shapes that cannot be broadcast",
        """
inputs = mg.Input(shape=(8,), name="row")
outputs = inputs + np.ones(7, "float32")
""",
        ("add", "row", "(None, 8)", "(7,)"),
        ("np.ones(7", "np.ones(8"),
    ),
    Case(
        "An axis that does not exist",
        """
inputs = mg.Input(shape=(8,), name="row")
outputs = inputs[:, 2, 0]
""",
        ("row", "(None, 8)"),
        ("inputs[:, 2, 0]", "inputs[:, 2]"),
        error=(ValueError, TypeError),
    ),
    Case(
        "Groups that do not divide the channels",
        """
inputs = mg.Input(shape=(8, 8, 6), name="map")
outputs = layers.Conv2D(8, 3, groups=4, name="grouped")(inputs)
""",
        ("grouped", "groups", "4", "6"),
        ("groups=4", "groups=2"),
    ),
]

GRAPH = [
    Case(
        "An output that does not come from the input",
        """
a = mg.Input(shape=(4,), name="used")
b = mg.Input(shape=(4,), name="forgotten")
outputs = layers.add([layers.Dense(4)(a), b], name="sum")
model = mg.Model(a, outputs)
""",
        ("forgotten", "not connected", "sum"),
        ("mg.Model(a, outputs)", "mg.Model([a, b], outputs)"),
        "A model must be able to compute its outputs from its inputs. This output also depends"
        " on a second Input, and nobody would feed it.",
    ),
    Case(
        "Two layers with one name",
        """
inputs = mg.Input(shape=(4,))
x = layers.Dense(4, name="hidden")(inputs)
x = layers.Dense(4, name="hidden")(x)
model = mg.Model(inputs, x)
""",
        ("hidden", "unique"),
        (
            'x = layers.Dense(4, name="hidden")(x)',
            'x = layers.Dense(4, name="hidden_2")(x)',
        ),
        "Names are how you ask a model for a layer, so each may stand for one layer only. To "
        "use one layer twice, make it once and call it twice.",
    ),
    Case(
        "A number where a tensor of the graph belongs",
        """
inputs = mg.Input(shape=(4,))
outputs = layers.Dense(2)(np.ones((1, 4)))
model = mg.Model(inputs, outputs)
""",
        ("outputs", "Tensor", "symbolic"),
        ("np.ones((1, 4))", "inputs"),
        "Called on an array, a layer computes and returns values. Called on an Input, it adds a "
        "node to the graph. A model is made of such nodes.",
        (ValueError, TypeError),
    ),
    Case(
        "The layer itself is given as output",
        """
inputs = mg.Input(shape=(4,))
dense = layers.Dense(2, name="head")
dense(inputs)
model = mg.Model(inputs, dense)
""",
        ("outputs", "head"),
        ("mg.Model(inputs, dense)", "mg.Model(inputs, dense.output)"),
        "A layer is the machine, a tensor is what came out of one call of it. A model joins "
        "tensors.",
        (ValueError, TypeError),
    ),
    Case(
        "A layer was called twice: which output?",
        """
shared = layers.Dense(2, name="shared")
a, b = mg.Input(shape=(4,), name="a"), mg.Input(shape=(4,), name="b")
shared(a), shared(b)
model = mg.Model(a, shared.output)
""",
        ("shared", "get_output_at", "a", "b"),
        ("shared.output", "shared.get_output_at(0)"),
        "Edges belong to calls, not to layers. A layer that was called twice has two outputs, "
        "and the question needs the number of the call.",
        (AttributeError, ValueError),
    ),
    Case(
        "The output of a layer that was never called",
        """
inputs = mg.Input(shape=(4,))
head = layers.Dense(2, name="head")
model = mg.Model(inputs, head.output)
""",
        ("head", "never", "call"),
        ("head.output", "head(inputs)"),
        error=(AttributeError, ValueError),
    ),
    Case(
        "if, on a tensor that has no value yet",
        """
inputs = mg.Input(shape=(4,), name="signal")
total = ops.sum(inputs, axis=1)
outputs = total if total > 0 else -total
""",
        ("where", "value"),
        ("total if total > 0 else -total", "ops.where(total > 0, total, -total)"),
        "While the graph is built there are no values, so Python cannot choose a branch. "
        "ops.where puts both branches into the graph and chooses when the model runs.",
        TypeError,
    ),
    Case(
        "A NumPy function on a tensor that has no value yet",
        """
inputs = mg.Input(shape=(4,), name="signal")
outputs = np.tanh(inputs)
""",
        ("signal", "minigraph.ops"),
        ("np.tanh", "ops.tanh"),
        "NumPy needs values now. The functions of minigraph.ops take symbolic tensors too, and "
        "add themselves to the graph.",
        TypeError,
    ),
    Case(
        "A loop over a tensor that has no value yet",
        """
inputs = mg.Input(shape=(5, 4), name="steps")
outputs = layers.add([step for step in inputs])
""",
        ("steps", "[:, 0]"),
        ("[step for step in inputs]", "[inputs[:, i] for i in range(5)]"),
        error=TypeError,
    ),
    Case(
        "The class instead of a layer",
        """
inputs = mg.Input(shape=(4,), name="x")
outputs = layers.Flatten(inputs)
""",
        ("Flatten(...)(x)",),
        ("layers.Flatten(inputs)", "layers.Flatten()(inputs)"),
        "Two pairs of brackets: the first makes the layer, the second calls it.",
        (ValueError, TypeError),
    ),
    Case(
        "A class in a Sequential model",
        """
model = mg.Sequential([layers.Dense(4), layers.ReLU])
""",
        ("ReLU", "()"),
        ("layers.ReLU]", "layers.ReLU()]"),
        error=(ValueError, TypeError),
    ),
    Case(
        "None among the inputs",
        """
inputs = mg.Input(shape=(4,))
outputs = layers.Dense(2, name="head")(None)
""",
        ("head", "None"),
        ("(None)", "(inputs)"),
        error=(ValueError, TypeError),
    ),
    Case(
        "A layer that the model does not have",
        """
inputs = mg.Input(shape=(4,))
model = mg.Model(inputs, layers.Dense(2, name="predictions")(inputs))
head = model.get_layer("prediction")
""",
        ("prediction", "predictions"),
        ('get_layer("prediction")', 'get_layer("predictions")'),
    ),
]

LAYERS = [
    Case(
        "super().__init__() was forgotten",
        """
class Double(layers.Layer):
    def __init__(self, factor):
        self.factor = factor

    def call(self, x):
        return x * self.factor


outputs = Double(2)(np.ones((1, 4)))
""",
        ("Double", "super().__init__()"),
        ("        self.factor =", "        super().__init__()\n        self.factor ="),
        "The base class keeps the list of weights. Until its __init__ has run there is nowhere "
        "to put one.",
        (RuntimeError, ValueError, TypeError, AttributeError),
    ),
    Case(
        "call returns nothing",
        """
class Double(layers.Layer):
    def call(self, x):
        x * 2


outputs = Double(name="double")(mg.Input(shape=(4,)))
""",
        ("double", "return"),
        ("        x * 2", "        return x * 2"),
        "A function without return returns None, and None cannot be passed on.",
        (ValueError, TypeError),
    ),
    Case(
        "A layer without call",
        """
class Nothing(layers.Layer):
    def compute(self, x):
        return x


outputs = Nothing()(mg.Input(shape=(4,)))
""",
        ("Nothing", "call"),
        ("def compute", "def call"),
        error=(ValueError, TypeError, NotImplementedError),
    ),
    Case(
        "The number of units is a float",
        """
layer = layers.Dense(64 / 2)
layer(np.ones((1, 4)))
""",
        ("units", "32.0", "integer"),
        ("64 / 2", "64 // 2"),
        "In Python / always gives a float; // gives an integer.",
        (ValueError, TypeError),
    ),
    Case(
        "A probability above one",
        """
layer = layers.Dropout(50)
layer(np.ones((1, 4)), training=True)
""",
        ("rate", "50", "0", "1"),
        ("Dropout(50)", "Dropout(0.5)"),
    ),
    Case(
        "A misspelt activation",
        """
layer = layers.Dense(4, activation="rellu")
layer(np.ones((1, 4)))
""",
        ("rellu", "relu"),
        ('"rellu"', '"relu"'),
        "Names are looked up when the layer is made, so the line with the typo is the line that"
        " raises.",
    ),
    Case(
        "A misspelt argument",
        """
layer = layers.Dense(4, activaton="relu")
layer(np.ones((1, 4)))
""",
        ("activaton", "activation", "Dense"),
        ("activaton=", "activation="),
        error=(ValueError, TypeError),
    ),
    Case(
        "Word indices beyond the table",
        """
layer = layers.Embedding(100, 8, name="words")
vectors = layer(np.array([[5, 99, 100]]))
""",
        ("words", "100", "0", "99"),
        ("Embedding(100,", "Embedding(101,"),
        "A table of 100 rows has indices 0 to 99. Some libraries return nonsense here; on a "
        "graphics card the index would wrap around silently.",
        (ValueError, IndexError),
    ),
    Case(
        "Channels in front",
        """
layer = layers.ConvLSTM2D(8, 3, data_format="channels_first")
layer(np.ones((1, 2, 8, 8, 3)))
""",
        ("data_format", "channels_last", "channels_first"),
        (', data_format="channels_first"', ""),
    ),
    Case(
        "An unknown padding",
        """
layer = layers.Conv2D(8, 3, padding="full")
layer(np.ones((1, 8, 8, 3)))
""",
        ("padding", "full", "same", "valid"),
        ('"full"', '"same"'),
    ),
    Case(
        "A causal picture",
        """
layer = layers.Conv2D(8, 3, padding="causal")
layer(np.ones((1, 8, 8, 3)))
""",
        ("padding", "causal", "same", "valid"),
        ("Conv2D(8, 3", "Conv1D(8, 3", "(1, 8, 8, 3)", "(1, 8, 3)"),
    ),
    Case(
        "Strides and dilation at once",
        """
layer = layers.Conv2D(8, 3, strides=2, dilation_rate=2)
layer(np.ones((1, 8, 8, 3)))
""",
        ("strides", "dilation_rate"),
        ("strides=2, ", ""),
    ),
    Case(
        "A state that does not fit the cell",
        """
layer = layers.GRU(8, name="memory")
layer(np.ones((2, 5, 3)), initial_state=np.zeros((2, 4)))
""",
        ("memory", "initial_state", "(2, 4)", "(2, 8)"),
        ("np.zeros((2, 4))", "np.zeros((2, 8))"),
        "The state of a GRU is as wide as its output: one value per unit, for each sample.",
    ),
    Case(
        "A stateful layer without a fixed batch",
        """
inputs = mg.Input(shape=(5, 3))
outputs = layers.LSTM(4, stateful=True, name="diary")(inputs)
""",
        ("diary", "stateful", "batch_shape"),
        ("mg.Input(shape=(5, 3))", "mg.Input(batch_shape=(2, 5, 3))"),
        "To go on where the last batch stopped, the layer keeps one state per sample, so it "
        "must know how many samples there are.",
    ),
    Case(
        "Axes to swap are counted from one",
        """
inputs = mg.Input(shape=(4, 5))
outputs = layers.Permute((0, 1))(inputs)
""",
        ("dims", "1", "(0, 1)"),
        ("(0, 1)", "(2, 1)"),
    ),
    Case(
        "TimeDistributed around a function",
        """
outputs = layers.TimeDistributed(mg.activations.relu)(np.ones((2, 3, 4)))
""",
        ("layer", "relu"),
        ("mg.activations.relu", 'layers.Activation("relu")'),
        error=(ValueError, TypeError),
    ),
    Case(
        "A weight gets a value of another shape",
        """
layer = layers.Dense(2, name="head")
layer.build((None, 3))
layer.set_weights([np.ones((2, 3)), np.zeros(2)])
""",
        ("head", "(2, 3)", "(3, 2)"),
        ("np.ones((2, 3))", "np.ones((3, 2))"),
    ),
    Case(
        "The weights before they exist",
        """
layer = layers.Dense(2, name="head")
print(layer.count_params())
""",
        ("head", "build"),
        ("print(", "layer.build((None, 4))\nprint("),
    ),
]

TRAINING = [
    Case(
        "fit before compile",
        """
model = mg.Sequential([layers.Dense(1)])
model.fit(np.ones((8, 4)), np.ones((8, 1)), verbose=0)
""",
        ("compile",),
        ("model.fit", 'model.compile("sgd", "mse")\nmodel.fit'),
        "The model knows how to compute, but not yet what is good (the loss) or how to "
        "improve (the optimizer). compile says both.",
        (ValueError, RuntimeError),
    ),
    Case(
        "compile without a loss",
        """
model = mg.Sequential([layers.Dense(1)])
model.compile("sgd")
model.fit(np.ones((8, 4)), np.ones((8, 1)), verbose=0)
""",
        ("loss",),
        ('compile("sgd")', 'compile("sgd", "mse")'),
    ),
    Case(
        "More samples than labels",
        """
model = mg.Sequential([layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(np.ones((10, 4)), np.ones((8, 1)), verbose=0)
""",
        ("10", "8", "samples"),
        ("np.ones((8, 1))", "np.ones((10, 1))"),
        "Sample i belongs to label i, so there must be as many of each.",
    ),
    Case(
        "Integer labels with a loss for one-hot labels",
        """
model = mg.Sequential([mg.Input((4,)), layers.Dense(3, activation="softmax", name="classes")])
model.compile("sgd", "categorical_crossentropy")
model.fit(np.ones((6, 4)), np.array([0, 1, 2, 0, 1, 2]), verbose=0)
""",
        ("sparse_categorical_crossentropy", "shape", "target", "3"),
        ('"categorical_crossentropy"', '"sparse_categorical_crossentropy"'),
        "A one-hot label is a vector of zeros with a single one; an integer label is the index of "
        "the class. Each format has its own loss.",
    ),
    Case(
        "A label beyond the last class",
        """
model = mg.Sequential([mg.Input((4,)), layers.Dense(3, activation="softmax")])
model.compile("sgd", "sparse_categorical_crossentropy")
model.fit(np.ones((3, 4)), np.array([1, 2, 3]), verbose=0)
""",
        ("label", "3", "0", "2"),
        ("[1, 2, 3]", "[0, 1, 2]"),
        "Three classes are numbered 0, 1 and 2.",
    ),
    Case(
        "Images of another size than the model's",
        """
model = mg.Sequential([mg.Input((28, 28), name="image"), layers.Flatten(), layers.Dense(10)])
model.compile("sgd", "mse")
model.predict(np.ones((2, 32, 32)), verbose=0)
""",
        ("image", "28", "32"),
        ("(2, 32, 32)", "(2, 28, 28)"),
    ),
    Case(
        "One sample without its batch axis",
        """
model = mg.Sequential([mg.Input((4,), name="row"), layers.Dense(1)])
answer = model(np.ones(4))
""",
        ("row", "(None, 4)", "(4,)", "batch"),
        ("np.ones(4)", "np.ones(4)[None]"),
        "Models take batches, even of one. [None] puts the batch axis in front.",
    ),
    Case(
        "A dictionary with a key too few",
        """
a, b = mg.Input(shape=(2,), name="title"), mg.Input(shape=(2,), name="body")
model = mg.Model([a, b], layers.add([a, b]))
answer = model({"title": np.ones((1, 2))})
""",
        ("body", "title"),
        ('{"title": np.ones((1, 2))}', '{"title": np.ones((1, 2)), "body": np.ones((1, 2))}'),
        error=(ValueError, KeyError),
    ),
    Case(
        "Two losses for three outputs",
        """
inputs = mg.Input(shape=(4,))
outputs = [layers.Dense(1, name=name)(inputs) for name in ("price", "size", "age")]
model = mg.Model(inputs, outputs)
model.compile("sgd", loss=["mse", "mse"])
model.train_on_batch(np.ones((2, 4)), [np.ones((2, 1))] * 3)
""",
        ("loss", "2", "3", "price", "age"),
        ('["mse", "mse"]', '["mse", "mse", None]'),
        "One entry for each output. None leaves an output untrained.",
    ),
    Case(
        "A loss for an output that does not exist",
        """
inputs = mg.Input(shape=(4,))
outputs = [layers.Dense(1, name="price")(inputs), layers.Dense(1, name="size")(inputs)]
model = mg.Model(inputs, outputs)
model.compile("sgd", loss={"price": "mse", "sise": "mse"})
model.train_on_batch(np.ones((2, 4)), [np.ones((2, 1))] * 2)
""",
        ("sise", "size", "loss"),
        ('"sise"', '"size"'),
    ),
    Case(
        "Class weights that forget a class",
        """
model = mg.Sequential([mg.Input((4,)), layers.Dense(3, activation="softmax")])
model.compile("sgd", "sparse_categorical_crossentropy")
model.fit(np.ones((3, 4)), np.array([0, 1, 2]), class_weight={0: 1.0, 1: 5.0}, verbose=0)
""",
        ("class_weight", "2"),
        ("1: 5.0}", "1: 5.0, 2: 1.0}"),
    ),
    Case(
        "A learning rate below zero",
        """
optimizer = mg.optimizers.Adam(-0.001)
""",
        ("learning_rate", "-0.001"),
        ("-0.001", "0.001"),
    ),
    Case(
        "A generator that validates one epoch only",
        """
def batches():
    for _ in range(5):
        yield np.ones((4, 3)), np.ones((4, 1))


x, y = np.ones((8, 3)), np.ones((8, 1))
model = mg.Sequential([layers.Dense(1)])
model.compile("sgd", "mse")
history = model.fit(x, y, epochs=2, validation_data=batches(), verbose=0)
""",
        ("validation_data", "generator", "only once", "2 epochs"),
        ("validation_data=batches()", "validation_data=list(batches())[0]"),
        "A generator can be run through only once, and each of the two epochs needs its batches. "
        "Arrays, or a PyDataset, start from the beginning each time.",
    ),
    Case(
        "Words instead of numbers",
        """
model = mg.Sequential([layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(np.array([["a", "b"], ["c", "d"]]), np.ones((2, 1)), verbose=0)
""",
        ("Text", "number"),
        ('[["a", "b"], ["c", "d"]]', "[[1.0, 2.0], [3.0, 4.0]]"),
        error=(ValueError, TypeError),
    ),
    Case(
        "Early stopping watches what nobody measures",
        """
model = mg.Sequential([layers.Dense(1)])
model.compile("sgd", "mse")
stop = mg.callbacks.EarlyStopping(monitor="val_loss")
model.fit(np.ones((8, 4)), np.ones((8, 1)), callbacks=[stop], verbose=0)
""",
        ("EarlyStopping", "val_loss", "validation"),
        ("callbacks=[stop]", "validation_split=0.25, callbacks=[stop]"),
        "val_loss exists only when some data is held back for validation.",
    ),
    Case(
        "The class of a callback",
        """
model = mg.Sequential([layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(np.ones((8, 4)), np.ones((8, 1)), callbacks=[mg.callbacks.TerminateOnNaN], verbose=0)
""",
        ("TerminateOnNaN", "write TerminateOnNaN(...)"),
        ("TerminateOnNaN]", "TerminateOnNaN()]"),
        error=(ValueError, TypeError),
    ),
    Case(
        "A gradient of something that is not a scalar",
        """
layer = layers.Dense(2)
with mg.Tape() as tape:
    y = layer(np.ones((3, 4)))
gradients = tape.gradient(y, layer.trainable_weights)
""",
        ("(3, 2)", "sum"),
        ("y = layer(np.ones((3, 4)))", "y = ops.sum(layer(np.ones((3, 4))))"),
        "A gradient says how one number changes. Six numbers change in six ways: take their sum or "
        "their mean first.",
    ),
    Case(
        "Labels for a loss of probabilities get logits",
        """
model = mg.Sequential([mg.Input((4,)), layers.Dense(2)])
model.compile("sgd", "binary_crossentropy", metrics=["accurcy"])
model.fit(np.ones((3, 4)), np.ones((3, 2)), verbose=0)
""",
        ("accurcy", "accuracy"),
        ('"accurcy"', '"accuracy"'),
    ),
]

FILES = [
    Case(
        "A Lambda layer goes into a file",
        """
import os
import tempfile

inputs = mg.Input(shape=(4,))
model = mg.Model(inputs, layers.Lambda(lambda x: x * 2, name="twice")(inputs))
model.save(os.path.join(tempfile.mkdtemp(), "model.safetensors"))
""",
        ("twice", "Lambda", "saved", "register_keras_serializable"),
        ('layers.Lambda(lambda x: x * 2, name="twice")(inputs)', "inputs * 2"),
        "A file holds data, not code: that is what makes it safe to open a stranger's model. Use"
        " ops, which have names, or write a layer.",
        (ValueError, TypeError),
    ),
    Case(
        "A config needs a custom class",
        """
class Swap(layers.Layer):
    def call(self, x):
        return x[:, ::-1]


inputs = mg.Input(shape=(4,))
text = mg.Model(inputs, Swap()(inputs)).to_json()
model = mg.models.model_from_json(text)
""",
        ("Swap", "custom_objects"),
        ("model_from_json(text)", 'model_from_json(text, custom_objects={"Swap": Swap})'),
        "A name in a file never makes Python import anything. You say which class is meant.",
        (ValueError, TypeError),
    ),
    Case(
        "A layer that cannot be serialized",
        """
class Scale(layers.Layer):
    def __init__(self, factor, **options):
        super().__init__(**options)
        self.times = factor

    def call(self, x):
        return x * self.times


inputs = mg.Input(shape=(4,))
config = mg.Model(inputs, Scale(3, name="triple")(inputs)).get_config()
""",
        ("triple", "factor", "self.factor"),
        ("self.times", "self.factor"),
        "The config of a layer holds the arguments of its constructor. Keep each under its own "
        "name, and there is nothing more to write.",
        (ValueError, TypeError, NotImplementedError),
    ),
    Case(
        "Weights of another architecture",
        """
import os
import tempfile

path = os.path.join(tempfile.mkdtemp(), "weights.safetensors")
mg.Sequential([mg.Input((4,)), layers.Dense(3)]).save_weights(path)
model = mg.Sequential([mg.Input((4,)), layers.Dense(2, name="head")])
model.load_weights(path)
""",
        ("head", "(4, 3)", "(4, 2)"),
        ("layers.Dense(2,", "layers.Dense(3,"),
    ),
    Case(
        "A file that is not there",
        """
model = mg.models.load_model("no_such_folder/model.safetensors")
""",
        ("no_such_folder/model.safetensors",),
        error=(OSError, ValueError),
    ),
]

CASES = SHAPES + GRAPH + LAYERS + TRAINING + FILES
