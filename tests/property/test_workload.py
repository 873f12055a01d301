"""Shape rules against torch's own, and files against what was saved."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from archsim.errors import WorkloadError
from archsim.workload import (
    Conv,
    Elementwise,
    MatMul,
    Pool,
    RepetitionPlan,
    Workload,
    load_plan,
    load_workload,
    save_plan,
    save_workload,
)
from tests.networks import conv, network, relu

small = st.integers(1, 5)
spatial = st.lists(small, min_size=1, max_size=3)


def meta(shape):
    return torch.empty(shape, device="meta")


def per_axis(numbers, rank):
    return st.lists(numbers, min_size=rank, max_size=rank).map(tuple)


@st.composite
def convolutions(draw):
    rank = draw(st.integers(1, 3))
    groups, transposed = draw(st.integers(1, 3)), draw(st.booleans())
    stride = draw(per_axis(st.integers(1, 3), rank))
    fields = {
        "in_channels": groups * draw(st.integers(1, 3)),
        "out_channels": groups * draw(st.integers(1, 3)),
        "kernel": draw(per_axis(st.integers(1, 4), rank)),
        "stride": stride,
        "padding": draw(per_axis(st.integers(0, 3), rank)),
        "dilation": draw(per_axis(st.integers(1, 3), rank)),
        "groups": groups,
        "transposed": transposed,
    }
    if transposed:
        fields["output_padding"] = tuple(draw(st.integers(0, step - 1)) for step in stride)
    image = (draw(small), fields["in_channels"], *draw(per_axis(st.integers(1, 12), rank)))
    return image, fields


def torch_convolution(image, fields):
    rank, groups = len(fields["kernel"]), fields["groups"]
    channels = [fields["out_channels"], fields["in_channels"] // groups]
    options = {name: fields[name] for name in ("stride", "padding", "dilation", "groups")}
    function = getattr(functional, f"conv{rank}d")
    if fields["transposed"]:
        channels = [fields["in_channels"], fields["out_channels"] // groups]
        options["output_padding"] = fields["output_padding"]
        function = getattr(functional, f"conv_transpose{rank}d")
    weight = meta((*channels, *fields["kernel"]))
    return tuple(function(meta(image), weight, **options).shape), weight.numel()


@settings(deadline=None)
@given(convolutions())
def test_convolution_has_the_shape_and_weights_that_torch_gives(case):
    image, fields = case
    try:
        shape, weights = torch_convolution(image, fields)
    except RuntimeError:
        shape = (0,)
    exists = min(shape) > 0
    op = Conv(name="op", inputs=("x",), shape=shape if exists else (1, 1, 1, 1, 1), **fields)
    if not exists:
        with pytest.raises(WorkloadError, match="expected"):
            op.infer_shape(image)
        return
    assert op.infer_shape(image) == shape
    assert op.gemm.weights == weights
    positions = torch.Size((image if op.transposed else shape)[2:]).numel()
    assert op.gemm.rows == image[0] * positions


@settings(deadline=None)
@given(st.lists(st.integers(1, 3), max_size=4), st.lists(st.integers(1, 3), max_size=4))
def test_shapes_broadcast_as_torch_broadcasts(left, right):
    op = Elementwise(name="op", inputs=("x", "y"), shape=(), function="add")
    try:
        expected = tuple((meta(left) + meta(right)).shape)
    except RuntimeError:
        with pytest.raises(WorkloadError, match="expected shapes that broadcast"):
            op.infer_shape(tuple(left), tuple(right))
    else:
        assert op.infer_shape(tuple(left), tuple(right)) == expected


@settings(deadline=None)
@given(st.lists(st.integers(1, 3), max_size=3), st.integers(0, 3), small, small, small)
def test_product_has_the_shape_and_macs_that_torch_gives(leading, kept, rows, inner, columns):
    left, right = (*leading, rows, inner), (*leading[kept:], inner, columns)
    shape = tuple((meta(left) @ meta(right)).shape)
    op = MatMul(name="op", inputs=("x", "y"), shape=shape, contraction=inner)
    assert op.infer_shape(left, right) == shape
    assert op.macs == torch.Size(shape).numel() * inner


@settings(deadline=None)
@given(
    st.integers(1, 12), st.integers(1, 4), st.integers(1, 4), st.integers(1, 2), st.booleans(),
    st.data(),
)  # fmt: skip
def test_pool_has_the_shape_that_torch_gives(size, kernel, stride, dilation, ceil_mode, data):
    padding = data.draw(st.integers(0, kernel // 2))
    op = Pool(name="op", inputs=("x",), shape=(1, 1, 1, 1), function="max", kernel=(kernel,) * 2,
              stride=(stride,) * 2, padding=(padding,) * 2, dilation=(dilation,) * 2,
              ceil_mode=ceil_mode)  # fmt: skip
    image = (1, 2, size, size)
    try:
        shape = functional.max_pool2d(meta(image), kernel, stride, padding, dilation, ceil_mode)
    except RuntimeError:
        with pytest.raises(WorkloadError, match="expected one that a window"):
            op.infer_shape(image)
    else:
        assert op.infer_shape(image) == tuple(shape.shape)


names = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=12).filter(
    lambda name: not name.startswith("(")
)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(names, min_size=2, max_size=2, unique=True).filter(lambda found: "image" not in found),
    st.none() | st.integers(1, 64),
    st.dictionaries(names, st.text(max_size=20), max_size=3),
    st.sampled_from(["yaml", "json"]),
)
def test_any_workload_survives_its_file(tmp_path_factory, found, bits, source, suffix):
    path = tmp_path_factory.mktemp("files") / f"net.{suffix}"
    first, second = found
    ops = (conv(first, bits=bits), relu(second, first))
    workload = Workload(**network(*ops, source=source))
    save_workload(workload, path)
    assert load_workload(path) == workload


counts = st.integers(1, 10**6) | st.floats(1e-6, 1e6)


@settings(deadline=None, max_examples=40)
@given(counts | st.lists(counts, min_size=4, max_size=4), st.sampled_from(["yaml", "json"]))
def test_any_plan_survives_its_file(tmp_path_factory, chosen, suffix):
    path = tmp_path_factory.mktemp("files") / f"plan.{suffix}"
    workload = Workload(**network())
    plan = RepetitionPlan(fingerprint=workload.fingerprint, counts={"conv": chosen})
    save_plan(plan, path)
    assert load_plan(path, workload) == plan
