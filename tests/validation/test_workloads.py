"""Sizes of shipped workloads against published ones."""

from pathlib import Path

import pytest

from archsim.workload import load_workload

FOLDER = Path(__file__).parents[2] / "workloads"

# workload: quoted multiply-accumulates, tolerance; where it is quoted, and why it may differ
MACS = {
    "resnet50": (4.089e9, 2e-4, "torchvision 0.28, ResNet50_Weights.IMAGENET1K_V1, GFLOPS"),
    "mobilenet_v2": (300e6, 5e-3, "arXiv 1801.04381, Table 4; rounded to millions"),
    "googlenet": (1.498e9, 5e-4, "torchvision 0.28, GoogLeNet_Weights.IMAGENET1K_V1, GFLOPS"),
    "shufflenet_v2": (
        146e6,
        1e-2,
        "arXiv 1807.11164, the 1x model; rounded, and counts more than products",
    ),
    "squeezenet1_1": (0.349e9, 2e-3, "torchvision 0.28, SqueezeNet1_1_Weights, GFLOPS; rounded"),
}


def workload(name):
    return load_workload(FOLDER / f"{name}.yaml")


@pytest.mark.parametrize("name", MACS)
def test_multiplications_are_as_published(name):
    quoted, tolerance, _where = MACS[name]
    assert workload(name).macs == pytest.approx(quoted, rel=tolerance)


def test_resnet50_has_53_convolutions_and_a_linear():
    found = workload("resnet50")
    # He et al., CVPR 2016, Table 1; torchvision counts 25,557,032 parameters, of which
    # 53,120 belong to batch norms and 1,000 are the linear's bias.
    assert [op.kind for op in found.gemms] == ["conv"] * 53 + ["linear"]
    assert found.weights == 25_557_032 - 53_120 - 1_000 == 25_502_912
    assert found.macs == 4_089_184_256


# workload: quoted parameters in millions; where
PARAMETERS = {
    "mobilenet_v2": (3.4, "arXiv 1801.04381, Table 4"),
    "deit_t": (5.7, "arXiv 2012.12877, Table 1"),
    "deit_b": (86, "arXiv 2012.12877, Table 1"),
    "resnet20_cifar10": (0.27, "doi 10.1109/CVPR.2016.90, Table 6"),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_weights_are_nearly_all_published_parameters(name):
    quoted, _where = PARAMETERS[name]
    assert workload(name).weights == pytest.approx(quoted * 1e6, rel=0.03)


def test_bert_base_has_eight_products_a_layer():
    found = workload("bert_base")
    tokens, width, heads, layers = 128, 768, 12, 12
    in_layers = [op for op in found.gemms if op.name.startswith("encoder.layer.")]
    assert len(in_layers) == 8 * layers == 96
    assert [op.name for op in found.gemms if op not in in_layers] == ["pooler.dense"]
    attention = [op for op in in_layers if op.gemm.dynamic]
    assert len(attention) == 2 * layers
    assert {op.gemm.groups for op in attention} == {heads}
    linears = tokens * (4 * width * width + 2 * width * 4 * width)
    products = 2 * tokens * tokens * width
    assert found.macs == layers * (linears + products) + width * width


@pytest.mark.parametrize(("name", "width", "heads"), [("deit_t", 192, 3), ("deit_b", 768, 12)])
def test_deit_works_on_197_tokens(name, width, heads):
    found, tokens, layers = workload(name), 197, 12
    qkv = [op for op in found.gemms if op.name.endswith("qkv")]
    assert {(g.rows, g.contraction, g.columns) for g in (op.gemm for op in qkv)} == {
        (tokens, width, 3 * width)
    }
    attention = [op.gemm for op in found.gemms if op.gemm.dynamic]
    assert {gemm.groups for gemm in attention} == {heads}
    layer = tokens * (12 * width * width) + 2 * tokens * tokens * width
    assert found.macs == 196 * 768 * width + layers * layer + 1000 * width


def test_lenet5_multiplies_as_its_figure_says():
    # Y. LeCun et al., Proc. IEEE 86(11), 2278 (1998), Fig. 2: C1, C3, C5, F6, output
    sizes = [op.macs for op in workload("lenet5").gemms]
    assert sizes == [
        28 * 28 * 25 * 6, 10 * 10 * 25 * 6 * 16, 400 * 120, 120 * 84, 84 * 10,
    ]  # fmt: skip


def test_channel_shuffle_is_a_copy_and_splitting_is_not():
    layouts = [op for op in workload("shufflenet_v2").ops if op.kind == "layout"]
    assert sum(op.function == "copy" and not op.free for op in layouts) == 16  # one per block
    assert all(op.free for op in layouts if op.function != "copy")
