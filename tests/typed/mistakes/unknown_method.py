# reportAttributeAccessIssue: Cannot access attribute "fitt" for class "Sequential"
import numpy as np

import minigraph as keras
from minigraph import layers

model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
model.compile("sgd", loss="mean_squared_error")
model.fitt(np.zeros((8, 4)), np.zeros((8, 1)))
