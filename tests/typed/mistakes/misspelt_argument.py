# reportCallIssue: No parameter named "actvation"
from minigraph import layers

layer = layers.Dense(8, actvation="relu")
