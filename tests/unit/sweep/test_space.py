"""Points by their places."""

from __future__ import annotations

from fractions import Fraction

from archsim.sweep.space import Axis, Parameter, Space
from archsim.sweep.values import Form, Span, Value


def axis(name, *values):
    return Axis((Parameter(name, name),), (tuple(Value(value, value) for value in values),))


SPAN = Span(Fraction(0), Fraction(10), logarithmic=False, form=Form(None, whole=False))
ALONG = Axis((Parameter("z", "z_s"),), spans=(SPAN,))


def test_the_last_axis_of_a_grid_moves_fastest():
    space = Space((axis("a", 1, 2), axis("b", "x", "y", "z")))
    assert space.size == 6
    assert [space.places(n) for n in range(6)] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]


def test_every_value_has_an_equal_part_of_the_shares():
    found = axis("a", 1, 2, 3, 4)
    places = [found.nearest(share / 1000) for share in range(1000)]
    assert [places.count(place) for place in range(4)] == [250] * 4
    assert found.nearest(1.0) == 3


def test_a_span_has_no_size_and_takes_any_share():
    space = Space((axis("a", 1, 2), ALONG))
    assert space.size is None
    assert space.at_shares([0.5, 0.25]) == (1, 0.25)
    assert space.shown((1, 0.25)) == {"a": 2, "z_s": 2.5}


def test_numbers_that_rise_can_be_followed_and_words_cannot():
    assert axis("a", 1, 2.5, 4).ordered
    assert ALONG.ordered
    assert not axis("a", 1, 4, 2).ordered
    assert not axis("a", "x", "y").ordered
    assert not axis("a", False, True).ordered
    assert not axis("a", None, 1).ordered
