"""Shapes, products and lane work of each kind of op, computed by hand."""

import pytest
from pydantic import TypeAdapter, ValidationError

from archsim.errors import WorkloadError
from archsim.workload import (
    Conv,
    Elementwise,
    Embedding,
    Gemm,
    LaneOperations,
    Layout,
    Linear,
    MatMul,
    Norm,
    Pool,
    Reduce,
    Resize,
    Softmax,
)
from archsim.workload.ops import any_op
from archsim.workload.ops._base import op_kind
from tests.networks import conv

parse = TypeAdapter(any_op()).validate_python


def a(model, shape, inputs=("x",), **fields):
    return model(name="op", inputs=inputs, shape=shape, **fields)


def a_conv(shape, **fields):
    stated = {"kernel": (3, 3), "stride": (1, 1), "padding": (0, 0), "dilation": (1, 1)}
    return a(Conv, shape, **stated | fields)


def test_convolution_is_a_product_of_patches_with_kernels():
    op = a_conv((1, 64, 112, 112), in_channels=3, out_channels=64, kernel=(7, 7), stride=(2, 2),
                padding=(3, 3))  # fmt: skip
    assert op.infer_shape((1, 3, 224, 224)) == (1, 64, 112, 112)
    assert op.gemm == Gemm(groups=1, rows=12544, contraction=147, columns=64, dynamic=False)
    assert op.gemm.macs == op.macs == 118_013_952
    assert op.gemm.weights == 9408
    assert op.channels == 64


def test_depthwise_convolution_is_one_product_per_channel():
    op = a_conv((2, 32, 6, 6), in_channels=32, out_channels=32, groups=32)
    assert op.infer_shape((2, 32, 8, 8)) == (2, 32, 6, 6)
    assert op.gemm == Gemm(32, 72, 9, 1, dynamic=False)
    assert op.channels == op.gemm.groups * op.gemm.columns == 32


def test_transposed_convolution_multiplies_every_input_position_by_every_tap():
    op = a_conv((1, 6, 10, 8), in_channels=4, out_channels=6, kernel=(4, 3), stride=(2, 1),
                padding=(1, 0), groups=2, transposed=True)  # fmt: skip
    assert op.infer_shape((1, 4, 5, 6)) == (1, 6, 10, 8)
    assert op.gemm == Gemm(groups=2, rows=30, contraction=2, columns=36, dynamic=False)
    assert op.channels == 6


def test_output_padding_widens_a_transposed_convolution_but_not_its_product():
    op = a_conv((1, 1, 10), in_channels=1, out_channels=1, kernel=(3,), stride=(2,), padding=(1,),
                dilation=(1,), transposed=True, output_padding=(1,))  # fmt: skip
    assert op.infer_shape((1, 1, 5)) == (1, 1, 10)
    assert op.gemm.rows == 5


def test_leading_dimensions_of_a_linear_are_rows():
    op = a(Linear, (2, 128, 3072), in_features=768, out_features=3072, parameters=((3072,),))
    assert op.infer_shape((2, 128, 768)) == (2, 128, 3072)
    assert op.gemm == Gemm(1, 256, 768, 3072, dynamic=False)
    assert op.lane_operations((2, 128, 768)) == LaneOperations(simple=256 * 3072)
    assert op.parameter_elements == 3072


def test_attention_scores_are_one_dynamic_product_per_batch_and_head():
    op = a(MatMul, (2, 12, 128, 128), ("q", "k"), contraction=64)
    assert op.infer_shape((2, 12, 128, 64), (2, 12, 64, 128)) == (2, 12, 128, 128)
    assert op.gemm == Gemm(24, 128, 64, 128, dynamic=True)
    assert op.gemm.weights == 0
    assert op.channels == 1
    assert op.lane_operations() == LaneOperations()


def test_one_matrix_serves_a_batch_of_products():
    op = a(MatMul, (3, 5, 2), ("x", "y"), contraction=4)
    assert op.infer_shape((3, 5, 4), (4, 2)) == (3, 5, 2)


@pytest.mark.parametrize(
    ("function", "simple", "special"),
    [("relu", 1, 0), ("add", 1, 0), ("clamp", 2, 0), ("exp", 0, 1), ("gelu", 4, 1), ("div", 1, 1)],
)
def test_function_costs_its_algorithm_per_element(function, simple, special):
    op = a(Elementwise, (2, 3), function=function)
    assert op.lane_operations((2, 3)) == LaneOperations(6 * simple, 6 * special)


def test_elements_broadcast_over_inputs_and_parameters():
    op = a(Elementwise, (2, 4, 3), ("x", "y"), function="add", parameters=((4, 1),))
    assert op.infer_shape((2, 1, 3), (3,)) == (2, 4, 3)


