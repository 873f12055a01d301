"""Learning by gradient, where theory knows the answer: loss Σ s/E, cost Σ m·E."""

from dataclasses import replace
from functools import cache
from math import inf, log, nan

import pytest
import torch

from archsim.errors import ConfigError
from archsim.functional.learning.learner import Bounds, Learner, Rules, meets
from archsim.functional.learning.price import Price
from tests.contract.test_bad_input import HOUSE_FORM

LAYERS = 20


def numbers(values):
    return torch.tensor(values, dtype=torch.float64)


def bounds(places=LAYERS, least=1e-9, most=1e9):
    return Bounds(torch.full((places,), least).double(), torch.full((places,), most).double())


def linear(shares, offset=0.0, least=0.0, eased=0.0):
    """Return the cost offset + Σ m·E."""
    tables = torch.stack([torch.zeros_like(shares), shares], 1)[None]
    return Price("sum", "", numbers([0.0, 1.0]), tables, numbers([offset]), least, eased)


@cache
def known():
    """Return s and m over two decades, and E* ∝ sqrt(s/m) with Σ s/E* = 1."""
    draws = torch.Generator().manual_seed(5)
    s, m = (10 ** (2 * torch.rand(LAYERS, generator=draws, dtype=torch.float64)) for _ in "sm")
    optimum = (s / m).sqrt()
    return s, m / m.sum(), optimum * (s / optimum).sum()


def analytic(s):
    return lambda repetitions, _: (s / repetitions).sum()


def learner(s, price, rules, within=None):
    return Learner(analytic(s), lambda _: price, within or bounds(len(s)), rules)


def last(of, state, target):
    for reached in of.run(state, target):
        state = reached
    return state


@cache
def learned():
    """Return the end of 5,000 steps from four times the target, before any scaling."""
    s, m, optimum = known()
    price, target = linear(m), float(m @ optimum)
    of = learner(s, price, Rules(steps=5000))
    begun = of.begin(torch.ones(LAYERS), target)
    assert float(price.cost(begun.repetitions)) == pytest.approx(4 * target)
    return last(of, begun, target), price, target


def test_the_known_optimum_is_found():
    # d/dE (Σ s/E + μ Σ m·E) = 0 where E = sqrt(s/m)/sqrt(μ)
    state, price, target = learned()
    s, _, optimum = known()
    assert float((s / optimum).sum()) == pytest.approx(1)
    assert (state.repetitions / optimum).numpy() == pytest.approx(1, rel=0.02)
    assert float(price.cost(state.repetitions)) == pytest.approx(target, rel=0.02)
    scaled = bounds().scaled(state.repetitions, price, target)
    assert float(price.cost(scaled)) == pytest.approx(target, rel=1e-12)
    assert (scaled / optimum).numpy() == pytest.approx(1, rel=1e-3)
    assert (state.raises, state.step, state.met) == (0, 5000, True)


def test_the_gain_over_uniform_counts_is_that_of_the_closed_form():
    state, price, target = learned()
    s, m, _ = known()
    scaled = bounds().scaled(state.repetitions, price, target)
    uniform_loss = s.sum() / (target / m.sum())
    gain = float(uniform_loss / (s / scaled).sum())
    expected = m.sum() * s.sum() / (s * m).sqrt().sum() ** 2
    assert expected > 1.5
    assert gain == pytest.approx(float(expected), rel=1e-5)


def test_what_each_count_is_worth_is_recovered():
    state, *_ = learned()
    assert state.watched == 100
    assert state.sensitivity.numpy() == pytest.approx(known()[0].numpy(), rel=0.02)


def test_sensitivity_is_averaged_over_the_last_steps_only():
    # the loss changes its mind 100 steps before the end
    of = Learner(
        lambda k, step: ((1.0 if step < 50 else 3.0) / k).sum(),
        lambda _: linear(numbers([1.0])),
        bounds(1),
        Rules(steps=150, rate=1e-9, start=1.0),
    )
    state = last(of, of.begin(torch.ones(1), 5.0), 5.0)
    assert state.sensitivity.item() == pytest.approx(3.0)
    assert state.repetitions.item() == pytest.approx(5.0)


