"""Learning on small networks, from an aim to a plan."""

from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from archsim.errors import ArchsimError, ConfigError, WorkloadError
from archsim.functional import Conditions, Settings, Task, evaluate, exported
from archsim.functional.learning import Aim, Granularity, Rules, learn
from archsim.functional.learning.bench import Bench
from archsim.functional.learning.energy import repetitions_of
from archsim.functional.learning.judge import Judge
from archsim.functional.learning.learning import _notes
from archsim.functional.learning.news import Narrator
from archsim.functional.learning.sharing import Sharing
from archsim.functional.store import Store
from archsim.functional.task import Examples
from archsim.hardware import load_hardware
from archsim.hardware.light import optical_energy_per_mac_j
from archsim.report import machine_price, pricing
from archsim.report.machine_price import MachinePrice
from archsim.report.pricing import grid
from tests.contract.test_bad_input import HOUSE_FORM

SHORT = Rules(steps=8, batch=16, rate=0.05, start=1.0)
EXAMPLES = 100
AJ = 1e-18


@cache
def task(labels=torch.int64):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4, bias=False)).eval()
    inputs = torch.randn(2 * EXAMPLES, 8)
    with torch.no_grad():
        targets = module(inputs).argmax(1).to(labels)
    tested, other = inputs[:EXAMPLES], inputs[EXAMPLES:]
    return Task(
        "small", module, (tested,), targets[:EXAMPLES], (other[:20],),
        learning=Examples((other,), targets[EXAMPLES:]),
    )  # fmt: skip


@cache
def network():
    return exported(task())


@cache
def hardware(*changes, name="homodyne"):
    light = ["tiles.detector.photons_per_mac=1"] if name == "homodyne" else []
    return load_hardware(name, [*light, *changes])


SPACE = ("tiles.repetition=space", "tiles.count=16")
TIGHT = (*SPACE, "buffer.size=128 B", "tiles.rows=4", "tiles.columns=4")
"""Copies leave so little room for weights that sums are cut where there are many."""

POWER = (
    "tiles.repetition=power", "tiles.laser.min_power=1 uW", "tiles.laser.max_power=10 W",
)  # fmt: skip


def learned(granularity="op", machine=(), of=None, rules=SHORT, **options):
    aim = {name: options.pop(name) for name in ("target", "max_drop") if name in options}
    options = {"trials": 3, "compare": False} | options
    return learn(
        of or task(), hardware(*machine), Aim(granularity, **aim or {"target": 20.0}),
        rules=rules, network=None if of else network(), **options,
    )  # fmt: skip


def bench(machine=(), of=None, name="homodyne", **options):
    conditions = Conditions(**{"trials": 3} | options)
    on = hardware(*machine, name=name)
    return Bench(of or task(), on, conditions, None if of else network())


def judge(of):
    return Judge(of, Store(None, {}, EXAMPLES), 2, Narrator(None))


def test_what_is_wrong_with_weights_is_the_same_for_all_examples():
    assert judge(bench()).independent
    frozen = bench(("tiles.array.programming_std=0.1",), name="crossbar")
    assert not judge(frozen).independent


# ---- judging is evaluating -------------------------------------------------------------------


@pytest.mark.parametrize("machine", [(), SPACE, TIGHT], ids=str)
def test_a_plan_is_judged_as_it_is_evaluated(machine):
    of = bench(machine, batch=30, seed=4)
    sharing = Sharing.of(of.workload, of.analog, "channel")
    judging = judge(of)
    for counts in (torch.ones(20), torch.arange(20) % 16 + 1, torch.full((20,), 16)):
        plan = sharing.plan(of.workload, counts)
        found = evaluate(
            task(), hardware(*machine), plan, network=network(), trials=3, batch=30, seed=4
        )
        results = judging.results(sharing, counts, 3)
        assert tuple(100 * results.mean(1)) == pytest.approx(found.values, abs=1e-12)
        noisy, drop = judging.estimates(plan, results, 4)
        assert (noisy, drop) == (found.noisy, found.drop)
        if machine != TIGHT:  # curves are from one network without noise, cut as for one pass
            assert judging.drop(results) == pytest.approx(found.drop.value)
            assert judging.quantised == found.quantised
    assert (of._other is not None) == (machine == TIGHT)


