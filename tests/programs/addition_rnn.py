"""Sums, read and written letter by letter."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 205_324  # published


def program(digits=3, letters="0123456789+ "):
    longest = digits + 1 + digits
    code = {letter: k for k, letter in enumerate(letters)}
    random = np.random.default_rng(0)
    pairs = random.integers(0, 10**digits, (32, 2)).tolist()
    questions = [f"{a}+{b}".ljust(longest)[::-1] for a, b in pairs]
    answers = [str(a + b).ljust(digits + 1) for a, b in pairs]
    x, y = (
        np.eye(12)[[[code[c] for c in text] for text in texts]] for texts in (questions, answers)
    )

    model = keras.Sequential()
    model.add(layers.Input((longest, len(letters))))
    model.add(layers.LSTM(128))
    model.add(layers.RepeatVector(digits + 1))
    for _ in range(1):
        model.add(layers.LSTM(128, return_sequences=True))
    model.add(layers.Dense(len(letters), activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    for _ in range(2):
        model.fit(
            x, y, batch_size=16, epochs=1, validation_data=(x[:4], y[:4]), shuffle=True, verbose=0
        )
    assert np.argmax(model.predict(x[:2], verbose=0), axis=-1).shape == (2, 4)
    return model
