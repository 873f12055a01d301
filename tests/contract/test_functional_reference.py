"""Without noise a network is the digital reference, bit for bit.

The reference is the exported graph, run node by node here, with torch's own fake quantisation of
every tensor that lies in memory, and weights rounded in double precision.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.fx import Interpreter

from archsim.errors import ConfigError
from archsim.functional import AdcRange, Draws, Quantisation, Ranges, Settings, Simulator
from archsim.hardware import load_hardware
from archsim.mapping import arithmetic
from tests.functional_nets import NETWORKS, layer, network

IDEAL = Settings(adc=AdcRange.IDEAL)
MACHINES = ["homodyne", "dota_b", "ring_bank", "crossbar", "digital_int8"]


class Reference(Interpreter):
    """Runs an exported graph with quantised weights and, once ranges are known, activations too."""

    def __init__(self, exported, hardware):
        super().__init__(exported.graph_module)
        self.workload, self.names = exported.workload, exported.op_names
        self.stored = arithmetic(exported.workload, hardware).stored
        inputs = iter(exported.workload.inputs)
        self.tensors = {
            node.name: next(inputs).name
            if node.op == "placeholder"
            else self.names.get(node.name, "")
            for node in exported.graph_module.graph.nodes
        }
        self.products = {op.name for op in exported.workload.gemms}
        self.ranges, self.calibrating = {}, False

    def of(self, inputs):
        """Return the outputs, after ranges of all tensors were found on the inputs themselves."""
        with torch.no_grad():
            self.calibrating = True
            self.run(inputs)
            self.calibrating = False
            return self.run(inputs)

    def run_node(self, node):
        self.node = node
        found = super().run_node(node)
        name = self.tensors[node.name]
        if name not in self.stored or not found.is_floating_point():
            return found
        bits = self.workload.activation_bits_of(name)
        if self.calibrating:
            finite = found[found.isfinite()]
            self.ranges[name] = float(finite.min()), float(finite.max())
            return found
        if bits >= 24:
            return found
        low, high = self.ranges[name]
        step = (max(high, 0.0) - min(low, 0.0)) / (2**bits - 1) or 1.0
        zero = -round(min(low, 0.0) / step)
        rounded = torch.fake_quantize_per_tensor_affine(found, step, zero, 0, 2**bits - 1)
        return torch.where(found.isinf(), found, rounded)

    def call_function(self, target, arguments, keywords):
        name = self.names.get(self.node.name)
        if name in self.products and "matmul" not in str(target):
            weight = rounded_weight(arguments[1].detach(), self.workload.weight_bits_of(name))
            arguments = (arguments[0], weight, *arguments[2:])
        return super().call_function(target, arguments, keywords)


def rounded_weight(weight, bits):
    """Return weights on 2^bits levels for each channel, zero among them."""
    if bits >= 24:
        return weight
    rows = weight.double().flatten(1).numpy()
    low, high = np.minimum(rows.min(1), 0)[:, None], np.maximum(rows.max(1), 0)[:, None]
    step = (high - low) / (2**bits - 1)
    step[step == 0] = 1
    lowest = np.rint(low / step)
    codes = np.clip(np.rint(rows / step), lowest, lowest + 2**bits - 1)
    return torch.from_numpy(codes * step).float().view(weight.shape)


def made(exported, machine, settings, inputs):
    found = Simulator(exported, load_hardware(machine), 1, settings)
    found.calibrate([inputs])
    return found


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", NETWORKS)
def test_without_noise_it_is_the_quantised_graph_bit_for_bit(name, machine):
    of = network(name)
    expected = Reference(of.exported, load_hardware(machine)).of(*of.inputs)
    simulated = made(of.exported, machine, IDEAL, of.inputs)
    with torch.no_grad():
        assert torch.equal(simulated(*of.inputs), expected)
    assert not torch.equal(expected, of.exported.graph_module(*of.inputs))


@pytest.mark.parametrize("machine", ["homodyne", "ring_bank", "digital_int8"])
@pytest.mark.parametrize("name", NETWORKS)
def test_without_noise_and_quantisers_it_is_the_exported_graph_bit_for_bit(name, machine):
    of = network(name)
    simulated = made(of.exported, machine, Settings(None, adc=AdcRange.IDEAL), of.inputs)
    with torch.no_grad():
        assert torch.equal(simulated(*of.inputs), of.exported.graph_module(*of.inputs))


@pytest.mark.parametrize("settings", [IDEAL, Settings(None, adc=AdcRange.IDEAL)])
@pytest.mark.parametrize("name", NETWORKS)
def test_draws_of_no_source_change_not_a_bit(name, settings):
    of = network(name)
    simulated = made(of.exported, "homodyne", replace(settings, sources=frozenset()), of.inputs)
    with torch.no_grad():
        exact = simulated(*of.inputs)
        simulated.draw(Draws(1))
        assert torch.equal(simulated(*of.inputs), exact)


@pytest.mark.parametrize("bits", [1, 4, 8, 16, 24])
@pytest.mark.parametrize("name", NETWORKS)
def test_any_number_of_bits(name, bits):
    of = network(name)
    exported = replace(of.exported, workload=of.exported.workload.with_bits(bits, bits))
    expected = Reference(exported, load_hardware("homodyne")).of(*of.inputs)
    simulated = made(exported, "homodyne", IDEAL, of.inputs)
    with torch.no_grad():
        assert torch.equal(simulated(*of.inputs), expected)


@pytest.mark.parametrize("bits", [4, 8, 16, 24])
def test_slices_and_noise_of_any_number_of_bits(bits):
    of = network("lenet")
    exported = replace(of.exported, workload=of.exported.workload.with_bits(bits, bits))
    simulated = made(exported, "homodyne", Settings(), of.inputs)
    simulated.draw(Draws(1))
    with torch.no_grad():
        assert simulated(*of.inputs).isfinite().all()


def noise_std(bits):
    of = network("lenet")
    exported = replace(of.exported, workload=of.exported.workload.with_bits(bits, bits))
    simulated = made(exported, "homodyne", Settings(adc=AdcRange.IDEAL), of.inputs)
    simulated.draw(Draws(1))
    recorders = simulated.record()
    with torch.no_grad():
        simulated(*of.inputs)
    return [float(found.noise_std.square().mean()) ** 0.5 for found in recorders.values()]


@pytest.mark.parametrize("bits", [9, 12, 16, 17])
def test_one_more_slice_has_noise_of_the_same_size(bits):
    # Each slice is driven at full scale, so that a slice of few bits is no noisier than one of all.
    for found, whole in zip(noise_std(bits), noise_std(8), strict=True):
        assert 0.25 * whole < found < 4 * whole


def test_slices_of_more_bits_than_single_precision_holds_are_refused():
    of = network("lenet")
    exported = replace(of.exported, workload=of.exported.workload.with_bits(32, 32))
    with pytest.raises(ConfigError, match="bits: found 32, in slices; expected at most 24"):
        made(exported, "homodyne", Settings(), of.inputs)


def test_rounded_weights_are_those_of_torchs_kernel():
    weight = layer("conv").module.weight.detach()
    low, high = (weight.flatten(1).amin(1).clamp(max=0), weight.flatten(1).amax(1).clamp(min=0))
    step = ((high - low) / 255).double()
    zero = -(low / step).round().int()
    kernel = torch.fake_quantize_per_channel_affine(weight, step.float(), zero, 0, 0, 255)
    assert torch.allclose(rounded_weight(weight, 8), kernel, rtol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_any_batch_size(name):
    of = network(name)
    simulated = made(of.exported, "homodyne", Settings(), of.inputs)
    with torch.no_grad():
        whole = simulated(*of.inputs)
        alone = torch.cat([simulated(of.inputs[0][n : n + 1]) for n in range(6)])
        simulated.draw(Draws(0))
        many = torch.cat(3 * of.inputs)
        assert [len(simulated(many[:size])) for size in (1, 2, 13)] == [1, 2, 13]
    scale = whole.abs().max()
    assert torch.allclose(whole, alone, atol=float(scale) / 50)  # a conversion may go either way


def test_what_a_mask_hides_stays_hidden():
    of = network("attention")
    simulated = made(of.exported, "homodyne", Settings(), of.inputs)
    words = of.inputs[0][:1].clone()
    assert words[0, 3] == 0
    softmax = next(n for n in simulated.graph_module.graph.nodes if "softmax" in str(n.target))
    seen = {}

    class Watching(Interpreter):
        def run_node(self, node):
            seen[node] = super().run_node(node)
            return seen[node]

    simulated.draw(Draws(0))
    with torch.no_grad():
        Watching(simulated.graph_module).run(words)
    assert torch.all(seen[softmax][..., 3:] == 0)
    assert torch.all(seen[softmax][..., :3] > 0)


def test_a_network_of_zeros_gives_its_biases():
    of = network("lenet")
    zeros = torch.zeros_like(of.inputs[0])
    simulated = made(of.exported, "homodyne", Settings(), (zeros,))
    with torch.no_grad():
        exact = simulated(zeros)
        assert torch.allclose(exact, of.module(zeros), atol=0.05)
        simulated.draw(Draws(0))
        assert simulated(zeros).isfinite().all()


@pytest.mark.parametrize("ranges", Ranges)
def test_ranges_of_several_batches_can_be_found_in_every_way(ranges):
    of = network("residual")
    simulated = Simulator(
        of.exported, load_hardware("homodyne"), 1, Settings(Quantisation(ranges=ranges))
    )
    simulated.calibrate([of.inputs, of.inputs])
    once = made(of.exported, "homodyne", Settings(Quantisation(ranges=ranges)), of.inputs)
    with torch.no_grad():
        assert torch.allclose(simulated(*of.inputs), once(*of.inputs), atol=1e-6)
