"""What a layer and a graph are: layers, symbols, nodes, and the plan of a model."""
