"""Answers to the exercises: wrong ones, each with a part of the message it should get, and a right
one that is written differently from the shipped solution.
"""

import textwrap


def code(text):
    """The source of a cell."""
    return textwrap.dedent(text).strip()


def digits_model(lines):
    """A cell that draws a model of digits: `lines` lie between the imports and the `Model`."""
    return code(lines) + "\nmodel = keras.Model(inputs, outputs)"


# -- chapter 0 -----------------------------------------------------------------------------------

WIDTH_WRONG = {
    "the old width": (
        digits_model("""
            inputs = keras.Input(shape=(64,))
            x = layers.Dense(64, activation="relu")(inputs)
            x = layers.Dense(64, activation="relu")(x)
            outputs = layers.Dense(10)(x)
        """),
        "hidden layers have widths 64 and 64",
    ),
    "no relu": (
        digits_model("""
            inputs = keras.Input(shape=(64,))
            x = layers.Dense(32, activation="relu", name="bent")(inputs)
            x = layers.Dense(32, name="straight")(x)
            outputs = layers.Dense(10)(x)
        """),
        "'straight' lets negative values pass",
    ),
    "another activation": (
        digits_model("""
            inputs = keras.Input(shape=(64,))
            x = layers.Dense(32, activation="tanh", name="round")(inputs)
            x = layers.Dense(32, activation="relu")(x)
            outputs = layers.Dense(10)(x)
        """),
        "'round' has the activation tanh",
    ),
    "softmax on scores": (
        digits_model("""
            inputs = keras.Input(shape=(64,))
            x = layers.Dense(32, activation="relu")(inputs)
            x = layers.Dense(32, activation="relu")(x)
            outputs = layers.Dense(10, activation="softmax")(x)
        """),
        "add up to 1, so the last layer of your model applies softmax",
    ),
    "relu on scores": (
        digits_model("""
            inputs = keras.Input(shape=(64,))
            x = layers.Dense(32, activation="relu")(inputs)
            x = layers.Dense(32, activation="relu")(x)
            outputs = layers.Dense(10, activation="relu", name="scores")(x)
        """),
        "last layer 'scores' applies relu",
    ),
    "images as squares": (
        digits_model("""
            inputs = keras.Input(shape=(8, 8))
            x = layers.Dense(32, activation="relu")(inputs)
            x = layers.Dense(32, activation="relu")(x)
            outputs = layers.Dense(10)(x)
        """),
        r"inputs of shape \(None, 8, 8\)",
    ),
    "one layer too few": (
        digits_model("""
            inputs = keras.Input(shape=(64,))
            x = layers.Dense(32, activation="relu")(inputs)
            outputs = layers.Dense(10)(x)
        """),
        r"I find 2 Dense layers in your model, of widths \[32, 10\]",
    ),
    "one score for all": (
        digits_model("""
            inputs = keras.Input(shape=(64,))
            x = layers.Dense(32, activation="relu")(inputs)
            x = layers.Dense(32, activation="relu")(x)
            outputs = layers.Dense(1)(x)
        """),
        "last layer has width 1",
    ),
    "a layer left aside": (
        digits_model("""
            inputs = keras.Input(shape=(64,))
            a = layers.Dense(32, activation="relu")(inputs)
            b = layers.Dense(32, activation="relu")(inputs)
            outputs = layers.Dense(10)(layers.Add()([a, b]))
        """),
        "not those of three Dense layers in a row",
    ),
    "the end is not a model": (
        code("""
            inputs = keras.Input(shape=(64,))
            x = layers.Dense(32, activation="relu")(inputs)
            x = layers.Dense(32, activation="relu")(x)
            model = layers.Dense(10)(x)
        """),
        "`model` is a SymbolicTensor. The last step is missing",
    ),
    "no input": (
        code("""
            model = keras.Sequential([
                layers.Dense(32, activation="relu"),
                layers.Dense(32, activation="relu"),
                layers.Dense(10),
            ])
        """),
        "has no Input yet",
    ),
    "two outputs": (
        code("""
            inputs = keras.Input(shape=(64,))
            x = layers.Dense(32, activation="relu")(inputs)
            y = layers.Dense(32, activation="relu")(x)
            model = keras.Model(inputs, [y, layers.Dense(10)(y)])
        """),
        "has inputs: 1, outputs: 2",
    ),
}

WIDTH_ANOTHER = code("""
    model = keras.Sequential([
        keras.Input((64,)),
        layers.Dense(32),
        layers.Activation("relu"),
        layers.Dropout(0.1),
        layers.Dense(32),
        layers.Activation("relu"),
        layers.Dense(units=10),
    ])
""")