def test_softmax_has_one_reciprocal_per_row():
    op = a(Softmax, (2, 5, 10), axis=2)
    assert op.infer_shape((2, 5, 10)) == (2, 5, 10)
    assert op.lane_operations((2, 5, 10)) == LaneOperations(simple=400, special=100 + 10)


def test_layer_norm_takes_two_passes_over_each_row():
    op = a(Norm, (4, 16), function="layer", axes=(1,), parameters=((16,), (16,)))
    # sum, subtract, square, add, scale by 1/std; gain and shift; then 1/n twice, + eps, rsqrt
    assert op.lane_operations((4, 16)) == LaneOperations(simple=64 * 7 + 4 * 3, special=4)


def test_group_norm_has_statistics_per_image_and_group():
    op = a(Norm, (2, 6, 4, 4), function="group", axes=(1, 2, 3), groups=3)
    assert op.lane_operations((2, 6, 4, 4)) == LaneOperations(192 * 5 + 6 * 3, 6)


def test_batch_norm_that_stays_is_a_scale_and_a_shift():
    op = a(Norm, (2, 6, 4, 4), function="batch", axes=(0, 2, 3), parameters=((6, 1, 1), (6, 1, 1)))
    assert op.lane_operations((2, 6, 4, 4)) == LaneOperations(simple=2 * 192)


def test_pool_compares_all_but_the_first_of_a_window():
    op = a(Pool, (1, 2, 3, 3), function="max", kernel=(3, 3), stride=(2, 2), padding=(1, 1))
    assert op.infer_shape((1, 2, 6, 6)) == (1, 2, 3, 3)
    assert op.lane_operations((1, 2, 6, 6)) == LaneOperations(simple=8 * 18)


@pytest.mark.parametrize(("ceil_mode", "size"), [(False, 27), (True, 28)])
def test_pool_keeps_a_window_over_the_edge_only_if_told(ceil_mode, size):
    op = a(Pool, (1, 64, size, size), function="max", kernel=(3, 3), stride=(2, 2),
           padding=(0, 0), ceil_mode=ceil_mode)  # fmt: skip
    assert op.infer_shape((1, 64, 56, 56)) == (1, 64, size, size)


def test_mean_over_positions_adds_all_but_one_and_scales_once():
    op = a(Reduce, (1, 2048, 1, 1), function="mean", axes=(2, 3), keepdim=True)
    assert op.infer_shape((1, 2048, 7, 7)) == (1, 2048, 1, 1)
    assert op.lane_operations((1, 2048, 7, 7)) == LaneOperations(simple=2048 * (48 + 1))
    assert a(Reduce, (1,), function="sum", axes=(1, 2)).infer_shape((1, 7, 7)) == (1,)


def test_bilinear_resize_weighs_four_neighbours():
    op = a(Resize, (1, 2, 8, 8), function="linear", sizes=(8, 8))
    assert op.infer_shape((1, 2, 4, 4)) == (1, 2, 8, 8)
    assert op.lane_operations((1, 2, 4, 4)) == LaneOperations(simple=7 * 128)


def test_embedding_reads_only_the_rows_it_looks_up():
    op = a(Embedding, (1, 128, 768), rows=30522, features=768)
    assert op.infer_shape((1, 128)) == (1, 128, 768)
    assert op.parameter_elements == 128 * 768


@pytest.mark.parametrize(
    ("function", "before", "after", "fields", "free"),
    [
        ("reshape", (2, 3, 4), (6, 4), {}, True),
        ("permute", (2, 3, 4), (4, 2, 3), {"order": (2, 0, 1)}, True),
        ("slice", (2, 10), (2, 3), {"axis": 1, "bounds": (1, 8, 3)}, True),
        ("select", (2, 10), (2,), {"axis": 1}, True),
        ("expand", (2, 1, 4), (2, 5, 4), {}, True),
        ("copy", (2, 3), (2, 3), {}, False),
        ("roll", (2, 3), (2, 3), {}, False),
        ("pad", (2, 3), (2, 6), {"pads": (0, 0, 1, 2)}, False),
        ("pad", (2, 3), (2, 1), {"pads": (0, 0, -1, -1)}, False),
        ("repeat", (2, 3), (4, 2, 9), {"repeats": (4, 1, 3)}, False),
        ("index", (2, 5, 4), (2, 7, 4), {"axes": (1,), "parameters": ((7,),)}, False),
        ("gather", (2, 5), (2, 3), {"axis": 1, "parameters": ((2, 3),)}, False),
        ("rearrange", (1, 8, 2, 2), (1, 2, 4, 4), {}, False),
    ],
)
def test_layout_moves_data_or_only_addresses(function, before, after, fields, free):
    op = a(Layout, after, function=function, **fields)
    assert op.infer_shape(before) == after
    assert op.free is free
    assert op.lane_operations(before) == LaneOperations()


