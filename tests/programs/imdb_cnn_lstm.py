"""Reviews by a convolution and then an LSTM layer."""

import numpy as np

import minigraph as keras
from minigraph import layers
from minigraph.preprocessing import sequence

PARAMETERS = 2_638_895  # Keras 3.15.1


def program(max_features=20000, maxlen=24):
    random = np.random.default_rng(0)
    reviews = [random.integers(1, max_features, n).tolist() for n in (3, 30, 12, 20)]
    x, y = sequence.pad_sequences(reviews, maxlen=maxlen), np.array([0, 1, 1, 0])
    model = keras.Sequential()
    model.add(layers.Embedding(max_features, 128, input_length=maxlen))
    model.add(layers.Dropout(0.25))
    model.add(layers.Conv1D(64, 5, padding="valid", activation="relu", strides=1))
    model.add(layers.MaxPooling1D(pool_size=4))
    model.add(layers.LSTM(70))
    model.add(layers.Dense(1))
    model.add(layers.Activation("sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    model.fit(x, y, batch_size=2, epochs=1, validation_data=(x, y), verbose=0)
    return model
