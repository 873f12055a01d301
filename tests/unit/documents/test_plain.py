"""Values as plain data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction

from pydantic import BaseModel

from archsim.documents import plain
from archsim.units import Watt


class Lamp(BaseModel):
    power_w: Watt


@dataclass
class Room:
    lamp: Lamp
    names: frozenset[str]
    size: tuple[int, Fraction]
    doors: dict[int, None]


def test_every_field_counts_and_sets_have_an_order():
    names = frozenset(f"name {n}" for n in range(20))
    found = plain(Room(Lamp(power_w=0.5), names, (2, Fraction(1, 3)), {1: None}))
    assert found == {
        "lamp": {"power_w": "0.5 W"},
        "names": sorted(names),
        "size": [2, "1/3"],
        "doors": {"1": None},
    }
    assert json.loads(json.dumps(found)) == found
