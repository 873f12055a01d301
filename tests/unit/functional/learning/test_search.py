"""From an aim to counts, where theory knows the answer: what is lost is Σ s/K points."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from archsim.errors import ConfigError
from archsim.functional.learning.curve import Curve
from archsim.functional.learning.judge import Judge
from archsim.functional.learning.keep import AimError, Keep
from archsim.functional.learning.learner import Bounds, Rules
from archsim.functional.learning.news import Narrator
from archsim.functional.learning.price import Price
from archsim.functional.learning.search import Search
from archsim.functional.learning.sharing import Granularity
from archsim.functional.metrics import METRICS
from archsim.workload import load_workload

OPS = {"features.0": 16, "features.3": 32, "features.7": 32, "classifier": 10}
S = {"features.0": 2.0, "features.3": 30.0, "features.7": 0.8, "classifier": 9.0}
EXAMPLES = 4000


class KnownBench:
    """A bench whose loss is Σ s/K over channels of digits_cnn, half as steep in some as in others.

    Attributes:
        whole: Whether counts have to be whole.
    """

    def __init__(self, *, whole=False, most=1e4):
        self.workload, self.analog = load_workload("digits_cnn"), tuple(OPS)
        self.whole, self.most = whole, most

    def bounds(self, sharing):
        ends = (torch.full((len(sharing),), end).double() for end in (1.0, self.most))
        return Bounds(*ends)

    def together(self):
        return dict.fromkeys(OPS, 8)

    def of(self, spread):
        return sum(
            (weights(name) / counts.expand(OPS[name])).sum() for name, counts in spread.items()
        )

    def loss(self, sharing, _batch):
        return lambda repetitions, _step: self.of(sharing.spread(repetitions))


@cache
def weights(name):
    """Return s of each channel, those of an op's first half three times those of its second."""
    half = OPS[name] // 2
    parts = torch.cat([torch.full((half,), 1.5), torch.full((half,), 0.5)]).double()
    return S[name] * parts / OPS[name]


class KnownJudge(Judge):
    independent = True

    def __init__(self, bench):
        self._bench, self.asked = bench, []
        self.trials, self.narrator = 16, Narrator(None)

    def results(self, sharing, repetitions, trials=None):
        trials = trials or self.trials
        self.asked.append((sharing.mean(repetitions), trials))
        lost = min(100.0, float(self._bench.of(sharing.spread(repetitions))))
        found = np.ones((trials, EXAMPLES))
        found[:, : round(lost / 100 * EXAMPLES)] = 0.0
        return found

    def drop(self, results):
        return 100 * (1 - results.mean())

    def curve(self, points):
        return Curve(METRICS["top1"], np.zeros(EXAMPLES, int), np.ones(EXAMPLES), points)


def search(bench, folder=None, pricer=None, **rules):
    chosen = Rules(**{"steps": 150, "rate": 0.05, "start": 1.5} | rules)
    return Search(bench, KnownJudge(bench), chosen, pricer=pricer, keep=Keep(folder, {}))


def macs():
    return {op.name: op.gemm.macs for op in load_workload("digits_cnn").gemms}


def optimum(mean):
    """Return K ∝ sqrt(s/m) of each op, with this mean."""
    m = np.array(list(macs().values())) / sum(macs().values())
    k = np.sqrt(np.array(list(S.values())) / m)
    return k * mean / (m @ k), m


def test_uniform_counts_of_a_mean_are_that_mean():
    found = search(KnownBench()).to_mean(Granularity.UNIFORM, 7.5)
    assert found.repetitions.tolist() == pytest.approx([7.5])
    assert (found.steps, found.converged) == (0, True)


def test_whole_uniform_counts_are_the_most_that_the_mean_allows():
    of = search(KnownBench(whole=True))
    for mean, expected in ((7.0, 7), (7.4, 7), (7.6, 7)):
        found = of.to_mean(Granularity.UNIFORM, mean)
        assert found.rounded(found.repetitions).tolist() == [expected]


def test_counts_by_op_are_those_of_theory():
    found = search(KnownBench()).to_mean(Granularity.OP, 20.0)
    expected, _ = optimum(20.0)
    assert found.repetitions.numpy() == pytest.approx(expected, rel=0.05)
    assert found.sharing.mean(found.repetitions) == pytest.approx(20.0, rel=1e-9)
    assert found.converged
    assert found.sensitivity.numpy() == pytest.approx(np.array(list(S.values())), rel=0.05)


