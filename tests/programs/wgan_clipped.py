"""A Wasserstein GAN whose critic is kept flat by a constraint on its weights."""

import numpy as np

import minigraph as keras
from minigraph import layers, ops

PARAMETERS = 13_057, 1_121, 14_178  # Keras 3.15.1


class ClipConstraint(keras.constraints.Constraint):
    def __init__(self, clip_value):
        self.clip_value = clip_value

    def __call__(self, weights):
        return ops.clip(weights, -self.clip_value, self.clip_value)

    def get_config(self):
        return {"clip_value": self.clip_value}


def wasserstein_loss(y_true, y_pred):
    return ops.mean(y_true * y_pred)


def define_critic(shape):
    init, const = keras.initializers.RandomNormal(stddev=0.02), ClipConstraint(0.01)
    model = keras.Sequential()
    options = {"padding": "same", "kernel_initializer": init, "kernel_constraint": const}
    model.add(layers.Conv2D(16, (4, 4), strides=(2, 2), input_shape=shape, **options))
    model.add(layers.BatchNormalization())
    model.add(layers.LeakyReLU(negative_slope=0.2))
    model.add(layers.Flatten())
    model.add(layers.Dense(1))
    model.compile(loss=wasserstein_loss, optimizer=keras.optimizers.RMSprop(0.00005))
    return model


def program(latent_dim=10):
    critic = define_critic((14, 14, 1))
    generator = keras.Sequential()
    generator.add(layers.Dense(16 * 7 * 7, input_dim=latent_dim))
    generator.add(layers.LeakyReLU(0.2))
    generator.add(layers.Reshape((7, 7, 16)))
    generator.add(layers.Conv2DTranspose(16, (4, 4), strides=(2, 2), padding="same"))
    generator.add(layers.BatchNormalization())
    generator.add(layers.Conv2D(1, (4, 4), activation="tanh", padding="same"))

    random = np.random.default_rng(0)
    real, noise = random.random((8, 14, 14, 1), "float32"), random.standard_normal((8, latent_dim))
    critic.train_on_batch(real, -np.ones((8, 1)))
    critic.train_on_batch(generator.predict(noise, verbose=0), np.ones((8, 1)))
    assert abs(critic.layers[0].get_weights()[0]).max() <= 0.01 + 1e-7

    critic.trainable = False
    whole = keras.Sequential([generator, critic])
    whole.compile(loss=wasserstein_loss, optimizer=keras.optimizers.RMSprop(0.00005))
    whole.fit(noise, -np.ones((8, 1)), verbose=0)
    return generator, critic, whole
