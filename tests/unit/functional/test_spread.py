"""Standard deviations as factors, and noise in place, against numbers written out."""

import torch

from archsim.functional.spread import Spread, plus_noise, whole

NORMS = torch.tensor([[0.0], [4.0]])


def std(constant, slope):
    spread = Spread.of(torch.tensor(constant), torch.tensor(slope))
    return whole(spread.factors(NORMS.clone()), NORMS).expand(2, 2)


def test_the_deviation_is_the_root_of_both_terms():
    assert std([0.0, 0.0], [0.0, 0.0]).tolist() == [[0, 0], [0, 0]]
    assert std([9.0, 0.0], [0.0, 0.0]).tolist() == [[3, 0], [3, 0]]
    assert std([0.0, 0.0], [4.0, 0.0]).tolist() == [[0, 0], [4, 0]]
    assert std([9.0, 0.0], [4.0, 1.0]).tolist() == [[3, 0], [5, 2]]


def never(_):
    raise AssertionError("drawn")


def test_no_noise_is_not_drawn():
    sums = torch.ones(2, 2)
    assert plus_noise(sums, (), never) is sums


def test_noise_is_added_with_and_without_gradients():
    sums, numbers = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, -1.0], [2.0, 0.5]])
    factors = torch.tensor([2.0, 4.0]), torch.tensor([[1.0], [3.0]])
    expected = [[3, -2], [15, 10]]
    learned = tuple(factor.clone().requires_grad_() for factor in factors)
    assert plus_noise(sums.clone(), learned, lambda _: numbers.clone()).tolist() == expected
    assert plus_noise(sums.clone(), factors, lambda _: numbers.clone()).tolist() == expected


def test_gradients_are_zero_where_there_is_no_noise():
    constant, slope = torch.tensor([0.0, 9.0]), torch.tensor([4.0, 1.0])
    for terms in ((constant, slope), (constant, torch.zeros(2)), (torch.zeros(2), slope * 0 + 1)):
        count = torch.ones(2, requires_grad=True)
        spread = Spread.of(*(term * count for term in terms))
        whole(spread.factors(NORMS.clone()), NORMS).sum().backward()
        assert count.grad.isfinite().all()