def test_each_plan_is_judged_once():
    of, told = bench(), []
    judging = Judge(of, Store(None, {}, EXAMPLES), 2, Narrator(told.append))
    sharing = Sharing.of(of.workload, of.analog, "op")
    first = judging.results(sharing, torch.tensor([3.0, 4.0]), 2)
    calls = []
    of.setup_of = calls.append
    again = judging.results(sharing, torch.tensor([3.0, 4.0]), 2)
    assert np.array_equal(first, again)
    assert not calls
    assert [(news.doing, news.done, news.of) for news in told] == 2 * [
        ("judging", 1, 2), ("judging", 2, 2),
    ]  # fmt: skip


# ---- the loss of a step ----------------------------------------------------------------------


def test_the_loss_of_a_step_is_the_cross_entropy_of_its_batch():
    of = bench()
    sharing = Sharing.of(of.workload, of.analog, "op")
    loss, many = of.loss(sharing, 32), torch.full((2,), 1e12).double()  # no noise to speak of
    order = torch.randperm(EXAMPLES, generator=torch.Generator().manual_seed(0))
    other = task().learning
    for step in range(3):
        batch = order[32 * step : 32 * step + 32]
        outputs = of.setup.simulator(other.inputs[0][batch])
        expected = -outputs.log_softmax(1)[torch.arange(32), other.targets[batch]].mean()
        assert loss(many, step).item() == pytest.approx(expected.item(), rel=1e-3)


def test_each_pass_over_the_learning_data_is_shuffled_anew():
    of, seen = bench(), []
    of._task = replace(of._task, prepare=lambda images: seen.append(images) or (images,))
    loss = of.loss(Sharing.of(of.workload, of.analog, "op"), 40)
    for step in range(4):  # two batches of 40 a pass: 20 examples are left out
        loss(torch.ones(2).double(), step)
    one, other = torch.cat(seen[:2]), torch.cat(seen[2:])
    assert len(one.unique(dim=0)) == len(other.unique(dim=0)) == 80
    assert not torch.equal(one, other)


def test_a_step_draws_the_same_numbers_again_and_others_than_its_neighbours():
    of = bench()
    loss = of.loss(Sharing.of(of.workload, of.analog, "op"), 100)  # always the same examples
    counts = torch.full((2,), 2.0).double()
    again = [loss(counts, step).item() for step in (0, 1, 0)]
    assert again[0] == again[2]
    assert again[0] != pytest.approx(again[1], rel=1e-4)
    other = bench(seed=1).loss(Sharing.of(of.workload, of.analog, "op"), 100)
    assert other(counts, 0).item() != pytest.approx(again[0], rel=1e-4)


def test_labels_of_any_whole_type_are_learned_from():
    found = learned(of=task(torch.int32))
    assert found.plan.counts == learned().plan.counts


def test_counts_get_a_gradient_and_weights_none():
    of = bench()
    logarithms = torch.full((20,), 1.0).double().requires_grad_()
    loss = of.loss(Sharing.of(of.workload, of.analog, "channel"), 32)(logarithms.exp(), 0)
    loss.backward()
    assert logarithms.grad.isfinite().all()
    assert (logarithms.grad != 0).all()
    assert not any(p.requires_grad for p in of.setup.simulator.parameters())


@pytest.mark.parametrize(("machine", "least", "most"), [
    ((), 1, 2**14), (SPACE, 1, 16), (POWER, None, None),
])  # fmt: skip
def test_bounds_are_those_of_the_machine(machine, least, most):
    of = bench(machine)
    bounds = of.bounds(Sharing.of(of.workload, of.analog, "op"))
    if least is None:
        least, most = hardware(*machine).power_limits
    assert of.whole is (machine != POWER)
    assert bounds.least.tolist() == [least] * 2
    assert bounds.most.tolist() == [most] * 2


# ---- plans -----------------------------------------------------------------------------------