LARGEST_WRONG = {
    "the first layer": (
        code("""
            def largest_layer(model):
                first = [layer for layer in model.layers if layer.count_params()][0]
                return first.name, first.count_params() / model.count_params()
        """),
        "you name 'layer_1', which is number 1",
    ),
    "the widest output": (
        code("""
            def largest_layer(model):
                dense = [layer for layer in model.layers if layer.weights]
                widest = max(dense, key=lambda layer: layer.units)
                return widest.name, widest.count_params() / model.count_params()
        """),
        "the layer with the widest output",
    ),
    "the input row": (
        code("""
            def largest_layer(model):
                return model.layers[0].name, model.layers[0].count_params() / model.count_params()
        """),
        "you name 'inputs', which is none of them",
    ),
    "percent": (
        code("""
            def largest_layer(model):
                largest = max(model.layers, key=lambda layer: layer.count_params())
                return largest.name, 100 * largest.count_params() / model.count_params()
        """),
        "That is a percentage",
    ),
    "compared with the rest": (
        code("""
            def largest_layer(model):
                largest = max(model.layers, key=lambda layer: layer.count_params())
                rest = model.count_params() - largest.count_params()
                return largest.name, largest.count_params() / rest
        """),
        "compares to the others together",
    ),
    "kernels only": (
        code("""
            def largest_layer(model):
                sizes = {l.name: l.kernel.size for l in model.layers if l.weights}
                name = max(sizes, key=sizes.get)
                return name, sizes[name] / sum(sizes.values())
        """),
        "its share of the kernels",
    ),
    "a share of the layers": (
        code("""
            def largest_layer(model):
                largest = max(model.layers, key=lambda layer: layer.count_params())
                return largest.name, 1 / len(model.layers)
        """),
        "a share of 0.25. Divide",
    ),
    "no share": (
        code("""
            def largest_layer(model):
                return max(model.layers, key=lambda layer: layer.count_params()).name
        """),
        "returns 'layer_1'. Return a pair",
    ),
    "the layer for its name": (
        code("""
            def largest_layer(model):
                largest = max(model.layers, key=lambda layer: layer.count_params())
                return largest, largest.count_params() / model.count_params()
        """),
        "first part of your answer is a Dense",
    ),
    "no return": (
        code("""
            def largest_layer(model):
                largest = max(model.layers, key=lambda layer: layer.count_params())
                largest.name, largest.count_params() / model.count_params()
        """),
        "returns None",
    ),
    "a typing mistake": (
        code("""
            def largest_layer(model):
                return max(model.layer, key=lambda layer: layer.count_params())
        """),
        r"`largest_layer\(model\)` stopped with AttributeError",
    ),
}

LARGEST_ANOTHER = code("""
    def largest_layer(model):
        name, most, total = "", -1, 0
        for layer in model.layers:
            held = sum(weight.size for weight in layer.weights)
            total += held
            if held > most:
                name, most = layer.name, held
        return [name, round(most / total, 2)]
""")

PARAMETERS_WRONG = {
    "biases forgotten": (
        code("""
            def parameters(sizes):
                return sum(a * b for a, b in zip(sizes, sizes[1:]))
        """),
        "3·5 [+] 5·2, the kernels alone",
    ),
    "biases for the inputs": (
        code("""
            def parameters(sizes):
                return sum(a * b for a, b in zip(sizes, sizes[1:])) + sum(sizes)
        """),
        "a bias to the 3 inputs as well",
    ),
    "one layer too few": (
        code("""
            def parameters(sizes):
                return sum(sizes[i - 1] * sizes[i] + sizes[i] for i in range(1, len(sizes) - 1))
        """),
        "what 1 of the 2 Dense layers hold",
    ),
    "one bias a layer": (
        code("""
            def parameters(sizes):
                return sum(a * b + 1 for a, b in zip(sizes, sizes[1:]))
        """),
        "adds 1 for each layer",
    ),
    "biases on the wrong side": (
        code("""
            def parameters(sizes):
                return sum(a * b + a for a, b in zip(sizes, sizes[1:]))
        """),
        "gives the bias of each layer one value for each input",
    ),
    "a number by heart": (
        code("""
            def parameters(sizes):
                return 8970
        """),
        "returns 8,970, but .* Take the layers one at a time",
    ),
    "one step too far": (
        code("""
            def parameters(sizes):
                return sum(sizes[i] * sizes[i + 1] + sizes[i + 1] for i in range(len(sizes)))
        """),
        r"`parameters\(\[3, 5, 2\]\)` stopped with IndexError: list index out of range",
    ),
    "a loop from 0": (
        code("""
            def parameters(sizes):
                total = 0
                for i in range(len(sizes)):
                    total += sizes[i - 1] * sizes[i] + sizes[i]
                return total
        """),
        r"Your loop starts at 0, and `sizes\[0 - 1\]` is the \*last\* size",
    ),
    "a print for a return": (
        code("""
            def parameters(sizes):
                print(sum(a * b + b for a, b in zip(sizes, sizes[1:])))
        """),
        "returns None. Is a `return` missing",
    ),
}

