"""What is computed twice: once with Keras, to be kept, and once with minigraph, to be compared.

A case is a name and a function of the library, `build(keras)`. Inputs, weights and cotangents (the
random weights of the outputs, whose weighted sum is differentiated) are drawn from generators that
are seeded with the name. So neither side stores any of them, and both have the same.
"""

import zlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

STEPS = 20  # of an optimizer
UPDATES = 3  # of a metric
CASES = {}  # group/name -> Case


class Case(NamedTuple):
    """`build(keras)` makes what is called with `inputs` and `keywords`.

    It may also make a pair: the layer whose weights count, and the function that is called. The
    layer keeps its own weights if `own_weights`. Without `gradients` only the outputs count.
    """

    build: Callable
    inputs: tuple
    keywords: dict
    own_weights: bool
    gradients: bool


class Draw(NamedTuple):
    """An array to be drawn: `rule(random, shape)`, and whether it gets a gradient."""

    rule: Callable
    shape: tuple
    differentiable: bool


def add(name, build, *inputs, own_weights=False, gradients=True, **keywords):
    """Write a case into the table."""
    assert name not in CASES, name
    CASES[name] = Case(build, inputs, keywords, own_weights, gradients)


def x(*shape):
    """Numbers around 0."""
    return Draw(lambda random, shape: random.normal(size=shape), shape, True)


def p(*shape):
    """Probabilities, away from 0 and 1."""
    return Draw(lambda random, shape: random.uniform(0.05, 0.95, shape), shape, True)


def weight(*shape):
    """Sample weights."""
    return Draw(lambda random, shape: random.uniform(0.5, 2, shape), shape, False)


def target(*shape):
    """Targets around 0."""
    return Draw(lambda random, shape: random.normal(size=shape), shape, False)


def share(*shape):
    """Targets between 0 and 1."""
    return Draw(lambda random, shape: random.uniform(0.05, 0.95, shape), shape, False)


def label(classes, *shape):
    """Whole numbers below `classes`."""
    return Draw(lambda random, shape: random.integers(0, classes, shape), shape, False)


def one_hot(classes, *shape):
    """Rows with a single 1."""
    return Draw(
        lambda random, shape: np.eye(classes)[random.integers(0, classes, shape)], shape, False
    )


def generator(name, purpose):
    """The same random numbers for each case and purpose, on every machine."""
    return np.random.default_rng([zlib.crc32(name.encode()), zlib.crc32(purpose.encode())])


def draw(structure, random):
    """The structure with an array in place of each `Draw`: float32, or int32 for whole numbers."""
    if isinstance(structure, Draw):
        array = np.asarray(structure.rule(random, structure.shape))
        return array.astype("int32" if array.dtype.kind == "i" else "float32")
    if isinstance(structure, (list, tuple)):
        return type(structure)(draw(part, random) for part in structure)
    if isinstance(structure, dict):
        return {key: draw(part, random) for key, part in structure.items()}
    return structure


def flatten(structure):
    """The leaves of nested lists, tuples and dicts, from left to right."""
    if isinstance(structure, dict):
        structure = list(structure.values())
    if isinstance(structure, (list, tuple)) and not isinstance(structure, Draw):
        return [leaf for part in structure for leaf in flatten(part)]
    return [structure]


def fill(structure, wanted, values):
    """The structure with the next of `values` wherever `wanted`, of the same form, has a gradient.

    `values` is an iterator.
    """
    if isinstance(wanted, Draw):
        return next(values) if wanted.differentiable else structure
    if isinstance(wanted, (list, tuple)):
        return [fill(s, w, values) for s, w in zip(structure, wanted, strict=True)]
    if isinstance(wanted, dict):
        return {key: fill(structure[key], part, values) for key, part in wanted.items()}
    return structure


# ---------------------------------------------------------------------------------------------
# Running a case. `differentiate(function, arrays, layer, cotangents)` is the only thing that the
# two libraries do in different ways.


def run(name, keras, differentiate):
    """All numbers of a case: a dict of names and arrays."""
    case = CASES[name]
    group = name.split("/")[0]
    special = {"metrics": run_metric, "optimizers": run_optimizer, "schedules": run_schedule}
    if group == "fits":
        return run_fit(name, case, keras)
    if group in special:
        return special[group](name, case.build(keras), case, keras)
    return run_function(name, case, keras, differentiate)


def run_function(name, case, keras, differentiate):
    """Outputs, gradients of inputs and trainable weights, other weights after the call."""
    made = case.build(keras)
    layer, function = made if isinstance(made, tuple) else (made, made)
    wanted = [list(case.inputs), case.keywords]
    given = draw(wanted, generator(name, "inputs"))
    pairs = zip(flatten(given), flatten(wanted), strict=True)
    arrays = [a for a, w in pairs if isinstance(w, Draw) and w.differentiable]

    def call(values):
        inputs, keywords = fill(given, wanted, iter(values))
        return flatten(function(*[alike(part, keras) for part in inputs], **keywords))

    random = generator(name, "cotangents")
    outputs = call(arrays)  # makes the weights
    cotangents = [np.asarray(random.normal(size=y.shape), "float32") for y in outputs]
    layer = layer if hasattr(layer, "weights") else None
    if layer is not None and not case.own_weights:
        layer.set_weights(draw_weights(name, layer))
    parts = differentiate(call, arrays, layer, cotangents)
    names = ("output", "input_gradient", "weight_gradient", "state")
    if case.own_weights:
        parts = parts[:2]
    if not case.gradients:
        parts = parts[:1]
    return {
        f"{part}_{i}": np.asarray(array)
        for part, arrays in zip(names, parts, strict=False)
        for i, array in enumerate(arrays)
    }


def alike(part, keras):
    """A list of arrays as tensors, since Keras does not take both in one list."""
    if isinstance(part, list) and all(hasattr(leaf, "shape") for leaf in part):
        return [keras.ops.convert_to_tensor(leaf) for leaf in part]
    return part


def draw_weights(name, layer):
    """Weights for a layer: numbers around 0, but positive variances."""
    random = generator(name, "weights")
    arrays = []
    for variable in layer.weights:
        array = random.normal(size=variable.shape) * 0.5
        array = np.abs(array) + 0.5 if "variance" in variable.name else array
        arrays.append(np.asarray(array, "float32"))
    return arrays


def run_metric(name, metric, case, keras):
    """The result after each update."""
    random = generator(name, "inputs")
    results = {}
    for i in range(UPDATES):
        metric.update_state(*draw(case.inputs, random), **draw(case.keywords, random))
        results[f"result_{i}"] = np.asarray(metric.result())
    metric.reset_state()
    metric.update_state(*draw(case.inputs, random), **draw(case.keywords, random))
    results["after_reset"] = np.asarray(metric.result())
    return results


