"""What spills when the buffer is small, by hand on graphs of three or four ops."""

from types import SimpleNamespace

import pytest

from archsim.errors import MappingError
from archsim.mapping.graph import place
from archsim.mapping.memory import plan_pipelined, plan_serial
from archsim.workload import Workload

MACHINE = SimpleNamespace(name="machine", tiles=SimpleNamespace(dynamic_products="array"))
BITS = 8


def graph(*ops, outputs):
    """Elementwise ops on vectors of 10 elements, 80 bits each: (name, inputs)."""
    return place(
        Workload.model_validate(
            {
                "name": "toy",
                "source": {},
                "activation_bits": BITS,
                "weight_bits": BITS,
                "inputs": [{"name": "x", "shape": [1, 10]}],
                "ops": [
                    {
                        "name": name,
                        "kind": "elementwise",
                        "function": "relu" if len(inputs) == 1 else "add",
                        "inputs": inputs,
                        "shape": [1, 10],
                    }
                    for name, inputs in ops
                ],
                "outputs": outputs,
            }
        ),
        MACHINE,
    )


CHAIN = (("a", ["x"]), ("b", ["a"]), ("c", ["b"]))
# a is needed again at the end, so of a and b it is a whose next use is farther.
SKIP = (("a", ["x"]), ("b", ["a"]), ("c", ["b"]), ("d", ["c", "a"]))


def test_the_network_input_is_fetched_and_nothing_spills_where_all_fits():
    plans = plan_serial(graph(*CHAIN, outputs=["c"]), inputs=1, capacity_bits=160)
    assert plans[0].fetched == ("x",)
    assert not any(p.spilled or p.streamed or p.streams_output for p in plans)
    assert not any(p.fetched for p in plans[1:])


def test_of_two_tensors_needed_equally_late_the_new_one_goes_straight_to_dram():
    # While b becomes c, a waits: three tensors. c and a are needed next by d; sparing c's trip
    # into the buffer is cheaper than moving a out of it.
    plans = plan_serial(graph(*SKIP, outputs=["d"]), inputs=1, capacity_bits=240)
    assert not any(p.spilled or p.streams_output for p in plans)
    plans = plan_serial(graph(*SKIP, outputs=["d"]), inputs=1, capacity_bits=239)
    assert [p.streams_output for p in plans] == [False, False, True, False]
    # d reads a and c and makes d: three tensors again, so c is streamed and never comes back.
    assert plans[3].streamed == {"c"}
    assert plans[3].fetched == ()


def test_the_tensor_needed_farthest_ahead_spills_and_comes_back():
    # While c becomes d, a waits for e: a is needed after d, so a leaves.
    longer = (*CHAIN, ("d", ["c"]), ("e", ["d"]), ("f", ["e", "a"]))
    plans = plan_serial(graph(*longer, outputs=["f"]), inputs=1, capacity_bits=239)
    assert [p.spilled for p in plans] == [(), (), ("a",), (), (), ()]
    assert plans[5].streamed == {"a"}


def test_a_batch_takes_as_much_more_room():
    plans = plan_serial(graph(*SKIP, outputs=["d"]), inputs=3, capacity_bits=3 * 240 - 1)
    assert plans[2].streams_output


def test_an_output_that_does_not_fit_beside_its_operand_goes_to_dram():
    plans = plan_serial(graph(*CHAIN, outputs=["c"]), inputs=1, capacity_bits=100)
    assert plans[0].streams_output
    assert plans[1].streams_output
    assert plans[1].fetched == ("a",)


def test_a_step_tells_what_activations_take_of_the_buffer():
    # Vectors of 80 bits: operand and result, and a beside them from b to d.
    plans = plan_serial(graph(*SKIP, outputs=["d"]), inputs=1, capacity_bits=240)
    assert [plan.buffered_bits for plan in plans] == [160, 160, 240, 240]
    plans = plan_serial(graph(*SKIP, outputs=["d"]), inputs=3, capacity_bits=3 * 240)
    assert [plan.buffered_bits for plan in plans] == [480, 480, 720, 720]
    plans = plan_serial(graph(*SKIP, outputs=["d"]), inputs=1, capacity_bits=239)
    assert plans[2].streams_output
    assert plans[2].buffered_bits == 160


def test_outputs_larger_than_the_buffer_are_refused():
    with pytest.raises(MappingError, match=r"c: the network's outputs exceed the buffer by 1 bits"):
        plan_serial(graph(*CHAIN, outputs=["c"]), inputs=1, capacity_bits=79)


def test_pipelined_tensors_held_longest_go_through_dram():
    skip = graph(*SKIP, outputs=["d"])
    lags = {"x": 1, "a": 3, "b": 1, "c": 1, "d": 1}
    plans, held_bits = plan_pipelined(skip, lags, capacity_bits=4 * 3 * 80 + 5 * 80)
    assert not any(p.streamed or p.streams_output for p in plans)
    assert held_bits["a"] == 5 * 80
    assert {plan.buffered_bits for plan in plans} == {4 * 3 * 80 + 5 * 80}
    plans, held_bits = plan_pipelined(skip, lags, capacity_bits=4 * 3 * 80 + 5 * 80 - 1)
    assert [p.streamed for p in plans] == [set(), {"a"}, set(), {"a"}]
    assert plans[0].streams_output
    assert {plan.buffered_bits for plan in plans} == {4 * 3 * 80}
    assert "a" not in held_bits
