"""What executes each op, and what lies in between."""

from __future__ import annotations

import pytest

from archsim.errors import MappingError
from archsim.hardware import load_hardware
from archsim.mapping.graph import Place, place
from archsim.workload import LaneOperations, Workload
from tests.networks import attention, conv, network, relu


def test_machines_that_differ_in_numbers_only_share_a_graph():
    workload = Workload(**network())
    slow = load_hardware("homodyne", ["clocks.symbol=1 GHz", "tiles.count=2"])
    assert place(workload, slow) is place(workload, load_hardware("homodyne"))


def test_the_graph_follows_what_the_machine_does_with_products_of_activations():
    workload = attention()
    for choice, where in (("array", Place.ARRAY), ("vector_unit", Place.VECTOR_UNIT)):
        hardware = load_hardware("homodyne", [f"tiles.dynamic_products={choice}"])
        assert [step.place for step in place(workload, hardware).steps] == [where]
    with pytest.raises(MappingError, match=r"^scores: products of two activations; 'homodyne'"):
        place(workload, load_hardware("homodyne", ["tiles.dynamic_products=refuse"]))


def test_the_same_network_in_other_bits_is_another_graph():
    workload, hardware = Workload(**network()), load_hardware("homodyne")
    [wide], [narrow] = (place(w, hardware).steps for w in (workload, workload.with_bits(4, 2)))
    assert (wide.input_bits, wide.held_bits, wide.output_bits) == (8, 8, 8)
    assert (narrow.input_bits, narrow.held_bits, narrow.output_bits) == (4, 2, 4)


def test_a_step_knows_its_work_and_that_of_what_rides_on_it():
    workload = Workload(**network(conv(parameters=[[4]]), relu()))
    [step] = place(workload, load_hardware("homodyne")).steps
    assert step.output == "relu"
    assert step.work == (("conv", LaneOperations(256)), ("relu", LaneOperations(256)))
    assert step.new_share == pytest.approx(3 * 8 * 8 / (8 * 8 * 27))
