"""The same models by hand for PyTorch: eager, channels first or last.

Each takes its sizes from the workload of the same name, and holds its parameters in the order in
which Keras lists the weights, so that `load` can fill it with those of another library.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class MLP(nn.Module):
    def __init__(self, work):
        super().__init__()
        self.first = nn.Linear(work.features, work.units)
        self.second = nn.Linear(work.units, work.units)
        self.last = nn.Linear(work.units, work.classes)

    def forward(self, x):
        return self.last(F.relu(self.second(F.relu(self.first(x)))))


class Autoencoder(nn.Module):
    def __init__(self, work):
        super().__init__()
        pairs = [(1, 16), (16, 32), (32, 32), (32, 16)]
        self.down = nn.ModuleList(nn.Conv2d(i, o, 3) for i, o in pairs)
        pairs = [(1, 16), (16, 32), (32, 16), (16, 1)]
        self.up = nn.ModuleList(nn.ConvTranspose2d(i, o, 3) for i, o in pairs)

    def forward(self, x):
        x = F.relu(self.down[1](F.relu(self.down[0](x))))
        x = F.max_pool2d(x, 3)
        x = F.relu(self.down[3](F.relu(self.down[2](x))))
        x = x.amax((2, 3)).reshape(-1, 1, 4, 4)
        x = F.relu(self.up[1](F.relu(self.up[0](x))))
        x = F.interpolate(x, scale_factor=3)
        return F.relu(self.up[3](F.relu(self.up[2](x))))


class Tickets(nn.Module):
    def __init__(self, work):
        super().__init__()
        # In the order of Keras's list: both codes lie at one depth, the longer way first.
        self.title_words = nn.Embedding(work.words, 64)
        self.body_words = nn.Embedding(work.words, 64)
        self.title_code = one_bias(nn.LSTM(64, 128, batch_first=True))
        self.body_code = one_bias(nn.LSTM(64, 32, batch_first=True))
        self.priority = nn.Linear(128 + 32 + work.tags, 1)
        self.team = nn.Linear(128 + 32 + work.tags, work.teams)

    def forward(self, title, body, tags):
        title = self.title_code(self.title_words(title))[1][0][0]
        body = self.body_code(self.body_words(body))[1][0][0]
        x = torch.cat([title, body, tags], 1)
        return self.priority(x), self.team(x)


class ToyResNet(nn.Module):
    def __init__(self, work):
        super().__init__()
        pairs = [(3, 32), (32, 64)]
        self.entry = nn.ModuleList(nn.Conv2d(i, o, 3) for i, o in pairs)
        self.blocks = nn.ModuleList(nn.Conv2d(64, 64, 3, padding=1) for _ in range(4))
        self.exit = nn.Conv2d(64, 64, 3)
        self.dense, self.last = nn.Linear(64, 256), nn.Linear(256, work.classes)
        self.dropout = nn.Dropout(work.dropout)

    def forward(self, x):
        x = F.relu(self.entry[1](F.relu(self.entry[0](x))))
        block = F.max_pool2d(x, 3)
        for first, second in (self.blocks[:2], self.blocks[2:]):
            block = F.relu(second(F.relu(first(block)))) + block
        x = F.relu(self.exit(block)).mean((2, 3))
        return self.last(self.dropout(F.relu(self.dense(x))))


class SharedEmbedding(nn.Module):
    def __init__(self, work):
        super().__init__()
        self.embedding = nn.Embedding(work.words, work.units)
        self.last = nn.Linear(work.units * len(work.lengths), 1)

    def forward(self, *texts):
        return self.last(torch.cat([self.embedding(text).mean(1) for text in texts], 1))


class VGG19(nn.Module):
    def __init__(self, work):
        super().__init__()
        channels, layers = 3, []
        for convolutions, filters in [(2, 64), (2, 128), (4, 256), (4, 512), (4, 512)]:
            for _ in range(convolutions):
                layers.append(nn.Conv2d(channels, filters, 3, padding=1))
                channels = filters
            layers.append(nn.MaxPool2d(2))
        self.blocks = nn.ModuleList(layers)
        sizes = [(work.side // 32) ** 2 * 512, 4096, 4096, 1000] if work.top else []
        pairs = zip(sizes, sizes[1:], strict=False)
        self.dense = nn.ModuleList(nn.Linear(i, o) for i, o in pairs)

    def forward(self, x):
        outputs = [x]
        for layer in self.blocks:
            x = layer(x) if isinstance(layer, nn.MaxPool2d) else F.relu(layer(x))
            outputs.append(x)
        if self.dense:
            x = x.permute(0, 2, 3, 1).flatten(1)  # as Keras flattens
            outputs.append(x)
            for layer in self.dense[:2]:
                x = F.relu(layer(x))
                outputs.append(x)
            outputs.append(F.softmax(self.dense[2](x), 1))
        return outputs


class CustomRNN(nn.Module):
    def __init__(self, work):
        super().__init__()
        self.convolution = nn.Conv1d(work.features, work.units, 3)
        self.projection_1 = nn.Linear(work.units, work.units)
        self.projection_2 = nn.Linear(work.units, work.units)
        self.classifier = nn.Linear(work.units, 1)

    def forward(self, x):
        x = self.convolution(x.transpose(1, 2)).transpose(1, 2)
        outputs, state = [], torch.zeros(x.shape[0], x.shape[2])
        for t in range(x.shape[1]):
            h = torch.tanh(self.projection_1(x[:, t]))
            state = h + torch.tanh(self.projection_2(state))
            outputs.append(state)
        return self.classifier(torch.stack(outputs, 1))


class Ensemble(nn.Module):
    def __init__(self, work):
        super().__init__()
        self.members = nn.ModuleList(nn.Linear(work.features, 1) for _ in range(3))

    def forward(self, x):
        return sum(member(x) for member in self.members) / 3


class GRU(nn.Module):
    def __init__(self, work):
        super().__init__()
        self.recurrent = nn.GRU(work.features, work.units, batch_first=True)
        self.last = nn.Linear(work.units, 1)

    def forward(self, x):
        return self.last(self.recurrent(x)[1][0])


class StackedLSTM(nn.Module):
    def __init__(self, work):
        super().__init__()
        self.first = one_bias(nn.LSTM(work.features, work.units, batch_first=True))
        self.second = one_bias(nn.LSTM(work.units, work.units, batch_first=True))
        self.last = nn.Linear(work.units, 1)

    def forward(self, x):
        return self.last(self.second(self.first(x)[0])[1][0][0])


class ConvNormRelu(nn.Module):
    def __init__(self, work):
        super().__init__()
        self.layers = nn.ModuleList()
        for _ in range(3):
            self.layers.append(nn.Conv2d(work.channels, work.channels, 3, padding=1))
            self.layers.append(nn.BatchNorm2d(work.channels, eps=1e-3, momentum=0.01))
        self.last = nn.Linear(work.channels, work.classes)

    def forward(self, x):
        for convolution, norm in zip(self.layers[::2], self.layers[1::2], strict=True):
            x = F.relu(norm(convolution(x)))
        return self.last(x.mean((2, 3)))


class ResidualMLP(nn.Module):
    def __init__(self, work):
        super().__init__()
        sizes = [(work.features, work.units)] * work.depth
        self.dense = nn.ModuleList(nn.Linear(i, o) for i, o in sizes)
        self.last = nn.Linear(work.units, work.classes)

    def forward(self, x):
        for layer in self.dense:
            x = x + F.relu(layer(x))
        return self.last(x)


def one_bias(lstm):
    """Keras's LSTM has one bias where PyTorch adds two: the second stays at zero."""
    nn.init.zeros_(lstm.bias_hh_l0)
    lstm.bias_hh_l0.requires_grad_(False)
    return lstm


