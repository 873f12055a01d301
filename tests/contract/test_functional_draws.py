"""Random numbers: the same wherever and however often they are asked for, others otherwise."""

import hashlib
import os
import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.fx import Interpreter

from archsim.frontend import export
from archsim.functional import AdcRange, Draws, Settings, Simulator
from archsim.hardware import load_hardware
from tests.functional_nets import network

MACHINES = ["homodyne", "dota_b", "ring_bank", "crossbar"]


def noisy(of, machine="homodyne", plan=1, **settings):
    made = Simulator(of.exported, load_hardware(machine), plan, Settings(**settings))
    made.calibrate([of.inputs])
    return made


def run(made, draws, inputs):
    made.draw(draws)
    with torch.no_grad():
        return made(*inputs)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", ["lenet", "attention"])
def test_the_same_seed_gives_the_same_bits_and_another_does_not(name, machine):
    of = network(name)
    made, again = noisy(of, machine, 2), noisy(of, machine, 2)
    first = run(made, Draws(5, 1, 2), of.inputs)
    others = [run(made, draws, of.inputs) for draws in (Draws(6, 1, 2), Draws(5, 0, 2))]
    others.append(run(made, Draws(5, 1, 3), of.inputs))
    assert torch.equal(run(made, Draws(5, 1, 2), of.inputs), first)
    assert torch.equal(run(again, Draws(5, 1, 2), of.inputs), first)
    assert not any(torch.equal(first, other) for other in others)


def test_global_random_numbers_are_neither_used_nor_moved():
    of = network("lenet")
    made = noisy(of)
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = run(made, Draws(1), of.inputs)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert torch.equal(run(made, Draws(1), of.inputs), first)


class Branches(nn.Module):
    """Two or three products of the same input, in one order or the other."""

    def __init__(self, order, more):
        super().__init__()
        torch.manual_seed(3)
        self.order, self.more = order, more
        self.left, self.right, self.other = (nn.Linear(6, 4) for _ in range(3))

    def forward(self, inputs):
        found = {name: getattr(self, name)(inputs) for name in self.order}
        if self.more:
            found["right"] = found["right"] + 0 * self.other(inputs)
        return torch.stack([found["left"], found["right"]])


def test_an_op_draws_the_same_whatever_else_is_there_and_in_which_order():
    inputs, found = torch.ones(3, 6), []
    for order, more in [(("left", "right"), False), (("right", "left"), False),
                        (("left", "right"), True)]:  # fmt: skip
        exported = export(Branches(order, more), (inputs[:1],), name="n", source={})
        made = Simulator(exported, load_hardware("homodyne"), 1, Settings(None, adc=AdcRange.IDEAL))
        made.calibrate([(inputs,)])
        found.append(run(made, Draws(1), (inputs,)))
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0][0], found[2][0])


def test_an_op_draws_the_same_when_it_is_run_alone():
    of = network("lenet")
    made = noisy(of)
    seen = {}

    class Watching(Interpreter):
        def run_node(self, node):
            seen[node.name] = super().run_node(node)
            return seen[node.name]

    made.draw(Draws(1))
    last = next(n for n in made.graph_module.graph.nodes if n.target == "analog_4")
    with torch.no_grad():
        Watching(made.graph_module).run(*of.inputs)
        alone = made.gemms["8"](seen[last.args[0].name])
    assert torch.equal(alone, seen["analog_4"])


SCRIPT = """
import hashlib, torch
from archsim.functional import Draws
from tests.contract.test_functional_draws import noisy, run
from tests.functional_nets import network
of = network("attention")
print(hashlib.sha256(run(noisy(of), Draws(5), of.inputs).numpy().tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_the_hash_seed_changes_nothing():
    other = "1" if os.environ.get("PYTHONHASHSEED") == "0" else "0"
    elsewhere = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=os.environ | {"PYTHONHASHSEED": other},
        capture_output=True,
        text=True,
        check=True,
    )
    of = network("attention")
    here = hashlib.sha256(run(noisy(of), Draws(5), of.inputs).numpy().tobytes()).hexdigest()
    assert elsewhere.stdout.strip() == here


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", ["lenet", "residual"])
def test_both_devices_agree_in_distribution(name, machine):
    of, found = network(name), []
    for device in ("cpu", "cuda"):
        made = Simulator(of.exported, load_hardware(machine)).to(device)
        made.calibrate([tuple(values.to(device) for values in of.inputs)])
        many = tuple(values[:1].expand(4000, *values.shape[1:]).to(device) for values in of.inputs)
        found.append(run(made, Draws(1), many).cpu().double())
        made.to("cpu")
    one, other = found
    error = (one.var(0) / len(one) + other.var(0) / len(other)).sqrt()
    assert torch.all((one.mean(0) - other.mean(0)).abs() < 6 * error)
    assert torch.all((one.std(0) / other.std(0) - 1).abs() < 6 / 4000**0.5)