PARAMETERS_ANOTHER = code("""
    def parameters(sizes):
        if len(sizes) < 2:
            return 0
        first, second = sizes[0], sizes.pop(1)
        sizes[0] = second
        return (first + 1) * second + parameters(sizes)
""")

# -- chapter 4 -----------------------------------------------------------------------------------

RESIDUAL = """
pixels = Input((64,), name="pixels")
a = layers.Dense(64, activation="relu", name="first")(pixels)
b = layers.Dense(64, name="second")(a)
"""
EDGES = """
edges = [("pixels", "first"), ("first", "second"), ("second", "sum"), ("pixels", "sum"),
         ("sum", "scores")]
count = 8970
"""


def residual(drawing, rest=EDGES):
    """A cell that draws a residual model, with `drawing` as its second half."""
    return code(RESIDUAL) + "\n" + code(drawing) + "\n" + code(rest)


DRAWN = """
s = layers.Add(name="sum")([b, pixels])
model = Model(pixels, layers.Dense(10, name="scores")(s))
"""

BRANCH_WRONG = {
    "a plain chain": (
        residual("""model = Model(pixels, layers.Dense(10, name="scores")(b))"""),
        "Your model is a plain chain: 'scores' is called on the output of 'second'",
    ),
    "a branch from the hidden layer": (
        residual("""
            s = layers.Add(name="sum")([a, b])
            model = Model(pixels, layers.Dense(10, name="scores")(s))
        """),
        "starts one box too late: you add the output of 'first'",
    ),
    "side by side": (
        residual("""
            s = layers.Concatenate(name="sum")([b, pixels])
            model = Model(pixels, layers.Dense(10, name="scores")(s))
        """),
        "called on 128 features, so the two branches are concatenated",
    ),
    "relu everywhere": (
        code("""
            pixels = Input((64,), name="pixels")
            a = layers.Dense(64, activation="relu", name="first")(pixels)
            b = layers.Dense(64, activation="relu", name="second")(a)
            s = layers.Add(name="sum")([b, pixels])
            model = Model(pixels, layers.Dense(10, name="scores")(s))
        """)
        + EDGES,
        "layer 'second' should have no activation, but I find relu",
    ),
    "no relu": (
        code("""
            pixels = Input((64,), name="pixels")
            a = layers.Dense(64, name="first")(pixels)
            b = layers.Dense(64, name="second")(a)
            s = layers.Add(name="sum")([b, pixels])
            model = Model(pixels, layers.Dense(10, name="scores")(s))
        """)
        + EDGES,
        "layer 'first' should have the activation relu, but I find none",
    ),
    "one layer twice": (
        code("""
            pixels = Input((64,), name="pixels")
            dense = layers.Dense(64, activation="relu", name="first")
            s = layers.Add(name="sum")([dense(dense(pixels)), pixels])
            model = Model(pixels, layers.Dense(10, name="scores")(s))
        """)
        + EDGES,
        "I find 2 Dense layers in your drawing: 'first' and 'scores'",
    ),
    "another width": (
        code("""
            pixels = Input((64,), name="pixels")
            a = layers.Dense(32, activation="relu", name="first")(pixels)
            b = layers.Dense(64, name="second")(a)
            s = layers.Add(name="sum")([b, pixels])
            model = Model(pixels, layers.Dense(10, name="scores")(s))
        """)
        + EDGES,
        r"have the shapes \(64, 32\), \(32, 64\) and \(64, 10\)",
    ),
    "multiplied": (
        residual("""
            model = Model(pixels, layers.Dense(10, name="scores")(b * pixels))
        """),
        "Follow the drawing backwards from 'scores': what is added to what",
    ),
    "the long arrow not named": (
        residual(
            DRAWN,
            """
            edges = [("pixels", "first"), ("first", "second"), ("second", "sum"), ("sum", "scores")]
            count = 8970
        """,
        ),
        "You name 4 arrows. They are all there, but the drawing has more",
    ),
    "arrows turned around": (
        residual(
            DRAWN,
            """
            edges = [("first", "pixels"), ("second", "first"), ("sum", "second"), ("sum", "pixels"),
                     ("scores", "sum")]
            count = 8970
        """,
        ),
        "All your arrows point the wrong way",
    ),
    "an arrow that is not there": (
        residual(
            DRAWN,
            """
            edges = [("pixels", "first"), ("first", "second"), ("second", "sum"), ("first", "sum"),
                     ("sum", "scores")]
            count = 8970
        """,
        ),
        r"Your drawing has no arrow \('first', 'sum'\)",
    ),
    "symbols for names": (
        residual(DRAWN, "edges, count = [(pixels, a)], 8970"),
        "one of yours is a SymbolicTensor and a SymbolicTensor",
    ),
    "kernels only": (
        residual(DRAWN, EDGES + "count = 8832"),
        "8,832 are the parameters of the kernels",
    ),
    "weights for the addition": (
        residual(DRAWN, EDGES + "count = 13130"),
        "With 13,130 you count a layer of weights for the addition too",
    ),
    "names forgotten": (
        code("""
            pixels = Input((64,), name="pixels")
            h = layers.Dense(64, activation="relu")(pixels)
            s = layers.Add(name="sum")([layers.Dense(64, name="second")(h), pixels])
            model = Model(pixels, layers.Dense(10, name="scores")(s))
        """)
        + EDGES,
        "^No box of yours is called 'first'. Give each layer its `name=`",
    ),
    "no arrows": (
        residual(DRAWN, "edges, count = [], 8970"),
        "The `edges` are still to be written",
    ),
    "an empty pair": (
        residual(DRAWN, "edges, count = [()], 8970"),
        "one of yours is a tuple of 0",
    ),
    "a count in quotes": (
        residual(DRAWN, EDGES + 'count = "8970"'),
        r"^`count` is a string. Leave out the quotes\.$",
    ),
    "a list for the count": (
        residual(DRAWN, EDGES + "count = [8970]"),
        "`count` is a list of 1. It should be a number",
    ),
    "a wrong sum": (
        residual(DRAWN, EDGES + "count = 9000"),
        "does not have 9000 parameters",
    ),
}

