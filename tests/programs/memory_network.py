"""Questions about a story, answered from a memory of its words."""

import numpy as np

import minigraph as keras
from minigraph import layers

PARAMETERS = 18_606  # Keras 3.15.1, for 22 words, a story of 20 and a question of 4


def program(vocab_size=22, story_maxlen=20, query_maxlen=4):
    input_sequence = layers.Input((story_maxlen,))
    question = layers.Input((query_maxlen,))
    input_encoder_m = keras.Sequential()
    input_encoder_m.add(layers.Embedding(input_dim=vocab_size, output_dim=64))
    input_encoder_m.add(layers.Dropout(0.3))
    input_encoder_c = keras.Sequential()
    input_encoder_c.add(layers.Embedding(input_dim=vocab_size, output_dim=query_maxlen))
    input_encoder_c.add(layers.Dropout(0.3))
    question_encoder = keras.Sequential()
    question_encoder.add(layers.Embedding(vocab_size, 64, input_length=query_maxlen))
    question_encoder.add(layers.Dropout(0.3))

    input_encoded_m = input_encoder_m(input_sequence)
    input_encoded_c = input_encoder_c(input_sequence)
    question_encoded = question_encoder(question)
    match = layers.dot([input_encoded_m, question_encoded], axes=(2, 2))
    match = layers.Activation("softmax")(match)
    response = layers.add([match, input_encoded_c])
    response = layers.Permute((2, 1))(response)
    answer = layers.concatenate([response, question_encoded])
    answer = layers.LSTM(32)(answer)
    answer = layers.Dropout(0.3)(answer)
    answer = layers.Dense(vocab_size)(answer)
    answer = layers.Activation("softmax")(answer)
    model = keras.Model([input_sequence, question], answer)
    model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    random = np.random.default_rng(0)
    stories = random.integers(0, vocab_size, (8, story_maxlen))
    queries = random.integers(0, vocab_size, (8, query_maxlen))
    model.fit([stories, queries], np.arange(8), batch_size=4, epochs=1, verbose=0)
    return model
