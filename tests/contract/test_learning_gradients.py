"""What learning descends: d(cross entropy)/d(ln K) of whole networks is that of finite differences.

Same random numbers on both sides, double precision, and nothing that rounds, or so finely that it
does not show: rounding passes gradients straight through, which differences do not. The norms of
operands that some noise grows with are left as they are in the differences: no gradient goes
through them (S. Garg et al., IEEE JSTQE 29(2), 2023).
"""

from functools import cache

import pytest
import torch
from torch.nn.functional import cross_entropy

from archsim.functional import AdcRange, Draws, Settings, Simulator
from archsim.functional.products import Product
from tests.contract.test_functional_cells import SOURCES as CELLS
from tests.contract.test_two_sides import SOURCES, way
from tests.functional_nets import Machine
from tests.functional_nets import network as shared_network

BANK = ("tiles.dynamic_products=array", "tiles.tia.integrator=true", "tiles.rows=64")
MANY = Machine("ring_bank", (*BANK, "tiles.detector.photons_per_mac=10000000"))
CHOSEN = {
    **{name: SOURCES[name][:2] for name in
       ("shot, renormalised", "shot, full scale", "kTC", "white", "thermal", "weights")},
    **{name: CELLS[name][:2] for name in CELLS},
}  # fmt: skip
PHOTONS = {"many photons": (MANY, "detector.shot")}
WAYS = [("time", "analog"), ("time", "digital"), ("space", "analog"), ("power", "analog")]
EVERY_WAY = ("shot, full scale", "kTC", "thermal", "frozen")
CASES = [
    (source, *chosen) for source in CHOSEN for chosen in (WAYS if source in EVERY_WAY else WAYS[:1])
]
AT, STEP = 6.3, 1e-4


CLASSES = {"lenet": 5, "residual": 3, "attention": 2}


@cache
def network(name):
    """Return a network that nobody else has, as it is made double precision."""
    return shared_network.__wrapped__(name)


@cache
def made(name, source, mode, averaging, *changes):
    of, (machine, noise) = network(name), (CHOSEN | PHOTONS)[source]
    adc = AdcRange.CALIBRATED if changes else AdcRange.IDEAL
    settings = Settings(None, frozenset((noise,)), adc)
    hardware = machine.load(*way(mode, averaging), *changes)
    found = Simulator(of.exported, hardware, 1, settings)
    found.float().calibrate([of.inputs])  # networks share their weights
    return found.double()


def loss(simulator, of, logarithms):
    """Return the cross entropy with these logarithms of counts, always with the same noise."""
    simulator.repeat({name: each.exp() for name, each in logarithms.items()})
    simulator.draw(Draws(3, -5))
    [inputs] = of.inputs
    labels = torch.arange(len(inputs)) % CLASSES[of.kind]
    outputs = simulator(inputs.double() if inputs.is_floating_point() else inputs)
    return cross_entropy(outputs, labels)


def starts(of, mode):
    """Return logarithms around that of AT: one for each channel, or for each product."""
    draws = torch.Generator().manual_seed(4)
    sizes = {
        op.name: 1 if op.gemm.dynamic or mode == "power" else op.channels
        for op in of.exported.workload.gemms
    }
    return {
        name: torch.tensor(AT).log() + 0.3 * torch.randn(size, generator=draws).double()
        for name, size in sizes.items()
    }


class Norms:
    """Norms of operands in a forward pass, given again in its repetitions."""

    def __init__(self):
        self.seen, self.turn = [], 0

    def of(self, norm):
        def given(product, squares):
            if self.turn == len(self.seen):
                self.seen.append(norm(product, squares))
            self.turn += 1
            return self.seen[self.turn - 1].clone()

        return given


@pytest.fixture
def norms(monkeypatch):
    found = Norms()
    for kind in Product.__subclasses__():
        for name in ("over_inputs", "over_held"):
            monkeypatch.setattr(kind, name, found.of(getattr(kind, name)))
    return found


def slopes(simulator, of, at, norms, step=STEP):
    """Yield the gradient along some directions, and the central difference."""
    learned = {name: values.clone().requires_grad_() for name, values in at.items()}
    gradients = torch.autograd.grad(loss(simulator, of, learned), list(learned.values()))
    for along in along_each(at):
        found = sum((g * d).sum() for g, d in zip(gradients, along.values(), strict=True))
        ends = []
        for side in (step, -step):
            moved = {name: at[name] + side * along[name] for name in at}
            norms.turn = 0
            with torch.no_grad():
                ends.append(loss(simulator, of, moved).item())
        yield found.item(), (ends[0] - ends[1]) / (2 * step)


def along_each(at):
    """Yield directions: each product alone, and one channel of the first."""
    zeros = {name: torch.zeros_like(values) for name, values in at.items()}
    for name, values in at.items():
        yield zeros | {name: torch.ones_like(values)}
    first = next(iter(at))
    one = torch.zeros_like(at[first])
    one[-1] = 1
    yield zeros | {first: one}


@pytest.mark.parametrize(("source", "mode", "averaging"), CASES)
def test_the_gradient_of_the_cross_entropy_is_that_of_differences(source, mode, averaging, norms):
    of = network("lenet")
    simulator, at = made("lenet", source, mode, averaging), starts(of, mode)
    pairs = list(slopes(simulator, of, at, norms))
    for found, expected in pairs:
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-9)
    still = source in ("weights", *CELLS) if mode == "power" else False
    still |= source == "frozen" and mode == "time"
    assert any(found != 0 for found, _ in pairs) is not still  # what repetition does not help


@pytest.mark.parametrize(("mode", "averaging"), [WAYS[0], WAYS[3]], ids=str)
def test_so_it_is_where_photons_are_counted(mode, averaging, norms):
    # whole photons: over a small step they jump; and their number follows the inputs
    of = network("lenet")
    simulator, at = made("lenet", "many photons", mode, averaging), starts(of, mode)
    for found, expected in slopes(simulator, of, at, norms, 0.02):
        assert found == pytest.approx(expected, rel=0.01, abs=1e-8)


@pytest.mark.parametrize("name", ["residual", "attention"])
@pytest.mark.parametrize("source", ["shot, renormalised", "thermal"])
def test_so_it_is_of_grouped_convolutions_and_of_attention(name, source, norms):
    of = network(name)
    simulator, at = made(name, source, "time", "analog"), starts(of, "time")
    for found, expected in slopes(simulator, of, at, norms):
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-8)


@pytest.mark.parametrize("averaging", ["analog", "digital"])
@pytest.mark.parametrize("source", ["shot, renormalised", "kTC"])
def test_so_it_is_through_fine_converters(source, averaging, norms):
    of = network("lenet")
    simulator = made("lenet", source, "time", averaging, "tiles.adc.bits=16", "tiles.adc.enob=16")
    at = starts(of, "time")
    for found, expected in slopes(simulator, of, at, norms, 0.02):
        assert found == pytest.approx(expected, rel=0.05, abs=2e-5)
