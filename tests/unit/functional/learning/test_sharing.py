"""Which channels share a count: MACs of digits_cnn are 64·9·16, 64·144·32, 16·288·32 and 512·10."""

import pytest
import torch
from torch import nn

from archsim.errors import WorkloadError
from archsim.frontend import export
from archsim.functional.learning import Granularity
from archsim.functional.learning.sharing import Sharing
from archsim.hardware import load_hardware
from archsim.mapping import arithmetic
from archsim.workload import Workload, load_workload
from tests.functional_nets import network
from tests.networks import attention, conv, relu
from tests.networks import network as document

MACS = {"features.0": 9216, "features.3": 294912, "features.7": 147456, "classifier": 5120}
CHANNELS = {"features.0": 16, "features.3": 32, "features.7": 32, "classifier": 10}
TOTAL = 456704


@pytest.fixture(scope="module")
def digits():
    return load_workload("digits_cnn")


def of(workload, granularity):
    return Sharing.of(workload, [op.name for op in workload.gemms], granularity)


def counts(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def grouped_network():
    """Return a depthwise and a plain convolution: 4·9·64 and 16·64 MACs."""
    deep = conv("deep", in_channels=4, groups=4, parameters=[])
    deep |= {"inputs": ["image"]}
    flat = conv("flat", "relu", in_channels=4, kernel=[1, 1], padding=[0, 0])
    inputs = [{"name": "image", "shape": [1, 4, 8, 8]}]
    return Workload(**document(deep, relu(source="deep"), flat, inputs=inputs))


def test_every_channel_has_one_place_and_no_other_channel_has_it(digits):
    sharing = of(digits, "channel")
    assert {name: len(at) for name, at in sharing.places.items()} == CHANNELS
    assert torch.cat(list(sharing.places.values())).tolist() == list(range(90))
    assert len(sharing) == 90


def test_shares_are_those_of_multiply_accumulates(digits):
    by_op = of(digits, "op").shares
    assert by_op.tolist() == pytest.approx([macs / TOTAL for macs in MACS.values()], rel=1e-12)
    by_channel = of(digits, "channel").shares
    each = [MACS[name] / TOTAL / n for name, n in CHANNELS.items() for _ in range(n)]
    assert by_channel.tolist() == pytest.approx(each, rel=1e-12)
    assert of(digits, "uniform").shares.tolist() == [1.0]


def test_the_mean_count_is_weighted_by_multiply_accumulates(digits):
    sharing = of(digits, "op")
    expected = (1 * 9216 + 2 * 294912 + 3 * 147456 + 50 * 5120) / TOTAL
    assert sharing.mean(counts(1, 2, 3, 50)) == pytest.approx(expected)
    half = torch.cat([counts(*[1, 3] * (n // 2)) for n in CHANNELS.values()])
    assert of(digits, "channel").mean(half) == pytest.approx(2.0)


def test_only_products_on_analog_arrays_are_counted(digits):
    sharing = Sharing.of(digits, ["features.7", "classifier"], "op")
    assert sharing.shares.tolist() == pytest.approx([147456 / 152576, 5120 / 152576])
    plan = sharing.plan(digits, counts(7, 9))
    assert {name: plan.of(name) for name in MACS} == {
        "features.0": (1,), "features.3": (1,), "features.7": (7,), "classifier": (9,),
    }  # fmt: skip


@pytest.mark.parametrize("granularity", Granularity)
def test_a_plan_gives_every_channel_its_count_on_both_sides(digits, granularity):
    sharing = of(digits, granularity)
    drawn = torch.randint(1, 9, (len(sharing),), generator=torch.Generator().manual_seed(1))
    plan = sharing.plan(digits, drawn.double(), {"made": "by hand"})
    plan.check(digits, mode="time")
    assert plan.provenance == {"made": "by hand"}
    products = arithmetic(digits, load_hardware("homodyne"), plan).products
    place = 0
    for name, channels in CHANNELS.items():
        taken = {"uniform": 1, "op": 1, "channel": channels}[granularity]
        first = 0 if granularity == "uniform" else place
        assert products[name].repetitions == tuple(drawn[first : first + taken].tolist())
        place += taken


def test_whole_counts_are_written_as_whole_numbers(digits):
    plan = of(digits, "op").plan(digits, counts(1, 2, 3, 4))
    assert all(isinstance(k, int) for ks in plan.counts.values() for k in ks)


def test_a_product_of_two_activations_has_one_count():
    workload = attention()
    assert len(of(workload, "channel")) == 1
    exported = network("attention").exported.workload
    lengths = {name: len(at) for name, at in of(exported, "channel").places.items()}
    dynamic = {op.name for op in exported.gemms if op.gemm.dynamic}
    assert len(dynamic) == 2
    assert {lengths[name] for name in dynamic} == {1}
    assert sorted(lengths[name] for name in lengths.keys() - dynamic) == [2, 24]


def test_each_channel_of_a_grouped_convolution_has_a_count():
    sharing = of(grouped_network(), "channel")
    assert {name: len(at) for name, at in sharing.places.items()} == {"deep": 4, "flat": 4}
    deep, flat = 4 * 9 * 64, 16 * 64
    expected = [deep / (deep + flat) / 4] * 4 + [flat / (deep + flat) / 4] * 4
    assert sharing.shares.tolist() == pytest.approx(expected)


def test_groups_are_neighbours_once_channels_are_sorted():
    workload = grouped_network()
    sharing = of(workload, "channel")
    found = counts(5, 1, 7, 3, 2, 2, 9, 2)
    grouped = sharing.grouped(workload, found, {"deep": 2, "flat": 3})
    # deep: 7 5 | 3 1; flat: 9 2 2 | 2, of equals the first first
    assert grouped.places["deep"].tolist() == [0, 1, 0, 1]
    assert grouped.places["flat"].tolist() == [2, 2, 2, 3]
    assert grouped.gathered(found, sharing).tolist() == pytest.approx([6, 2, 13 / 3, 2])
    deep, flat = 4 * 9 * 64, 16 * 64
    expected = [deep / 2, deep / 2, flat * 3 / 4, flat / 4]
    assert grouped.shares.tolist() == pytest.approx([part / (deep + flat) for part in expected])


@pytest.mark.parametrize(
    ("together", "expected"),
    [
        # groups: 1 8 | 5 6 | 2 3 | 9 1, sorted: 9 1 | 8 1 | 6 5 | 3 2
        (1, [3, 2, 5, 4, 7, 6, 0, 1]),
        (2, [1, 1, 2, 2, 3, 3, 0, 0]),
        (4, [0, 0, 1, 1, 1, 1, 0, 0]),
        (6, [0, 0, 0, 0, 1, 1, 0, 0]),
        (8, [0] * 8),
    ],
)
def test_tiles_hold_whole_groups_of_a_convolution_or_parts_of_one(together, expected):
    wide = conv("wide", in_channels=4, out_channels=8, groups=4, shape=[1, 8, 8, 8], parameters=[])
    inputs = [{"name": "image", "shape": [1, 4, 8, 8]}]
    workload = Workload(**document(wide | {"inputs": ["image"]}, inputs=inputs))
    found = counts(1, 8, 5, 6, 2, 3, 9, 1)
    grouped = of(workload, "channel").grouped(workload, found, {"wide": together})
    assert grouped.places["wide"].tolist() == expected


def test_sorting_keeps_channels_of_an_op_within_it(digits):
    sharing = of(digits, "channel")
    drawn = torch.rand(90, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    grouped = sharing.grouped(digits, drawn, dict.fromkeys(CHANNELS, 12))
    seen = [set(at.tolist()) for at in grouped.places.values()]
    assert [len(places) for places in seen] == [2, 3, 3, 1]
    assert sum(map(len, seen)) == len(set.union(*seen)) == len(grouped)
    for name, at in grouped.places.items():
        mine = drawn[sharing.places[name]]
        for low, high in zip(sorted(seen[list(MACS).index(name)]),
                             sorted(seen[list(MACS).index(name)])[1:], strict=False):  # fmt: skip
            assert mine[at == low].min() >= mine[at == high].max()


def test_gathering_goes_both_ways(digits):
    by_op, by_channel, uniform = (of(digits, g) for g in ("op", "channel", "uniform"))
    wide = by_channel.gathered(counts(1, 2, 3, 4), by_op)
    expected = [k for k, n in zip((1, 2, 3, 4), CHANNELS.values(), strict=True) for _ in range(n)]
    assert wide.tolist() == expected
    assert by_op.gathered(wide, by_channel).tolist() == [1, 2, 3, 4]
    assert by_channel.gathered(counts(6), uniform).tolist() == [6.0] * 90


def test_spreading_can_be_differentiated(digits):
    logarithms = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    spread = of(digits, "op").spread(logarithms.exp())
    sum((place + 1) * values.sum() for place, values in enumerate(spread.values())).backward()
    assert logarithms.grad.tolist() == [1, 2, 3, 4]


def test_a_network_without_analog_products_is_refused(digits):
    with pytest.raises(WorkloadError) as error:
        Sharing.of(digits, [], "op")
    assert str(error.value) == (
        "digits_cnn: found no product on analog arrays; expected one at least, since others cannot "
        "be repeated; choose another machine or network"
    )


def test_a_transposed_convolution_has_a_count_for_each_channel_it_returns():
    module = nn.ConvTranspose2d(3, 5, 2, stride=2).eval()
    workload = export(module, (torch.rand(1, 3, 4, 4),), name="up", source={}).workload
    sharing = of(workload, "channel")
    [op] = workload.gemms
    assert len(sharing) == op.channels == 5
    sharing.plan(workload, torch.ones(5)).check(workload, mode="time")