def run_optimizer(name, optimizer, case, keras):
    """Two variables after some of the steps, moved by random gradients of changing length."""
    random = generator(name, "inputs")
    starts = [random.normal(size=shape).astype("float32") for shape in ((3, 2), (4,))]
    dtype = keras.config.floatx()
    variables = [keras.Variable(start, dtype=dtype) for start in starts]
    results = {}
    for step in range(1, STEPS + 1):
        gradients = [
            np.asarray(random.normal(size=v.shape) * random.choice([0.1, 1, 3]), "float32")
            for v in variables
        ]
        optimizer.apply([g.astype(dtype) for g in gradients], variables)
        if step in (1, 2, STEPS):
            for i, variable in enumerate(variables):
                results[f"step_{step}_{i}"] = np.asarray(variable.numpy())
    return results


def run_schedule(name, schedule, case, keras):
    """The learning rates of 30 steps."""
    return {"rates": np.array([float(schedule(step)) for step in range(30)])}


def run_fit(name, case, keras):
    """The history of a small `fit`, what the trained model predicts, and its weights."""
    model = case.build(keras)
    model.set_weights(draw_weights(name, model))
    random = generator(name, "inputs")
    inputs, targets, weights = draw([x(40, 5), one_hot(3, 40), weight(40)], random)
    history = model.fit(
        inputs, targets, batch_size=12, epochs=4, verbose=0, shuffle=False,
        sample_weight=weights, validation_data=(inputs[:9], targets[:9]),
    ).history  # fmt: skip
    results = {key: np.array(values) for key, values in history.items()}
    results["predicted"] = np.asarray(model.predict(inputs[:4], verbose=0))
    return results | {f"weight_{i}": w for i, w in enumerate(model.get_weights())}


# ---------------------------------------------------------------------------------------------
# Layers: dense, convolution, pooling

# A step that is masked before the first real one: 0 here and in Keras on TensorFlow, the initial
# state in Keras on JAX. So masks that meet an initial state leave the ends alone.
INNER_MASK = np.array([[1, 0, 1, 0, 1], [1, 1, 0, 0, 1], [1, 1, 1, 1, 1]], bool)
MASK = np.array([[1, 1, 1, 0, 0], [0, 1, 0, 1, 1], [1, 1, 1, 1, 1]], bool)  # (batch 3, time 5)
STARTS_MASKED = np.array([[0, 0, 1, 1, 1], [0, 1, 1, 0, 1], [1, 0, 0, 0, 0]], bool)


def layer(name, cls, *inputs, settings=None, **call):
    """A case that is one layer of `keras.layers`."""
    add(
        f"layers/{name}",
        lambda keras: getattr(keras.layers, cls)(**(settings or {})),
        *inputs,
        **call,
    )


layer("dense", "Dense", x(3, 4), settings={"units": 5})
layer("dense_relu_rank3", "Dense", x(2, 3, 4), settings={"units": 5, "activation": "relu"})
layer("dense_softmax", "Dense", x(3, 4), settings={"units": 5, "activation": "softmax"})
layer("dense_no_bias", "Dense", x(3, 4), settings={"units": 2, "use_bias": False})

CONVOLUTIONS = {
    "valid": {},
    "same": {"padding": "same"},
    "strides": {"strides": 2},
    "strides_same": {"strides": 2, "padding": "same"},
    "dilation": {"dilation_rate": 2},
    "dilation_same": {"dilation_rate": 2, "padding": "same"},
    "groups": {"groups": 2, "padding": "same"},
    "relu_no_bias": {"activation": "relu", "use_bias": False},
    "tanh_even_kernel": {"kernel_size": 2, "padding": "same", "activation": "tanh"},
}
IMAGES = {1: (2, 9, 4), 2: (2, 7, 6, 4), 3: (1, 6, 5, 5, 2)}
for rank, shape in IMAGES.items():
    for kind, settings in CONVOLUTIONS.items():
        if rank == 3 and kind not in ("valid", "strides_same", "groups"):
            continue
        settings = {"filters": 4, "kernel_size": 3} | settings
        layer(f"conv{rank}d_{kind}", f"Conv{rank}D", x(*shape), settings=settings)
layer(
    "conv1d_causal",
    "Conv1D",
    x(2, 8, 3),
    settings={"filters": 4, "kernel_size": 3, "padding": "causal", "dilation_rate": 2},
)
layer(
    "conv1d_causal_strides",
    "Conv1D",
    x(2, 8, 3),
    settings={"filters": 4, "kernel_size": 4, "padding": "causal", "strides": 3},
)
layer(
    "conv2d_oblong",
    "Conv2D",
    x(2, 8, 9, 3),
    settings={"filters": 2, "kernel_size": (2, 4), "strides": (1, 3), "padding": "same"},
)
layer(
    "conv2d_oblong_dilation",
    "Conv2D",
    x(2, 8, 9, 3),
    settings={"filters": 2, "kernel_size": (3, 2), "dilation_rate": (1, 3)},
)
layer(
    "conv2d_1x1_strides",
    "Conv2D",
    x(2, 5, 6, 3),
    settings={"filters": 2, "kernel_size": 1, "strides": 2},
)

SEPARABLE = {
    "valid": {},
    "same": {"padding": "same", "use_bias": False},
    "strides_same": {"strides": 2, "padding": "same"},
    "dilation": {"dilation_rate": 2, "activation": "relu"},
    "multiplier": {"depth_multiplier": 3, "activation": "tanh"},
}
for rank in (1, 2):
    for kind, settings in SEPARABLE.items():
        settings = {"kernel_size": 3} | settings
        layer(f"depthwise_conv{rank}d_{kind}", f"DepthwiseConv{rank}D", x(*IMAGES[rank]),
              settings=settings)  # fmt: skip
        layer(f"separable_conv{rank}d_{kind}", f"SeparableConv{rank}D", x(*IMAGES[rank]),
              settings={"filters": 5} | settings)  # fmt: skip

TRANSPOSED = {
    "valid": {},
    "same": {"padding": "same"},
    "strides": {"strides": 2},
    "strides_same": {"strides": 2, "padding": "same"},
    "wide_strides": {"strides": 4, "padding": "same", "kernel_size": 2},
    "output_padding": {"strides": 3, "output_padding": 1},
    "output_padding_same": {"strides": 2, "padding": "same", "output_padding": 1},
    "relu_no_bias": {"activation": "relu", "use_bias": False, "strides": 2},
    "dilation": {"dilation_rate": 2},
}
SMALL_IMAGES = {1: (2, 5, 3), 2: (2, 4, 3, 2), 3: (1, 3, 2, 3, 2)}
for rank, shape in SMALL_IMAGES.items():
    for kind, settings in TRANSPOSED.items():
        if rank != 2 and kind not in ("valid", "strides_same", "output_padding"):
            continue
        settings = {"filters": 2, "kernel_size": 3} | settings
        name = f"conv{rank}d_transpose_{kind}"
        layer(name, f"Conv{rank}DTranspose", x(*shape), settings=settings)

