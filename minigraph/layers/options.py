"""The keyword arguments of layers besides those that their constructors name, for editors.

Nothing here runs. Each class lists what the `**options` of a constructor may hold; a test
compares it with what the constructor takes. The initializers, regularizers and constraints are
those that `weight_defaults` of the layer names.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from ..activations import ActivationLike
from ..constraints import ConstraintLike
from ..graph.layer import LayerOptions
from ..initializers import InitializerLike
from ..ops.conv import Sizes
from ..regularizers import RegularizerLike

DataFormat: TypeAlias = Literal["channels_last"] | None  # None means the same


class KernelOptions(LayerOptions, total=False):
    """Options of layers with a kernel and a bias."""

    kernel_initializer: InitializerLike
    kernel_regularizer: RegularizerLike
    kernel_constraint: ConstraintLike
    bias_initializer: InitializerLike
    bias_regularizer: RegularizerLike
    bias_constraint: ConstraintLike


class PReLUOptions(LayerOptions, total=False):
    """Options of `PReLU`."""

    alpha_initializer: InitializerLike
    alpha_regularizer: RegularizerLike
    alpha_constraint: ConstraintLike


class EmbeddingOptions(LayerOptions, total=False):
    """Options of `Embedding`."""

    embeddings_initializer: InitializerLike
    embeddings_regularizer: RegularizerLike
    embeddings_constraint: ConstraintLike


class NormalizationOptions(LayerOptions, total=False):
    """Options of layers that scale and shift."""

    gamma_initializer: InitializerLike
    gamma_regularizer: RegularizerLike
    gamma_constraint: ConstraintLike
    beta_initializer: InitializerLike
    beta_regularizer: RegularizerLike
    beta_constraint: ConstraintLike


class BatchNormalizationOptions(NormalizationOptions, total=False):
    """Options of `BatchNormalization`, which also keeps moving averages."""

    moving_mean_initializer: InitializerLike
    moving_mean_regularizer: RegularizerLike
    moving_mean_constraint: ConstraintLike
    moving_variance_initializer: InitializerLike
    moving_variance_regularizer: RegularizerLike
    moving_variance_constraint: ConstraintLike


class DropoutOptions(LayerOptions, total=False):
    """Options that the dropout of whole channels passes on to `Dropout`."""

    noise_shape: Sequence[int | None] | None


class SpatialOptions(LayerOptions, total=False):
    """Options of layers over sequences, images and volumes."""

    data_format: DataFormat


class ConvolutionOptions(KernelOptions, SpatialOptions, total=False):
    """Options of convolutions."""


class ConvolutionTransposeOptions(ConvolutionOptions, total=False):
    """Options that a transposed convolution passes on to `Convolution`."""

    dilation_rate: Sizes
    groups: int
    activation: ActivationLike
    use_bias: bool


class DepthwiseOptions(SpatialOptions, total=False):
    """Options of depthwise convolutions, whose kernel is called depthwise."""

    depthwise_initializer: InitializerLike
    depthwise_regularizer: RegularizerLike
    depthwise_constraint: ConstraintLike
    bias_initializer: InitializerLike
    bias_regularizer: RegularizerLike
    bias_constraint: ConstraintLike


class SeparableOptions(DepthwiseOptions, total=False):
    """Options of separable convolutions, which have a second kernel."""

    pointwise_initializer: InitializerLike
    pointwise_regularizer: RegularizerLike
    pointwise_constraint: ConstraintLike


class RecurrentOptions(KernelOptions, total=False):
    """Options of cells, which have a second kernel for the states."""

    recurrent_initializer: InitializerLike
    recurrent_regularizer: RegularizerLike
    recurrent_constraint: ConstraintLike


class CellOptions(RecurrentOptions, total=False):
    """Options that cells with gates pass on to the base of cells."""

    use_bias: bool
    dropout: float
    recurrent_dropout: float
    seed: int | None


class ConvLSTMCellOptions(CellOptions, total=False):
    """Options that `ConvLSTMCell` passes on to `LSTMCell`."""

    activation: ActivationLike
    recurrent_activation: ActivationLike
    unit_forget_bias: bool


class LoopOptions(LayerOptions, total=False):
    """Options of the loop over a cell: see `RNN`."""

    return_sequences: bool
    return_state: bool
    go_backwards: bool
    stateful: bool
    unroll: bool
    zero_output_for_mask: bool


class SimpleRNNOptions(RecurrentOptions, LoopOptions, total=False):
    """Options of `SimpleRNN`: of its cell and of the loop."""


class GatedRNNOptions(CellOptions, LoopOptions, total=False):
    """Options of `LSTM` and `GRU`: of their cells and of the loop."""


class ConvLSTMOptions(ConvLSTMCellOptions, LoopOptions, total=False):
    """Options of `ConvLSTM2D`: of its cell and of the loop."""