@pytest.mark.parametrize("granularity", Granularity)
def test_a_target_is_met_and_the_plan_runs_as_it_was_judged(granularity):
    found = learned(granularity, seed=3)
    assert 20 - 1 < found.repetitions <= 20
    again = evaluate(task(), hardware(), found.plan, network=network(), trials=3, seed=3)
    assert (again.noisy, again.drop) == (found.noisy, found.drop)
    assert again.quantised == found.quantised
    assert found.energy_per_mac_j == pytest.approx(found.repetitions * 0.128 * AJ, rel=2e-3)
    lengths = {"uniform": [1, 1], "op": [1, 1], "channel": [16, 4]}[granularity]
    assert [len(ks) for ks in found.plan.counts.values()] == lengths
    assert {"accuracy", "drop", "seed", "weights_sha256", "hardware", "learning_sha256",
            "data_sha256", "converged", "rules", "price"} <= set(found.plan.provenance)  # fmt: skip


def test_the_least_counts_for_a_drop_lose_about_as_much():
    found = learned(max_drop=10.0, trials=8)
    assert found.crossing.interval.low <= found.repetitions * 1.1
    assert found.repetitions >= found.crossing.repetitions
    assert found.drop.value == pytest.approx(10, abs=4)
    assert [point.repetitions for point in found.curve] == sorted(
        point.repetitions for point in found.curve
    )


def test_the_same_seed_gives_the_same_plan_and_another_draws_others():
    one, other = learned(), learned()
    assert one.plan == other.plan
    assert one.noisy == other.noisy
    moved = learned(seed=1)
    assert moved.noisy.value != one.noisy.value or moved.plan.counts != one.plan.counts


def test_repetition_by_power_takes_fractions():
    found = learned(machine=POWER)
    assert found.repetitions == pytest.approx(20, rel=1e-9)
    assert any(k != int(k) for ks in found.plan.counts.values() for k in ks)


def test_least_counts_that_are_enough_are_the_plan_and_it_is_said():
    found = learned(max_drop=95.0)
    assert set(found.plan.counts.values()) == {(1,)}
    assert found.crossing.repetitions == 0
    (note,) = found.notes  # whether learning met its targets on the way does not matter
    assert "the fewest that can be; the plan is that one" in note


def test_uniform_counts_above_the_target_are_said():
    notes = [learned(target=target, compare=True).notes for target in (20.0, 19.5)]
    said = (
        "target: found 19.5 repetitions, which is no whole number; expected one for a plain "
        "comparison; the uniform counts beside the plan are 20"
    )
    assert [said in each for each in notes] == [False, True]


def test_a_checkpoint_changes_nothing(tmp_path):
    plain = learned("channel")
    kept = learned("channel", checkpoint=tmp_path / "kept")
    assert (kept.plan, kept.noisy) == (plain.plan, plain.noisy)
    steps = []
    again = learned("channel", checkpoint=tmp_path / "kept", tell=steps.append)
    assert again.plan == plain.plan
    assert not [news for news in steps if news.doing == "learning"]


class StoppedError(Exception):
    """Stands for Control-C."""


def test_runs_of_the_machine_are_made_once_however_often_learning_is_stopped(tmp_path, monkeypatch):
    price, kept, plans, told, stops = energy_price(), tmp_path / "kept", [], [], []

    def outlay(*of):
        plans.append(of[-1].hash)
        return pricing.outlay(*of)

    monkeypatch.setattr(machine_price, "outlay", outlay)
    whole = learned(price=price)
    made = len(plans)
    assert len(set(plans)) == made
    plans.clear()

    def tell(news):
        told.append(news)
        if len(plans) > 20 * (len(stops) + 1):
            raise StoppedError

    found = None
    while found is None:
        try:
            found = learned(price=price, checkpoint=kept, tell=tell)
        except StoppedError as stop:
            stops.append(stop)
    assert len(stops) == made // 20
    assert (len(plans), len(set(plans))) == (made, made)
    assert found.plan.counts == whole.plan.counts
    pricings = [news for news in told if news.doing == "pricing"]
    assert all(1 <= news.done <= news.of for news in pricings)
    assert (pricings[0].done, pricings[0].of) == (1, len(grid(1, 1 << 14)))


def energy_price():
    return MachinePrice(hardware(), network().workload, "energy")


