"""Layers that read a sequence (batch, time, ...) step by step.

A *cell* makes one step: `cell(inputs, states)`, with a list of states, returns an output and the
next states, and `cell.state_size` says how wide the states are. `RNN` is the loop over any cell.
SimpleRNN, LSTM, GRU and ConvLSTM2D are that loop over the cells of their names, run as one op
where that is possible.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from inspect import Parameter
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from .. import activations, initializers, ops
from ..activations import ActivationLike
from ..core import registry, tree
from ..core.checks import check_choice, check_positive, check_sizes
from ..core.tensor import Variable
from ..core.types import Array, Config, DType, Shape, Structure, TensorLike
from ..graph.input_spec import InputSpec
from ..graph.layer import Layer, LayerOptions
from ..graph.masks import check_mask, combine_masks
from ..ops import nn, recurrent
from ..ops.conv import Sizes, conv_axes
from ..ops.pooling import PoolPadding
from .core import check_known, check_last
from .normalization import BatchNormalization
from .options import (
    CellOptions,
    ConvLSTMCellOptions,
    ConvLSTMOptions,
    GatedRNNOptions,
    LastFormat,
    RecurrentOptions,
    SimpleRNNOptions,
)
from .regularization import Dropout


def as_list(several: Structure) -> list[Any]:
    """A list of tensors; a single tensor becomes a list of one."""
    return list(several) if isinstance(several, (list, tuple)) else [several]


# ---------------------------------------------------------------------------------------------
# Cells


class Cell(Layer):
    """The base of the library's cells: weights, activations, dropout.

    A subclass names its op over a `whole` sequence, its `plain` step in basic ops, its
    activations, and `gates`, the number of parts along the last axis of its weights.

    Args:
        units: Size of the output and of each state, a positive integer.
        activation: Function of the new values, or its name (default "tanh"); None leaves them as
            they are.
        use_bias: Whether a bias is added (default True).
        dropout: Probability from 0 to 1 with which, in training, an input is dropped (default 0.0);
            all steps of a sequence share one dropout mask (Gal and Ghahramani, 2016).
        recurrent_dropout: The same for the state h where `recurrent_kernel` sees it (default 0.0).
        seed: Integer that makes dropout repeatable; None (default) follows
            `utils.set_random_seed`.
        recurrent_initializer: Initial value of `recurrent_kernel`: an initializer, its name or a
            function of (shape, dtype) (default "orthogonal").
        recurrent_regularizer: Penalty on `recurrent_kernel`, added to the loss: a regularizer, its
            name or a function (default None).
        recurrent_constraint: Rule that `recurrent_kernel` keeps after each step of the optimizer: a
            constraint, its name or a function (default None).
    """

    weight_defaults: dict[str, Any] = {
        "kernel": "glorot_uniform",
        "recurrent": "orthogonal",
        "bias": "zeros",
    }
    recurrent_initializer: Any
    recurrent_regularizer: Any
    recurrent_constraint: Any
    bias_initializer: Any
    gates: int = 1
    states: int = 1
    functions: tuple[str, ...] = ("activation",)
    settings: tuple[str, ...] = ()  # the other settings of the op
    whole: Any
    plain: Any
    kernel_size: tuple[int, ...] = ()  # the axes of the weights that come before inputs and columns

    def __init__(
        self,
        units: int,
        activation: ActivationLike = "tanh",
        use_bias: bool = True,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **options: Unpack[RecurrentOptions],
    ):
        super().__init__(**options)
        self.units: int = check_positive(units, "units")
        self.activation: Callable[..., Any] = activations.get(activation)
        self.use_bias = use_bias
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.seed = seed
        self.droppers: list[Dropout] = [
            Dropout(rate, seed=seed, name="dropout", dtype=self.dtype)
            for rate in (dropout, recurrent_dropout)
        ]

    @property
    def state_size(self) -> list[int]:
        return [self.units] * self.states

    @property
    def output_size(self) -> int:
        return self.units

    def build(self, input_shape: Shape) -> None:
        width, columns = check_known(input_shape[-1], self), self.gates * self.units
        self.kernel: Variable = self.add_weight((*self.kernel_size, width, columns), name="kernel")
        self.recurrent_kernel: Variable = self.add_weight(
            (*self.kernel_size, self.units, columns), self.recurrent_initializer,
            regularizer=self.recurrent_regularizer, constraint=self.recurrent_constraint,
            name="recurrent_kernel",
        )  # fmt: skip
        self.bias: Variable | None = self.add_bias(columns) if self.use_bias else None

    def add_bias(self, columns: int) -> Variable:
        """Make the bias.

        Args:
            columns: Its length, `gates * units`.
        """
        return self.add_weight((columns,), name="bias")

    def call(self, inputs: TensorLike, states: Structure, training: bool = False) -> Any:
        """Make one step; return the output and a list of the next states.

        Args:
            inputs: Tensor (batch, ...), one step of each sequence.
            states: The states, as a list of tensors (batch, units).
        """
        states = tree.flatten(states)
        inputs, keep = self.drop(inputs, (inputs.shape, states[0].shape), training)
        return self.step(inputs, states, keep)

    def drop(
        self, inputs: TensorLike, shapes: Iterable[Sequence[int]], training: bool
    ) -> tuple[Any, Array]:
        """The inputs after dropout, and a factor for the h that the weights see, or None.

        Args:
            inputs: Tensor of one step or of all.
            shapes: The shapes of two dropout masks: for the inputs and for h.
            training: Whether anything is dropped.
        """
        keep_inputs, keep_states = (
            dropper.keep(shape) if training and dropper.rate else None
            for dropper, shape in zip(self.droppers, shapes, strict=True)
        )
        return inputs if keep_inputs is None else inputs * keep_inputs, keep_states

    def step(
        self, inputs: TensorLike, states: Sequence[TensorLike], keep: Array = None
    ) -> tuple[Any, list[Any]]:
        """The output and the next states.

        Args:
            inputs: Tensor (batch, ...), after dropout.
            states: The states, h first.
            keep: Factor of h where `recurrent_kernel` sees it, from `drop`; None (default) leaves
                h as it is.
        """
        settings = {name: getattr(self, name) for name in (*self.functions, *self.settings)}
        weights = self.kernel, self.recurrent_kernel, self.bias
        after = self.plain(inputs, *states, *weights, keep=keep, **settings)
        after = list(after) if isinstance(after, tuple) else [after]
        return after[0], after

    def run(
        self,
        x: TensorLike,
        states: Sequence[Any],
        mask: Array,
        zero_output_for_mask: bool,
        training: bool,
    ) -> tuple[Any, Any, Sequence[Any]]:
        """Run all steps; return the outputs, the last one and the last states.

        Args:
            x: Tensor (batch, time, ...).
            states: The first states, as a list.
            mask: Boolean array (batch, time), True where a step counts, or None.
            zero_output_for_mask: Whether the output of a masked step is 0.
            training: Whether dropout applies.
        """
        x, keep = self.drop(x, ((len(x), 1, *x.shape[2:]), states[0].shape), training)
        functions = {name: nn.FUSABLE.get(getattr(self, name)) for name in self.functions}
        if keep is not None or None in functions.values() or self.whole is None:
            step = partial(self.step, keep=keep)
            return recurrent.run_steps(step, x, states, mask, zero_output_for_mask)
        weights = self.kernel, self.recurrent_kernel, self.bias
        settings = functions | {name: getattr(self, name) for name in self.settings}
        outputs, *states = self.whole(
            x, *states, *weights, mask, zero_output_for_mask=zero_output_for_mask, **settings
        )
        return outputs, states[0] if mask is None else outputs[:, -1], states


class SimpleRNNCell(Cell):
    """One step of a simple recurrent network.

        h' = activation(x @ kernel + h @ recurrent_kernel + bias)

    Shapes: (batch, inputs), [(batch, units)] -> (batch, units) and the next state, which is the
    same; kernel (inputs, units), recurrent kernel (units, units), bias (units).
    Raises ValueError if `units` is not a positive integer, or if a dropout lies outside [0, 1].
    Source: Elman (1990).
    Example:
        >>> cell = keras.layers.SimpleRNNCell(
        ...     1, None, kernel_initializer="ones", recurrent_initializer="ones")
        >>> output, states = cell(np.array([[3.0]]), [np.array([[10.0]])])
        >>> output.numpy().tolist()
        [[13.0]]
    """

    whole: Any = staticmethod(recurrent.simple_rnn)
    plain: Any = staticmethod(recurrent.simple_rnn_step)


class OpenForgetGate(initializers.Initializer):
    """The bias of an LSTM: ones for the forget gate, the others by another initializer."""

    def __init__(self, others: Callable[..., Any]):
        super().__init__()
        self.others = others

    def __call__(
        self, shape: Sequence[int], dtype: DType = "float32", seed: int | None = None
    ) -> np.ndarray:
        bias, units = np.array(self.others(shape, dtype, seed)), shape[0] // 4
        bias[units : 2 * units] = 1
        return bias


class LSTMCell(Cell):
    """One step of a long short-term memory, whose cell state c keeps what its gates let in.

        i, f, o = sigmoid(x @ kernel + h @ recurrent_kernel + bias)
        g = tanh(x @ kernel + h @ recurrent_kernel + bias)
        c' = f * c + i * g
        h' = o * tanh(c')

    i, f, g and o have their own columns, in this order.

    Shapes: (batch, inputs), [h (batch, units), c (batch, units)] -> (batch, units) and the next
    states; kernel (inputs, 4 units), recurrent kernel (units, 4 units), bias (4 units).
    Args:
        activation: Function of g and of the cell state, or its name (default "tanh"); None leaves
            them as they are.
        recurrent_activation: Function of the gates, or its name (default "sigmoid").
        unit_forget_bias: Whether the forget gate f starts open, with a bias of 1 (default True).
    Raises ValueError if `units` is not a positive integer, or if a dropout lies outside [0, 1].
    Source: Hochreiter and Schmidhuber (1997), Gers et al. (2000), Jozefowicz et al. (2015).
    Example:
        >>> cell = keras.layers.LSTMCell(
        ...     1, None, unit_forget_bias=False, kernel_initializer="zeros",
        ...     recurrent_initializer="zeros")  # all gates are half open
        >>> h, c = np.array([[0.0]]), np.array([[8.0]])
        >>> output, states = cell(np.array([[5.0]]), [h, c])
        >>> [state.numpy().item() for state in states]
        [2.0, 4.0]
    """

    gates = 4
    states = 2
    functions: tuple[str, ...] = ("activation", "recurrent_activation")
    whole: Any = staticmethod(recurrent.lstm)
    plain: Any = staticmethod(recurrent.lstm_step)

    def __init__(
        self,
        units: int,
        activation: ActivationLike = "tanh",
        recurrent_activation: ActivationLike = "sigmoid",
        unit_forget_bias: bool = True,
        **options: Unpack[CellOptions],
    ):
        super().__init__(units, activation, **options)
        self.recurrent_activation: Callable[..., Any] = activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias

    def add_bias(self, columns: int) -> Variable:
        """Make the bias, in which the forget gate may start open."""
        start = self.bias_initializer
        start = OpenForgetGate(start) if self.unit_forget_bias else start
        return self.add_weight((columns,), start, name="bias")


class GRUCell(Cell):
    """One step of a gated recurrent unit, which mixes its old state with a candidate g.

        z, r = sigmoid(x @ kernel + h @ recurrent_kernel + bias)
        g = tanh(x @ kernel + r * (h @ recurrent_kernel + b1) + b0)
        h' = z * h + (1 - z) * g

    z, r and g have their own columns, in this order; b0 and b1 are the two rows of the bias.

    Shapes: (batch, inputs), [(batch, units)] -> (batch, units) and the next state, which is the
    same; kernel (inputs, 3 units), recurrent kernel (units, 3 units), bias (2, 3 units), or (3
    units) with `reset_after=False`.
    Args:
        activation: Function of the candidate g, or its name (default "tanh"); None leaves it as it
            is.
        recurrent_activation: Function of the gates z and r, or its name (default "sigmoid").
        reset_after: Whether r acts on the product of state and kernel (default True). With False it
            acts on the state: g = tanh(x @ kernel + (r * h) @ recurrent_kernel + bias).
    Raises ValueError if `units` is not a positive integer, or if a dropout lies outside [0, 1].
    Source: Cho et al. (2014).
    Example:
        >>> cell = keras.layers.GRUCell(
        ...     1, kernel_initializer="zeros", recurrent_initializer="zeros")  # z = 0.5, g = 0
        >>> output, states = cell(np.array([[5.0]]), [np.array([[8.0]])])
        >>> output.numpy().tolist()
        [[4.0]]
    """

    gates = 3
    functions: tuple[str, ...] = ("activation", "recurrent_activation")

    def __init__(
        self,
        units: int,
        activation: ActivationLike = "tanh",
        recurrent_activation: ActivationLike = "sigmoid",
        reset_after: bool = True,
        **options: Unpack[CellOptions],
    ):
        super().__init__(units, activation, **options)
        self.recurrent_activation: Callable[..., Any] = activations.get(recurrent_activation)
        self.reset_after = reset_after
        self.whole: Any = recurrent.gru if reset_after else None

    def add_bias(self, columns: int) -> Variable:
        """Make the bias: two rows, or one without `reset_after`."""
        shape = (2, columns) if self.reset_after else (columns,)
        return self.add_weight(shape, name="bias")

    def plain(self, *arrays: TensorLike, **functions: Any) -> Any:
        """One step in basic ops.

        Args:
            *arrays: The inputs, the state, both kernels and the bias.
            **functions: The activations.
        """
        return recurrent.gru_step(*arrays, reset_after=self.reset_after, **functions)


class ConvLSTMCell(LSTMCell):
    """One step of an LSTM over feature maps: the products of `LSTMCell` become convolutions.

        i, f, o = sigmoid(conv(x, kernel) + conv(h, recurrent_kernel) + bias)
        g = tanh(conv(x, kernel) + conv(h, recurrent_kernel) + bias)
        c' = f * c + i * g
        h' = o * tanh(c')

    The convolution of the state h has stride 1 and pads, so that it keeps its size.

    Shapes: (batch, height, width, channels), [h, c] -> (batch, new height, new width, filters) and
    the next states; kernel (*kernel_size, channels, 4 filters), recurrent kernel (*kernel_size,
    filters, 4 filters), bias (4 filters).
    Args:
        filters: Number of channels of the output and of each state, a positive integer.
        kernel_size: Height and width of both kernels: an integer for both, or a pair.
        strides: Stride of the inputs' convolution, an integer or a pair (default 1).
        padding: How the edges of the inputs are treated: "valid" (default) uses the positions where
            the kernel fits inside, "same" pads with zeros, so that stride 1 keeps the size.
        data_format: "channels_last" or None (default), which means the same; others are refused.
        dilation_rate: Distance between neighbouring elements of the inputs' kernel, an integer or a
            pair (default 1).
    Raises ValueError for sizes that are not positive integers, or an unknown `padding`.
    Source: Shi et al. (2015).
    Example:
        >>> cell = keras.layers.ConvLSTMCell(
        ...     1, 1, activation=None, unit_forget_bias=False, kernel_initializer="zeros",
        ...     recurrent_initializer="zeros")  # all gates are half open
        >>> image = c = np.array([[4.0, 8.0]]).reshape(1, 1, 2, 1)
        >>> output, states = cell(image, [np.zeros_like(c), c])
        >>> output.numpy().ravel().tolist()
        [1.0, 2.0]
    """

    derived_arguments: tuple[str, ...] = ("units",)
    settings: tuple[str, ...] = ("strides", "padding", "dilation_rate")
    whole: Any = staticmethod(recurrent.conv_lstm)
    plain: Any = staticmethod(recurrent.conv_lstm_step)

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: PoolPadding = "valid",
        data_format: LastFormat = None,
        dilation_rate: Sizes = 1,
        **options: Unpack[ConvLSTMCellOptions],
    ):
        super().__init__(check_positive(filters, "filters"), **options)
        self.filters: int = self.units
        self.kernel_size: tuple[int, ...] = check_sizes(kernel_size, 2, "kernel_size")
        self.strides: tuple[int, ...] = check_sizes(strides, 2, "strides")
        self.padding: PoolPadding = check_choice(padding, ("valid", "same"), "padding")
        self.data_format: LastFormat = check_last(data_format)
        self.dilation_rate: tuple[int, ...] = check_sizes(dilation_rate, 2, "dilation_rate")


class StackedRNNCells(Layer):
    """Several cells as one: the output of each is the input of the next.

    Each cell keeps its own states.

    Shapes: (batch, inputs), a list of states for each cell -> (batch, units of the last cell) and
    the next states.
    Args:
        cells: The cells in the order of their use, at least one: layers with
            `call(inputs, states)` and `state_size`.
    Raises ValueError if the list is empty, or if an entry is not a cell.
    Example:
        >>> def add_up():
        ...     return keras.layers.SimpleRNNCell(
        ...         1, None, kernel_initializer="ones", recurrent_initializer="ones")
        >>> layer = keras.layers.RNN(
        ...     keras.layers.StackedRNNCells([add_up(), add_up()]), return_sequences=True)
        >>> layer(np.array([[[1.0], [2.0], [3.0]]])).numpy().ravel()  # 1, 3, 6, then once more
        array([ 1.,  4., 10.], dtype=float32)
    """

    def __init__(self, cells: Iterable[Layer], **options: Unpack[LayerOptions]):
        super().__init__(**options)
        self.cells: list[Any] = [check_cell(cell) for cell in cells]
        if not self.cells:
            raise ValueError("`cells` must hold at least one cell")

    @property
    def state_size(self) -> list[Any]:
        return [cell.state_size for cell in self.cells]

    def call(self, inputs: TensorLike, states: Sequence[Structure]) -> Any:
        """Make one step of each cell; return the last output and the next states.

        Args:
            inputs: Tensor (batch, inputs), what the first cell is given.
            states: For each cell its states, a tensor or a list of tensors.
        """
        after = []
        for cell, state in zip(self.cells, states, strict=True):
            inputs, state = cell(inputs, as_list(state))
            after.append(state)
        return inputs, after

    def run(
        self,
        x: TensorLike,
        states: Sequence[Any],
        mask: Array,
        zero_output_for_mask: bool,
        training: bool,
    ) -> tuple[Any, Any, Sequence[Any]]:
        """Run all steps of each cell in turn, so that each draws its dropout once for all steps.

        Args:
            x: Tensor (batch, time, ...).
            states: The first states of all cells, as a flat list.
            mask: Boolean array (batch, time), True where a step counts, or None.
            zero_output_for_mask: Whether the output of a masked step is 0.
            training: Whether dropout applies.
        """
        last, after = None, []
        for cell in self.cells:
            count = len(tree.flatten(cell.state_size))
            own, states = states[:count], states[count:]
            cell.prepare(x[:, 0])
            x, last, own = cell.run(x, own, mask, zero_output_for_mask, training)
            after += own
        return x, last, after


def runs_whole(cell: Any) -> bool:
    """Whether a cell has a `run` for whole sequences that does what its `call` does in steps."""
    if isinstance(cell, StackedRNNCells) and type(cell).call is StackedRNNCells.call:
        return all(map(runs_whole, cell.cells))
    return isinstance(cell, Cell) and type(cell).call is Cell.call


def check_cell(cell: Any) -> Any:
    """Return `cell`; raise a ValueError that says what a cell must have if it is not one."""
    if not isinstance(cell, Layer) or not hasattr(cell, "state_size"):
        raise ValueError(
            "`cell` must be a layer with `call(inputs, states)` and `state_size`, or a list of "
            f"them, got {cell!r:.100}"
        )
    return cell


# ---------------------------------------------------------------------------------------------
# The loop over a cell


class RNN(Layer):
    """The loop over a cell: from the first step of a sequence to the last.

        y[t], states = cell(x[t], states)

    Steps that a mask (batch, time) leaves out keep the states.

    Shapes: (batch, time, ...) -> (batch, units), or (batch, time, units) with `return_sequences`.
    Args:
        cell: Layer that makes one step, with `call(inputs, states)` and `state_size`, or a list of
            such cells, stacked.
        return_sequences: Whether the outputs of all steps are returned, not only the last one
            (default False).
        return_state: Whether the last states are returned, too, in a list after the output or
            outputs (default False).
        go_backwards: Whether the steps are read from the last to the first, and the outputs left in
            that order (default False).
        stateful: Whether each batch starts with the states in which the previous one ended, until
            `reset_state()` (default False); this needs a fixed batch size.
        unroll: Accepted for compatibility with Keras, without effect (default False).
        zero_output_for_mask: Whether the output of a masked step is 0 (default False). Otherwise it
            is the previous output, 0 at the start.
    Raises ValueError for a wrong cell, or states of a wrong shape.
    Example:
        >>> class AddUp(keras.Layer):
        ...     state_size = 1
        ...     def call(self, inputs, states):
        ...         total = states[0] + inputs
        ...         return total, [total]
        >>> layer = keras.layers.RNN(AddUp(), return_sequences=True)
        >>> layer(np.array([[[1.0], [2.0], [3.0]]])).numpy().ravel()
        array([1., 3., 6.], dtype=float32)
    """

    untracked: frozenset[str] = Layer.untracked | {"_states"}  # states are not weights

    def __init__(
        self,
        cell: Layer | Sequence[Layer],
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **options: Unpack[LayerOptions],
    ):
        super().__init__(**options)
        cell = StackedRNNCells(cell) if isinstance(cell, (list, tuple)) else cell
        self.cell: Any = check_cell(cell)
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.input_spec: Structure = InputSpec(min_ndim=3)
        self._states: list[Variable] = []

    @property
    def states(self) -> list[Variable]:
        """The states that a stateful layer keeps between calls."""
        return self._states

    def build(self, input_shape: Shape) -> None:
        batch_size, _, *rest = input_shape
        self.cell.build((batch_size, *rest))
        if isinstance(self.cell, Cell):
            self.input_spec = InputSpec(ndim=len(input_shape), axes={-1: input_shape[-1]})
        if self.stateful:
            if batch_size is None:
                raise ValueError(
                    f"layer {self.name!r} is stateful, so it needs a fixed batch size: "
                    "Input(batch_shape=(8, ...)) or batch_size=8"
                )
            shapes = [(batch_size, *shape) for shape in self.state_shapes(input_shape)]
            self._states = [
                Variable(np.zeros(shape, self.dtype), trainable=False) for shape in shapes
            ]

    def state_shapes(self, input_shape: Any) -> list[tuple[int, ...]]:
        """The shapes of the states, without the batch.

        Args:
            input_shape: Shape of the sequences, with the batch.
        """
        return [(size,) for size in tree.flatten(self.cell.state_size)]

    def call(
        self,
        sequences: TensorLike,
        mask: Array = None,
        training: bool = False,
        initial_state: Structure = None,
    ) -> Any:
        """Read sequences; return the last output or all of them, perhaps with the last states.

        Args:
            sequences: Tensor (batch, time, ...) with at least one step.
            initial_state: States to start with, as a list of tensors (batch, units). None (default)
                means those that a stateful layer kept, or what `get_initial_state` of the cell
                returns, or zeros.
        """
        if sequences.shape[1] == 0:
            raise ValueError(f"layer {self.name!r} was called on a sequence without steps")
        mask = check_mask(mask, sequences, self, ndim=2)
        states = self.first_states(sequences, initial_state)
        if self.go_backwards:
            sequences = sequences[:, ::-1]
            mask = None if mask is None else mask[:, ::-1]
        run = self.cell.run if runs_whole(self.cell) else self.run
        outputs, last, states = run(sequences, states, mask, self.zero_output_for_mask, training)
        if self.stateful and len(sequences):
            for kept, state in zip(self.states, states, strict=True):
                kept.assign(state)
        if self.return_sequences:
            last = outputs
        return [last, *states] if self.return_state else last

    def run(
        self,
        x: TensorLike,
        states: Sequence[Any],
        mask: Array,
        zero_output_for_mask: bool,
        training: bool,
    ) -> tuple[Any, Any, Sequence[Any]]:
        """Run all steps of any cell; return the outputs, the last one and the last states.

        Args:
            x: Tensor (batch, time, ...).
            states: The first states, as a flat list.
            mask: Boolean array (batch, time), True where a step counts, or None.
            zero_output_for_mask: Whether the output of a masked step is 0.
            training: Whether the call is one of training; cells outside this file find that out
                by themselves.
        """

        def step(x, states):
            output, after = self.cell(x, as_list(tree.pack(self.cell.state_size, states)))
            return output, tree.flatten(after)

        return recurrent.run_steps(step, x, states, mask, zero_output_for_mask)

    def first_states(self, sequences: TensorLike, given: Structure) -> list[Any]:
        """The initial states as a flat list; ValueError if they have wrong shapes.

        Args:
            sequences: Tensor (batch, time, ...), only its shape counts.
            given: `initial_state` of the call, or None.
        """
        batch_size = sequences.shape[0]
        shapes = [(batch_size, *shape) for shape in self.state_shapes(sequences.shape)]
        if given is None and self.stateful:
            given = [state if batch_size else state[:0] for state in self.states]
        if given is None and hasattr(self.cell, "get_initial_state"):
            given = self.cell.get_initial_state(batch_size=batch_size)
        if given is None:
            given = [ops.zeros(shape, self.dtype) for shape in shapes]
        states = [ops.convert_to_tensor(state, self.dtype) for state in tree.flatten(given)]
        if [state.shape for state in states] != shapes:
            raise ValueError(
                f"layer {self.name!r} needs `initial_state` (or kept states) of shapes {shapes}, "
                f"got {[state.shape for state in states]}"
            )
        return states

    def reset_state(self) -> None:
        """Set the kept states of a stateful layer to zeros."""
        for state in self.states:
            state.assign(np.zeros(state.shape, state.dtype))

    def compute_mask(self, inputs: TensorLike, mask: Structure = None) -> Any:
        """The mask is passed on with the outputs of all steps; the last output alone has none."""
        mask = mask if self.return_sequences else None
        mask = mask[:, ::-1] if self.go_backwards and mask is not None else mask
        return [mask, *[None] * len(self.state_shapes(inputs.shape))] if self.return_state else mask


def cell_and_loop_parameters(cls: Any) -> dict[str, Parameter]:
    """The parameters of the cell, then by keyword those of the loop."""
    of_loop = registry.init_parameters(cls).values()
    by_keyword = {p.name: p.replace(kind=p.KEYWORD_ONLY) for p in of_loop}
    return (registry.init_parameters(cls.cell_class) if cls.cell_class else {}) | by_keyword


class CellRNN(RNN):
    """The base of layers that make their own cell; they take the cell's arguments and those of RNN.

    Weights and `units` are the cell's.
    """

    __signature__: Any = registry.InitSignature(cell_and_loop_parameters)
    derived_arguments: tuple[str, ...] = ("cell",)
    cell_class: Any = None

    def __init__(self, *args: Any, **options: Any):
        of_layer = registry.init_parameters(Layer)
        of_cell = {
            name: options.pop(name)
            for name in registry.init_parameters(self.cell_class)
            if name in options and name not in of_layer
        }
        of_cell["dtype"], of_cell["name"] = options.get("dtype"), "cell"
        super().__init__(self.cell_class(*args, **of_cell), **options)
        self.input_spec: Structure = InputSpec(ndim=3 + len(self.cell.kernel_size))

    @property
    def units(self) -> int:
        return self.cell.units

    def get_config(self) -> Config:
        return self.cell.get_config() | super().get_config()


class SimpleRNN(CellRNN):
    """A simple recurrent network over a sequence, as one op.

        h[t] = activation(x[t] @ kernel + h[t - 1] @ recurrent_kernel + bias)

    For sequences and states see `RNN`, for weights and errors `SimpleRNNCell`.

    Shapes: (batch, time, inputs) -> (batch, units), or (batch, time, units) with
    `return_sequences`.
    Raises ValueError where `RNN` and `SimpleRNNCell` do.
    Source: Elman (1990).
    Example:
        >>> layer = keras.layers.SimpleRNN(
        ...     1, None, kernel_initializer="ones", recurrent_initializer="ones",
        ...     return_sequences=True)
        >>> layer(np.array([[[1.0], [2.0], [3.0]]])).numpy().ravel()  # it adds up
        array([1., 3., 6.], dtype=float32)
    """

    cell_class = SimpleRNNCell
    arguments_from: tuple[type, ...] = (SimpleRNNCell,)

    if TYPE_CHECKING:  # what `CellRNN` takes for its cell and for the loop

        def __init__(
            self,
            units: int,
            activation: ActivationLike = "tanh",
            use_bias: bool = True,
            dropout: float = 0.0,
            recurrent_dropout: float = 0.0,
            seed: int | None = None,
            **options: Unpack[SimpleRNNOptions],
        ): ...


class LSTM(CellRNN):
    """A long short-term memory over a sequence, as one op.

        i, f, o = sigmoid(x[t] @ kernel + h[t - 1] @ recurrent_kernel + bias)
        g = tanh(x[t] @ kernel + h[t - 1] @ recurrent_kernel + bias)
        c[t] = f * c[t - 1] + i * g
        h[t] = o * tanh(c[t])

    i, f, g and o have their own columns. For sequences and states see `RNN`, for weights and
    errors `LSTMCell`. The states are h and c.

    Shapes: (batch, time, inputs) -> (batch, units), or (batch, time, units) with
    `return_sequences`.
    Raises ValueError where `RNN` and `LSTMCell` do.
    Source: Hochreiter and Schmidhuber (1997), Gers et al. (2000).
    Example:
        >>> layer = keras.layers.LSTM(
        ...     1, None, recurrent_activation=keras.ops.ones_like,  # all gates are open
        ...     kernel_initializer="ones", recurrent_initializer="zeros", return_sequences=True)
        >>> layer(np.array([[[1.0], [2.0], [3.0]]])).numpy().ravel()  # c adds up
        array([1., 3., 6.], dtype=float32)
    """

    cell_class = LSTMCell
    arguments_from: tuple[type, ...] = (LSTMCell,)

    if TYPE_CHECKING:  # what `CellRNN` takes for its cell and for the loop

        def __init__(
            self,
            units: int,
            activation: ActivationLike = "tanh",
            recurrent_activation: ActivationLike = "sigmoid",
            unit_forget_bias: bool = True,
            **options: Unpack[GatedRNNOptions],
        ): ...


class GRU(CellRNN):
    """A gated recurrent unit over a sequence, as one op.

        z, r = sigmoid(x[t] @ kernel + h[t - 1] @ recurrent_kernel + bias)
        g = tanh(x[t] @ kernel + r * (h[t - 1] @ recurrent_kernel + b1) + b0)
        h[t] = z * h[t - 1] + (1 - z) * g

    z, r and g have their own columns. For sequences and states see `RNN`, for weights, errors
    and the other form `GRUCell`.

    Shapes: (batch, time, inputs) -> (batch, units), or (batch, time, units) with
    `return_sequences`.
    Raises ValueError where `RNN` and `GRUCell` do.
    Source: Cho et al. (2014).
    Example:
        >>> layer = keras.layers.GRU(
        ...     1, kernel_initializer="zeros", recurrent_initializer="zeros",  # z = 0.5, g = 0
        ...     return_sequences=True)
        >>> layer(np.ones((1, 3, 1)), initial_state=[np.array([[8.0]])]).numpy().ravel()
        array([4., 2., 1.], dtype=float32)
    """

    cell_class = GRUCell
    arguments_from: tuple[type, ...] = (GRUCell,)

    if TYPE_CHECKING:  # what `CellRNN` takes for its cell and for the loop

        def __init__(
            self,
            units: int,
            activation: ActivationLike = "tanh",
            recurrent_activation: ActivationLike = "sigmoid",
            reset_after: bool = True,
            **options: Unpack[GatedRNNOptions],
        ): ...


class ConvLSTM2D(CellRNN):
    """A long short-term memory over a sequence of images, as one op.

        i, f, o = sigmoid(conv(x[t], kernel) + conv(h[t - 1], recurrent_kernel) + bias)
        g = tanh(conv(x[t], kernel) + conv(h[t - 1], recurrent_kernel) + bias)
        c[t] = f * c[t - 1] + i * g
        h[t] = o * tanh(c[t])

    For sequences and states see `RNN`, for weights and errors `ConvLSTMCell`.

    Shapes: (batch, time, height, width, channels) -> (batch, new height, new width, filters),
    or (batch, time, new height, new width, filters) with `return_sequences`.
    Raises ValueError where `RNN` and `ConvLSTMCell` do.
    Source: Shi et al. (2015).
    Example:
        >>> layer = keras.layers.ConvLSTM2D(
        ...     1, 1, activation=None, recurrent_activation=keras.ops.ones_like,  # gates are open
        ...     kernel_initializer="ones", recurrent_initializer="zeros")
        >>> film = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).reshape(1, 3, 1, 2, 1)
        >>> layer(film).numpy().ravel()  # each pixel adds up
        array([ 9., 12.], dtype=float32)
    """

    cell_class = ConvLSTMCell
    arguments_from: tuple[type, ...] = (ConvLSTMCell,)

    if TYPE_CHECKING:  # what `CellRNN` takes for its cell and for the loop

        def __init__(
            self,
            filters: int,
            kernel_size: Sizes,
            strides: Sizes = 1,
            padding: PoolPadding = "valid",
            data_format: LastFormat = None,
            dilation_rate: Sizes = 1,
            **options: Unpack[ConvLSTMOptions],
        ): ...

    def state_shapes(self, input_shape: Any) -> list[tuple[int, ...]]:
        cell = self.cell
        settings = cell.kernel_size, cell.strides, cell.padding, cell.dilation_rate
        axes = conv_axes(f"layer {self.name!r}", input_shape[2:-1], *settings)
        return [(*(axis.output_size for axis in axes), cell.filters)] * 2


# ---------------------------------------------------------------------------------------------
# Layers around a layer


class Bidirectional(Layer):
    """A recurrent layer that reads forwards next to one that reads backwards.

        y = merge(layer(x), backward_layer(x))

    Sequences of the second are reversed before they are merged, so that both refer to the same
    step. States come after the outputs, first those of `layer`. In a sequence a masked step gives
    0: both layers are set to `zero_output_for_mask`, as they do not agree on which output came
    before.

    Shapes: (batch, time, inputs) -> (batch, 2 units) with "concat", else (batch, units); with a
    time axis if the layers return sequences.
    Args:
        layer: Recurrent layer, such as `LSTM(8)`.
        merge_mode: "concat" (default) joins both outputs along the last axis; "sum", "mul" and
            "ave" add, multiply or average them; None returns a list of both.
        backward_layer: Recurrent layer that reads in the other direction; None (default) makes one
            like `layer`, with its own weights.
    Raises ValueError for another mode or layer.
    Source: Schuster and Paliwal (1997).
    Example:
        >>> add_up = keras.layers.SimpleRNN(
        ...     1, None, kernel_initializer="ones", recurrent_initializer="ones",
        ...     return_sequences=True)
        >>> layer = keras.layers.Bidirectional(add_up)
        >>> layer(np.array([[[1.0], [2.0], [3.0]]])).numpy().tolist()
        [[[1.0, 6.0], [3.0, 5.0], [6.0, 3.0]]]
    """

    merges: dict[str | None, Callable[[Any, Any], Any]] = {
        "concat": lambda a, b: ops.concatenate([a, b], axis=-1),
        "sum": ops.add,
        "mul": ops.multiply,
        "ave": lambda a, b: (a + b) * 0.5,
        None: lambda a, b: [a, b],
    }

    def __init__(
        self,
        layer: RNN,
        merge_mode: str | None = "concat",
        backward_layer: RNN | None = None,
        **options: Unpack[LayerOptions],
    ):
        super().__init__(**options)
        if not isinstance(layer, RNN):
            raise ValueError(f"`layer` must be a recurrent layer such as LSTM, got {layer!r:.100}")
        check_choice(merge_mode, self.merges, "merge_mode")
        if backward_layer is None:
            config = layer.get_config()
            config |= {"name": f"backward_{layer.name}", "go_backwards": not layer.go_backwards}
            backward_layer = type(layer).from_config(config)
        if not isinstance(backward_layer, RNN) or backward_layer.go_backwards == layer.go_backwards:
            raise ValueError(
                "`backward_layer` must be a recurrent layer that reads in the opposite direction"
            )
        self.layer = layer
        self.merge_mode = merge_mode
        self.backward_layer: RNN = backward_layer
        for each in (layer, backward_layer):
            each.zero_output_for_mask = each.return_sequences

    def build(self, input_shape: Shape) -> None:
        for layer in (self.layer, self.backward_layer):
            layer.build(input_shape)

    def call(self, inputs: TensorLike, mask: Array = None, initial_state: Structure = None) -> Any:
        """Read sequences in both directions.

        Args:
            inputs: Tensor (batch, time, ...).
            initial_state: States to start with, as a list: first those of `layer`, then those of
                `backward_layer`; None (default) as for `RNN`.
        """
        given = [] if initial_state is None else tree.flatten(initial_state)
        half = len(given) // 2
        (a, *a_states), (b, *b_states) = (
            as_list(layer(inputs, mask=mask, initial_state=states or None))
            for layer, states in ((self.layer, given[:half]), (self.backward_layer, given[half:]))
        )
        if self.layer.return_sequences:
            b = b[:, ::-1]
        merged = as_list(self.merges[self.merge_mode](a, b))
        states = [*a_states, *b_states]
        return [*merged, *states] if len(merged) + len(states) > 1 else merged[0]

    def compute_mask(self, inputs: TensorLike, mask: Structure = None) -> Any:
        """The mask that the inner layer computes."""
        mask = mask if self.layer.return_sequences else None
        outputs = 2 if self.merge_mode is None else 1
        states = 2 * len(self.layer.state_shapes(inputs.shape)) * self.layer.return_state
        return [mask] * outputs + [None] * states

    def reset_state(self) -> None:
        """Set the kept states of stateful layers to zeros."""
        self.layer.reset_state()
        self.backward_layer.reset_state()


class TimeDistributed(Layer):
    """One layer applied to every step of a sequence.

        y[t] = layer(x[t])

    Of a mask (batch, time, ...) each step is given its part, such as that of the words in a
    sentence. The output has the mask that the layer inside makes or passes on. If there is none,
    a step counts if any part of it did.

    Shapes: (batch, time, ...) -> (batch, time, ...).
    Args:
        layer: Layer that is applied to each step, always with the same weights.
    Raises ValueError if `layer` is not a layer, or for a mask of a wrong shape.
    Example:
        >>> layer = keras.layers.TimeDistributed(keras.layers.Dense(1, kernel_initializer="ones"))
        >>> layer(np.array([[[1.0, 2.0], [3.0, 4.0]]])).numpy().tolist()
        [[[3.0], [7.0]]]
    """

    supports_masking = True
    casts_inputs = False

    def __init__(self, layer: Layer, **options: Unpack[LayerOptions]):
        super().__init__(**options)
        if not isinstance(layer, Layer):
            raise ValueError(f"`layer` must be a layer, got {layer!r:.100}")
        self.layer = layer
        self.input_spec: Structure = InputSpec(min_ndim=3)

    def call(self, inputs: TensorLike, mask: Array = None) -> Any:
        mask = check_mask(mask, inputs, self)
        batch_size, steps, *rest = inputs.shape  # all steps of all samples are one batch
        merged = ops.reshape(inputs, (batch_size * steps or -1, *rest))  # -1: an empty batch
        merged.mask = self.parts_of_steps(mask, merged)

        def split(y: Any) -> Any:
            output = ops.reshape(y, (batch_size or -1, steps, *y.shape[1:]))
            output.mask = self.mask_after(mask, y, output)
            return output

        return tree.map(split, self.layer(merged))

    def parts_of_steps(self, mask: Array, merged: TensorLike) -> Array:
        """The mask of all steps as one batch, for the layer inside; None if it has no use for it.

        A mask (batch, time) has one value for each of its samples. Only BatchNormalization leaves
        whole samples out; to others it would look like a mask of steps.

        Args:
            mask: Boolean array (batch, time, ...), or None.
            merged: The inputs of the layer inside: (batch * time, ...).
        """
        whole = mask is not None and mask.ndim == 2
        if mask is None or (whole and not isinstance(self.layer, BatchNormalization)):
            return None
        return mask.reshape(len(merged), *mask.shape[2:])

    def mask_after(self, mask: Array, y: TensorLike, output: TensorLike) -> Array:
        """The mask of an output.

        Args:
            mask: That of the inputs, (batch, time, ...), or None.
            y: What the layer inside returned, (batch * time, ...), perhaps with a mask.
            output: The same as (batch, time, ...).
        """
        made = y.mask
        if made is not None and made.shape == y.shape[: made.ndim]:
            made = made.reshape(*output.shape[:2], *made.shape[1:])
            return made if mask is None or mask.ndim > 2 else combine_masks([mask, made])
        return mask if mask is None else mask.any(axis=tuple(range(2, mask.ndim)))

    def pass_masks(self, inputs: Structure, masks: Structure, outputs: Structure) -> Any:
        """The outputs, which have their masks: see `mask_after`."""
        return outputs
