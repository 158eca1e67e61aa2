"""Tensors inside models: how `get_tensor` and `get_layer` find them, and how they are computed."""

import itertools
import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack

from ..core import registry, tree
from ..core.names import LONGEST_NAME
from ..core.types import Structure, TensorLike
from .layer import Layer, LayerOptions
from .plan import Plan
from .symbols import Node, SymbolicTensor
from .tracking import unique

if TYPE_CHECKING:
    from ..models.model import Model

MOST_PATHS = 1000  # how many names of tensors an error looks through for a close match


@registry.register
class Inside(Layer):
    """A layer that computes a tensor inside a model, on the model's inputs; see `Model.get_tensor`.

    The weights are those of the model. Next to a call of the model on the same tensors it costs
    nothing: the model runs once for both. Alone, it runs only the layers that lead to the tensor.
    Raises ValueError if the path names nothing in the model.
    """

    casts_inputs = False

    def __init__(self, model: "Model", path: str, **options: Unpack[LayerOptions]):
        super().__init__(**options)
        if not getattr(model, "runs_its_plan", False):
            raise ValueError(f"`model` must be a model that is a graph, got {model!r:.80}")
        self.model: Model = model
        self.path: str = path

    @cached_property
    def path_plan(self) -> Plan:
        """The calls that lead to the tensor."""
        return Plan(self.model.input, self.model.get_tensor(self.path))

    def call(self, inputs: TensorLike) -> Any:
        return tree.pack(self.path_plan.output, self.path_plan.execute(self.model.bind(inputs)))

    @staticmethod
    def merge_calls(calls: list[Node]) -> list[Node]:
        """The calls of a plan, with calls that run the same model merged into one."""
        return merge_calls(calls)

    def pass_masks(self, inputs: Structure, masks: Structure, outputs: Structure) -> Any:
        """Leave the mask as it is: the layers on the way have set it."""
        return outputs

    def _sublayers(self, parts: list[Any]) -> list[Layer]:
        """The layers on the way, not all of the model."""
        return unique(node.layer for node in self.path_plan.nodes if node.layer is not None)


def merge_calls(calls: list[Node]) -> list[Node]:
    """The calls, with those of a model and of `Inside` it, on the same tensors, merged into one.

    So nothing is computed twice, and all of them see the same dropout inside the model.
    """
    opened = {node.layer.model for node in calls if isinstance(node.layer, Inside)}
    families = {}
    for node in calls:
        model = node.layer.model if isinstance(node.layer, Inside) else node.layer
        key = (model, str(tree.map(id, (node.args, node.kwargs)))) if model in opened else node
        if any(member.layer is node.layer for member in families.get(key, ())):
            key = node  # a separate call, with its own dropout
        families.setdefault(key, []).append(node)
    return [family[0] if len(family) == 1 else joined(family) for family in families.values()]


def joined(family: list[Node]) -> Node:
    """One call that gives the outputs of a model and of the tensors inside it."""
    part = next(node.layer for node in family if isinstance(node.layer, Inside))
    wanted = [
        n.layer.path_plan.output if isinstance(n.layer, Inside) else n.fn.output for n in family
    ]
    together = Inside(part.model, part.path, name=part.name)
    together.path_plan = Plan(part.model.input, wanted)
    node = Node(together, family[0].args, family[0].kwargs)
    node.parts, node.output_structure = family, [member.output_structure for member in family]
    return node


# ---------------------------------------------------------------------------------------------
# Finding layers and tensors by name


def find_layer(model: "Model", name: str | None = None, index: int | None = None) -> Layer:
    """See `Model.get_layer`."""
    if (name is None) == (index is None):
        raise ValueError("get_layer needs either a `name` or an `index`")
    layers = model.layers
    if index is not None:
        if not -len(layers) <= index < len(layers):
            raise ValueError(
                f"model {model.name!r} has {len(layers)} layers, so there is no index {index}"
            )
        return layers[index]
    for layer in layers:
        if layer.name == name:
            return layer
    known = registry.did_you_mean(name, [layer.name for layer in layers])
    raise ValueError(f"model {model.name!r} has no layer {name!r}. {known}")


def find_tensor(model: "Model", path: str) -> SymbolicTensor:
    """See `Model.get_tensor`."""
    name, _, rest = path.partition("/")
    node, output = find_call(model, name)
    if not rest:
        if output is None and len(node.outputs) > 1:
            raise ValueError(
                f"{name!r} gives {len(node.outputs)} tensors, of shapes "
                f"{[symbol.shape for symbol in node.outputs]}: choose one by its number, as in "
                "'lstm[0][2]'"
            )
        return node.outputs[output or 0]
    inner: Any = node.layer
    if node not in model._graph_plan().calls or not getattr(inner, "runs_its_plan", False):
        raise ValueError(
            f"{path!r}: {name!r} is a {node.label}, not a model that is a graph, so nothing inside "
            "it has a name"
        )
    inner.get_tensor(rest)  # raises the error for the rest of the path
    known = inner._inside  # shared by repeated requests, also through two models of one graph
    if (node, rest) not in known:
        inside = Inside(inner, rest, name=path.replace("/", ".")[-LONGEST_NAME:])
        known[node, rest] = inside(*node.args, **node.kwargs)
    return known[node, rest]


def find_call(model: "Model", name: str) -> tuple[Node, int | None]:
    """Return the call that `name` means in a model, and the number of its output or None.

    "dense" is enough if there is one call of that name. "dense[1]" is the second in this model,
    and "lstm[0][2]" is output 2 of the first. Raises ValueError, with what there is, for any other.
    """
    bare, numbers, brackets = name, [], True
    while not (found := [n for n in model.plan_nodes if n.name == bare]) and brackets:
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
    index, output = [*numbers, None, None][:2]
    if index is None and len(found) == 1:
        index = 0
    if index is None or index >= len(found):
        calls = ", ".join(f"'{bare}[{k}]' on {node.inputs}" for k, node in enumerate(found))
        raise ValueError(f"model {model.name!r} calls {bare!r} {len(found)} times: choose {calls}")
    outputs = found[index].outputs
    if output is not None and output >= len(outputs):
        raise ValueError(f"'{bare}[{index}]' in model {model.name!r} has {len(outputs)} outputs")
    return found[index], output


def paths_in(model: "Model") -> Iterator[str]:
    """The paths of all calls in a model and in the models inside it, outer ones first."""
    waiting: list[tuple[str, Any]] = [("", model)]
    for prefix, model in waiting:
        for node in model.plan_nodes:
            yield prefix + node.name
            if getattr(node.layer, "runs_its_plan", False):
                waiting.append((f"{prefix}{node.name}/", node.layer))