BRANCH_ANOTHER = code("""
    x = Input(shape=(64,))
    wide = layers.Dense(64)
    h = layers.Dense(64)(layers.Activation("relu")(wide(x)))
    y = x + h
    model = Model([x], [layers.Dense(10)(y)])
    names = [node.name for node in model.plan_nodes]
    start, one, bend, two, plus, last = names
    edges = {(start, plus), (two, plus), (plus, last), (start, one), (one, bend), (bend, two)}
    count = 2 * (64 * 64 + 64) + 64 * 10 + 10
""")

PARENTS_WRONG = {
    "children first": (
        code("""
            def parents_first(outputs):
                found, waiting = [], [symbol.node for symbol in outputs]
                while waiting:
                    node = waiting.pop()
                    if node not in found:
                        found.append(node)
                        waiting += node.parents
                return found
        """),
        "On a chain of two calls, your function puts `b` at index 0, before `a` at index 1",
    ),
    "twice in a diamond": (
        code("""
            def parents_first(outputs):
                found, waiting = [], [symbol.node for symbol in outputs]
                while waiting:
                    node = waiting.pop(0)
                    found.append(node)
                    waiting += node.parents
                return found[::-1]
        """),
        "On a diamond.* lists the node `x` at index 0 and again at index 1",
    ),
    "recursion": (
        code("""
            def parents_first(outputs):
                ordered, met = [], set()

                def visit(node):
                    if node not in met:
                        met.add(node)
                        for parent in node.parents:
                            visit(parent)
                        ordered.append(node)

                for symbol in outputs:
                    visit(symbol.node)
                return ordered
        """),
        "`parents_first.outputs.` on a chain of 5,000 calls stopped with RecursionError",
    ),
    "one output forgotten": (
        code("""
            def parents_first(outputs):
                ordered, met, waiting = [], set(), [(outputs[0].node, False)]
                while waiting:
                    node, done = waiting.pop()
                    if done:
                        ordered.append(node)
                    elif node not in met:
                        met.add(node)
                        waiting += [(node, True)] + [(parent, False) for parent in node.parents]
                return ordered
        """),
        "lists 3 of 4 nodes. The first that it leaves out is `shape`. Do you start from every",
    ),
    "by distance": (
        code("""
            def parents_first(outputs):
                found, waiting = [], [symbol.node for symbol in outputs]
                while waiting:
                    node = waiting.pop(0)
                    if node not in found:
                        found.append(node)
                        waiting += node.parents
                return found[::-1]
        """),
        "`top` is near the output along its short path",
    ),
    "layers for nodes": (
        code("""
            def parents_first(outputs):
                ordered, met, waiting = [], set(), [(s.node, False) for s in outputs]
                while waiting:
                    node, done = waiting.pop()
                    if done:
                        ordered.append(node)
                    elif node.layer not in met:
                        met.add(node.layer)
                        waiting += [(node, True)] + [(parent, False) for parent in node.parents]
                return ordered
        """),
        "Two calls are two nodes, though their layer and name are the same",
    ),
    "inputs left out": (
        code("""
            def parents_first(outputs):
                ordered, met, waiting = [], set(), [(s.node, False) for s in outputs]
                while waiting:
                    node, done = waiting.pop()
                    if done:
                        ordered.append(node)
                    elif node not in met and node.inputs:
                        met.add(node)
                        waiting += [(node, True)] + [(parent, False) for parent in node.parents]
                return ordered
        """),
        "lists 2 of 3 nodes. The first that it leaves out is `x`. Does your walk go on",
    ),
    "symbols for nodes": (
        code("""
            def parents_first(outputs):
                return list(outputs)
        """),
        "lists a SymbolicTensor",
    ),
    "a set": (
        code("""
            def parents_first(outputs):
                return {symbol.node for symbol in outputs}
        """),
        "The order must be a list",
    ),
    "parents of a symbol": (
        code("""
            def parents_first(outputs):
                return outputs[0].parents
        """),
        r"^A symbol has no parents; the node that made it has\.$",
    ),
}