POOLINGS = {
    "valid": {"pool_size": 2},
    "same": {"pool_size": 2, "padding": "same"},
    "overlap": {"pool_size": 3, "strides": 2},
    "overlap_same": {"pool_size": 3, "strides": 2, "padding": "same"},
    "gaps": {"pool_size": 2, "strides": 3},
}
POOLED = {1: (2, 7, 2), 2: (2, 7, 5, 2), 3: (1, 5, 4, 5, 2)}
for rank, shape in POOLED.items():
    for sort in ("Max", "Average"):
        for kind, settings in POOLINGS.items():
            if rank != 2 and kind not in ("valid", "overlap_same"):
                continue
            name = f"{sort.lower()}_pooling{rank}d_{kind}"
            layer(name, f"{sort}Pooling{rank}D", x(*shape), settings=settings)
        name = f"global_{sort.lower()}_pooling{rank}d"
        layer(name, f"Global{sort}Pooling{rank}D", x(*shape))
layer("global_max_pooling2d_kept", "GlobalMaxPooling2D", x(2, 3, 4, 2), settings={"keepdims": True})
layer("max_pooling2d_oblong", "MaxPooling2D", x(2, 6, 7, 2), settings={"pool_size": (3, 2)})
layer("global_average_pooling1d_mask", "GlobalAveragePooling1D", x(3, 5, 2), mask=MASK)

# ---------------------------------------------------------------------------------------------
# Layers: shapes, merging, activations, preparation

EDGES = {
    1: [1, (1, 2)],
    2: [1, (2, 1), ((1, 0), (2, 1))],
    3: [1, (1, 0, 1), ((1, 0), (0, 1), (1, 1))],
}
for rank, choices in EDGES.items():
    for i, edges in enumerate(choices):
        for cls, argument in (("ZeroPadding", "padding"), ("Cropping", "cropping")):
            name = f"{argument}{rank}d_{i}"
            layer(name, f"{cls}{rank}D", x(2, *(5, 4, 4)[:rank], 2), settings={argument: edges})
    layer(f"up_sampling{rank}d", f"UpSampling{rank}D", x(2, *(3, 2, 2)[:rank], 2))
layer("up_sampling1d_3", "UpSampling1D", x(2, 3, 2), settings={"size": 3})
layer("up_sampling2d_oblong", "UpSampling2D", x(2, 2, 3, 2), settings={"size": (3, 2)})
layer("up_sampling3d_oblong", "UpSampling3D", x(1, 2, 3, 2, 2), settings={"size": (1, 3, 2)})
for size in (2, (3, 2), (1, 4)):
    name = f"up_sampling2d_bilinear_{str(size).strip('()').replace(', ', 'x')}"
    layer(
        name,
        "UpSampling2D",
        x(2, 3, 4, 2),
        settings={"size": size, "interpolation": "bilinear"},
    )

layer("reshape", "Reshape", x(2, 6, 4), settings={"target_shape": (3, -1, 2)})
layer("flatten", "Flatten", x(2, 3, 2, 2))
layer("permute", "Permute", x(2, 3, 4, 2), settings={"dims": (3, 1, 2)})
layer("repeat_vector", "RepeatVector", x(2, 3), settings={"n": 4})
layer("identity", "Identity", x(2, 3))
add("layers/lambda", lambda keras: keras.layers.Lambda(lambda x: x * x + 1), x(2, 3))
add("layers/activation", lambda keras: keras.layers.Activation("gelu"), x(3, 4))

for cls in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"):
    layer(cls.lower(), cls, [x(2, 3, 4), x(2, 3, 4)])
    if cls not in ("Subtract", "Concatenate"):
        layer(f"{cls.lower()}_broadcast", cls, [x(2, 3, 4), x(2, 1, 4), x(2, 3, 1)])
        layer(f"{cls.lower()}_ranks", cls, [x(2, 3, 4), x(2, 4)])
    function = cls.lower()
    add(
        f"layers/{function}_function",
        lambda keras, name=function: getattr(keras.layers, name),
        [x(2, 3), x(2, 3)],
    )
layer("concatenate_axis", "Concatenate", [x(2, 3, 4), x(2, 1, 4)], settings={"axis": 1})
layer("dot_vectors", "Dot", [x(3, 4), x(3, 4)], settings={"axes": 1})
layer("dot_normalized", "Dot", [x(3, 4), x(3, 4)], settings={"axes": -1, "normalize": True})
layer("dot_matrices", "Dot", [x(2, 3, 4), x(2, 5, 3)], settings={"axes": (1, 2)})
layer("dot_matrix_vector", "Dot", [x(2, 3, 4), x(2, 4)], settings={"axes": (2, 1)})
add("layers/dot_function", lambda keras: keras.layers.dot, [x(3, 4), x(3, 4)], axes=1)

layer("relu", "ReLU", x(3, 4))
layer(
    "relu_all", "ReLU", x(4, 6), settings={"max_value": 1, "negative_slope": 0.2, "threshold": 0.3}
)
layer("leaky_relu", "LeakyReLU", x(3, 4))
layer("elu", "ELU", x(3, 4), settings={"alpha": 0.7})
layer("softmax", "Softmax", x(3, 4))
layer("softmax_axis", "Softmax", x(2, 3, 4), settings={"axis": 1})
layer("prelu", "PReLU", x(2, 3, 4))
layer("prelu_shared", "PReLU", x(2, 3, 4), settings={"shared_axes": [1]})

layer("rescaling", "Rescaling", x(2, 3), settings={"scale": 1 / 3, "offset": -0.5})
layer("rescaling_lists", "Rescaling", x(2, 3), settings={"scale": [1, 2, 3], "offset": [0, 1, -1]})
SAMPLE = generator("normalization", "data").normal(2, 3, (20, 4, 3)).astype("float32")


def adapted(**settings):
    """A `build` of a Normalization that has seen the sample."""

    def build(keras):
        layer = keras.layers.Normalization(**settings)
        layer.adapt(SAMPLE)
        return layer

    return build


add("layers/normalization_adapt", adapted(), x(2, 4, 3), own_weights=True)
add("layers/normalization_axes", adapted(axis=(1, 2)), x(2, 4, 3), own_weights=True)
add("layers/normalization_all", adapted(axis=None), x(2, 4, 3), own_weights=True)
add("layers/normalization_invert", adapted(invert=True), x(2, 4, 3), own_weights=True)
layer(
    "normalization_given",
    "Normalization",
    x(2, 3),
    settings={"mean": [1.0, 2.0, 3.0], "variance": [4.0, 0.5, 2.0]},
)
# Drawing is left to each library; what is fixed is that nothing happens outside training.
layer("dropout_inference", "Dropout", x(2, 3), settings={"rate": 0.5})
layer("dropout_nothing", "Dropout", x(2, 3), settings={"rate": 0.0}, training=True)
layer("gaussian_noise_inference", "GaussianNoise", x(2, 3), settings={"stddev": 0.5})
for rank in (1, 2, 3):
    name = f"spatial_dropout{rank}d_inference"
    layer(name, f"SpatialDropout{rank}D", x(2, *(3, 2, 2)[:rank], 2), settings={"rate": 0.5})


def prices(keras):
    """A layer together with the price that it puts on its outputs."""
    layer = keras.layers.ActivityRegularization(l1=0.3, l2=0.2)

    def function(inputs):
        outputs = layer(inputs)
        return [outputs, *layer.losses]

    return layer, function


