"""Tiny networks on machines, and what their noise should be: written from the equations alone.

Nothing here asks the functional side or ``physics``. Products are taken apart into patches, so that
convolutions, linears and products of two activations become the same: sums over D of w·x.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
import torch
from scipy import stats
from torch import nn
from torch.nn import functional

from archsim.frontend import export
from archsim.functional import AdcRange, Settings, Simulator
from archsim.hardware import load_hardware

torch.set_num_threads(1)  # tensors are so small that threads would only wait for each other
QUIET = Settings(quantisation=None, sources=frozenset(), adc=AdcRange.IDEAL)
ERROR = 1e-6 / 1000
"""Probability that one case fails by chance: at most 1e-6 over all of them."""


# ---- layers --------------------------------------------------------------------------------


class Product(nn.Module):
    """Two activations: [N, 2, R, D] times [N, 2, D, C]."""

    def forward(self, left, right):
        return left @ right


def _conv(*channels, **options):
    return lambda: nn.Conv2d(*channels, **options)


LAYERS = {
    "conv": (_conv(3, 4, kernel_size=3), [(3, 6, 6)]),
    "padded": (_conv(3, 4, kernel_size=3, padding=1), [(3, 5, 5)]),
    "strided": (_conv(3, 4, kernel_size=3, stride=2, padding=1), [(3, 8, 8)]),
    "dilated": (_conv(3, 4, kernel_size=3, dilation=2, padding=2), [(3, 6, 6)]),
    "grouped": (_conv(4, 4, kernel_size=3, padding=1, groups=2), [(4, 5, 5)]),
    "depthwise": (_conv(4, 4, kernel_size=3, padding=1, groups=4), [(4, 5, 5)]),
    "multiplied": (_conv(2, 4, kernel_size=3, padding=1, groups=2), [(2, 5, 5)]),
    "pointwise": (_conv(6, 4, kernel_size=1), [(6, 4, 4)]),
    "linear": (lambda: nn.Linear(24, 4), [(24,)]),
    "matmul": (Product, [(2, 3, 8), (2, 8, 4)]),
}
CHANNELS = 4
EXAMPLES = 8


@dataclass(frozen=True)
class Layer:
    """A network of one product, exported, with inputs."""

    kind: str
    module: nn.Module
    exported: object
    inputs: tuple[torch.Tensor, ...]

    @property
    def op(self):
        [op] = self.exported.workload.gemms
        return op.name

    def operands(self):
        """Return x [N, G, D, L] and w [N or 1, G, D, c] of the sums w·x, one for each result."""
        if self.kind == "matmul":
            left, right = (t.double().numpy() for t in self.inputs)
            return left.swapaxes(2, 3), right
        weight = self.module.weight.detach().double()
        if self.kind == "linear":
            x = self.inputs[0].double().numpy()
            return x[:, None, :, None], weight.T.numpy()[None, None]
        conv, (images,) = self.module, self.inputs
        x = functional.unfold(
            images.double(), conv.kernel_size, conv.dilation, conv.padding, conv.stride
        )
        groups, width = conv.groups, len(conv.weight) // conv.groups
        x = x.reshape(len(x), groups, -1, x.shape[-1])
        w = weight.reshape(groups, width, -1).transpose(1, 2)
        return x.numpy(), w.numpy()[None]

    def shaped(self, values):
        """Return values [N, G, c, L] in the order of the layer's results, flat per example."""
        values = np.ascontiguousarray(values)
        if self.kind == "matmul":
            values = values.swapaxes(2, 3)
        return values.reshape(len(values), -1)


@cache
def layer(kind, seed=0):
    """Return one of ``LAYERS`` with random weights and inputs."""
    torch.manual_seed(seed)
    make, shapes = LAYERS[kind]
    module = make().eval()
    inputs = tuple(torch.randn(EXAMPLES, *shape) for shape in shapes)
    one = tuple(values[:1] for values in inputs)
    return Layer(kind, module, export(module, one, name=kind, source={}), inputs)


# ---- levels and norms ----------------------------------------------------------------------


@dataclass(frozen=True)
class Grids:
    """Highest and lowest levels of 8 bits, zero among them: of inputs, of weights by channel."""

    x_low: float
    x_high: float
    w_low: np.ndarray
    w_high: np.ndarray

    @property
    def x_max(self):
        return max(-self.x_low, self.x_high)

    @property
    def w_max(self):
        return np.maximum(-self.w_low, self.w_high)

    @property
    def x_range(self):
        return self.x_high - self.x_low

    @property
    def w_range(self):
        return self.w_high - self.w_low


def ends(low, high, bits=8):
    """Return the outer levels of 2^bits levels over a range, zero among them."""
    low, high = np.minimum(low, 0), np.maximum(high, 0)
    step = (high - low) / (2**bits - 1)
    lowest = np.rint(low / step)
    return lowest * step, (lowest + 2**bits - 1) * step


