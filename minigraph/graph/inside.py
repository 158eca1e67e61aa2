"""The graph of layers: symbols are values that have not happened yet, nodes are calls.

Calling a layer on a symbol draws a node. What the call would give is learned by an experiment:
the call is made once on an empty batch (zero rows), and what comes out has the shape and dtype
that the new symbol promises. So no op and no layer needs a second definition for shapes.

Edges belong to the call, never to the layer. Shared layers, models inside models and several
models over one graph all follow from that sentence.
"""

import itertools
import re
from functools import cached_property

from ..core import registry, tree
from .layer import Layer
from .plan import Plan
from .symbols import Node
from .tracking import unique

MOST_PATHS = 1000  # how many names of tensors an error looks through for a close match


# ---------------------------------------------------------------------------------------------
# Tensors inside models


@registry.register
class Inside(Layer):
    """A tensor inside a model, for what the model is called on: made by `Model.get_tensor`.

    The weights are those of the model. Beside a call of the model on the same tensors it costs
    nothing: the model runs once for both. Alone, it runs only the layers that lead to the tensor.
    Raises ValueError if the path names nothing in the model.
    """

    casts_inputs = False

    @staticmethod
    def run_together(calls):
        """The calls of a plan, with one in place of several that run the same model."""
        return run_together(calls)

    def __init__(self, model, path, **options):
        super().__init__(**options)
        if not getattr(model, "runs_its_plan", False):
            raise ValueError(f"`model` must be a model that is drawn as a graph, got {model!r:.80}")
        self.model, self.path = model, path

    @cached_property
    def way(self):
        """The calls that lead to the tensor."""
        return Plan(self.model.input, self.model.get_tensor(self.path))

    def call(self, inputs):
        return tree.pack(self.way.output, self.way.run(self.model.bind(inputs)))

    def pass_masks(self, inputs, masks, outputs):
        """The layers on the way have given the tensor its mask."""
        return outputs

    def _sublayers(self, parts):
        """The layers on the way, not all of the model."""
        return unique(node.layer for node in self.way.nodes if node.layer is not None)


def run_together(calls):
    """The calls, with one in place of a model's and of all `Inside` it, on the same tensors.

    So nothing is computed twice, and dropout inside the model falls the same way for all of them.
    """
    opened = {node.layer.model for node in calls if isinstance(node.layer, Inside)}
    families = {}
    for node in calls:
        model = node.layer.model if isinstance(node.layer, Inside) else node.layer
        key = (model, str(tree.map(id, (node.args, node.kwargs)))) if model in opened else node
        if any(member.layer is node.layer for member in families.get(key, ())):
            key = node  # a call of its own, with a dropout of its own
        families.setdefault(key, []).append(node)
    return [family[0] if len(family) == 1 else joined(family) for family in families.values()]


def joined(family):
    """One call that makes what a model and tensors inside it would make one by one."""
    part = next(node.layer for node in family if isinstance(node.layer, Inside))
    wanted = [n.layer.way.output if isinstance(n.layer, Inside) else n.layer.output for n in family]
    together = Inside(part.model, part.path, name=part.name)
    together.way = Plan(part.model.input, wanted)
    node = Node(together, family[0].args, family[0].kwargs)
    node.parts, node.output_structure = family, [member.output_structure for member in family]
    return node


def find_call(model, name):
    """(the call, the number of its output or None) that `name` means in a model.

    "dense" will do where there is one call of that name. "dense[1]" is the second in this model,
    and "lstm[0][2]" is output 2 of the first. Raises ValueError, with what there is, for any other.
    """
    bare, numbers, brackets = name, [], True
    while not (found := [n for n in model.plan.nodes if n.name == bare]) and brackets:
        brackets = re.fullmatch(r"(.*)\[(\d+)\]", bare, re.DOTALL) if len(numbers) < 2 else None
        if brackets:
            bare, numbers = brackets[1], [int(brackets[2]), *numbers]
    if not found:
        known = list(itertools.islice(paths_in(model), MOST_PATHS))
        deeper = [path for path in known if path.endswith(f"/{bare}")]
        raise ValueError(
            f"nothing in model {model.name!r} is called {name!r}. "
            f"{registry.did_you_mean(bare, deeper or known)}"
        )
    found.sort(key=lambda node: node.order)
    place, output = [*numbers, None, None][:2]
    if place is None and len(found) == 1:
        place = 0
    if place is None or place >= len(found):
        calls = ", ".join(f"'{bare}[{k}]' on {node.inputs}" for k, node in enumerate(found))
        raise ValueError(f"model {model.name!r} calls {bare!r} {len(found)} times: choose {calls}")
    outputs = found[place].outputs
    if output is not None and output >= len(outputs):
        raise ValueError(f"'{bare}[{place}]' in model {model.name!r} has {len(outputs)} outputs")
    return found[place], output


def paths_in(model):
    """The paths of all calls in a model and in the models inside it, outer ones first."""
    waiting = [("", model)]
    for prefix, model in waiting:
        for node in model.plan.nodes:
            yield prefix + node.name
            if getattr(node.layer, "runs_its_plan", False):
                waiting.append((f"{prefix}{node.name}/", node.layer))
