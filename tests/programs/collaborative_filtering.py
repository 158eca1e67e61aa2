"""Which films does a person like? The product of two embeddings, in a subclass of Model."""

import numpy as np

import minigraph as keras
from minigraph import layers, ops

PARAMETERS = 3_468  # Keras 3.15.1, for 30 users and 38 films
UNSAVED = "cannot be rebuilt from a config"  # it has no get_config


class RecommenderNet(keras.Model):
    def __init__(self, num_users, num_movies, embedding_size, **kwargs):
        super().__init__(**kwargs)
        self.user_embedding = layers.Embedding(
            num_users,
            embedding_size,
            embeddings_initializer="he_normal",
            embeddings_regularizer=keras.regularizers.l2(1e-6),
        )
        self.user_bias = layers.Embedding(num_users, 1)
        self.movie_embedding = layers.Embedding(
            num_movies,
            embedding_size,
            embeddings_initializer="he_normal",
            embeddings_regularizer=keras.regularizers.l2(1e-6),
        )
        self.movie_bias = layers.Embedding(num_movies, 1)

    def call(self, inputs):
        user_vector = self.user_embedding(inputs[:, 0])
        movie_vector = self.movie_embedding(inputs[:, 1])
        dot_user_movie = ops.tensordot(user_vector, movie_vector, 2)
        bias = self.user_bias(inputs[:, 0]) + self.movie_bias(inputs[:, 1])
        return ops.nn.sigmoid(dot_user_movie + bias)


def program():
    model = RecommenderNet(30, 38, 50)
    model.compile(
        loss=keras.losses.BinaryCrossentropy(),
        optimizer=keras.optimizers.Adam(learning_rate=0.001),
    )
    random = np.random.default_rng(0)
    pairs, y = random.integers(0, 30, (40, 2)), random.random(40)
    model.fit(x=pairs, y=y, batch_size=8, epochs=2, validation_data=(pairs, y), verbose=0)
    return model
