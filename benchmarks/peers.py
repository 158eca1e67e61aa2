"""One interface over all that is compared: a model that can be stepped, asked and filled."""

import importlib.metadata
import importlib.util
import os

import numpy as np

KERAS_BACKENDS = {"keras-tensorflow": "tensorflow", "keras-jax": "jax", "keras-torch": "torch"}
OWN = ["minigraph", "minigraph-kept"]  # the second with `config.keep_memory()`
PEERS = [*OWN, *KERAS_BACKENDS, "torch", "torch-channels-last"]


def modules_of(peer):
    """The modules that a peer needs."""
    if peer in OWN:
        return ["minigraph"]
    return ["keras", KERAS_BACKENDS[peer]] if peer in KERAS_BACKENDS else ["torch"]


def missing(peer):
    """Why a peer cannot run here, or None."""
    lacking = [name for name in modules_of(peer) if importlib.util.find_spec(name) is None]
    return f"{peer}: {' and '.join(lacking)} not installed" if lacking else None


def versions():
    """What is installed of all that may be compared."""
    packages = ["numpy", "keras", "tensorflow-cpu", "tensorflow", "jax", "jaxlib", "torch"]
    found = {}
    for name in packages:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


class KerasAPI:
    """A workload in minigraph, or in Keras on the backend that the environment names."""

    def __init__(self, keras, work):
        self.keras, self.work = keras, work
        keras.utils.set_random_seed(1)
        self.model = work.build(keras)
        if work.trains:
            work.compile(keras, self.model)
        self.x, self.y = work.data()

    def step(self):
        """One training step; the loss as a number. Without training, the outputs."""
        if not self.work.trains:
            return self.call(self.x)
        loss = self.model.train_on_batch(self.x, self.y)
        return float(loss[0] if isinstance(loss, list) else loss)

    def fit(self, x, y):
        self.model.fit(x, y, batch_size=self.work.batch, epochs=1, verbose=0)

    def predict(self, x):
        return self.model.predict(x, verbose=0)

    def call(self, x):
        outputs = self.model(x)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        return [self.keras.ops.convert_to_numpy(output) for output in outputs]

    def sample(self, count=1):
        """Inputs of one sample; a batch where the model has a fixed one."""
        fixed = self.model.inputs[0].shape[0]
        return self.work.data(fixed or count)[0]

    def weights(self):
        return self.model.get_weights()

    def load(self, weights):
        self.model.set_weights(weights)


class ByHand:
    """A workload in hand-written PyTorch."""

    def __init__(self, work, threads, channels_last=False):
        import torch

        from . import by_hand

        torch.set_num_threads(threads)
        torch.manual_seed(1)
        self.torch, self.hand, self.work, self.last = torch, by_hand, work, channels_last
        kind = type(work).__name__
        self.model = by_hand.MODELS[kind](work)
        if channels_last:
            self.model = self.model.to(memory_format=torch.channels_last)
        learning = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = by_hand.optimizer_for(work.optimizer, learning)
        self.loss = by_hand.LOSSES.get(kind, torch.nn.functional.mse_loss)
        x, y = work.data()
        self.x, self.y = self.convert(x), self.convert(y)
        self.y = self.y[0] if y is not None and not isinstance(y, list) else self.y

    def convert(self, arrays):
        arrays = [] if arrays is None else arrays if isinstance(arrays, list) else [arrays]
        return [self.hand.to_torch(array, self.work.images, self.last) for array in arrays]

    def step(self):
        if not self.work.trains:
            with self.torch.inference_mode():
                return [output.numpy() for output in self.model(*self.x)]
        self.model.train()
        self.optimizer.zero_grad()
        loss = self.loss(self.model(*self.x), self.y)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def fit(self, x, y):
        """An epoch as a reader of PyTorch would write it: shuffled batches by index."""
        x, y = self.convert(x), self.convert(y)
        order = self.torch.randperm(len(x[0]))
        self.model.train()
        for part in order.split(self.work.batch):
            target = [array[part] for array in y]
            self.optimizer.zero_grad()
            outputs = self.model(*(array[part] for array in x))
            self.loss(outputs, target if len(target) > 1 else target[0]).backward()
            self.optimizer.step()

    def predict(self, x):
        self.model.eval()
        with self.torch.inference_mode():
            return self._outputs(x)

    def call(self, x):
        self.model.eval()
        return self._outputs(x)

    def _outputs(self, x):
        outputs = self.model(*self.convert(x))
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        return [output.detach().numpy() for output in outputs]

    def sample(self, count=1):
        fixed = self.work.batch if type(self.work).__name__ == "CustomRNN" else None
        return self.work.data(fixed or count)[0]

    def load(self, weights):
        self.hand.load(self.model, [np.asarray(weight) for weight in weights])


def runs(peer, work):
    """Whether a peer has this workload: channels last means something for images only."""
    by_hand = peer.startswith("torch")
    has_it = not by_hand or type(work).__name__ != "Nodes"
    return has_it and (peer != "torch-channels-last" or work.images)


def make(peer, work, threads):
    """The model of a workload in one library, ready for its first step."""
    if peer in OWN:
        import minigraph

        if peer == "minigraph-kept":
            minigraph.config.keep_memory()
        return KerasAPI(minigraph, work)
    if peer in KERAS_BACKENDS:
        os.environ["KERAS_BACKEND"] = KERAS_BACKENDS[peer]
        if peer == "keras-torch":
            import torch

            torch.set_num_threads(threads)
        import keras

        return KerasAPI(keras, work)
    return ByHand(work, threads, peer == "torch-channels-last")