def test_joining_needs_equal_other_axes():
    cat = a(Layout, (1, 5, 2), ("x", "y"), function="cat", axis=1)
    assert cat.infer_shape((1, 2, 2), (1, 3, 2)) == (1, 5, 2)
    with pytest.raises(WorkloadError, match="found inputs of 1x2x2 and 1x3x3; expected shapes"):
        cat.infer_shape((1, 2, 2), (1, 3, 3))
    stack = a(Layout, (4, 2, 3), ("x", "y"), function="stack", axis=1)
    assert stack.infer_shape((4, 3), (4, 3)) == (4, 2, 3)


@pytest.mark.parametrize(
    ("op", "inputs", "message"),
    [
        (a_conv((1, 1, 6, 6), in_channels=3, out_channels=1), [(1, 4, 8, 8)],
         "found an input of 1x4x8x8; expected batch x 3 channels x 2 spatial dimensions"),
        (a_conv((1, 1, 6, 6), in_channels=3, out_channels=1), [(1, 3, 2, 2)],
         "expected one that a kernel of 3x3 fits into"),
        (a_conv((1, 1, 6, 6), in_channels=3, out_channels=1, parameters=((2,),)), [(1, 3, 8, 8)],
         "expected none, or one bias of 1"),
        (a(Linear, (1, 2), in_features=3, out_features=2), [(1, 4)], "expected 3 in its last"),
        (a(MatMul, (5, 5), ("x", "y"), contraction=4), [(5, 4), (5, 5)],
         "found inputs of 5x4 and 5x5; expected ... x rows x 4 and ... x 4 x columns"),
        (a(Elementwise, (2, 3), function="add"), [(2, 3), (2, 4)], "expected shapes that broadc"),
        (a(Softmax, (2, 3), axis=2), [(2, 3)], "found axes .2. of an input of 2x3"),
        (a(Softmax, (2, 3), axis=1), [(2, 3), (2, 3)], "found 2 inputs; expected 1 for softmax"),
        (a(Layout, (7,), function="reshape"), [(2, 3)], "found shape 7 from 2x3; expected 6 elem"),
        (a(Layout, (2,), function="slice", axis=0, bounds=(0, 9, 1)), [(3,)], "0 <= start < stop"),
        (a(Layout, (2, 3), function="permute", order=(0, 0)), [(2, 3)], "each of its axes once"),
        (a(Layout, (2, 3), function="pad", pads=(1,)), [(2, 3)], "two numbers per axis"),
    ],
)  # fmt: skip
def test_shape_that_does_not_fit_is_refused(op, inputs, message):
    with pytest.raises(WorkloadError, match=message):
        op.infer_shape(*inputs)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stride": [1]}, "found stride: .1.; expected 2 numbers, as kernel"),
        ({"groups": 2}, "found in_channels: 3; expected a multiple of groups: 2"),
        ({"kernel": [1, 1, 1, 1]}, "found a kernel of 4 dimensions; expected 1, 2 or 3"),
        ({"output_padding": [1, 1]}, "only where transposed: true"),
        ({"shape": [1, 4, 0, 8]}, "greater than or equal to 1"),
        ({"shape": [1, 4, 2**40, 8]}, "less than or equal to"),
        ({"kernel": ["3", 3]}, "valid integer"),
        ({"strides": [1, 1]}, "not permitted"),
        ({"kind": "convolution"}, "does not match any of the expected tags"),
        ({"bits": 0}, "greater than or equal to 1"),
        ({"name": "two words"}, "expected a name without spaces"),
        ({"name": "(idle)"}, "does not begin with a round bracket"),
        ({"name": "a\u0007"}, "expected a name without spaces or control characters"),
        ({"inputs": ["(input)"]}, "does not begin with a round bracket"),
    ],
)
def test_op_that_makes_no_sense_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        parse(conv(**changes))


def test_layout_states_just_the_fields_of_its_function():
    with pytest.raises(ValidationError, match="slice without bounds and with order; expected it w"):
        a(Layout, (2,), function="slice", axis=0, order=(0,))


def test_unknown_function_is_met_with_what_was_meant():
    with pytest.raises(ValidationError, match=r"found function: 'reluu'.*did you mean 'relu6?'"):
        a(Elementwise, (2,), function="reluu")


def test_kind_cannot_be_taken_twice():
    with pytest.raises(ValueError, match="kind 'conv' is taken by Conv"):
        op_kind(Conv)
