import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from archsim.functional.learning.price import Price
from archsim.functional.learning.sharing import Sharing
from archsim.workload import load_workload

KNOTS = [1.0, 2.0, 4.0, 9.0]
PLACES = 5
COUNTS = st.lists(st.floats(1.0, 9.0), min_size=PLACES, max_size=PLACES)


def numbers(values):
    return torch.tensor(values, dtype=torch.float64)


def machine(amounts=1, here=100.0, least=60.0):
    """Return a price by random tables, and what they add to ``here``."""
    tables = here + np.random.default_rng(3).normal(0, 10, (amounts, PLACES, len(KNOTS)))
    price = Price.of_machine(
        "energy", "J", counts=KNOTS, costs=list(tables), here=[here] * amounts, least=least
    )
    return price, tables - here


@given(COUNTS)
def test_costs_are_interpolated_as_numpy_does(counts):
    price, tables = machine(2)
    added = [
        [np.interp(k, KNOTS, row) for k, row in zip(counts, part, strict=True)] for part in tables
    ]
    found = price.each(numbers(counts))
    assert found.numpy() == pytest.approx(np.array(added))
    amounts = 100 + np.sum(added, 1)
    assert price.amounts(numbers(counts)).numpy() == pytest.approx(amounts)
    assert float(price.cost(numbers(counts))) == pytest.approx(amounts[0] * amounts[1])


@given(COUNTS)
def test_one_count_adds_what_it_adds_among_all(counts):
    price, _ = machine(2)
    each = price.each(numbers(counts))
    for place, count in enumerate(counts):
        assert price.one(place, count) == pytest.approx(each[:, place].tolist())


def test_beyond_the_outer_counts_the_last_slope_goes_on():
    price, [tables] = machine()
    for outside, (one, other) in {0.5: (0, 1), 12.0: (2, 3)}.items():
        slopes = (tables[:, other] - tables[:, one]) / (KNOTS[other] - KNOTS[one])
        expected = tables[:, one] + slopes * (outside - KNOTS[one])
        assert price.each(numbers([outside] * PLACES))[0].numpy() == pytest.approx(expected)
        assert price.one(2, outside) == pytest.approx([expected[2]])


def test_the_gradient_is_the_slope():
    price, [tables] = machine()
    counts = numbers([1.5, 3.0, 8.0, 2.5, 1.1]).requires_grad_()
    price.cost(counts).backward()
    after = [1, 2, 3, 2, 1]
    slopes = [
        (row[j] - row[j - 1]) / (KNOTS[j] - KNOTS[j - 1])
        for row, j in zip(tables, after, strict=True)
    ]
    assert counts.grad.numpy() == pytest.approx(np.array(slopes))


def test_a_product_of_amounts_has_the_gradient_of_a_product():
    price, _ = machine(2)
    counts = numbers([1.5, 3.0, 8.0, 2.5, 1.1])
    moved, step = counts.clone().requires_grad_(), 1e-6
    price.cost(moved).backward()
    for place in range(PLACES):
        sides = [counts.clone(), counts.clone()]
        sides[0][place] += step
        sides[1][place] -= step
        more, less = (float(price.cost(side)) for side in sides)
        assert float(moved.grad[place]) == pytest.approx((more - less) / (2 * step), rel=1e-5)


def test_the_excess_is_the_logarithm_of_costs_above_the_least():
    price, _ = machine(least=60.0)
    counts = numbers([1.5, 3.0, 8.0, 2.5, 1.1])
    cost = float(price.cost(counts))
    eased = 0.06  # a thousandth of the least cost
    expected = np.log((cost - 60 + eased) / (75 - 60 + eased))
    assert float(price.excess(counts, 75.0)) == pytest.approx(expected)


def test_costs_below_the_least_are_as_good_as_the_least():
    # tables add up what single counts save, which may be more than all save together
    price, _ = machine(least=1e6)
    counts = numbers([2.0] * PLACES).requires_grad_()
    excess = price.excess(counts, 1e6)
    assert excess.item() == 0
    excess.backward()
    assert counts.grad.tolist() == [0.0] * PLACES
    assert price.excess(counts, 5e5).item() == 0  # a target that is below it, too


def test_photons_are_the_mean_count_over_multiply_accumulates():
    workload = load_workload("digits_cnn")
    sharing = Sharing.of(workload, [op.name for op in workload.gemms], "op")
    price = Price.photons(sharing)
    counts = numbers([0.25, 2.0, 3.0, 5000.0]).requires_grad_()
    mean = (0.25 * 9216 + 2 * 294912 + 3 * 147456 + 5000 * 5120) / 456704
    assert price.cost(counts).item() == pytest.approx(mean)
    assert (price.least, price.eased, price.unit) == (0, 0, "")
    excess = price.excess(counts, 10.0)
    assert excess.item() == pytest.approx(np.log(mean / 10))
    excess.backward()
    shares = np.array([9216, 294912, 147456, 5120]) / 456704
    assert counts.grad.numpy() == pytest.approx(shares / mean)


def test_the_price_at_the_counts_it_was_made_near_is_that_of_the_whole_run():
    tables = np.full((PLACES, len(KNOTS)), 30.0) + np.arange(4)  # 31 at count 2
    price = Price.of_machine("latency", "s", counts=KNOTS, costs=[tables], here=[31.0], least=30.0)
    assert float(price.cost(numbers([2.0] * PLACES))) == pytest.approx(31.0)
    assert float(price.cost(numbers([2.0] * 4 + [9.0]))) == pytest.approx(33.0)