def tickets_loss(outputs, targets):
    priority = F.binary_cross_entropy_with_logits(outputs[0], targets[0])
    return priority + 0.2 * F.cross_entropy(outputs[1], targets[1])


LOSSES = {"Tickets": tickets_loss}
LOSSES |= dict.fromkeys(["MLP", "ResidualMLP", "ToyResNet", "ConvNormRelu"], F.cross_entropy)
MODELS = (MLP, Autoencoder, Tickets, ToyResNet, SharedEmbedding, VGG19, CustomRNN, Ensemble, GRU)
MODELS = {model.__name__: model for model in (*MODELS, StackedLSTM, ConvNormRelu, ResidualMLP)}


def optimizer_for(name, parameters):
    """With the settings that Keras's optimizer of that name has."""
    if name == "adam":
        return torch.optim.Adam(parameters, 1e-3, eps=1e-7)
    if name == "sgd":
        return torch.optim.SGD(parameters, 1e-3)
    return torch.optim.RMSprop(parameters, 1e-3, alpha=0.9, eps=1e-7)


def to_torch(array, images, channels_last):
    """An array as a tensor in the layout that PyTorch wants; class labels get its index type."""
    tensor = torch.from_numpy(np.asarray(array))
    if tensor.dtype == torch.int32:
        return tensor.long()
    if images and tensor.ndim == 4:
        tensor = tensor.permute(0, 3, 1, 2)
        layout = torch.channels_last if channels_last else torch.contiguous_format
        return tensor.contiguous(memory_format=layout)
    return tensor


def load(model, weights):
    """Fill a model with weights in Keras's order and layouts."""
    waiting = iter(weights)
    with torch.no_grad():
        for layer in model.modules():
            if isinstance(layer, (nn.LSTM, nn.GRU)):
                kernel, recurrent, bias = (next(waiting) for _ in range(3))
                pairs = [(layer.weight_ih_l0, kernel.T), (layer.weight_hh_l0, recurrent.T)]
                biases = (bias, 0 * bias) if bias.ndim == 1 else bias
                if isinstance(layer, nn.GRU):  # Keras: update, reset; PyTorch: reset, update
                    pairs = [(p, reset_first(a)) for p, a in pairs]
                    biases = [reset_first(a) for a in biases]
                pairs += zip((layer.bias_ih_l0, layer.bias_hh_l0), biases, strict=True)
            elif isinstance(layer, nn.BatchNorm2d):
                slots = (layer.weight, layer.bias, layer.running_mean, layer.running_var)
                pairs = [(slot, next(waiting)) for slot in slots]
            elif isinstance(layer, nn.Embedding):
                pairs = [(layer.weight, next(waiting))]
            elif isinstance(layer, (nn.Linear, nn.modules.conv._ConvNd)):
                kernel, bias = next(waiting), next(waiting)
                axes = {2: (1, 0), 3: (2, 1, 0), 4: (3, 2, 0, 1)}[kernel.ndim]
                pairs = [(layer.weight, kernel.transpose(axes)), (layer.bias, bias)]
            else:
                continue
            for parameter, array in pairs:
                array = torch.from_numpy(np.ascontiguousarray(array))
                if parameter.shape != array.shape:
                    raise ValueError(f"{layer} wants shape {parameter.shape}, got {array.shape}")
                parameter.copy_(array)
    if next(waiting, None) is not None:
        raise ValueError("there are more weights than the model has places")


def reset_first(gates):
    """The rows of a GRU's gates with the reset gate before the update gate."""
    update, reset, new = np.split(gates, 3)
    return np.concatenate([reset, update, new])
