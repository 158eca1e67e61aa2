"""A Wasserstein GAN with a gradient penalty: a tape in a tape."""

import numpy as np

import minigraph as keras
from minigraph import layers, ops

PARAMETERS = 945, 1_608, None  # by the formulas of its layers
UNSAVED = "cannot be rebuilt from a config"  # it has no get_config


class WGAN(keras.Model):
    def __init__(self, discriminator, generator, latent_dim, gp_weight=10.0):
        super().__init__()
        self.discriminator, self.generator = discriminator, generator
        self.latent_dim, self.gp_weight = latent_dim, gp_weight

    def compile(self, d_optimizer, g_optimizer):
        super().compile()
        self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer

    def gradient_penalty(self, batch_size, real_images, fake_images):
        alpha = keras.random.uniform([batch_size, 1, 1, 1], 0.0, 1.0)
        interpolated = keras.Variable(real_images + alpha * (fake_images - real_images))
        with keras.Tape() as gp_tape:
            pred = ops.sum(self.discriminator(interpolated, training=True))
        grads = gp_tape.gradient(pred, [interpolated])[0]
        norm = ops.sqrt(ops.sum(ops.square(grads), axis=(1, 2, 3)))
        return ops.mean((norm - 1.0) ** 2)

    def train_step(self, real_images):
        n = ops.shape(real_images)[0]
        with keras.Tape() as tape:
            fake_images = self.generator(keras.random.normal((n, self.latent_dim)), training=True)
            fake = self.discriminator(fake_images, training=True)
            real = self.discriminator(real_images, training=True)
            gp = self.gradient_penalty(n, real_images, fake_images)
            d_loss = ops.mean(fake) - ops.mean(real) + gp * self.gp_weight
        weights = self.discriminator.trainable_variables
        self.d_optimizer.apply_gradients(zip(tape.gradient(d_loss, weights), weights, strict=True))
        with keras.Tape() as tape:
            images = self.generator(keras.random.normal((n, self.latent_dim)), training=True)
            g_loss = -ops.mean(self.discriminator(images, training=True))
        weights = self.generator.trainable_variables
        self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, weights), weights, strict=True))
        return {"d_loss": d_loss, "g_loss": g_loss}


def program(latent_dim=8):
    image = x = layers.Input(shape=(8, 8, 1))
    for filters in (4, 8):
        x = layers.Conv2D(filters, (5, 5), strides=(2, 2), padding="same")(x)
        x = layers.LeakyReLU(0.2)(x)
    d_model = keras.Model(image, layers.Dense(1)(layers.Flatten()(x)), name="discriminator")
    noise = layers.Input(shape=(latent_dim,))
    x = layers.Dense(4 * 4 * 8, use_bias=False)(noise)
    x = layers.LeakyReLU(0.2)(layers.BatchNormalization()(x))
    x = layers.UpSampling2D((2, 2))(layers.Reshape((4, 4, 8))(x))
    x = layers.Conv2D(1, (3, 3), padding="same", use_bias=False)(x)
    g_model = keras.Model(noise, layers.Activation("tanh")(x), name="generator")
    wgan = WGAN(d_model, g_model, latent_dim)
    wgan.compile(
        d_optimizer=keras.optimizers.Adam(learning_rate=0.0002, beta_1=0.5, beta_2=0.9),
        g_optimizer=keras.optimizers.Adam(learning_rate=0.0002, beta_1=0.5, beta_2=0.9),
    )
    images = np.random.default_rng(0).random((8, 8, 8, 1), "float32")
    wgan.fit(images, batch_size=4, verbose=0)

    with keras.Tape() as tape:  # the penalty alone moves the first kernel
        penalty = wgan.gradient_penalty(8, images, 1 - images)
    assert np.abs(tape.gradient(penalty, d_model.trainable_variables)[0]).max() > 0
    return d_model, g_model, wgan
