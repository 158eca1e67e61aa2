"""Translation letter by letter; for inference, encoder and decoder are read from the model."""

import numpy as np

import minigraph as keras

PARAMETERS = 13_588  # Keras 3.15.1, with 32 units and 15 and 20 letters


def program(latent_dim=32, encoder_tokens=15, decoder_tokens=20):
    encoder_inputs = keras.Input(shape=(None, encoder_tokens))
    encoder = keras.layers.LSTM(latent_dim, return_state=True)
    _, state_h, state_c = encoder(encoder_inputs)
    decoder_inputs = keras.Input(shape=(None, decoder_tokens))
    decoder_lstm = keras.layers.LSTM(latent_dim, return_sequences=True, return_state=True)
    decoder_outputs, _, _ = decoder_lstm(decoder_inputs, initial_state=[state_h, state_c])
    decoder_dense = keras.layers.Dense(decoder_tokens, activation="softmax")
    model = keras.Model([encoder_inputs, decoder_inputs], decoder_dense(decoder_outputs))
    model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
    random = np.random.default_rng(0)
    x = np.eye(encoder_tokens, dtype="float32")[random.integers(encoder_tokens, size=(10, 6))]
    y = np.eye(decoder_tokens, dtype="float32")[random.integers(decoder_tokens, size=(10, 8))]
    model.fit([x, y], y, batch_size=4, epochs=1, validation_split=0.2, verbose=0)

    encoder_inputs = model.input[0]
    _, state_h_enc, state_c_enc = model.layers[2].output
    encoder_model = keras.Model(encoder_inputs, [state_h_enc, state_c_enc])
    decoder_inputs = model.input[1]
    states = [keras.Input(shape=(latent_dim,)), keras.Input(shape=(latent_dim,))]
    outputs, state_h_dec, state_c_dec = model.layers[3](decoder_inputs, initial_state=states)
    decoder_model = keras.Model(
        [decoder_inputs] + states, [model.layers[4](outputs), state_h_dec, state_c_dec]
    )
    target, text = np.zeros((1, 1, decoder_tokens), "float32"), []
    state = encoder_model.predict(x[:1], verbose=0)
    for _ in range(3):
        letters, h, c = decoder_model.predict([target] + list(state), verbose=0)
        text.append(int(np.argmax(letters[0, -1, :])))
        target, state = np.eye(decoder_tokens)[[[text[-1]]]], [h, c]
    return model
