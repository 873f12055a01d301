"""Whole counts, against all there are."""

from itertools import product

import numpy as np
import pytest
import torch

from archsim.functional.learning.learner import Bounds
from archsim.functional.learning.price import Price
from archsim.functional.learning.rounding import whole

MOST = 7


def numbers(values):
    return torch.tensor(values, dtype=torch.float64)


def linear(shares):
    tables = torch.stack([torch.zeros(len(shares)).double(), numbers(shares)], 1)[None]
    return Price("sum", "", numbers([0.0, 1.0]), tables, numbers([0.0]))


def bounds(places, least=1.0, most=MOST):
    return Bounds(torch.full((places,), least).double(), torch.full((places,), most).double())


def box(places):
    return torch.tensor(list(product(range(1, MOST + 1), repeat=places)), dtype=torch.float64)


def loss(sensitivity, counts):
    return (numbers(sensitivity) / counts).sum(-1)


def random_case(seed, places=4):
    draws = np.random.default_rng(seed)
    counts = draws.uniform(1, 6, places)
    shares, sensitivity = draws.uniform(0.2, 1, places), draws.uniform(0.1, 5, places)
    return numbers(counts), list(sensitivity), shares


@pytest.mark.parametrize("seed", range(15))
def test_counts_cost_no_more_than_the_target_and_nothing_is_left_to_spend(seed):
    counts, sensitivity, shares = random_case(seed)
    price = linear(shares)
    target = float(price.cost(counts))
    found = whole(counts, numbers(sensitivity), price, bounds(4), target)
    assert (found == found.round()).all()
    assert ((found >= 1) & (found <= MOST)).all()
    assert float(price.cost(found)) <= target
    for place in range(4):  # no single one more fits
        if found[place] < MOST:
            assert float(price.cost(found)) + shares[place] > target


def test_counts_that_save_nothing_are_lowered_to_where_they_do():
    knots = numbers(range(1, 8))
    free = numbers([0.0, 1.0, 2.0, 3.0, 3.0, 3.0, 3.0])  # four repetitions and more cost the same
    price = Price("energy", "J", knots, free[None, None], numbers([1.0]), 1.0)
    for target, count in ((2.0, 2), (1.0, 1), (4.0, 7)):
        found = whole(numbers([7.0]), numbers([1.0]), price, bounds(1), target)
        assert found.tolist() == [count]


@pytest.mark.parametrize("seed", range(15))
def test_the_loss_is_that_of_the_best_whole_counts_for_one_step_less_to_spend(seed):
    # Greed is optimal for what it spends where gains shrink; what it may leave is under one step.
    _, sensitivity, shares = random_case(seed)
    price, at = linear(shares), numbers(np.sqrt(np.array(sensitivity) / shares))
    at = at * 3 / at.mean()
    target = float(price.cost(at.clamp(1, MOST)))
    found = whole(at, numbers(sensitivity), price, bounds(4), target)
    every = box(4)
    costs, losses = every @ numbers(shares), loss(sensitivity, every)
    poorer = losses[costs <= max(target - 2 * max(shares), float(costs.min()))].min()
    best = losses[costs <= target].min()
    mine = loss(sensitivity, found)
    assert best <= mine <= poorer + 1e-12
    assert mine <= 1.1 * best


def amounts(tables, offsets, eased=0.0):
    tables = torch.as_tensor(tables, dtype=torch.float64)
    knots = torch.arange(1, MOST + 1, dtype=torch.float64)
    return Price("edp", "J s", knots, tables, numbers(offsets), 0.0, eased)