add("layers/activity_regularization", prices, x(3, 4))


def weight_prices(keras):
    """A layer together with the price of its weights."""
    layer = keras.layers.Dense(3, kernel_regularizer="l2", bias_regularizer=keras.regularizers.L1())

    def function(inputs):
        outputs = layer(inputs)
        return [outputs, *layer.losses]

    return layer, function


add("layers/dense_regularized", weight_prices, x(3, 4))

# ---------------------------------------------------------------------------------------------
# Layers: normalisation, attention

layer("batch_normalization_inference", "BatchNormalization", x(4, 3))
layer("batch_normalization_training", "BatchNormalization", x(6, 3), training=True)
layer(
    "batch_normalization_settings",
    "BatchNormalization",
    x(3, 4, 2, 3),
    settings={"momentum": 0.7, "epsilon": 0.1, "axis": 1},
    training=True,
)
layer(
    "batch_normalization_bare",
    "BatchNormalization",
    x(3, 4, 3),
    settings={"center": False, "scale": False},
    training=True,
)
layer("batch_normalization_mask", "BatchNormalization", x(3, 5, 2), training=True, mask=MASK)
layer(
    "batch_normalization_frozen",
    "BatchNormalization",
    x(4, 3),
    settings={"trainable": False},
    training=True,
)
layer("layer_normalization", "LayerNormalization", x(3, 5))
layer("layer_normalization_axes", "LayerNormalization", x(3, 2, 4), settings={"axis": (1, 2)})
layer("layer_normalization_axis1", "LayerNormalization", x(3, 4, 2), settings={"axis": 1})
layer(
    "layer_normalization_bare",
    "LayerNormalization",
    x(3, 5),
    settings={"center": False, "scale": False, "epsilon": 0.1},
)

HEADS = {"num_heads": 2, "key_dim": 3}
SEEN = np.array([[[1, 0, 1, 1], [1, 1, 0, 0], [0, 0, 0, 1]]] * 2, bool)
EARLY = np.array([[1, 1, 0, 0], [1, 0, 1, 1]], bool)
layer("attention", "MultiHeadAttention", x(2, 3, 4), x(2, 4, 5), settings=HEADS)
layer(
    "attention_key_sizes",
    "MultiHeadAttention",
    x(2, 3, 4),
    x(2, 4, 5),
    x(2, 4, 3),
    settings=HEADS | {"value_dim": 2, "output_shape": 6, "use_bias": False},
    return_attention_scores=True,  # without them, Keras fails on JAX if value_dim is not key_dim
)
layer(
    "attention_causal_scores",
    "MultiHeadAttention",
    x(2, 4, 4),
    x(2, 4, 4),
    settings=HEADS,
    use_causal_mask=True,
    return_attention_scores=True,
)
layer(
    "attention_mask",
    "MultiHeadAttention",
    x(2, 3, 4),
    x(2, 4, 4),
    settings=HEADS,
    attention_mask=SEEN,
)
layer(
    "attention_value_mask",
    "MultiHeadAttention",
    x(2, 3, 4),
    x(2, 4, 4),
    settings=HEADS,
    value_mask=EARLY,
    return_attention_scores=True,
)
layer(
    "attention_three_masks",
    "MultiHeadAttention",
    x(2, 4, 4),
    x(2, 4, 4),
    settings=HEADS,
    value_mask=EARLY,
    key_mask=EARLY[::-1],  # each step sees at least the first: of none, no result is right
    use_causal_mask=True,
)

# ---------------------------------------------------------------------------------------------
# Layers: sequences

WORDS = np.array([[1, 4, 2, 0, 0], [3, 3, 0, 1, 0], [2, 2, 2, 2, 1]])
layer("embedding", "Embedding", label(5, 3, 4), settings={"input_dim": 5, "output_dim": 3})

RECURRENT = {"SimpleRNN": 1, "LSTM": 2, "GRU": 1}  # the number of states
VARIANTS = {
    "last": {},
    "sequences": {"return_sequences": True},
    "states": {"return_state": True},
    "both": {"return_state": True, "return_sequences": True},
    "backwards": {"return_state": True, "return_sequences": True, "go_backwards": True},
    "plain": {"use_bias": False, "activation": "relu", "unroll": True},
}
MASKED = {
    "mask": {"return_sequences": True},
    "mask_last": {},
    "mask_states": {"return_state": True},
    "mask_zero_output": {"return_sequences": True, "zero_output_for_mask": True},
    "mask_backwards": {"return_sequences": True, "go_backwards": True, "return_state": True},
}
for cls, states in RECURRENT.items():
    start = cls.lower()
    for kind, settings in VARIANTS.items():
        layer(f"{start}_{kind}", cls, x(3, 5, 2), settings={"units": 3} | settings)
    for kind, settings in MASKED.items():
        for which, mask in (("", MASK), ("_start", STARTS_MASKED)):
            if which and kind not in ("mask", "mask_zero_output"):
                continue
            name = f"{start}_{kind}{which}"
            layer(name, cls, x(3, 5, 2), settings={"units": 3} | settings, mask=mask)
    layer(
        f"{start}_initial_state",
        cls,
        x(3, 4, 2),
        settings={"units": 3, "return_sequences": True},
        initial_state=[x(3, 3)] * states,
    )
    if cls != "SimpleRNN":
        layer(
            f"{start}_recurrent_activation",
            cls,
            x(3, 4, 2),
            settings={"units": 3, "recurrent_activation": "hard_sigmoid", "activation": "softsign"},
        )
    for mode in ("concat", "sum", "mul", "ave", None) if cls == "GRU" else ("concat",):
        add(
            f"layers/bidirectional_{start}_{mode}",
            lambda keras, cls=cls, mode=mode: keras.layers.Bidirectional(
                getattr(keras.layers, cls)(2, return_sequences=True), merge_mode=mode
            ),
            x(3, 5, 2),
        )
    add(
        f"layers/bidirectional_{start}_states_mask",
        lambda keras, cls=cls: keras.layers.Bidirectional(
            getattr(keras.layers, cls)(2, return_state=True, return_sequences=True)
        ),
        x(3, 5, 2),
        mask=INNER_MASK,
        initial_state=[x(3, 2)] * (2 * states),
    )
    add(
        f"layers/bidirectional_{start}_last_mask",
        lambda keras, cls=cls: keras.layers.Bidirectional(getattr(keras.layers, cls)(2)),
        x(3, 5, 2),
        mask=STARTS_MASKED,
    )
    add(
        f"layers/rnn_{start}_cell",
        lambda keras, cls=cls: keras.layers.RNN(
            getattr(keras.layers, f"{cls}Cell")(3), return_sequences=True, return_state=True
        ),
        x(3, 5, 2),
        mask=MASK,
    )
