"""Plans on both sides: refused alike, and each count on its own channel."""

from math import ceil

import numpy as np
import pytest
import torch

import archsim
from archsim.errors import ArchsimError, MappingError, WorkloadError
from archsim.frontend import export
from archsim.functional import AdcRange, Draws, Settings, Simulator
from archsim.hardware import load_hardware
from archsim.workload import RepetitionPlan
from tests.functional_nets import errors, layer, network, simulator

SHOT = Settings(None, frozenset(("shot",)), AdcRange.IDEAL)


def plan_of(of, counts):
    return RepetitionPlan(fingerprint=of.exported.workload.fingerprint, counts={of.op: counts})


def refusal(act):
    with pytest.raises(ArchsimError) as caught:
        act()
    return type(caught.value), str(caught.value)


def both(of, hardware, plan):
    timing = refusal(lambda: archsim.simulate(hardware, of.exported.workload, repetitions=plan))
    return timing, refusal(lambda: Simulator(of.exported, hardware, plan))


def test_a_foreign_plan_is_refused_by_both_sides_alike():
    of, other = layer("linear"), layer("conv")
    plan = plan_of(other, (2,))
    timing, functional = both(of, load_hardware("homodyne"), plan)
    assert timing == functional
    assert functional[0] is WorkloadError
    assert "use the workload that the plan was made for" in functional[1]


@pytest.mark.parametrize(
    ("machine", "changes", "plan", "kind"),
    [
        ("homodyne", [], 2.5, WorkloadError),
        ("homodyne", [], 0, WorkloadError),
        ("homodyne", ["tiles.repetition=power"], 1e6, WorkloadError),
        ("digital_int8", [], 2, MappingError),
    ],
)
def test_counts_that_a_machine_cannot_do_are_refused_by_both_sides_alike(
    machine, changes, plan, kind
):
    timing, functional = both(layer("linear"), load_hardware(machine, changes), plan)
    assert timing == functional
    assert functional[0] is kind


@pytest.mark.parametrize("machine", ["homodyne", "ring_bank"])
def test_more_repetitions_in_space_than_tiles_are_refused_by_both_sides_alike(machine):
    hardware = load_hardware(machine, ["tiles.repetition=space"])
    timing, functional = both(layer("linear"), hardware, 100)
    assert timing == functional


def test_a_plan_speaks_of_channels_and_power_of_ops():
    of = layer("linear")
    timing, functional = both(of, load_hardware("homodyne"), plan_of(of, (1, 2)))
    assert timing == functional
    power = load_hardware("homodyne", ["tiles.repetition=power"])
    timing, functional = both(of, power, plan_of(of, (1, 2, 3, 4)))
    assert timing == functional


@pytest.mark.parametrize("kind", ["linear", "conv", "grouped", "depthwise", "multiplied"])
@pytest.mark.parametrize("machine", ["homodyne", "ring_bank"])
def test_each_channel_has_the_count_that_the_plan_gives_it(machine, kind):
    """Channels are sorted by count when they are laid out: that must not be seen here."""
    of, counts = layer(kind), (1, 64, 4, 16)
    hardware = load_hardware(machine, ["tiles.detector.photons_per_mac=1000"])
    once, often = (
        errors(of, simulator(of, hardware, plan, SHOT), Draws(1), ceil(4000 / of.inputs[0].numel()))
        for plan in (1, plan_of(of, counts))
    )
    by_channel = [e.reshape(len(e), 4, -1).std(axis=(0, 2)) for e in (once, often)]
    assert np.allclose((by_channel[0] / by_channel[1]) ** 2, counts, rtol=0.3)


def test_each_op_has_the_count_that_the_plan_gives_it():
    of = network("lenet")
    names = [op.name for op in of.exported.workload.gemms]
    plan = RepetitionPlan(
        fingerprint=of.exported.workload.fingerprint,
        counts=dict(zip(reversed(names), [(1,), (2,), (3,), (4,)], strict=True)),
    )
    made = Simulator(of.exported, load_hardware("homodyne"), plan)
    assert {name: gemm.repetitions.tolist() for name, gemm in made.gemms.items()} == dict(
        zip(names, [[4], [3], [2], [1]], strict=True)
    )


@pytest.mark.parametrize("machine", ["homodyne", "dota_b", "ring_bank", "crossbar", "digital_int8"])
def test_products_are_analog_where_the_timing_side_counts_conversions(machine):
    of, hardware = network("attention"), load_hardware(machine)
    made = Simulator(of.exported, hardware)
    actions = archsim.simulate(hardware, of.exported.workload).actions
    assert made.gemms.keys() == set(actions[actions.action == "adc.convert"].op)


def test_transposed_convolutions_on_analog_arrays_are_refused():
    module = torch.nn.Sequential(torch.nn.ConvTranspose2d(2, 3, 2)).eval()
    made = export(module, (torch.zeros(1, 2, 4, 4),), name="up", source={})
    with pytest.raises(WorkloadError, match=r"up: found 0 \(conv_transpose2d.*expected"):
        Simulator(made, load_hardware("homodyne"))


def test_slices_without_quantisers_are_refused():
    of = layer("linear")
    with pytest.raises(ArchsimError, match="in slices of their bits"):
        Simulator(of.exported, load_hardware("crossbar"), 1, Settings(None))


def test_sources_that_the_machine_does_not_have_are_refused():
    of = layer("linear")
    with pytest.raises(ArchsimError, match=r"found 'array.weight'; expected .*tia.ktc"):
        Simulator(
            of.exported,
            load_hardware("homodyne"),
            1,
            Settings(sources=frozenset(("array.weight",))),
        )


def test_calibration_without_data_is_refused():
    made = Simulator(layer("linear").exported, load_hardware("homodyne"))
    with pytest.raises(ArchsimError, match="found no data"):
        made.calibrate([])
