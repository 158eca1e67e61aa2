"""A Sequential model for small pictures, trained on batches that a data set makes."""

import numpy as np

import minigraph as keras
from minigraph import layers


class Stripes(keras.utils.PyDataset):
    """Pictures with stripes: class 0 has them upright, class 1 has them lying."""

    def __init__(self, batches: int, size: int = 8):
        super().__init__()
        self.batches, self.size = batches, size

    def __len__(self):
        return self.batches

    def __getitem__(self, k):
        random = np.random.default_rng(k)
        labels = random.integers(0, 2, self.size)
        upright = np.tile(np.arange(8) % 2, (8, 1)).astype("float32")
        pictures = np.stack([upright.T if label else upright for label in labels])
        noise = 0.1 * random.standard_normal(pictures.shape)
        return (pictures + noise)[..., None].astype("float32"), labels


def main() -> tuple[float, tuple[int, ...]]:
    """The accuracy on new pictures, and the shape of what the convolution gives."""
    model = keras.Sequential(name="stripes")
    model.add(keras.Input(shape=(8, 8, 1)))
    model.add(layers.Conv2D(4, 3, padding="same", activation="relu", name="conv"))
    model.add(layers.BatchNormalization())
    model.add(layers.MaxPooling2D(2))
    model.add(layers.Flatten())
    model.add(layers.Dense(2))
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.02, 20, 0.9)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(Stripes(12), epochs=4, verbose=0, validation_data=Stripes(2))
    _, accuracy = model.evaluate(Stripes(4), verbose=0)
    inner = keras.Model(model.inputs, model.get_layer("conv").output)
    x, _ = Stripes(1)[0]
    return accuracy, inner(x).shape
