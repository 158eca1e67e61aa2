"""Activations with settings, as layers: they hold the settings, or even learn them."""

from ..layer import Layer
from ..ops import basic, nn
from .regularization import check_number


class ReLU(Layer):
    """max(x, 0), or in full: min(x, max_value) above `threshold`, else negative_slope
    (x - threshold). Any shape. Raises ValueError for a negative setting.
    """

    supports_masking = True

    def __init__(self, max_value=None, negative_slope=0.0, threshold=0.0, **options):
        super().__init__(**options)
        self.max_value = max_value if max_value is None else check_number(max_value, "max_value")
        self.negative_slope = check_number(negative_slope, "negative_slope")
        self.threshold = check_number(threshold, "threshold")

    def call(self, inputs):
        return nn.relu(inputs, self.negative_slope, self.max_value, self.threshold)


class LeakyReLU(Layer):
    """x where it is positive, else negative_slope x. Any shape (Maas et al., 2013)."""

    supports_masking = True

    def __init__(self, negative_slope=0.3, **options):
        super().__init__(**options)
        self.negative_slope = check_number(negative_slope, "negative_slope")

    def call(self, inputs):
        return nn.leaky_relu(inputs, self.negative_slope)


class ELU(Layer):
    """x where it is positive, else alpha (e^x - 1). Any shape (Clevert et al., 2016)."""

    supports_masking = True

    def __init__(self, alpha=1.0, **options):
        super().__init__(**options)
        self.alpha = check_number(alpha, "alpha")

    def call(self, inputs):
        return nn.elu(inputs, self.alpha)


class Softmax(Layer):
    """exp(x) / sum exp(x) along `axis`. Any shape."""

    supports_masking = True

    def __init__(self, axis=-1, **options):
        super().__init__(**options)
        self.axis = axis

    def call(self, inputs):
        return nn.softmax(inputs, self.axis)


class PReLU(Layer):
    """x where it is positive, else alpha x, where alpha is learned (He et al., 2015).

    (batch, a, b, ...) -> the same; alpha (a, b, ...), with 1 for each of `shared_axes` (counted
    from 1, without the batch).
    """

    supports_masking = True
    weight_settings = {"alpha": "zeros"}

    def __init__(self, shared_axes=None, **options):
        super().__init__(**options)
        self.shared_axes = [shared_axes] if isinstance(shared_axes, int) else shared_axes

    def build(self, input_shape):
        shared = self.shared_axes or ()
        shape = [1 if i in shared else n for i, n in enumerate(input_shape)]
        self.alpha = self.add_weight(shape[1:], name="alpha")

    def call(self, inputs):
        return basic.maximum(inputs, 0) + self.alpha * basic.minimum(inputs, 0)
