"""What minigraph leaves out on purpose, and what to use instead.

Keras has more names than a library that people read can have. Whoever asks for one of them is told
what to use: by the `__getattr__` of a module, by `get("name")` and by a constructor. To leave out
something else, add a line here. The names in `backticks` exist; a test looks each of them up.
"""

from collections.abc import Collection

# ---------------------------------------------------------------------------------------------
# Names in modules: module -> {names that have one answer: the answer}

CELLS = "`layers.LSTM` and `layers.GRU`, which are the same"
TEXT = "a dict of Python that turns words into integers, then `utils.pad_sequences`"
DATA_FILES = (
    "NumPy, after loading it with its own tools: it is published in a form that can run code"
)
FOLDERS = "a loop over the files, or a `utils.PyDataset` that reads them batch by batch"
PICTURES = "Pillow: np.asarray(PIL.Image.open(path))"
LOSS = "a function (y_true, y_pred) of `ops`, given to compile as it is"
METRIC = "a subclass of `metrics.Metric`, or `metrics.Precision` and `metrics.Recall` for its parts"
RULE = "`optimizers.AdamW`, or a subclass of `optimizers.Optimizer` with its formula"
RATE = "a function of the step, given as learning_rate"
ACTIVATION = "a function of tensors, made of `ops`"
NETWORK = "its layers: `applications.VGG19` shows how. No pretrained weights are included"
FLOAT32 = "float32: all is computed in it, or in what `config.set_floatx` says"
LAST = 'the text "channels_last": layers have it as their default'

LEFT_OUT: dict[str, dict[str, str]] = {
    "layers": {
        "EinsumDense": "`layers.Dense`, or a layer that calls `ops.einsum`",
        "GroupNormalization SpectralNormalization": "`layers.LayerNormalization`",
        "RMSNormalization": "a layer that multiplies by `ops.rsqrt` of the mean square",
        "UnitNormalization": "`layers.Lambda` of `ops.normalize`",
        "AlphaDropout": "`layers.Dropout`",
        "GaussianDropout": "`layers.Dropout` or `layers.GaussianNoise`",
        "Attention AdditiveAttention GroupQueryAttention": "`layers.MultiHeadAttention`",
        "ConvLSTM1D": "`layers.ConvLSTM2D` over images with a single row",
        "ConvLSTM3D": "`layers.TimeDistributed` of a `layers.Conv3D`",
        "CuDNNLSTM CuDNNGRU": CELLS,
        "ThresholdedReLU": "`layers.ReLU` with a threshold",
        "TextVectorization StringLookup Hashing HashedCrossing": TEXT,
        "IntegerLookup Discretization": "NumPy's unique or digitize, before training",
        "CategoryEncoding": "`utils.to_categorical`",
        "CenterCrop": "`layers.Cropping2D`",
        "Merge merge": "`layers.Add`, `layers.Concatenate` and their like",
        "experimental": "`layers`, without what follows",
    },
    "losses": {
        "BinaryFocalCrossentropy CategoricalFocalCrossentropy Dice Tversky CTC Circle": LOSS,
        "binary_focal_crossentropy categorical_focal_crossentropy dice tversky ctc circle": LOSS,
    },
    "metrics": {
        "F1Score FBetaScore R2Score IoU MeanIoU BinaryIoU OneHotIoU OneHotMeanIoU": METRIC,
        "PrecisionAtRecall RecallAtPrecision": "`metrics.Precision` with a list of thresholds",
        "SensitivityAtSpecificity SpecificityAtSensitivity": "`metrics.Recall` with a list of "
        "thresholds",
    },
    "optimizers": {
        "Adadelta Ftrl Lion Adafactor Lamb Muon": RULE,
        "LossScaleOptimizer": FLOAT32,
        "legacy experimental": "`optimizers`, without what follows",
    },
    "schedules": {
        "InverseTimeDecay": "`optimizers.schedules.ExponentialDecay`, or " + RATE,
        "CosineDecayRestarts": "`optimizers.schedules.CosineDecay`, or " + RATE,
    },
    "callbacks": {
        "TensorBoard": "`callbacks.CSVLogger` for a file, `callbacks.Dashboard` for curves",
        "RemoteMonitor": "`callbacks.LambdaCallback`",
        "SwapEMAWeights": "`callbacks.ModelCheckpoint`, which keeps the best weights",
        "OrbaxCheckpoint": "`callbacks.BackupAndRestore`",
    },
    "activations": {
        "celu": "`ops.elu`, or " + ACTIVATION,
        "hard_silu hard_swish": "a function that multiplies x by `ops.hard_sigmoid`",
        "mish": "a function that multiplies x by `ops.tanh` of `ops.softplus`",
        "log_sigmoid": "a function that negates `ops.softplus` of -x",
        "glu hard_tanh hard_shrink soft_shrink squareplus sparse_plus": ACTIVATION,
        "sparse_sigmoid sparsemax tanh_shrink threshold": ACTIVATION,
    },
    "utils": {
        "text_dataset_from_directory image_dataset_from_directory": FOLDERS,
        "audio_dataset_from_directory": FOLDERS,
        "load_img img_to_array array_to_img save_img": PICTURES,
        "get_file": "urllib.request.urlretrieve, and check what it brings",
        "normalize": "`ops.normalize`",
        "np_utils": "`utils.to_categorical`, which is in `utils` itself",
        "multi_gpu_model": "the model itself: it computes on one device",
        "split_dataset": "`Model.fit` with validation_split, or slices of the arrays",
        "FeatureSpace": "`layers.Embedding` and `layers.Normalization`, one for each feature",
        "pack_x_y_sample_weight unpack_x_y_sample_weight": "the tuple (x, y, sample_weight) itself",
        "Progbar": "`callbacks.ProgbarLogger`, which fit has by itself",
    },
    "preprocessing": {
        "text": TEXT,
        "image": PICTURES + ", and `utils.PyDataset` for batches",
        "text_dataset_from_directory image_dataset_from_directory": FOLDERS,
        "timeseries_dataset_from_array": "`utils.timeseries_dataset_from_array`",
    },
    "preprocessing.sequence": {
        "TimeseriesGenerator": "`utils.timeseries_dataset_from_array`",
        "skipgrams make_sampling_table": "a loop over the words",
    },
    "datasets": {"imdb reuters cifar100 boston_housing california_housing": DATA_FILES},
    "applications": {
        "VGG16 ResNet50 ResNet101 ResNet152 ResNet50V2 InceptionV3 InceptionResNetV2": NETWORK,
        "Xception MobileNet MobileNetV2 MobileNetV3Small MobileNetV3Large DenseNet121": NETWORK,
        "DenseNet169 DenseNet201 EfficientNetB0 NASNetMobile NASNetLarge": NETWORK,
        "resnet vgg16 vgg19 inception_v3 mobilenet mobilenet_v2 imagenet_utils": NETWORK,
    },
    "models": {"model_from_config model_from_yaml": "`models.model_from_json`"},
    "ops": {
        "cond": "`ops.where`, or a condition of Python outside of models",
        "while_loop fori_loop scan map": "a loop of Python",
        "vectorized_map": "the op itself: ops take the whole batch",
        "fft fft2 rfft irfft stft istft": "NumPy's fft, before training",
    },
    "backend": {
        "image_data_format": LAST,
        "get_session set_session Session learning_phase set_learning_phase": "the functions "
        "themselves: no session is needed, and training is an argument of a call",
    },
    "config": {
        "image_data_format set_image_data_format": LAST,
        "dtype_policy set_dtype_policy": FLOAT32,
        "enable_unsafe_deserialization": "a registered function: `saving.load_model` has no "
        "unsafe mode",
    },
    "": {
        "mixed_precision dtype_policies DTypePolicy FloatDTypePolicy": FLOAT32,
        "quantizers Quantizer": FLOAT32,
        "distribution device": "`use`, which chooses the processor or the graphics card",
        "GradientTape": "`Tape`",
        "wrappers": "the model itself, in a class of yours with fit and predict",
        "K": "`ops`, which has its functions of tensors",
        "tf": "`ops`, which has its functions of tensors",
    },
}