add(
    "layers/bidirectional_two_layers",
    lambda keras: keras.layers.Bidirectional(
        keras.layers.LSTM(2), backward_layer=keras.layers.GRU(3, go_backwards=True)
    ),
    x(3, 5, 2),
)
for kind, settings in (VARIANTS | MASKED).items():
    if kind not in ("both", "plain", "mask", "mask_backwards"):
        continue
    layer(
        f"gru_reset_before_{kind}",
        "GRU",
        x(3, 5, 2),
        settings={"units": 3, "reset_after": False} | settings,
        **({"mask": MASK} if kind in MASKED else {}),
    )


def stacked(keras):
    """Three cells, one upon the other."""
    cells = [keras.layers.LSTMCell(2), keras.layers.GRUCell(3), keras.layers.SimpleRNNCell(2)]
    return keras.layers.RNN(cells, return_sequences=True, return_state=True)


add("layers/stacked_cells", stacked, x(3, 4, 2))
add("layers/stacked_cells_mask", stacked, x(3, 5, 2), mask=MASK)
add(
    "layers/stacked_cells_class",
    lambda keras: keras.layers.RNN(
        keras.layers.StackedRNNCells([keras.layers.GRUCell(2), keras.layers.GRUCell(3)])
    ),
    x(3, 4, 2),
)


def stateful(keras):
    """Two batches; the second goes on where the first ended."""
    layer = keras.layers.GRU(2, stateful=True, return_sequences=True)

    def function(first, second):
        layer.reset_state()
        return [layer(first), layer(second)]

    return layer, function


# No gradients: here they stop between two batches, and Keras lets them through in this harness.
add("layers/gru_stateful", stateful, x(2, 3, 2), x(2, 4, 2), gradients=False)

MAPS = x(2, 4, 5, 4, 2)
CONV_LSTM = {
    "last": {},
    "same": {"padding": "same", "return_sequences": True, "return_state": True},
    "strides": {"strides": 2, "padding": "same", "go_backwards": True},
    "dilation": {"dilation_rate": (2, 1), "kernel_size": (2, 3)},
    "plain": {"use_bias": False, "activation": "relu"},
}
for kind, settings in CONV_LSTM.items():
    settings = {"filters": 2, "kernel_size": 2} | settings
    layer(f"conv_lstm2d_{kind}", "ConvLSTM2D", MAPS, settings=settings)
# No case with a mask: Keras 3.15 on JAX lays the mask of a map along the wrong axes.
add(
    "layers/time_distributed_dense",
    lambda keras: keras.layers.TimeDistributed(keras.layers.Dense(3, activation="tanh")),
    x(2, 4, 3),
)
add(
    "layers/time_distributed_conv",
    lambda keras: keras.layers.TimeDistributed(keras.layers.Conv2D(2, 2)),
    x(2, 3, 4, 4, 1),
)


# ---------------------------------------------------------------------------------------------
# Masks that travel from layer to layer, and small graphs


def graph(shape, *layers_of, dtype=None):
    """A `build` of a chain of layers."""

    def build(keras):
        inputs = keras.Input(shape=shape, dtype=dtype)
        y = inputs
        for make in layers_of:
            y = make(keras.layers)(y)
        return keras.Model(inputs, y)

    return build


HOLES = Draw(
    lambda random, shape: random.normal(size=shape) * STARTS_MASKED[..., None], (3, 5, 2), True
)
WORD_DRAW = Draw(lambda random, shape: WORDS, (3, 5), False)
TRAVELS = {
    "masking_lstm": [lambda k: k.LSTM(3, return_sequences=True), lambda k: k.GRU(2)],
    "masking_activation_dropout": [
        lambda k: k.Activation("tanh"),
        lambda k: k.Dropout(0.5),
        lambda k: k.GlobalAveragePooling1D(),
    ],
    "masking_dense": [lambda k: k.Dense(3), lambda k: k.SimpleRNN(2)],
    "masking_normalization": [lambda k: k.LayerNormalization(), lambda k: k.LSTM(2)],
    "masking_time_distributed": [
        lambda k: k.TimeDistributed(k.Dense(3)),
        lambda k: k.GlobalAveragePooling1D(),
    ],
    "masking_bidirectional": [
        lambda k: k.Bidirectional(k.LSTM(2, return_sequences=True), merge_mode="sum"),
        lambda k: k.GRU(2),
    ],
}
for kind, chain in TRAVELS.items():
    add(f"layers/{kind}", graph((5, 2), lambda k: k.Masking(), *chain), HOLES)
    embedding = lambda k: k.Embedding(5, 3, mask_zero=True)  # noqa: E731
    name = f"layers/{kind.replace('masking', 'embedding')}"
    add(name, graph((5,), embedding, *chain, dtype="int32"), WORD_DRAW)


def merged_masks(cls, **settings):
    """A `build` of a merge of two sequences with different masks."""

    def build(keras):
        words, numbers = keras.Input((5,), dtype="int32"), keras.Input((5, 2))
        a = keras.layers.Embedding(5, 2, mask_zero=True)(words)
        b = keras.layers.Masking()(numbers)
        y = getattr(keras.layers, cls)(**settings)([a, b])
        return keras.Model([words, numbers], keras.layers.GlobalAveragePooling1D()(y))

    return build


add("layers/masks_concatenate_time", merged_masks("Concatenate", axis=1), [WORD_DRAW, HOLES])


def self_attention(keras):
    """Attention that takes its masks from the tensors."""
    words = keras.Input((5,), dtype="int32")
    y = keras.layers.Embedding(5, 4, mask_zero=True)(words)
    y = keras.layers.MultiHeadAttention(2, 2)(y, y)
    return keras.Model(words, keras.layers.GlobalAveragePooling1D()(y))


add("layers/masks_attention", self_attention, WORD_DRAW)


def residual(keras):
    """Two branches, a layer used twice, and two outputs."""
    a, b = keras.Input((6, 6, 2)), keras.Input((4,))
    convolution = keras.layers.Conv2D(2, 3, padding="same", activation="relu")
    y = keras.layers.add([convolution(convolution(a)), a])
    y = keras.layers.GlobalMaxPooling2D()(keras.layers.BatchNormalization()(y))
    joined = keras.layers.concatenate([y, keras.layers.Dense(3)(b)])
    first = keras.layers.Dense(2, activation="softmax")(joined)
    return keras.Model([a, b], [first, joined * 2 + 1])


add("layers/graph_residual", residual, [x(3, 6, 6, 2), x(3, 4)])
add("layers/graph_residual_training", residual, [x(3, 6, 6, 2), x(3, 4)], training=True)

# ---------------------------------------------------------------------------------------------
# Layers of images. A range of one number leaves nothing to chance.

layer("resizing", "Resizing", x(2, 5, 4, 2), settings={"height": 3, "width": 6})
layer("resizing_crop", "Resizing", x(2, 5, 8, 2),
      settings={"height": 4, "width": 4, "crop_to_aspect_ratio": True})  # fmt: skip
layer("resizing_nearest", "Resizing", x(2, 5, 8, 2),
      settings={"height": 7, "width": 4, "interpolation": "nearest"})  # fmt: skip
