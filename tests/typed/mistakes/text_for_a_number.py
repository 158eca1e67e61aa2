# reportArgumentType: "Literal['sixty-four']" is not assignable to "int"
from minigraph import layers

layer = layers.Dense("sixty-four")