def test_a_checkpoint_of_another_machine_s_price_is_not_gone_on_with(tmp_path):
    workload, kept = network().workload, tmp_path / "kept"
    prices = [
        MachinePrice(hardware(f"dram.bandwidth={bandwidth} GB/s"), workload, "energy")
        for bandwidth in (256, 1)
    ]
    found = learned(price=prices[0], checkpoint=kept)
    assert found.plan.provenance["price"] == "energy"
    assert prices[0].hardware.hash in found.plan.provenance["price_of"]
    assert "price_of" in refused(ConfigError, price=prices[1], checkpoint=kept)


def test_what_learning_on_did_is_said():
    assert _notes(SimpleNamespace(converged=True, moved=0.04, rose=0.0)) == ()
    assert _notes(SimpleNamespace(converged=True, moved=-0.2, rose=0.0)) == (
        "learning: found counts that still moved by -20 % in the last round; expected 5 % at most; "
        "raise rules.steps for a plan that may take less, or conditions.trials, if the quarter of "
        "them by which rounds are scaled scatters by more",
    )
    assert _notes(SimpleNamespace(converged=True, moved=0.0, rose=0.3)) == (
        "learning: found 30 % more cost at the drop in the last round than in an earlier one, "
        "whose plan this is; expected no more in any; either counts come to fit the examples of "
        "learning alone, or rounds scatter; add examples, choose a coarser granularity, or raise "
        "conditions.trials",
    )


def test_aims_that_differ_little_are_two():
    aims = [learned(target=20 + 1e-7 * more).plan.provenance["aim"] for more in (0, 1)]
    assert aims == ["20 mean repetitions", "20.0000001 mean repetitions"]


# ---- refusals --------------------------------------------------------------------------------


def refused(kind=ArchsimError, **options):
    with pytest.raises(kind) as error:
        learned(**options)
    for line in str(error.value).splitlines():
        assert HOUSE_FORM.match(line), line
    return str(error.value)


def test_a_drop_that_the_most_repetitions_exceed_is_refused():
    noisy = (*SPACE[:1], "tiles.count=2", "tiles.detector.photons_per_mac=0.01")
    assert refused(ConfigError, machine=noisy, max_drop=0.5).startswith(
        "max_drop: found 0.5; expected more than "
    )


def test_channels_are_refused_where_one_laser_feeds_them_all():
    assert refused(ConfigError, granularity="channel", machine=POWER) == (
        "granularity: found channel, but 'homodyne' repeats by power; expected op or uniform, "
        "since one laser feeds all channels; choose one"
    )


def test_one_tile_does_not_repeat_in_space():
    assert refused(ConfigError, machine=(SPACE[0], "tiles.count=1"), max_drop=5.0) == (
        "hardware: found one tile in 'homodyne', which repeats in space; expected several, since "
        "one does not repeat; raise tiles.count, or repeat in time"
    )


def test_one_power_does_not_repeat():
    one = (POWER[0], "tiles.laser.min_power=1 mW", "tiles.laser.max_power=1 mW")
    assert refused(ConfigError, machine=one, max_drop=5.0) == (
        "tiles.laser: found one power in 'homodyne', which repeats by it; expected a range to "
        "choose from; set min_power below max_power"
    )


def test_a_step_of_more_examples_than_there_are_is_refused():
    few = replace(SHORT, batch=EXAMPLES + 1)
    assert refused(ConfigError, rules=few) == (
        "rules.batch: found 101 examples a step; expected 100 at most, all that there are to learn "
        "from; lower it, or add some"
    )
    assert learned("uniform", rules=few).repetitions == 20


def test_what_is_of_another_type_is_refused_at_once():
    with pytest.raises(ConfigError) as error:
        learn("digits_cnn", "homodyne", "op", rules={"steps": 5}, price="energy")
    assert [line.split(";")[0] for line in str(error.value).splitlines()] == [
        "task: found 'digits_cnn'",
        "hardware: found 'homodyne'",
        "aim: found 'op'",
        "rules: found a dict of int",
        "price: found 'energy'",
    ]
    with pytest.raises(ConfigError, match="hardware: found 'homodyne'; expected a machine"):
        evaluate(task(), "homodyne")


