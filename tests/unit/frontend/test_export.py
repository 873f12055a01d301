"""What the exported graph computes, and which ops it becomes."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from archsim.errors import WorkloadError
from archsim.frontend import export
from workloads.models.cifar_resnet import resnet20
from workloads.models.deit import Deit
from workloads.models.efficientnet_lite import InvertedResidual
from workloads.models.lenet import lenet5


class Function(nn.Module):
    """A model that is one function of its constants and inputs."""

    def __init__(self, function, **constants):
        super().__init__()
        self.function = function
        for name, shape in constants.items():
            setattr(self, name, nn.Parameter(torch.randn(shape)))

    def forward(self, *inputs):
        return self.function(self, *inputs)


def exported(model, *inputs, **options):
    return export(model, inputs, name="net", source={}, **options)


def randomise(model):
    """Give batch norms statistics that folding must not lose."""
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            if module.affine:
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias, 0, 0.1)
    return model.eval()


def computes_the_same(model, *inputs):
    """Export at batch 1, run both at batch 3, return the ops."""
    found = exported(randomise(model), *inputs)
    batch = [torch.cat([x, x.flip(-1), 0.5 * x]) for x in inputs]
    with torch.no_grad():
        torch.testing.assert_close(found.graph_module(*batch), model(*batch), rtol=1e-4, atol=1e-5)
    return found.workload.ops


def kinds(ops):
    return [getattr(op, "function", op.kind) for op in ops if not op.free]


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


IMAGE = (1, 3, 32, 32)


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lenet5, (1, 1, 32, 32)),
        (resnet20, IMAGE),
        (lambda: InvertedResidual(3, 3, 3, 1, 6), IMAGE),
        (lambda: InvertedResidual(3, 4, 5, 2, 2), IMAGE),
    ],
)
def test_folded_graph_computes_what_the_model_computes(make, shape):
    ops = computes_the_same(make(), torch.randn(shape))
    assert not any(op.kind == "norm" for op in ops)


def test_model_on_meta_has_the_same_fingerprint():
    def tiny():
        model = Deit(width=12, heads=2)
        model.blocks = model.blocks[:1]
        return model

    image = torch.zeros(1, 3, 224, 224)
    real = exported(tiny(), image).workload
    with torch.device("meta"):
        model = tiny()
    assert exported(model, image.to("meta")).workload.fingerprint == real.fingerprint


def test_copy_after_attention_does_not_depend_on_the_device():
    def merged(_, x):
        mixed = functional.scaled_dot_product_attention(x, x, x)
        return mixed.transpose(1, 2).contiguous().flatten(2)

    x = torch.randn(1, 2, 5, 4)
    real = exported(Function(merged), x).workload
    meta = exported(Function(merged).to("meta"), x.to("meta")).workload
    assert real.fingerprint == meta.fingerprint
    assert kinds(real.ops)[-1] == "copy"


def test_every_op_has_a_node_that_computes_it():
    found = exported(resnet20(), torch.randn(IMAGE))
    nodes = {node.name for node in found.graph_module.graph.nodes}
    assert set(found.op_names) <= nodes
    assert sorted(found.op_names.values()) == sorted(op.name for op in found.workload.ops)


X = (1, 6, 5)
HEADS = (1, 2, 5, 4)


@pytest.mark.parametrize(
    ("function", "constants", "shape", "expected"),
    [
        (lambda s, x: torch.einsum("bqd,dhk->bqhk", x, s.w), {"w": (5, 2, 3)}, X, ["linear"]),
        (lambda s, x: torch.einsum("...d,od->...o", x, s.w), {"w": (7, 5)}, X, ["linear"]),
        (lambda _, x: torch.einsum("bhqd,bhkd->bhqk", x, x), {}, HEADS, ["matmul"]),
        (lambda _, x: torch.einsum("bqd,bkd->bkq", x, x), {}, X, ["matmul"]),
        (lambda s, x: x @ s.w, {"w": (5, 3)}, X, ["linear"]),
        (lambda s, x: s.w @ x, {"w": (7, 6)}, X, ["linear"]),
        (lambda s, x: x @ s.w, {"w": (5,)}, X, ["linear"]),
        (lambda s, x: torch.bmm(x.transpose(0, 1), s.w), {"w": (6, 5, 3)}, X, ["conv"]),
        (lambda s, x: torch.addmm(s.b, x[:, 0], s.w), {"w": (5, 3), "b": (3,)}, X, ["linear"]),
        (lambda s, x: torch.addmm(s.b, x[:, 0], s.w, beta=2, alpha=3), {"w": (5, 3), "b": (3,)},
         X, ["linear", "mul", "add"]),
        (lambda _, x: torch.baddbmm(x @ x.mT, x, x.mT), {}, X, ["matmul", "matmul", "add"]),
        (lambda s, x: x[:, 0].mm(s.v).mm(s.w), {"v": (5, 4), "w": (4, 3)}, X, ["linear"] * 2),
        (lambda _, x: functional.linear(x, x.mean(0)), {}, (2, 6, 5), ["mean", "matmul"]),
    ],
)  # fmt: skip
def test_every_spelling_of_a_product_becomes_one_of_four(function, constants, shape, expected):
    model = Function(function, **constants)
    if shape[0] == 1:
        ops = computes_the_same(model, torch.randn(shape))
    else:
        ops = exported(model, torch.randn(shape)).workload.ops
    assert kinds(ops) == expected


@pytest.mark.parametrize(
    ("options", "between"),
    [
        ({}, ["mul"]),
        ({"scale": 0.3}, ["mul"]),
        ({"is_causal": True}, ["mul", "where"]),
        ({"attn_mask": torch.randn(5, 5)}, ["mul", "add"]),
        ({"attn_mask": torch.eye(5, dtype=torch.bool)}, ["mul", "where"]),
    ],
)
def test_attention_is_two_products_around_a_softmax(options, between):
    def attend(_, x):
        return functional.scaled_dot_product_attention(x, 2 * x, x + 1, **options)

    ops = computes_the_same(Function(attend), torch.randn(HEADS))
    assert kinds(ops) == ["mul", "add", "matmul", *between, "softmax", "matmul"]


def test_mask_that_masks_nothing_is_left_out():
    def attend(_, x):
        mask = torch.arange(5, device=x.device).ge(0).expand(5, 5)
        return functional.scaled_dot_product_attention(x, x, x, attn_mask=mask)

    assert "where" not in kinds(computes_the_same(Function(attend), torch.randn(HEADS)))


def test_queries_that_share_keys_repeat_them():
    def attend(_, x):
        shared = x[:, :1]
        return functional.scaled_dot_product_attention(x, shared, shared, enable_gqa=True)

    assert kinds(computes_the_same(Function(attend), torch.randn(HEADS))).count("repeat") == 2


@pytest.mark.parametrize(
    ("layers", "shape", "expected"),
    [
        ([nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, groups=2), nn.BatchNorm2d(6)], (1, 4, 5, 5),
         ["conv"]),
        ([nn.ConvTranspose3d(4, 6, 3, bias=False), nn.BatchNorm3d(6, affine=False)],
         (1, 4, 3, 3, 3), ["conv"]),
        ([nn.Linear(5, 4), nn.BatchNorm1d(4), nn.PReLU(4)], (1, 5), ["linear", "leaky_relu"]),
        ([nn.BatchNorm2d(4), nn.Conv2d(4, 2, 3, padding="same")], (1, 4, 5, 5), ["batch", "conv"]),
        ([nn.Conv1d(6, 4, 3), nn.ReLU(inplace=True), nn.BatchNorm1d(4)], X,
         ["conv", "relu", "batch"]),
    ],
)  # fmt: skip
def test_batch_norm_folds_into_a_product_just_before_it(layers, shape, expected):
    assert kinds(computes_the_same(nn.Sequential(*layers), torch.randn(shape))) == expected


@pytest.mark.parametrize(
    ("function", "shape", "expected"),
    [
        (lambda _, x: functional.adaptive_avg_pool2d(x, 4), (1, 2, 8, 8), ["avg"]),
        (lambda _, x: functional.adaptive_avg_pool2d(x, 1), (1, 2, 8, 8), ["mean"]),
        (lambda _, x: functional.adaptive_max_pool2d(x, (2, 1)), (1, 2, 8, 8), ["max"]),
        (lambda _, x: functional.max_pool2d(x, 3, 2, 1, ceil_mode=True), (1, 2, 8, 8), ["max"]),
        (lambda _, x: functional.interpolate(x, scale_factor=2, mode="bilinear"), (1, 2, 4, 4),
         ["linear"]),
        (lambda _, x: functional.interpolate(x, size=(3, 5)), (1, 2, 4, 4), ["nearest"]),
        (lambda _, x: functional.pixel_shuffle(x, 2), (1, 8, 3, 3), ["rearrange"]),
        (lambda _, x: functional.group_norm(x, 2), (1, 8, 3), ["group"]),
        (lambda _, x: functional.layer_norm(x, (5,)), X, ["layer"]),
        (lambda _, x: functional.normalize(x, dim=-1), X, ["norm", "maximum", "div"]),
        (lambda _, x: functional.pad(x, (1, 2)).roll(1, -1).flip(1).repeat(1, 2, 1), X,
         ["pad", "roll", "flip", "repeat"]),
        (lambda _, x: torch.gather(x, 2, x.argmax(2, keepdim=True)), X, ["argmax", "gather"]),
        (lambda _, x: x[:, torch.tensor([2, 0])].chunk(2, 2)[1], X, ["index"]),
        (lambda _, x: torch.cat([x.max(1)[0], x.amin(1), x.var(1), x.sum(1)], 1), X,
         ["max", "min", "var", "sum"]),
        (lambda _, x: torch.stack(x.unbind(1), 2).pow(2) / 3, X, ["square", "mul"]),
        (lambda _, x: functional.gelu(x, approximate="tanh") * functional.silu(x), X,
         ["gelu_tanh", "silu", "mul"]),
        (lambda _, x: torch.where(x > 0, x, x.exp()).clamp(0, 1), X,
         ["gt", "exp", "where", "clamp"]),
    ],
)  # fmt: skip
def test_operators_become_ops_of_the_same_shapes(function, shape, expected):
    assert kinds(computes_the_same(Function(function), torch.randn(shape))) == expected


def test_writes_in_place_become_values():
    def forward(_, x):
        y = x * 2
        y.add_(1)
        y.relu_()
        return y + x

    ops = computes_the_same(Function(forward), torch.randn(X))
    assert kinds(ops) == ["mul", "add", "relu", "add"]
    assert ops[3].inputs == (ops[2].name, ops[0].inputs[0])


def test_write_through_a_view_is_refused():
    def forward(_, x):
        y = x * 2
        y[:, 0].relu_()
        return y

    with pytest.raises(WorkloadError, match=r"found aten\.relu_ through a view of a tensor"):
        exported(Function(forward), torch.randn(X))


def test_what_depends_on_no_input_is_no_op():
    def forward(s, x):
        table = (s.w @ s.w.mT).exp().sum(0) + torch.arange(6, device=x.device)
        return x.mT + table + torch.zeros_like(x.mT.cos())

    (turn, *ops) = computes_the_same(Function(forward, w=(6, 4)), torch.randn(X))
    assert turn.free
    assert kinds(ops) == ["add", "add"]
    assert ops[0].parameters == ((6,),)


def test_ops_that_no_output_needs_are_left_out():
    assert kinds(computes_the_same(Function(lambda _, x: (x.exp(), x * 2)[1]), torch.randn(X))) == [
        "mul"
    ]


def test_weight_computed_from_parameters_is_one_parameter():
    found = exported(Function(lambda s, x: x @ (2 * s.w), w=(5, 3)), torch.randn(X))
    (linear,) = found.op_names
    (linear,) = [node for node in found.graph_module.graph.nodes if node.name == linear]
    assert linear.args[1].op == "get_attr"


def test_integers_keep_their_bits():
    def forward(s, x):
        return functional.embedding(x, s.table) * (x > 2).unsqueeze(-1)

    found = exported(Function(forward, table=(10, 4)), torch.zeros(1, 7, dtype=torch.int64))
    assert found.workload.inputs[0].bits == 64
    assert [op.bits for op in found.workload.ops] == [None, 1, 1, None]
    assert found.workload.ops[0].kind == "embedding"


def test_model_is_exported_at_the_batch_asked_for():
    assert exported(lenet5(), torch.zeros(5, 1, 32, 32)).workload.macs == 5 * 416_520


def test_model_that_fixes_its_batch_needs_to_be_told_so():
    model = Function(lambda s, x: x.reshape(1, 30) @ s.w, w=(30, 2))
    with pytest.raises(WorkloadError, match=r"if the model takes one batch size only.*fixed-batch"):
        exported(model, torch.zeros(X))
    assert exported(model, torch.zeros(X), fixed_batch=True).workload.macs == 60


def test_every_operator_without_lowering_is_named_once_with_its_count():
    def forward(_, x):
        return x.cumsum(1).cumsum(2) + torch.sort(x)[0] + x.exp()

    with pytest.raises(WorkloadError) as error:
        exported(Function(forward), torch.randn(X))
    lines = str(error.value).splitlines()
    assert len(lines) == 2
    assert "found aten.cumsum which is not in the table of lowerings (2 times" in lines[0]
    assert "found aten.sort which is not in the table of lowerings (once)" in lines[1]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda _, x: functional.adaptive_avg_pool1d(x, 3), "whose windows differ; choose a divis"),
        (lambda _, x: functional.conv1d(x, x[:, :, :3]), "with a kernel that depends on the data"),
        (lambda _, x: torch.einsum("bij,bij,bij->b", x, x, x), "einsum of 3 operands"),
        (lambda _, x: torch.einsum("bij->b", x), "einsum of 1 operands"),
        (lambda _, x: x[x > 0], "found no shapes for inputs 1x6x5"),
        (lambda _, x: x, "found nothing computed between inputs and outputs"),
    ],
)
def test_what_cannot_be_lowered_says_why(function, message):
    with pytest.raises(WorkloadError, match=message):
        exported(Function(function), torch.randn(X))


def test_sizes_that_no_op_can_hold_are_refused():
    with pytest.raises(WorkloadError, match=r"found aten\.expand of impossible sizes"):
        exported(Function(lambda _, x: x.expand(-1, 2**32).exp()), torch.randn(1, 1))


@pytest.mark.parametrize("name", ["", "my net", " "])
def test_name_is_one_word(name):
    with pytest.raises(WorkloadError, match=r"name: found .*; expected text without spaces"):
        export(lenet5(), (torch.zeros(1, 1, 32, 32),), name=name, source={})
