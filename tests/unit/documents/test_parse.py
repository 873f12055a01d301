from enum import StrEnum
from typing import Annotated, Literal, Self

import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from archsim.documents import Fault, Faults, parse, read_text
from archsim.errors import ConfigError
from archsim.units import Joule, without_suffix


class Strict(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        alias_generator=without_suffix,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )


class Mode(StrEnum):
    TIME = "time"
    SPACE = "space"


class Adc(Strict):
    kind: Literal["adc"]
    bits: Annotated[int, Field(ge=1, le=16)]
    energy_j: Joule
    """Energy of one conversion."""


class Mzm(Strict):
    kind: Literal["mzm"]
    adc: Adc | None = None


class Machine(Strict):
    part: Annotated[Adc | Mzm, Field(discriminator="kind")]
    shape: tuple[int, ...] = ()
    mode: Mode = Mode.TIME
    format: Literal[1] = 1
    word: Annotated[str, Field(pattern="^[a-z]+$")] = "x"
    parts: dict[str, Adc] = {}
    limit: int = 10

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.limit < 0:
            raise Faults([Fault(("limit",), "found less than zero"), Fault(("mode",), "too")])
        return self


def complaint(text):
    with pytest.raises(ConfigError) as error:
        parse(Machine, read_text(text, "m"))
    return str(error.value).splitlines()


GOOD = "part: {kind: adc, bits: 8, energy: 25 fJ}\n"


def test_lists_become_tuples_and_words_become_enums():
    machine = parse(Machine, read_text(GOOD + "shape: [1, 2]\nmode: space", "m"))
    assert machine.shape == (1, 2)
    assert machine.mode is Mode.SPACE
    assert machine.part.energy_j == 25e-15


def test_every_fault_is_reported_at_once_in_the_order_of_the_file():
    assert complaint(
        "part: {kind: adc, bits: 99, energy: 3, bit: 8}\nshape: [1, a, 2.5]\nmode: tme\nlimt: 3\n"
    ) == [
        "m:1:19: part.bits: found 99; expected at most 16; change it",
        "m:1:29: part.energy: found 3; expected a quantity in J, not negative; "
        "write it with its unit, such as 25 fJ",
        "m:1:40: part.bit: found the unknown key 'bit'; expected one of bits, energy, kind; "
        "did you mean 'bits'?",
        'm:2:12: shape[1]: found "a"; expected a whole number; change it',
        "m:2:15: shape[2]: found 2.5; expected a whole number; change it",
        "m:3:1: mode: found \"tme\"; expected time or space; did you mean 'time'?",
        "m:4:1: limt: found the unknown key 'limt'; expected one of format, limit, mode, part, "
        "parts, shape, word; did you mean 'limit'?",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("part: {kind: adc, bits: 8}", "m:1:1: part.energy: found nothing; expected this key "
         "(Energy of one conversion); add it"),
        ("part: {kind: adx}", "m:1:1: part: found kind 'adx'; expected adc or mzm; "
         "did you mean 'adc'?"),
        ("part: {bits: 8}", "m:1:1: part: found no kind; expected this key with adc or mzm; "
         "add it"),
        ("part: {knd: adc}", "m:1:1: part: found no kind; expected this key with adc or mzm; "
         "did you mean it by 'knd'?"),
        (GOOD + "format: '1'", "m:2:1: format: found \"1\"; expected 1; write it without quotes"),
        (GOOD + "word: 1x", "m:2:1: word: found \"1x\"; expected text of the form ^[a-z]+$; "
         "change it"),
        ("part: 3", "m:1:1: part: found 3; expected a mapping of keys to values; change it"),
        ("part: {kind: mzm, adc: {kind: adc, bts: 8, bits: 1, energy: 0 J}}",
         "m:1:36: part.adc.bts: found the unknown key 'bts'; expected one of bits, energy, kind; "
         "did you mean 'bits'?"),
        (GOOD + "parts: {a: {kind: adc, bits: true, energy: 0 J}}",
         "m:2:24: parts.a.bits: found true; expected a whole number; change it"),
        (GOOD + "shape: 5", "m:2:1: shape: found 5; expected a list; change it"),
        (GOOD + "qqq: 5", "m:2:1: qqq: found the unknown key 'qqq'; expected one of format, limit, "
         "mode, part, parts, shape, word; remove it"),
        ("[1]", "m:1:1: (whole file): found [1]; expected a mapping of keys to values; change it"),
    ],
)  # fmt: skip
def test_a_fault_names_place_finding_expectation_and_remedy(text, line):
    assert complaint(text) == [line]


def test_faults_a_model_finds_in_itself_stand_at_their_own_place():
    assert complaint(GOOD + "mode: time\nlimit: -1") == [
        "m:2:1: mode: too",
        "m:3:1: limit: found less than zero",
    ]


def test_long_values_are_cut():
    (line,) = complaint(GOOD + "limit: " + "x" * 500)
    assert len(line) < 200