PARENTS_ANOTHER = code("""
    from collections import Counter, deque

    def parents_first(outputs):
        needed = dict.fromkeys(symbol.node for symbol in outputs)
        for node in (walk := list(needed)):
            new = [parent for parent in node.parents if parent not in needed]
            needed |= dict.fromkeys(new)
            walk += dict.fromkeys(new)
        children = {node: [] for node in needed}
        open_parents = Counter()
        for node in needed:
            for parent in node.parents:
                children[parent].append(node)
                open_parents[node] += 1
        ready = deque(node for node in needed if not open_parents[node])
        ordered = []
        while ready:
            ordered.append(ready.popleft())
            for child in children[ordered[-1]]:
                open_parents[child] -= 1
                if not open_parents[child]:
                    ready.append(child)
        return tuple(ordered)
""")


def runner(call, store="known.update(zip(node.outputs, tree.flatten(result)))", last=None):
    """A cell with a `run` whose middle lines are given."""
    last = last or "return [known[symbol] for symbol in model_outputs]"
    return (
        code("""
            def run(model_inputs, model_outputs, values):
                known = dict(zip(model_inputs, values))
                fill = lambda leaf: known[leaf] if isinstance(leaf, SymbolicTensor) else leaf
                for node in parents_first(model_outputs):
                    if not node.inputs:
                        continue
        """)
        + f"\n        {call}\n        {store}\n    {last}"
    )


FILLED = "result = node.fn(*tree.map(fill, node.args), **tree.map(fill, node.kwargs))"