# What a module answers for every other name
FOR_ALL_OTHERS = {"backend": "`ops`, where functions of tensors are, such as `ops.exp`"}

# ---------------------------------------------------------------------------------------------
# Arguments of constructors

# Older names of arguments, and what they are called now
RENAMED = {
    "lr": "learning_rate",
    "alpha": "negative_slope",
    "theta": "threshold",
    "nb_filter": "filters",
    "border_mode": "padding",
    "subsample": "strides",
    "output_dim": "units",
    "init": "kernel_initializer",
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "inner_activation": "recurrent_activation",
    "input_shape": "shape",
    "batch_input_shape": "batch_shape",
    "input": "inputs",
    "output": "outputs",
}
NO_EFFECT = "it would change no value: leave it away"
ARGUMENTS = {
    "decay": "a schedule says it, such as `optimizers.schedules.ExponentialDecay`",
    **dict.fromkeys(("use_ema", "ema_momentum", "ema_overwrite_frequency"), "weights are not "
                    "averaged; `callbacks.ModelCheckpoint` keeps the best ones"),
    **dict.fromkeys(("autocast", "implementation", "jit_compile", "fused", "sparse"), NO_EFFECT),
    "loss_scale_factor": NO_EFFECT,
    "gradient_accumulation_steps": "each batch is a step: give fit a larger batch_size",
    "lora_rank": "all weights are trained, or none of a layer: see `Layer.trainable`",
    "time_major": "time is the second axis: `ops.swapaxes` brings it there",
}  # fmt: skip


def answers_of(module: str) -> dict[str, str]:
    """Each name that a module leaves out, with what to use instead."""
    table = LEFT_OUT.get(module, {})
    return {name: answer for names, answer in table.items() for name in names.split()}


def instead_of(module: str, name: str) -> str:
    """A sentence that says what to use for a name that is left out; "" for any other."""
    answer = answers_of(module).get(name) or FOR_ALL_OTHERS.get(module)
    return f"minigraph leaves it out. Instead, use {answer}." if answer else ""


def about_argument(name: str, known: Collection[str]) -> str:
    """A sentence about an argument of Keras that a constructor does not take; "" for any other."""
    if RENAMED.get(name) in known:
        return f"It is called `{RENAMED[name]}`. "
    return f"minigraph leaves it out: {ARGUMENTS[name]}. " if name in ARGUMENTS else ""