for fill_mode in ("reflect", "wrap", "constant", "nearest"):
    settings = {"fill_mode": fill_mode, "fill_value": 0.7}
    for cls, one, other in (
        ("RandomRotation", {"factor": (0.11, 0.11)}, {"factor": (-0.3, -0.3)}),
        (
            "RandomZoom",
            {"height_factor": (0.4, 0.4)},
            {"height_factor": (-0.3, -0.3), "width_factor": (0.23, 0.23)},
        ),
        (
            "RandomTranslation",
            {"height_factor": (0.27, 0.27), "width_factor": (-0.33, -0.33)},
            {"height_factor": (-0.9, -0.9), "width_factor": (0.13, 0.13)},
        ),
    ):
        for kind, given in (("one", one), ("other", other)):
            layer(f"{cls}_{fill_mode}_{kind}", cls, x(2, 5, 6, 2), settings=given | settings,
                  training=True)  # fmt: skip
layer("RandomFlip_inference", "RandomFlip", x(2, 3, 4, 2), training=False)

# ---------------------------------------------------------------------------------------------
# Ops of images

for kind, shape, settings in (
    ("larger", (2, 3, 4, 2), {"size": (7, 6)}),
    ("smaller", (2, 9, 7, 2), {"size": (4, 3)}),
    ("one_image", (5, 4, 2), {"size": (8, 3)}),
    ("antialias", (2, 9, 7, 2), {"size": (4, 9), "antialias": True}),
    ("nearest", (2, 5, 7, 2), {"size": (8, 3), "interpolation": "nearest"}),
):
    add(f"ops/resize_{kind}", lambda keras: keras.ops.image.resize, x(*shape), **settings)
for kind, shape, settings in (
    ("tiles", (2, 6, 6, 3), {"size": 2}),
    ("oblong", (2, 7, 6, 2), {"size": (3, 2)}),
    ("overlap", (2, 6, 5, 2), {"size": (3, 2), "strides": 1}),
    ("same", (2, 6, 5, 2), {"size": 3, "strides": 2, "padding": "same"}),
    ("one_image", (6, 4, 2), {"size": 2}),
):
    add(f"ops/extract_patches_{kind}", lambda keras: keras.ops.image.extract_patches, x(*shape),
        **settings)  # fmt: skip

# ---------------------------------------------------------------------------------------------
# Activations, initializers, regularizers

ACTIVATIONS = ("elu", "exponential", "gelu", "hard_sigmoid", "leaky_relu", "linear", "log_softmax")
ACTIVATIONS += ("relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softplus", "softsign")
ACTIVATIONS += ("swish", "tanh")
for name in ACTIVATIONS:
    add(
        f"activations/{name}",
        lambda keras, name=name: lambda x: getattr(keras.activations, name)(3 * x),
        x(4, 6),
    )
add(
    "activations/relu_settings",
    lambda keras: keras.activations.relu,
    x(4, 6),
    negative_slope=0.1,
    max_value=0.8,
    threshold=0.2,
)
add("activations/gelu_tanh", lambda keras: keras.activations.gelu, x(4, 6), approximate=True)
add("activations/softmax_axis", lambda keras: keras.activations.softmax, x(4, 6), axis=0)
add("activations/elu_alpha", lambda keras: keras.activations.elu, x(4, 6), alpha=0.5)
add(
    "activations/leaky_relu_slope",
    lambda keras: keras.activations.leaky_relu,
    x(4, 6),
    negative_slope=0.4,
)

for name, settings in {"Zeros": {}, "Ones": {}, "Constant": {"value": 2.5}}.items():
    add(
        f"initializers/{name}",
        lambda keras, name=name, settings=settings: getattr(keras.initializers, name)(**settings),
        (2, 3),
    )
add("initializers/Identity", lambda keras: keras.initializers.Identity(1.5), (3, 4))

for name, settings in {
    "L1": {},
    "L2": {},
    "L1L2": {"l1": 0.2, "l2": 0.3},
    "OrthogonalRegularizer": {},
}.items():
    add(
        f"regularizers/{name}",
        lambda keras, name=name, settings=settings: getattr(keras.regularizers, name)(**settings),
        x(3, 4),
    )
add(
    "regularizers/orthogonal_columns",
    lambda keras: keras.regularizers.OrthogonalRegularizer(0.1, mode="columns"),
    x(4, 4),  # Keras refuses others
)
for name, cls, settings in (
    ("NonNeg", "NonNeg", {}),
    ("MaxNorm", "MaxNorm", {"max_value": 1.5}),
    ("MaxNorm_filters", "MaxNorm", {"axis": [0, 1, 2]}),
    ("UnitNorm", "UnitNorm", {}),
    ("UnitNorm_rows", "UnitNorm", {"axis": 1}),
    ("MinMaxNorm", "MinMaxNorm", {"min_value": 0.8, "max_value": 1.5}),
    ("MinMaxNorm_rate", "MinMaxNorm", {"min_value": 0.8, "max_value": 1.5, "rate": 0.3}),
):
    add(
        f"constraints/{name}",
        lambda keras, cls=cls, settings=settings: getattr(keras.constraints, cls)(**settings),
        x(2, 2, 3, 4),
        gradients=False,
    )

# ---------------------------------------------------------------------------------------------
# Losses

NUMBERS, PROBABILITIES = (target(3, 4), x(3, 4)), (share(3, 4), p(3, 4))
BITS, ROWS, LABELS = (label(2, 3, 4), p(3, 4)), (one_hot(4, 3), p(3, 4)), (label(4, 3), p(3, 4))
LOSSES = {
    "MeanSquaredError": NUMBERS,
    "MeanAbsoluteError": NUMBERS,
    "MeanAbsolutePercentageError": NUMBERS,
    "MeanSquaredLogarithmicError": PROBABILITIES,
    "Huber": NUMBERS,
    "LogCosh": NUMBERS,
    "CosineSimilarity": NUMBERS,
    "Hinge": (label(2, 3, 4), x(3, 4)),
    "SquaredHinge": (label(2, 3, 4), x(3, 4)),
    "CategoricalHinge": (one_hot(4, 3), x(3, 4)),
    "KLDivergence": PROBABILITIES,
    "Poisson": (share(3, 4), p(3, 4)),
    "BinaryCrossentropy": BITS,
    "CategoricalCrossentropy": ROWS,
    "SparseCategoricalCrossentropy": LABELS,
}
REDUCTIONS = ("sum_over_batch_size", "sum", "mean_with_sample_weight", "none", None)


def sequence_of(arrays):
    """The same kinds of target and prediction, for sequences: (3, ...) becomes (3, 5, ...)."""
    return [a._replace(shape=(3, 5, *a.shape[1:])) for a in arrays]


def masked(cls):
    """A `build` of a loss of predictions with a mask."""

    def build(keras):
        loss = getattr(keras.losses, cls)()
        masking = keras.layers.Lambda(lambda x: x * 1, mask=MASK)

        def function(y_true, y_pred, sample_weight=None):
            return loss(y_true, masking(y_pred), sample_weight=sample_weight)

        return function

    return build


def loss(name, cls, *arrays, settings=None, **call):
    """A case that is one loss."""
    add(
        f"losses/{name}",
        lambda keras: getattr(keras.losses, cls)(**(settings or {})),
        *arrays,
        **call,
    )