RUN_WRONG = {
    "runs a shared node again": (
        code("""
            def run(model_inputs, model_outputs, values):
                def value_of(symbol):
                    if symbol in model_inputs:
                        return values[model_inputs.index(symbol)]
                    fill = lambda x: value_of(x) if isinstance(x, SymbolicTensor) else x
                    node = symbol.node
                    result = node.fn(*tree.map(fill, node.args), **node.kwargs)
                    return tree.flatten(result)[symbol.index]

                return [value_of(symbol) for symbol in model_outputs]
        """),
        "ran it 3 times",
    ),
    "arguments turned around": (
        runner("result = node.fn(*reversed([fill(leaf) for leaf in tree.flatten(node.args)]))"),
        "your function computes b - a",
    ),
    "one value for each layer": (
        code("""
            def run(model_inputs, model_outputs, values):
                known = {symbol.node.fn: v for symbol, v in zip(model_inputs, values)}
                fill = lambda s: part(s) if isinstance(s, SymbolicTensor) else s
                part = lambda s: tree.flatten(known[s.node.fn])[s.index]
                for node in parents_first(model_outputs):
                    if node.fn not in known or node.layer is None:
                        known[node.fn] = node.fn(*tree.map(fill, node.args), **node.kwargs)
                return [part(symbol) for symbol in model_outputs]
        """),
        "keeps one value for each layer or name",
    ),
    "symbols without the rest": (
        runner("result = node.fn(*[known[symbol] for symbol in node.inputs], **node.kwargs)"),
        "The 10 is in `node.args`",
    ),
    "looks everything up": (
        runner("result = node.fn(*tree.map(lambda leaf: known[leaf], node.args), **node.kwargs)"),
        "^The 10 in `node.args` is a constant, so `known` does not hold it",
    ),
    "Model does the work": (
        code("""
            def run(model_inputs, model_outputs, values):
                return Model(model_inputs, model_outputs)(values)
        """),
        r"^Right, but you let Model do the work. Now write the loop\.$",
    ),
    "lists taken apart": (
        runner(
            "result = node.fn(*[fill(leaf) for leaf in tree.flatten(node.args)], **node.kwargs)"
        ),
        "a list of two. In `node.args` the symbols may be inside",
    ),
    "settings forgotten": (
        runner("result = node.fn(*tree.map(fill, node.args))"),
        r"On `ops.sum\(x, axis=1\)`, your function gives the wrong shape, \(\)",
    ),
    "first output only": (
        runner(FILLED, "known[node.outputs[0]] = tree.flatten(result)[0]"),
        "This node has two symbols in `node.outputs`",
    ),
    "inputs are called": (
        code("""
            def run(model_inputs, model_outputs, values):
                known = dict(zip(model_inputs, values))
                fill = lambda leaf: known[leaf] if isinstance(leaf, SymbolicTensor) else leaf
                for node in parents_first(model_outputs):
                    result = node.fn(*tree.map(fill, node.args), **tree.map(fill, node.kwargs))
                    known.update(zip(node.outputs, tree.flatten(result)))
                return [known[symbol] for symbol in model_outputs]
        """),
        "stopped with TypeError: .* An Input makes no call",
    ),
    "outputs as they come": (
        runner(FILLED, last="return [v for s, v in known.items() if s in model_outputs]"),
        r"For the outputs \[late, early, x\]",
    ),
    "the last value only": (
        runner(FILLED, last="return known[model_outputs[0]]"),
        "gives a Tensor, but it was asked for 1 output. Give a list",
    ),
    "always the same input": (
        runner("result = node.fn(*tree.map(lambda s: values[0], node.args))"),
        r"On a chain, 3 · \(2 · x\), element 0 of what your function gives is 3\.",
    ),
    "no numbers": (
        code("""
            def run(model_inputs, model_outputs, values):
                return list(model_outputs)
        """),
        "one of your values is a SymbolicTensor",
    ),
}

RUN_ANOTHER = code("""
    import numpy as np

    def run(model_inputs, model_outputs, values):
        known = {}
        for symbol, value in zip(model_inputs, values):
            known[symbol] = value

        def replace(part):
            if isinstance(part, (list, tuple)):
                return type(part)(replace(one) for one in part)
            if isinstance(part, dict):
                return {key: replace(one) for key, one in part.items()}
            return known[part] if isinstance(part, SymbolicTensor) else part

        todo = list(model_outputs)
        while todo:
            symbol = todo[-1]
            missing = [s for s in symbol.node.inputs if s not in known]
            if symbol in known or not missing:
                todo.pop()
            todo += missing if symbol not in known else []
            if symbol not in known and not missing:
                result = symbol.node.fn(*replace(symbol.node.args), **replace(symbol.node.kwargs))
                results = result if isinstance(result, tuple) else (result,)
                known.update(zip(symbol.node.outputs, results))
        return tuple(np.asarray(known[symbol]) for symbol in model_outputs)
""")

WRONG = {
    "another-width": WIDTH_WRONG,
    "largest-layer": LARGEST_WRONG,
    "parameters": PARAMETERS_WRONG,
    "side-branch": BRANCH_WRONG,
    "parents-first": PARENTS_WRONG,
    "run": RUN_WRONG,
}
ANOTHER = {
    "another-width": WIDTH_ANOTHER,
    "largest-layer": LARGEST_ANOTHER,
    "parameters": PARAMETERS_ANOTHER,
    "side-branch": BRANCH_ANOTHER,
    "parents-first": PARENTS_ANOTHER,
    "run": RUN_ANOTHER,
}