def test_one_trial_has_no_interval():
    assert refused(ConfigError, max_drop=5.0, trials=1) == (
        "trials: found 1; expected 2 at least, for the interval of what is lost; raise it"
    )


def test_a_machine_without_noise_is_refused():
    quiet = Settings(sources=frozenset())
    assert refused(WorkloadError, settings=quiet) == (
        "small on homodyne: found no noise that acts; expected some, since without it the least "
        "counts are the best; choose a machine that has sources, or let them act"
    )


@pytest.mark.parametrize(
    ("name", "machine", "source", "by"),
    [
        ("homodyne", (*POWER, "tiles.modulator.symbol_std=0.02"), "modulator.input", "power"),
        ("crossbar", (), "array.programming", "time"),
    ],
)
def test_noise_that_no_repetition_lowers_is_refused(name, machine, source, by):
    with pytest.raises(WorkloadError) as error:
        bench(machine, name=name, settings=Settings(sources=frozenset([source])))
    assert str(error.value) == (
        f"small on {name}: found only noise that repetition by {by} does not lower: {source}; "
        "expected some that it does, since all counts are as good without; let others act, or set "
        "tiles.repetition otherwise"
    )


def test_noise_that_repetition_lowers_is_enough_beside_some_that_it_does_not():
    both = Settings(sources=frozenset(["array.programming", "array.weight"]))
    assert bench(name="crossbar", settings=both).setup.noise == (
        "array.weight",
        "array.programming",
    )


def test_a_task_without_data_to_learn_from_or_without_labels_is_refused():
    assert refused(WorkloadError, of=replace(task(), learning=None)) == (
        "small: found no data to learn from; expected other examples than those that are tested; "
        "add x_learning and y_learning, or set some apart with --learning N"
    )
    scores = replace(task(), metric="spearman", targets=torch.rand(EXAMPLES))
    assert refused(WorkloadError, of=scores).startswith(
        "small: found the metric spearman; expected top1, since counts are learned by cross "
        "entropy with labels; choose a task that has labels"
    )


@pytest.mark.parametrize(("changes", "message"), [
    ({"granularity": "layer", "target": 3.0},
     "granularity: found 'layer'; expected uniform, op, channel; choose one"),
    ({}, "target, max_drop: found neither; expected one of them; give what to pay, or what may be "
         "lost"),
    ({"target": 3.0, "max_drop": 2.0},
     "target, max_drop: found both; expected one of them; give what to pay, or what may be lost"),
    ({"target": 0.0}, "target: found 0; expected a number above 0; correct it"),
    ({"max_drop": -1.0}, "max_drop: found -1; expected a number above 0; correct it"),
    ({"max_drop": float("nan")}, "max_drop: found nan; expected a number above 0; correct it"),
    ({"target": True}, "target: found True; expected a number above 0; correct it"),
    ({"max_drop": "2"}, "max_drop: found '2'; expected a number above 0; correct it"),
    ({"target": float("inf")}, "target: found inf; expected a number above 0; correct it"),
])  # fmt: skip
def test_an_aim_out_of_its_bounds_is_refused(changes, message):
    with pytest.raises(ConfigError) as error:
        Aim(**changes)
    assert str(error.value) == message


# ---- light -----------------------------------------------------------------------------------


def test_light_is_that_of_detected_photons():
    # h·c/1.55 um = 0.12816 aJ
    assert optical_energy_per_mac_j(hardware()) == pytest.approx(0.12816 * AJ, rel=1e-4)
    assert repetitions_of(hardware(), 2.7 * AJ) == pytest.approx(21.07, rel=1e-3)
    assert optical_energy_per_mac_j(load_hardware("homodyne")) is None
    assert optical_energy_per_mac_j(load_hardware("crossbar")) is None


def test_light_is_refused_where_no_level_is_stated():
    with pytest.raises(ConfigError) as error:
        repetitions_of(load_hardware("homodyne"), 1e-18)
    assert str(error.value) == (
        "target: found an optical energy per MAC, but 'homodyne' states no photons per MAC; "
        "expected mean repetitions, such as 20, since its light follows from data; give these, or "
        "set tiles.detector.photons_per_mac"
    )
