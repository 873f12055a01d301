"""What is put where in a graph, and when it acts."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from archsim.frontend import export
from archsim.functional import AdcRange, Draws, Settings, Simulator
from archsim.hardware import load_hardware
from archsim.workload import Workload
from tests.functional_nets import layer, network


def made(of, machine="homodyne", **settings):
    return Simulator(of.exported, load_hardware(machine), 1, Settings(**settings))


def test_quantisers_stand_where_tensors_lie_in_memory():
    found = made(network("lenet"))
    # The input, and what products with what rides on them, and pools, leave; not the output.
    assert sorted(found.quantisers) == ["1", "2", "4", "7", "input_1"]


def test_whole_numbers_are_not_quantised():
    found = made(network("attention"))
    assert not any(name.startswith("words") and "input" in name for name in found.quantisers)
    assert "input_1" not in found.quantisers


@pytest.mark.parametrize(
    ("machine", "analog"),
    [("homodyne", 4), ("dota_b", 4), ("ring_bank", 2), ("crossbar", 2), ("digital_int8", 0)],
)
def test_products_are_analog_where_the_machine_is(machine, analog):
    assert len(made(network("attention"), machine).gemms) == analog


def test_the_exported_graph_is_left_as_it_is():
    of = network("residual")
    with torch.no_grad():
        before, code = of.exported.graph_module(*of.inputs), of.exported.graph_module.code
        found = made(of)
        found.calibrate([of.inputs])
        found.draw(Draws(1))
        found(*of.inputs)
        assert of.exported.graph_module.code == code
        assert torch.equal(of.exported.graph_module(*of.inputs), before)


class Tied(nn.Module):
    """One weight in two products."""

    def __init__(self):
        super().__init__()
        self.shared = nn.Linear(4, 4)

    def forward(self, inputs):
        return self.shared(torch.relu(self.shared(inputs)))


@pytest.mark.parametrize("machine", ["homodyne", "digital_int8"])
def test_a_weight_may_be_used_twice(machine):
    torch.manual_seed(0)
    module, inputs = Tied().eval(), torch.randn(5, 4)
    exported = export(module, (inputs[:1],), name="tied", source={})
    found = Simulator(exported, load_hardware(machine), 1, Settings(adc=AdcRange.IDEAL))
    found.calibrate([(inputs,)])
    with torch.no_grad():
        assert torch.allclose(found(inputs), module(inputs), atol=0.05)


class Joined(nn.Module):
    """A product of what lies in two tensors."""

    def __init__(self):
        super().__init__()
        self.left, self.right, self.last = nn.Linear(4, 3), nn.Linear(4, 3), nn.Linear(6, 2)

    def forward(self, inputs):
        return self.last(torch.cat([self.left(inputs), 50 * self.right(inputs)], -1))


def test_an_operand_of_several_tensors_has_levels_of_its_own():
    torch.manual_seed(0)
    module, inputs = Joined().eval(), torch.randn(50, 4)
    exported = export(module, (inputs[:1],), name="joined", source={})
    found = Simulator(exported, load_hardware("homodyne"))
    found.calibrate([(inputs,)])
    last = found.gemms["last"].cutting.inputs_from
    stored = [found.quantisers[name] for name in exported.workload.op("last").inputs
              if name in found.quantisers]  # fmt: skip
    assert last not in stored
    with torch.no_grad():
        both = torch.cat([module.left(inputs), 50 * module.right(inputs)], -1)
    assert float(last.grid.range) == pytest.approx(float(both.max() - both.min()), rel=0.05)


def test_held_activations_of_fewer_bits_have_levels_of_their_own():
    of = layer("matmul")
    workload = of.exported.workload
    [op] = workload.ops
    fields = {name: getattr(workload, name) for name in Workload.model_fields}
    narrow = Workload(**fields | {"ops": (op.model_copy(update={"weight_bits": 3}),)})
    exported = replace(of.exported, workload=narrow)
    found = Simulator(exported, load_hardware("homodyne"), 1, Settings(adc=AdcRange.IDEAL))
    found.calibrate([of.inputs])
    [gemm] = found.gemms.values()
    assert (gemm.cutting.inputs_from.bits, gemm.cutting.held_from.bits) == (8, 3)
    with torch.no_grad():
        eight = [found.quantisers[tensor.name](values)
                 for tensor, values in zip(narrow.inputs, of.inputs, strict=True)]  # fmt: skip
        three = gemm.cutting.held_from(eight[1])
        assert len(three.unique()) <= 8
        assert torch.allclose(found(*of.inputs), eight[0] @ three, atol=1e-5)


def test_calibrating_anew_forgets_what_was_seen():
    of = network("lenet")
    once, twice = made(of), made(of)
    once.calibrate([of.inputs])
    twice.draw(Draws(3))
    twice.calibrate([tuple(100 * values for values in of.inputs)])
    twice.draw(Draws(3))
    twice.calibrate([of.inputs])
    with torch.no_grad():
        assert torch.equal(once(*of.inputs), twice(*of.inputs))


def test_noise_acts_only_while_it_is_drawn():
    of = network("lenet")
    found = made(of)
    found.calibrate([of.inputs])
    with torch.no_grad():
        quiet = found(*of.inputs)
        found.draw(Draws(1))
        assert not torch.equal(found(*of.inputs), quiet)
        found.draw(None)
        assert torch.equal(found(*of.inputs), quiet)


def test_what_is_masked_stays_so_where_calibration_had_no_mask():
    of, seen = network("attention"), []
    words = of.inputs[0]
    masked, whole = words[::2], words[1::2]
    found = made(of)
    found.calibrate([(whole,)])
    weights = found.quantisers["forward:softmax"]
    weights.register_forward_hook(lambda _module, _inputs, outputs: seen.append(outputs))
    with torch.no_grad():
        found(masked)
        found(whole)
    absent = (masked == 0)[:, None, None].expand_as(seen[0])
    assert bool((seen[0][absent] == 0).all())
    assert bool((seen[0].sum(-1) > 0.5).all())
    assert bool((seen[1][..., 3:] > 0).any())