def test_counts_by_channel_follow_the_channel():
    # K ∝ sqrt(s/m): three times the worth, sqrt(3) times the count
    found = search(KnownBench()).to_mean(Granularity.CHANNEL, 20.0)
    assert found.sharing.mean(found.repetitions) == pytest.approx(20.0, rel=1e-9)
    for name, counts in found.sharing.spread(found.repetitions).items():
        assert counts[0] / counts[-1] == pytest.approx(3**0.5, rel=0.05), name


@pytest.mark.parametrize("granularity", [Granularity.OP, Granularity.CHANNEL])
def test_whole_counts_meet_the_mean_by_less_than_one_count(granularity):
    of = search(KnownBench(whole=True), steps=60)
    found = of.to_mean(granularity, 6.3)
    counts = found.rounded(found.repetitions)
    assert (counts == counts.round()).all()
    least = float(found.sharing.shares.max())
    assert 6.3 - least < found.sharing.mean(counts) <= 6.3


@pytest.mark.parametrize("mean", [0.5, 1.0, 1e4 + 1, 1e9])
def test_a_mean_that_no_plan_has_is_refused(mean):
    with pytest.raises(ConfigError) as error:
        search(KnownBench()).to_mean(Granularity.OP, mean)
    assert str(error.value) == (
        f"target: found {mean:.6g} mean repetitions; expected more than 1, the least that any plan "
        "has, and at most 10000; correct it"
    )


def test_uniform_counts_are_those_that_lose_what_is_allowed():
    of = search(KnownBench())
    learned, factor = of.to_drop(Granularity.UNIFORM, 2.0)
    assert learned.repetitions.item() * factor == pytest.approx(sum(S.values()) / 2, rel=0.05)


def test_counts_by_op_lose_what_is_allowed_at_the_least_mean():
    of = search(KnownBench())
    learned, factor = of.to_drop(Granularity.OP, 2.0)
    counts = learned.repetitions * factor
    k, m = optimum(1.0)
    scale = (np.array(list(S.values())) / k).sum() / 2.0
    assert counts.numpy() == pytest.approx(k * scale, rel=0.06)
    assert abs(np.log(factor)) < 0.05  # settled
    uniform = sum(S.values()) / 2
    expected = np.sqrt(np.array(list(S.values())) * m).sum() ** 2 / sum(S.values())
    assert float(learned.sharing.mean(counts)) / uniform == pytest.approx(expected, rel=0.05)


def test_channels_are_cheaper_than_ops_and_these_than_uniform_counts():
    means = []
    for granularity in (Granularity.CHANNEL, Granularity.OP, Granularity.UNIFORM):
        of = search(KnownBench())
        learned, factor = of.to_drop(granularity, 2.0)
        means.append(learned.sharing.mean(learned.repetitions * factor))
    assert means == sorted(means)
    assert means[0] < 0.97 * means[1] < 0.8 * means[2]


def test_nothing_to_gain_ends_with_the_least_counts():
    of = search(KnownBench(), steps=20)
    learned, factor = of.to_drop(Granularity.OP, 60.0)
    counts = of.family(learned).counts_at(factor)
    assert counts.tolist() == [1.0] * 4


def test_a_search_that_was_killed_goes_on_to_the_same_counts(tmp_path):
    whole = search(KnownBench(), steps=40).to_drop(Granularity.OP, 2.0)

    class KilledError(Exception):
        pass

    for stop in (3, 30, 45, 70):
        bench, steps = KnownBench(), []

        def loss(sharing, batch, bench=bench, steps=steps, stop=stop):
            def one(repetitions, step):
                steps.append(step)
                if len(steps) == stop:
                    raise KilledError
                return KnownBench.loss(bench, sharing, batch)(repetitions, step)

            return one

        bench.loss = loss
        with pytest.raises(KilledError):
            search(bench, tmp_path / "kept", steps=40).to_drop(Granularity.OP, 2.0)
    found = search(KnownBench(), tmp_path / "kept", steps=40).to_drop(Granularity.OP, 2.0)
    assert torch.equal(found[0].repetitions, whole[0].repetitions)
    assert torch.equal(found[0].sensitivity, whole[0].sensitivity)
    assert found[1] == whole[1]


def per_largest(sharing, bench):
    """Return a pricer: an op costs its MACs times the largest count of each 8 sorted channels."""

    def cost(plan):
        total = 1.0
        for name, ks in plan.counts.items():
            ks = sorted(ks if len(ks) > 1 else ks * OPS[name], reverse=True)
            paid = sum(ks[at] * len(ks[at : at + 8]) for at in range(0, len(ks), 8))
            total += macs()[name] / OPS[name] * paid / 456704
        return total

    def near(plan_of, at, bounds):
        at = at.tolist()
        knots = sorted({1.0, 8.0, 64.0, 1e4, *at})
        rows = [
            [cost(plan_of([*at[:place], k, *at[place + 1 :]])) for k in knots]
            for place in range(len(at))
        ]
        return Price.of_machine(
            "largest", "u", counts=knots, costs=[rows], here=[cost(plan_of(at))],
            least=cost(plan_of([1.0] * len(at))),
        )  # fmt: skip

    return SimpleNamespace(name="largest", identity="", near=near, cost=cost, kept=None), cost