def test_a_loss_that_grows_with_a_count_makes_it_worth_nothing():
    of = Learner(lambda k, _: k.sum(), lambda _: linear(numbers([1.0])), bounds(1), Rules(steps=3))
    assert last(of, of.begin(torch.ones(1), 5.0), 5.0).sensitivity.tolist() == [0.0]


def test_the_first_step_of_adam_by_hand():
    # g = -s/K + λ·d ln(cost)/d ln K; the first move of Adam is the rate, but for its ε
    price = linear(numbers([1.0, 3.0]))
    of = learner(numbers([0.5, 40.0]), price, Rules(steps=2, rate=0.1, start=1.5))
    begun = of.begin(numbers([1.0, 2.0]), 10.0)
    start = numbers([1.0, 2.0]) * 15 / 7
    assert begun.repetitions.numpy() == pytest.approx(start.numpy())
    first = next(of.run(begun, 10.0))
    slope = -numbers([0.5, 40.0]) / start + 2 * numbers([1.0, 3.0]) * start / 15
    expected = start * (-0.1 * slope.sign()).exp()
    assert first.repetitions.numpy() == pytest.approx(expected.numpy(), rel=1e-6)
    assert first.loss == pytest.approx(float((numbers([0.5, 40.0]) / start).sum()))


def test_below_the_target_nothing_is_paid():
    of = learner(numbers([1.0]), linear(numbers([1.0])), Rules(steps=30, start=1.0, rate=0.05))
    begun = replace(of.begin(torch.ones(1), 1.0), log_counts=numbers([0.5]).log())
    reached = [state.repetitions.item() for state in of.run(begun, 1.0)]
    assert reached[:5] == sorted(reached[:5])  # only the loss pulls
    assert max(reached) < 1.2


def test_a_price_above_its_least_is_paid_for_what_is_above():
    # cost 50 + K, C_0 = 51: the target 53 is K = 3, whatever the offset
    price = linear(numbers([1.0]), offset=50.0, least=51.0, eased=0.051)
    of = learner(numbers([9.0]), price, Rules(steps=300, start=2.0), bounds(1, least=1.0))
    begun = of.begin(torch.ones(1), 53.0)
    assert begun.repetitions.item() == pytest.approx(5.0)  # 51 + 2·(53 - 51)
    assert last(of, begun, 53.0).repetitions.item() == pytest.approx(3.0, rel=0.02)


def test_counts_stay_within_their_bounds_after_each_step():
    s = numbers([1e-3, 1.0, 1e3])
    within = Bounds(numbers([1.0, 2.0, 1.0]), numbers([8.0, 9.0, 4.0]))
    of = learner(s, linear(numbers([0.4, 0.3, 0.3])), Rules(steps=60, rate=0.1), within)
    for state in of.run(of.begin(torch.ones(3), 2.0), 2.0):
        assert ((state.repetitions >= within.least) & (state.repetitions <= within.most)).all()
    assert state.repetitions[0].item() == pytest.approx(1.0)
    assert state.repetitions[2].item() == pytest.approx(4.0)


def test_a_missed_target_raises_the_weight_until_it_is_met():
    # at λ the balance is s/K = λ·K·m/cost = λ: K = s/λ = 6/λ, above 2 until λ = 4
    of = learner(numbers([6.0]), linear(numbers([1.0])), Rules(steps=150, weight=1.0, rate=0.02))
    state = last(of, of.begin(torch.ones(1), 2.0), 2.0)
    assert (state.raises, state.weight, state.step) == (2, 4.0, 150 + 2 * 150)
    assert state.watched == 100
    assert state.met
    assert meets(state, linear(numbers([1.0])), 2.0)


