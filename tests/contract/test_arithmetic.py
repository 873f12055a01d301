"""The cuts told to the functional side against the conversions that the timing side counts."""

import pytest
import torch

import archsim
from archsim.functional.learning.sharing import Sharing
from archsim.mapping import arithmetic

MACHINES = ["homodyne", "dota_b", "ring_bank", "crossbar"]
NETWORKS = ["resnet20_cifar10", "deit_t"]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("machine", MACHINES)
def test_each_reading_is_one_conversion_of_the_ledger(machine, network):
    workload, hardware = archsim.load_workload(network), archsim.load_hardware(machine)
    actions = archsim.simulate(hardware, workload).actions
    converted = actions[actions.action == "adc.convert"].groupby("op")["count"].sum()
    products = arithmetic(workload, hardware).products
    assert products.keys() == set(converted.index)
    for name, product in products.items():
        gemm = workload.op(name).gemm
        sums = gemm.groups * gemm.rows * gemm.columns
        slices = product.input_slices * product.weight_slices
        assert converted[name] == sums * slices * len(product.readings), name


@pytest.mark.parametrize("machine", MACHINES)
def test_readings_cover_every_fan_in_once(machine):
    workload = archsim.load_workload("deit_t")
    for name, product in arithmetic(workload, archsim.load_hardware(machine)).products.items():
        whole = workload.op(name).gemm.contraction
        assert sum(reading.products for reading in product.readings) == whole


def falling(sharing):
    """Return counts from 9 down to 1 within each product."""
    found = torch.zeros(len(sharing), dtype=torch.float64)
    for places in sharing.places.values():
        rank = places - places.min()
        found[places] = 9.0 - (8 * rank // max(1, int(rank.max()))).double()
    return found


@pytest.mark.parametrize("machine", MACHINES)
def test_channels_that_a_tile_takes_together_are_those_that_pay_for_one_another(machine):
    """Packing costs nothing if they share their counts, and something if each has its own."""
    workload, hardware = archsim.load_workload("mobilenet_v2"), archsim.load_hardware(machine)
    products = arithmetic(workload, hardware).products
    by_channel = Sharing.of(workload, list(products), "channel")
    together = {name: product.together for name, product in products.items()}
    assert len(set(together.values())) > 1  # depthwise convolutions are cut otherwise
    by_tile = by_channel.grouped(workload, falling(by_channel), together)

    def paid(sharing):
        report = archsim.simulate(hardware, workload, sharing.plan(workload, falling(sharing)))
        return report.ops.set_index("op").packing_overhead[list(products)].dropna()

    assert paid(by_tile).max() == 0
    assert {name for name, cost in paid(by_channel).items() if cost > 0} == {
        name for name, count in together.items() if count > 1
    }


def test_a_digital_machine_has_no_analog_products():
    workload = archsim.load_workload("lenet5")
    assert not arithmetic(workload, archsim.load_hardware("digital_int8")).products