def grids(of):
    """Return the levels of a layer's operands; those of weights as [1, G, c, 1]."""
    x_low, x_high = ends(*(f(of.inputs[0].double().numpy()) for f in (np.min, np.max)))
    if of.kind == "matmul":
        held = of.inputs[1].double().numpy()
        return Grids(x_low, x_high, *ends(held.min(), held.max()))
    _, w = of.operands()
    low, high = ends(w.min(2), w.max(2))
    return Grids(x_low, x_high, low[..., None], high[..., None])


# ---- sampling ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Machine:
    """A shipped machine and what is changed of it."""

    name: str
    changes: tuple[str, ...] = field(default=())

    def load(self, *more):
        return _loaded(self.name, (*self.changes, *more))


@cache
def _loaded(name, changes):
    return load_hardware(name, list(changes))


def simulator(of, hardware, plan=1, settings=QUIET):
    """Return a calibrated simulator of a layer."""
    made = Simulator(of.exported, hardware, plan, settings)
    made.calibrate([of.inputs])
    return made


def exactly(of, network):
    """Return the results of a layer's inputs without noise."""
    network.draw(None)
    with torch.no_grad():
        return network(*of.inputs)


def errors(of, network, draws, copies=1, *, exact=None):
    """Return noise [copies·N, results], of copies of a layer's inputs in one batch."""
    batch = tuple(values.repeat(copies, *[1] * (values.ndim - 1)) for values in of.inputs)
    exact = exactly(of, network) if exact is None else exact
    network.draw(draws)
    with torch.no_grad():
        noisy = network(*batch)
    network.draw(None)
    found = noisy.view(copies, *exact.shape) - exact
    return found.double().numpy().reshape(len(noisy), -1)


def assert_std(found, expected, *, kurtosis=0.0):
    """Assert that errors [N, results] have these standard deviations [n, results], N = k·n.

    Squared normalised errors of normal noise add up to chi-square. An excess kurtosis widens it:
    Poisson counts of mean m have 1/m.
    """
    expected = np.broadcast_to(expected, (len(expected), found.shape[1]))
    scale = np.tile(expected, (len(found) // len(expected), 1))
    assert np.all(np.abs(found[scale == 0]) < 1e-6)
    ratios = found[scale > 0] / scale[scale > 0]
    count = ratios.size
    low, high = stats.chi2.interval(1 - ERROR, count) / np.float64(count)
    widened = np.sqrt(1 + kurtosis / 2)
    spread = np.mean(ratios**2)
    assert 1 - (1 - low) * widened < spread < 1 + (high - 1) * widened, np.sqrt(spread)
    assert abs(np.mean(ratios)) < stats.norm.isf(ERROR / 2) * np.sqrt(spread / count)


# ---- networks ------------------------------------------------------------------------------


def lenet():
    """Return convolutions, pools and linears for images of 12 x 12."""
    return nn.Sequential(
        nn.Conv2d(1, 3, 3),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Conv2d(3, 4, 2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(64, 12),
        nn.ReLU(),
        nn.Linear(12, 5),
    )


class Residual(nn.Module):
    """Convolutions with norms around a shortcut, one of them depthwise."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4))
        self.deep = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1, groups=4), nn.BatchNorm2d(4))
        self.head = nn.Linear(4, 3)

    def forward(self, images):
        images = torch.relu(self.stem(images))
        return self.head((images + torch.relu(self.deep(images))).mean((2, 3)))


class Attention(nn.Module):
    """Embedded words, one masked attention of two heads, and a score for each of two classes."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(9, 8)
        self.mixed = nn.Linear(8, 24)
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 2)

    def forward(self, words):
        tokens = self.words(words)
        heads = self.mixed(tokens).unflatten(-1, (3, 2, 4)).permute(2, 0, 3, 1, 4)
        absent = torch.zeros(words.shape).masked_fill(words == 0, float("-inf"))
        mixed = functional.scaled_dot_product_attention(
            heads[0], heads[1], heads[2], attn_mask=absent[:, None, None, :]
        )
        tokens = self.norm(tokens + mixed.transpose(1, 2).flatten(2))
        return self.head(tokens[:, 0])


def _sentences():
    words = torch.randint(1, 9, (6, 5))
    words[::2, 3:] = 0
    return words


NETWORKS = {
    "lenet": (lenet, lambda: torch.randn(6, 1, 12, 12)),
    "residual": (Residual, lambda: torch.randn(6, 2, 6, 6)),
    "attention": (Attention, _sentences),
}


@cache
def network(name):
    """Return one of ``NETWORKS`` with random weights and inputs."""
    torch.manual_seed(1)
    make, inputs = NETWORKS[name]
    module, batch = make().eval(), inputs()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    return Layer(name, module, export(module, (batch[:1],), name=name, source={}), (batch,))
