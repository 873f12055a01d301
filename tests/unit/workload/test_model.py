import pickle

import pytest
from pydantic import ValidationError

from archsim.errors import WorkloadError
from archsim.workload import Workload
from tests.networks import attention, conv, network, relu


def test_totals_are_sums_over_the_products():
    workload = Workload(**network())
    # 64 positions x 27 inputs x 4 outputs
    assert (workload.macs, workload.weights) == (6912, 108)
    assert [op.name for op in workload.gemms] == ["conv"]


def test_consumers_are_the_ops_that_read_a_name():
    workload = Workload(**network(conv(), relu("a"), relu("b", "a", inputs=["a", "conv", "a"])))
    names = {name: [op.name for op in ops] for name, ops in workload.consumers.items()}
    assert names == {"image": ["conv"], "conv": ["a", "b"], "a": ["b"], "b": []}


def test_bits_are_the_ops_own_or_else_the_workloads():
    changed = Workload(**network(conv(weight_bits=4), relu(bits=6))).with_bits(5, 3)
    assert changed.activation_bits_of("image") == 5
    assert changed.activation_bits_of("conv") == 5
    assert changed.activation_bits_of("relu") == 6
    assert changed.weight_bits_of("conv") == 4
    assert Workload(**network()).with_bits(weight=3).weight_bits_of("conv") == 3


def test_held_operand_of_a_dynamic_product_has_the_bits_of_its_activation():
    assert attention().with_bits(activation=6, weight=2).weight_bits_of("scores") == 6


@pytest.mark.parametrize("bits", [0, 65, 2.5, True])
def test_impossible_bits_are_refused(bits):
    with pytest.raises(WorkloadError, match=r"activation_bits: found .*; expected a whole number"):
        Workload(**network()).with_bits(activation=bits)


def test_fingerprint_knows_structure_and_nothing_else():
    base = Workload(**network())
    same = network(conv(bits=4, weight_bits=2), relu(), name="other", source={}, weight_bits=3)
    assert Workload(**same).fingerprint == base.fingerprint
    for other in (
        network(conv(), relu(function="tanh")),
        network(conv(), relu("relu1")),
        network(conv(), relu(), outputs=["conv"]),
        network(conv(parameters=[[4]]), relu()),
    ):
        assert Workload(**other).fingerprint != base.fingerprint


def test_fingerprint_does_not_depend_on_the_order_of_keys():
    turned = dict(reversed(list(conv().items())))
    assert Workload(**network(turned, relu())).fingerprint == Workload(**network()).fingerprint


def test_every_fault_of_the_graph_is_reported_at_once():
    ops = [conv(), conv(), relu("a", "later"), relu("later"), relu("b", "convv"), relu("c", "c")]
    ops.append(relu("d", shape=[1, 4, 8, 9]))
    with pytest.raises(ValidationError) as error:
        Workload(**network(*ops, outputs=["d", "e"]))
    text = str(error.value)
    for expected in (
        "ops.1.name: found 'conv' a second time",
        "ops.2.inputs.0: a: found input 'later'",
        "put ops in order; a cycle cannot run",
        "ops.4.inputs.0: b: found input 'convv'; expected a workload input or an earlier op; did "
        "you mean 'conv'?",
        "ops.5.inputs.0: c: found input 'c'",
        "ops.6.shape: d: found shape 1x4x8x9; expected 1x4x8x8 from its inputs",
        "outputs.1: found 'e'",
    ):
        assert expected in text


def test_op_is_found_by_name_or_missed_in_house_form():
    workload = Workload(**network())
    assert workload.op("relu") is workload.ops[1]
    with pytest.raises(WorkloadError, match=r"tiny: found no op 'relv'.*did you mean 'relu'"):
        workload.op("relv")
    with pytest.raises(
        WorkloadError, match="relu: found an op of kind elementwise; expected a GEMM"
    ):
        workload.weight_bits_of("relu")


@pytest.mark.parametrize("field", ["inputs", "ops", "outputs"])
def test_workload_without_anything_in_it_is_refused(field):
    with pytest.raises(ValidationError, match="at least 1 item"):
        Workload(**network(**{field: []}))


def test_a_workload_that_was_used_travels_to_another_process():
    used = Workload.model_validate(network(), strict=False)
    assert len(used.consumers) == len(used.shapes) == 3
    assert pickle.loads(pickle.dumps(used)) == used