def test_a_target_that_is_never_met_ends_after_five_raises():
    of = learner(
        numbers([1e6]), linear(numbers([1.0])), Rules(steps=20, rate=0.05), bounds(1, most=1e4)
    )
    states = list(of.run(of.begin(torch.ones(1), 2.0), 2.0))
    assert len(states) == 20 + 5 * 20 == states[-1].step == states[-1].last
    assert (states[-1].raises, states[-1].weight) == (5, 2.0 * 2**5)
    assert not states[-1].met
    assert not meets(states[-1], linear(numbers([1.0])), 2.0)


def test_what_the_last_scaling_mends_counts_as_met():
    price = linear(numbers([1.0]), offset=50.0, least=51.0)
    of = learner(numbers([1.0]), price, Rules(steps=1))
    state = of.begin(torch.ones(1), 53.0)
    for count, expected in ((3.039, True), (3.041, False)):  # 2 % of what is above the least
        found = replace(state, log_counts=numbers([count]).log())
        assert meets(found, price, 53.0) is expected


def test_the_price_is_asked_for_anew_where_counts_are():
    asked = []

    def price_near(repetitions):
        asked.append(repetitions.clone())
        return linear(numbers([1.0]))

    of = Learner(analytic(numbers([1.0])), price_near, bounds(1), Rules(steps=600))
    states = list(of.run(of.begin(torch.ones(1), 1.0), 1.0))
    at = [states[step - 1].repetitions for step in (250, 500, 600)]  # the last one decides
    assert asked[-3:] == at
    assert states[-1].priced_at == at[-1]


@pytest.mark.parametrize("value", [nan, inf])
def test_a_loss_that_is_no_number_ends_learning(value):
    of = Learner(
        lambda k, step: k.sum() * (value if step == 2 else 1.0),
        lambda _: linear(numbers([1.0])), bounds(1), Rules(steps=9),
    )  # fmt: skip
    with pytest.raises(ConfigError) as error:
        last(of, of.begin(torch.ones(1), 1.0), 1.0)
    assert str(error.value) == (
        f"learning: found a loss of {value} in step 2; expected a number; check weights and data"
    )


def test_scaling_meets_the_target_with_counts_on_their_bounds():
    within = Bounds(numbers([1.0, 1.0, 1.0]), numbers([8.0, 8.0, 8.0]))
    price = linear(numbers([1.0, 1.0, 1.0]))
    # 1 stays on its bound: 3·x + 5·x = 11 - 1 with x = 5/4
    assert within.scaled(numbers([0.5, 3.0, 5.0]), price, 11.0).numpy() == pytest.approx(
        [1, 3.75, 6.25]
    )
    assert within.scaled(numbers([0.5, 3.0, 5.0]), price, 2.0).tolist() == [1, 1, 1]
    assert within.scaled(numbers([0.5, 3.0, 5.0]), price, 99.0).tolist() == [8, 8, 8]


FAULTS = {
    "steps": ([0, 1.5, True, "9", -3, nan], "a whole number, 1 at least"),
    "batch": ([0, 0.5, None], "a whole number, 1 at least"),
    "rate": ([0.0, -1, nan, inf, "x", True], "a number above 0"),
    "weight": ([0.0, -2.0, nan, inf, None], "a number above 0, since with none counts only grow"),
    "start": ([0.99, nan, inf, None], "a number 1 at least, since learning comes from above"),
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, (values, _) in FAULTS.items() for value in values]
)
def test_rules_out_of_their_bounds_are_refused(name, value):
    with pytest.raises(ConfigError) as error:
        Rules(**{name: value})
    assert str(error.value) == f"{name}: found {value!r}; expected {FAULTS[name][1]}; correct it"
    assert HOUSE_FORM.match(str(error.value))


def test_all_faults_of_rules_are_told_at_once():
    with pytest.raises(ConfigError) as error:
        Rules(steps=0, batch=0, rate=0, weight=0, start=0)
    assert [line.split(":")[0] for line in str(error.value).splitlines()] == list(FAULTS)


def test_rules_on_their_bounds_are_taken():
    assert Rules(steps=1, batch=1, start=1.0) == Rules(1, 1, 0.01, 2.0, 1.0)
    assert log(Rules(start=1).start) == 0
