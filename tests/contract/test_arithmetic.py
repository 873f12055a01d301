"""The cuts told to the functional side against the conversions that the timing side counts."""

import pytest

import archsim
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


def test_a_digital_machine_has_no_analog_products():
    workload = archsim.load_workload("lenet5")
    assert not arithmetic(workload, archsim.load_hardware("digital_int8")).products