for cls, arrays in LOSSES.items():
    loss(cls, cls, *arrays)
    loss(f"{cls}_weighted", cls, *arrays, sample_weight=weight(3))
    loss(f"{cls}_sequence", cls, *sequence_of(arrays), sample_weight=weight(3, 5))
    add(f"losses/{cls}_mask", masked(cls), *sequence_of(arrays))
    weights = weight(3, 1)
    add(f"losses/{cls}_mask_weighted", masked(cls), *sequence_of(arrays), sample_weight=weights)
for reduction in REDUCTIONS:
    settings = {"reduction": reduction}
    loss(f"reduction_{reduction}", "MeanSquaredError", *NUMBERS, settings=settings)
    loss(
        f"reduction_{reduction}_weighted",
        "MeanAbsoluteError",
        *sequence_of(NUMBERS),
        settings=settings,
        # One weight for each value: "mean_with_sample_weight" counts a weight as often as it is
        # used, Keras once however many values it is spread over.
        sample_weight=weight(3, 5),
    )
FAR = Draw(lambda random, shape: 100 * random.normal(size=shape), (3, 4), True)
LOSS_SETTINGS = {
    "log_cosh_far": ("LogCosh", (target(3, 4), FAR), {}),
    "binary_logits_far": ("BinaryCrossentropy", (label(2, 3, 4), FAR), {"from_logits": True}),
    "categorical_logits_far": (
        "CategoricalCrossentropy",
        (one_hot(4, 3), FAR),
        {"from_logits": True},
    ),
    "huber_delta": ("Huber", NUMBERS, {"delta": 0.3}),
    "cosine_axis": ("CosineSimilarity", NUMBERS, {"axis": 0}),
    "binary_logits": ("BinaryCrossentropy", (label(2, 3, 4), x(3, 4)), {"from_logits": True}),
    "binary_smoothing": ("BinaryCrossentropy", BITS, {"label_smoothing": 0.2}),
    "binary_logits_smoothing": (
        "BinaryCrossentropy",
        (label(2, 3, 4), x(3, 4)),
        {"from_logits": True, "label_smoothing": 0.1},
    ),
    "categorical_logits": (
        "CategoricalCrossentropy",
        (one_hot(4, 3), x(3, 4)),
        {"from_logits": True},
    ),
    "categorical_smoothing": ("CategoricalCrossentropy", ROWS, {"label_smoothing": 0.3}),
    "categorical_axis": (
        "CategoricalCrossentropy",
        (one_hot(4, 3), p(3, 4)),
        {"axis": 0},
    ),
    "categorical_soft": ("CategoricalCrossentropy", PROBABILITIES, {}),
    "sparse_logits": (
        "SparseCategoricalCrossentropy",
        (label(4, 3), x(3, 4)),
        {"from_logits": True},
    ),
    "sparse_column": ("SparseCategoricalCrossentropy", (label(4, 3, 1), p(3, 4)), {}),
    "sparse_ignore": (
        "SparseCategoricalCrossentropy",
        (label(3, 4, 5), p(4, 5, 3)),
        {"ignore_class": 1},
    ),
    "sparse_ignore_logits": (
        "SparseCategoricalCrossentropy",
        (label(3, 4, 5), x(4, 5, 3)),
        {"ignore_class": 2, "from_logits": True},
    ),
    "hinge_signs": (
        "Hinge",
        (Draw(lambda random, shape: random.choice([-1.0, 1.0], shape), (3, 4), False), x(3, 4)),
        {},
    ),
    "squeezed": ("MeanSquaredError", (target(4), x(4, 1)), {}),
    "expanded": ("BinaryCrossentropy", (label(2, 4, 1), p(4)), {}),
}
for name, (cls, arrays, settings) in LOSS_SETTINGS.items():
    loss(name, cls, *arrays, settings=settings)
for name, arrays in {
    "mean_squared_error": NUMBERS,
    "mean_absolute_error": NUMBERS,
    "mean_absolute_percentage_error": NUMBERS,
    "mean_squared_logarithmic_error": PROBABILITIES,
    "huber": NUMBERS,
    "log_cosh": NUMBERS,
    "cosine_similarity": NUMBERS,
    "hinge": (label(2, 3, 4), x(3, 4)),
    "squared_hinge": (label(2, 3, 4), x(3, 4)),
    "categorical_hinge": (one_hot(4, 3), x(3, 4)),
    "kl_divergence": PROBABILITIES,
    "poisson": PROBABILITIES,
    "binary_crossentropy": BITS,
    "categorical_crossentropy": ROWS,
    "sparse_categorical_crossentropy": LABELS,
}.items():
    add(f"losses/{name}", lambda keras, name=name: getattr(keras.losses, name), *arrays)

# ---------------------------------------------------------------------------------------------
# Metrics


def metric(name, cls, *arrays, settings=None, **call):
    """A case that is one metric."""
    add(
        f"metrics/{name}",
        lambda keras: getattr(keras.metrics, cls)(**(settings or {})),
        *arrays,
        **call,
    )


METRICS = {name: arrays for name, arrays in LOSSES.items() if name not in ("LogCosh", "Huber")} | {
    "LogCoshError": NUMBERS,
    "RootMeanSquaredError": NUMBERS,
    "Accuracy": (label(2, 3, 4), label(2, 3, 4)),
    "BinaryAccuracy": BITS,
    "CategoricalAccuracy": ROWS,
    "SparseCategoricalAccuracy": LABELS,
    "TopKCategoricalAccuracy": (one_hot(8, 6), p(6, 8)),
    "SparseTopKCategoricalAccuracy": (label(8, 6), p(6, 8)),
}
for cls, arrays in METRICS.items():
    metric(cls, cls, *arrays)
    metric(f"{cls}_weighted", cls, *arrays, sample_weight=weight(arrays[0].shape[0]))
metric("Mean", "Mean", x(3, 4))
metric("Mean_weighted", "Mean", x(3, 4), sample_weight=weight(3))
metric("Mean_number", "Mean", x(), sample_weight=weight())
metric("Sum", "Sum", x(3, 4))
metric("Sum_weighted", "Sum", x(3, 4), sample_weight=weight(3))
add(
    "metrics/MeanMetricWrapper",
    lambda keras: keras.metrics.MeanMetricWrapper(keras.losses.mean_absolute_error),
    *NUMBERS,
    sample_weight=weight(3),
)
metric("BinaryAccuracy_threshold", "BinaryAccuracy", *BITS, settings={"threshold": 0.7})
metric("TopK_2", "TopKCategoricalAccuracy", one_hot(8, 6), p(6, 8), settings={"k": 2})
metric("SparseTopK_2", "SparseTopKCategoricalAccuracy", label(8, 6), p(6, 8), settings={"k": 2})
metric("CategoricalAccuracy_sequence", "CategoricalAccuracy", one_hot(3, 4, 5), p(4, 5, 3))
metric(
    "SparseCategoricalAccuracy_sequence",
    "SparseCategoricalAccuracy",
    label(3, 4, 5, 1),
    p(4, 5, 3),
    sample_weight=weight(4, 5),
)
metric("BinaryCrossentropy_logits", "BinaryCrossentropy", label(2, 3, 4), x(3, 4),
       settings={"from_logits": True, "label_smoothing": 0.1})  # fmt: skip