@pytest.mark.parametrize("seed", range(8))
def test_a_product_of_amounts_is_kept_to_its_target(seed):
    draws = np.random.default_rng(seed)
    tables = np.cumsum(draws.uniform(0, 1, (2, 3, MOST)), axis=2)  # rise with bends
    price, sensitivity = amounts(tables, [5.0, 2.0]), draws.uniform(0.1, 5, 3)
    counts = numbers(draws.uniform(1, 6, 3))
    target = float(price.cost(counts))
    found = whole(counts, numbers(sensitivity), price, bounds(3), target)
    assert float(price.cost(found)) <= target
    for place in range(3):  # no single one more fits
        more = found.clone()
        more[place] += 1
        assert found[place] == MOST or float(price.cost(more)) > target
    every = box(3)
    costs = torch.stack([price.cost(k) for k in every])
    assert loss(sensitivity, found) >= loss(sensitivity, every)[costs <= target].min()
    assert loss(sensitivity, found) <= loss(sensitivity, counts.floor())


def test_a_free_repetition_is_taken():
    tables = [[[0.0, 0, 0, 0, 1, 2, 3], [0.0, 1, 2, 3, 4, 5, 6]]]
    found = whole(
        numbers([2.0, 2.0]), numbers([1.0, 1.0]), amounts(tables, [1.0]), bounds(2), target=2.0
    )
    assert found.tolist() == [4, 2]


def test_what_a_repetition_saves_is_spent():
    # the first saves 2 on its way to 4, which pays for two more of the second
    tables = [[[0.0, -1, -2, -2, -1, 0, 1], [0.0, 1, 2, 3, 4, 5, 6]]]
    found = whole(
        numbers([1.0, 1.0]), numbers([1.0, 1.0]), amounts(tables, [5.0]), bounds(2), target=5.0
    )
    assert found.tolist() == [4, 3]


@pytest.mark.parametrize(("start", "target", "expected"), [
    (1.4, 6.0, [2, 2, 1, 1]),  # rounded down to 4: two to spend
    (1.6, 6.0, [1, 1, 2, 2]),  # rounded up to 8: two too many
])  # fmt: skip
def test_of_equals_the_first_goes_first(start, target, expected):
    found = whole(numbers([start] * 4), numbers([1.0] * 4), linear([1.0] * 4), bounds(4), target)
    assert found.tolist() == expected


def test_the_count_that_matters_least_is_lowered_and_the_one_that_matters_most_raised():
    price = linear([1.0, 1.0, 1.0])
    sensitivity = numbers([3.0, 1.0, 2.0])
    assert whole(numbers([2.0] * 3), sensitivity, price, bounds(3), 5.0).tolist() == [2, 1, 2]
    assert whole(numbers([2.0] * 3), sensitivity, price, bounds(3), 7.0).tolist() == [3, 2, 2]


def test_counts_that_do_not_matter_are_never_raised():
    found = whole(numbers([2.0, 2.0]), numbers([0.0, 1.0]), linear([1.0, 1.0]), bounds(2), 20.0)
    assert found.tolist() == [2, MOST]


def test_the_least_counts_are_left_where_even_they_cost_too_much():
    assert whole(numbers([3.0]), numbers([1.0]), linear([1.0]), bounds(1), 0.5).tolist() == [1]


def test_counts_are_brought_within_bounds():
    found = whole(numbers([0.2, 90.0]), numbers([1.0, 1.0]), linear([1.0, 1.0]), bounds(2), 8.0)
    assert found.tolist() == [1, MOST]


def test_whole_counts_that_cost_the_target_are_left_as_they_are():
    counts = numbers([3.0, 1.0, 5.0])
    price = linear([0.3, 0.5, 0.2])
    found = whole(counts, numbers([1.0, 9.0, 4.0]), price, bounds(3), float(price.cost(counts)))
    assert found.tolist() == counts.tolist()


def test_thousands_of_counts_that_all_have_to_move_are_done_greedily():
    # All rounded down, 0.4 of them are to go up: those that matter most.
    places = 5000
    sensitivity = torch.rand(places, generator=torch.Generator().manual_seed(0)).double()
    price = linear(np.full(places, 1 / 4096))
    counts = torch.full((places,), 1.4).double()
    found = whole(counts, sensitivity, price, bounds(places), 1.4 * places / 4096)
    raised = (found - 1).bool()
    assert int((found - 1).sum()) == 0.4 * places
    assert sensitivity[raised & (found == 2)].min() >= sensitivity[~raised].max()
