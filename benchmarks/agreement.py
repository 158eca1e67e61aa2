"""Before anything is timed: all peers compute the same. Same weights, same data, same losses.

Sizes are tiny, and dropout, which every library draws in its own way, is off.
"""

import tempfile
from pathlib import Path

STEPS = 3
TOLERANCE = 1e-4
# Where others mean something else by an optimizer, plain gradient descent is compared. PyTorch's
# RMSprop and Adam add their epsilon outside the root. Keras on TensorFlow keeps the gradient of an
# embedding as a list of rows, and squares those of a word that comes twice one by one.
PLAIN = {"optimizer": "sgd"}
EMBEDDINGS = ("c", "e")


def trained():
    """The names of the workloads that have a loss."""
    from . import workloads

    return [name for name in workloads.WORKLOADS if workloads.make(name).trains]


def options_for(name, peer):
    """The sizes at which a peer is compared."""
    quiet = {"dropout": 0.0} if name == "d" else {}
    sparse = peer == "keras-tensorflow" and name in EMBEDDINGS
    return {"tiny": True} | quiet | (PLAIN if sparse or peer.startswith("torch") else {})


def expected(name, peer, weights_file):
    """The losses of minigraph, which also writes the weights that it began with."""
    import numpy as np

    from . import peers, workloads

    own = peers.make("minigraph", workloads.make(name, **options_for(name, peer)), 1)
    np.savez(weights_file, *own.weights())
    return [own.step() for _ in range(STEPS)]


def differences(process, peer, names):
    """For each workload the largest relative difference of a peer's losses from minigraph's."""
    from . import peers, workloads

    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            options = options_for(name, peer)
            if not peers.runs(peer, workloads.make(name, **options)):
                continue
            file = Path(folder) / f"{name}.npz"
            want = expected(name, peer, file)
            got = process.ask("losses", [name, options, STEPS, str(file)])
            pairs = zip(got, want, strict=True)
            found[name] = max(abs(g - w) / max(abs(w), 1e-6) for g, w in pairs)
    return found