@pytest.mark.parametrize(
    "granularity", [Granularity.OP, pytest.param(Granularity.CHANNEL, marks=pytest.mark.slow)]
)
def test_a_price_of_the_machine_is_met(granularity):
    bench = KnownBench(whole=True)
    pricer, cost = per_largest(None, bench)
    of = search(bench, pricer=pricer, steps=40, rate=0.1, weight=4.0)
    found = of.to_mean(granularity, 40.0)
    counts = found.rounded(found.repetitions)
    paid = cost(found.sharing.plan(bench.workload, counts))
    uniform = 1 + 40.0
    assert paid <= uniform * (1 + 1e-9)
    assert paid == pytest.approx(uniform, rel=0.03)
    assert float(found.price.cost(counts)) == pytest.approx(paid, rel=0.01)
    if granularity is Granularity.CHANNEL:  # a count for each 8 channels: 2 + 4 + 4 + 2
        assert len(found.sharing) == 12
        assert bench.of(found.sharing.spread(counts)) < bench.of(
            {name: torch.full((n,), 40.0) for name, n in OPS.items()}
        )


def test_a_price_that_repetitions_do_not_change_is_refused():
    bench = KnownBench(whole=True)
    pricer, _ = per_largest(None, bench)
    pricer.near = lambda _plan_of, at, _bounds: Price.of_machine(
        "largest", "u", counts=[1.0, 1e4], costs=[[[3.0, 3.0]] * len(at)], here=[3.0], least=3.0
    )
    of = search(bench, pricer=pricer, steps=20)
    with pytest.raises(AimError) as told:
        of.to_drop(Granularity.OP, 2.0)
    assert str(told.value) == (
        "max_drop: found 2 at the least largest, which repetitions do not change here; expected a "
        "cost that they raise; choose another one"
    )


def test_counts_that_go_on_moving_say_by_how_much():
    scales = iter([1.0, 0.9, 0.9, 0.9, 0.5])  # of uniform counts, and of each round
    of = search(KnownBench(), steps=20)
    of.family = lambda _: SimpleNamespace(look=lambda _: next(scales))
    learned, factor = of.to_drop(Granularity.OP, 2.0)
    assert factor == 0.5
    after = learned.sharing.mean(learned.times(0.5))
    assert learned.moved == pytest.approx(after / learned.sharing.mean(learned.repetitions) - 1)
    assert -0.5 <= learned.moved < -0.1  # less than by half where counts are 1 already
    assert learned.rose == 0


def test_the_round_is_taken_that_costs_least_at_the_drop():
    scales = [4.0, 1.5, 0.5, 3.0, 0.9]  # of uniform counts, and of each round
    of, judged = search(KnownBench(), steps=20), []
    looks = iter(scales)

    def family(learned):
        judged.append(learned)
        return SimpleNamespace(look=lambda _: next(looks))

    of.family = family
    learned, factor = of.to_drop(Granularity.OP, 2.0)
    assert torch.equal(learned.repetitions, judged[2].repetitions)
    assert factor == 0.5
    costs = np.cumprod([1.5, 0.5, 3.0, 0.9])  # rounds begin at the last one's cost, and end there
    assert learned.rose == pytest.approx(costs[-1] / costs[1] - 1, rel=0.02)
    assert learned.steps == judged[-1].steps > judged[2].steps  # those of all rounds


def test_a_crossing_is_paid_by_what_the_very_plans_cost_that_were_judged():
    bench = KnownBench(whole=True)
    pricer, cost = per_largest(None, bench)
    of = search(bench, pricer=pricer, steps=40)
    found = of.to_mean(Granularity.OP, 40.0)
    family = of.family(found)
    own = family.measure(family.look(2.0), 2.0, seed=0)
    curve, crossing = own.curve, own.crossing
    plans = [found.sharing.plan(bench.workload, counts) for counts in own.plans.values()]
    assert tuple(own.plans) == curve.repetitions
    paid = of.paid(found.sharing, own)
    costs = np.log([cost(plan) for plan in plans])
    at = np.interp(np.log(crossing.repetitions), np.log(curve.repetitions), costs)
    assert paid.repetitions == pytest.approx(np.exp(at))
    photons = search(KnownBench(whole=True))
    assert photons.paid(found.sharing, own) is crossing