metric("CategoricalCrossentropy_logits", "CategoricalCrossentropy", one_hot(4, 3), x(3, 4),
       settings={"from_logits": True, "label_smoothing": 0.1})  # fmt: skip
metric("SparseCategoricalCrossentropy_logits", "SparseCategoricalCrossentropy", label(4, 3),
       x(3, 4), settings={"from_logits": True})  # fmt: skip

MANY = (label(2, 30), p(30))
TABLE = (label(2, 12, 4), p(12, 4))
COUNTS = ("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives")
for cls in (*COUNTS, "Precision", "Recall"):
    metric(cls, cls, *MANY)
    metric(f"{cls}_weighted", cls, *MANY, sample_weight=weight(30))
    metric(f"{cls}_threshold", cls, *MANY, settings={"thresholds": 0.3})
    metric(f"{cls}_thresholds", cls, *TABLE, settings={"thresholds": [0.2, 0.8, 0.5]})
for cls in ("Precision", "Recall"):
    metric(f"{cls}_class", cls, *TABLE, settings={"class_id": 2})
    metric(f"{cls}_top", cls, *TABLE, settings={"top_k": 2})
    metric(f"{cls}_top_class", cls, *TABLE, settings={"top_k": 2, "class_id": 1})
    metric(
        f"{cls}_class_thresholds",
        cls,
        *TABLE,
        settings={"class_id": 0, "thresholds": [0.4, 0.6]},
        sample_weight=weight(12),
    )
AREAS = {
    "": (MANY, {}),
    "_few": (MANY, {"num_thresholds": 7}),
    "_minoring": (MANY, {"num_thresholds": 9, "summation_method": "minoring"}),
    "_majoring": (MANY, {"num_thresholds": 9, "summation_method": "majoring"}),
    "_logits": ((label(2, 30), x(30)), {"from_logits": True}),
    "_table": (TABLE, {}),
    "_multi_label": (TABLE, {"multi_label": True, "num_labels": 4}),
    "_multi_label_few": (TABLE, {"multi_label": True, "num_labels": 4, "num_thresholds": 5}),
}
for kind, (arrays, settings) in AREAS.items():
    metric(f"AUC{kind}", "AUC", *arrays, settings=settings)
    weights = weight(arrays[0].shape[0])
    metric(f"AUC{kind}_weighted", "AUC", *arrays, settings=settings, sample_weight=weights)

# ---------------------------------------------------------------------------------------------
# Optimizers, schedules, training

COMMON = {
    "": {},
    "_fast": {"learning_rate": 0.1},
    "_clipnorm": {"learning_rate": 0.1, "clipnorm": 0.7},
    "_global_clipnorm": {"learning_rate": 0.1, "global_clipnorm": 0.7},
    "_clipvalue": {"learning_rate": 0.1, "clipvalue": 0.4},
    "_weight_decay": {"learning_rate": 0.1, "weight_decay": 0.05},
}
OPTIMIZERS = {
    "SGD": {
        "_momentum": {"momentum": 0.9},
        "_nesterov": {"momentum": 0.9, "nesterov": True},
        "_nesterov_alone": {"nesterov": True},
    },
    "RMSprop": {
        "_momentum": {"momentum": 0.8, "rho": 0.7},
        "_centered": {"centered": True},
        "_centered_momentum": {"centered": True, "momentum": 0.5, "epsilon": 0.01},
    },
    "Adam": {"_amsgrad": {"amsgrad": True}, "_betas": {"beta_1": 0.5, "beta_2": 0.7}},
    "AdamW": {"_amsgrad": {"amsgrad": True, "weight_decay": 0.1}},
    "Adagrad": {"_start": {"initial_accumulator_value": 1.5, "epsilon": 0.01}},
    "Adamax": {"_betas": {"beta_1": 0.5, "beta_2": 0.7, "epsilon": 0.01}},
    "Nadam": {"_betas": {"beta_1": 0.5, "beta_2": 0.7, "epsilon": 0.01}},
}
for cls, own in OPTIMIZERS.items():
    for kind, settings in (COMMON | own).items():
        add(
            f"optimizers/{cls}{kind}",
            lambda keras, cls=cls, settings=settings: getattr(keras.optimizers, cls)(**settings),
        )
SCHEDULES = {
    "ExponentialDecay": ("ExponentialDecay", (0.1, 7, 0.5), {}),
    "ExponentialDecay_staircase": ("ExponentialDecay", (0.1, 7, 0.5), {"staircase": True}),
    "PiecewiseConstantDecay": ("PiecewiseConstantDecay", ([5, 12], [0.3, 0.2, 0.1]), {}),
    "PolynomialDecay": ("PolynomialDecay", (0.1, 20), {}),
    "PolynomialDecay_power": ("PolynomialDecay", (0.1, 20, 0.02), {"power": 2.5}),
    "PolynomialDecay_cycle": ("PolynomialDecay", (0.1, 8, 0.01), {"cycle": True}),
    "CosineDecay": ("CosineDecay", (0.1, 20), {}),
    "CosineDecay_alpha": ("CosineDecay", (0.1, 20), {"alpha": 0.2}),
    "CosineDecay_warmup": (
        "CosineDecay",
        (0.01, 15),
        {"warmup_target": 0.2, "warmup_steps": 6, "alpha": 0.1},
    ),
}
for name, (cls, settings, named) in SCHEDULES.items():

    def schedule(keras, cls=cls, settings=settings, named=named):
        return getattr(keras.optimizers.schedules, cls)(*settings, **named)

    add(f"schedules/{name}", schedule)
    add(
        f"optimizers/SGD_{name}",
        lambda keras, schedule=schedule: keras.optimizers.SGD(schedule(keras), momentum=0.5),
    )


def trained(cls, constraint=None, **settings):
    """A `build` of a small compiled classifier."""

    def build(keras):
        inputs = keras.Input((5,))
        y = keras.layers.Dense(
            8, activation="tanh", kernel_regularizer="l2", kernel_constraint=constraint
        )(inputs)
        y = keras.layers.BatchNormalization(momentum=0.8)(y)
        model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(y))
        optimizer = getattr(keras.optimizers, cls)(**settings)
        model.compile(
            optimizer, "categorical_crossentropy", metrics=["accuracy"], weighted_metrics=["mae"]
        )
        return model

    return build


add("fits/SGD", trained("SGD", learning_rate=0.2, momentum=0.9, clipnorm=1.0))
add("fits/SGD_max_norm", trained("SGD", "max_norm", learning_rate=0.2, momentum=0.9))
add("fits/Adam_non_neg", trained("Adam", "non_neg", learning_rate=0.02))
add("fits/Adam", trained("Adam", learning_rate=0.02))
add("fits/RMSprop", trained("RMSprop", learning_rate=0.01))
