"""A GAN that knows classes: models of two inputs and two outputs, trained batch by batch."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 20_105, 9_883, 29_988  # Keras 3.15.1


def build_generator(latent_size, classes):
    cnn = keras.Sequential()
    cnn.add(layers.Dense(7 * 7 * 16, input_dim=latent_size, activation="relu"))
    cnn.add(layers.Reshape((7, 7, 16)))
    options = {"padding": "same", "kernel_initializer": "glorot_normal"}
    cnn.add(layers.Conv2DTranspose(8, 5, strides=2, activation="relu", **options))
    cnn.add(layers.BatchNormalization())
    cnn.add(layers.Conv2DTranspose(1, 5, strides=2, activation="tanh", **options))
    latent = layers.Input(shape=(latent_size,))
    image_class = layers.Input(shape=(1,), dtype="int32")
    embedding = layers.Embedding(classes, latent_size, embeddings_initializer="glorot_normal")
    cls = layers.Flatten()(embedding(image_class))
    return keras.Model([latent, image_class], cnn(layers.multiply([latent, cls])))


def build_discriminator(classes):
    cnn = keras.Sequential()
    cnn.add(layers.Conv2D(8, 3, padding="same", strides=2, input_shape=(28, 28, 1)))
    cnn.add(layers.LeakyReLU(0.2))
    cnn.add(layers.Dropout(0.3))
    cnn.add(layers.Conv2D(16, 3, padding="same", strides=2))
    cnn.add(layers.LeakyReLU(0.2))
    cnn.add(layers.Flatten())
    image = layers.Input(shape=(28, 28, 1))
    features = cnn(image)
    fake = layers.Dense(1, activation="sigmoid", name="generation")(features)
    aux = layers.Dense(classes, activation="softmax", name="auxiliary")(features)
    return keras.Model(image, [fake, aux])


def program(latent_size=20, classes=10, n=8):
    losses = ["binary_crossentropy", "sparse_categorical_crossentropy"]
    discriminator = build_discriminator(classes)
    discriminator.compile(optimizer=keras.optimizers.Adam(0.0002, beta_1=0.5), loss=losses)
    generator = build_generator(latent_size, classes)
    latent = layers.Input(shape=(latent_size,))
    image_class = layers.Input(shape=(1,), dtype="int32")
    discriminator.trainable = False
    combined = keras.Model([latent, image_class], discriminator(generator([latent, image_class])))
    combined.compile(optimizer=keras.optimizers.Adam(0.0002, beta_1=0.5), loss=losses)

    random = np.random.default_rng(0)
    real, labels = random.random((n, 28, 28, 1), "float32"), random.integers(0, classes, n)
    noise, sampled = random.uniform(-1, 1, (n, latent_size)), random.integers(0, classes, n)
    fake = generator.predict([noise, sampled.reshape((-1, 1))], verbose=0)
    x, y = np.concatenate((real, fake)), np.array([0.95] * n + [0.0] * n)
    aux_y = np.concatenate((labels, sampled), axis=0)
    weights = [np.ones(2 * n), np.concatenate((np.ones(n) * 2, np.zeros(n)))]
    losses = discriminator.train_on_batch(x, [y, aux_y], sample_weight=weights)
    assert np.isfinite(losses).all()
    combined.fit([noise, sampled.reshape((-1, 1))], [np.ones(n) * 0.95, sampled], verbose=0)
    return generator, discriminator, combined
