"""How repeating a pass acts: on noise, on time and tiles, on conversions and on laser power.

The only place that knows it. The timing side asks for counts, the functional side for the factor on
a standard deviation; the learner differentiates through :func:`std_factor`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class Repetition(StrEnum):
    """Where the K repetitions of one product happen."""

    TIME = "time"
    """The same tile does the pass K times."""

    SPACE = "space"
    """K tiles do the pass at once."""

    POWER = "power"
    """One pass with K times the light."""


class Averaging(StrEnum):
    """Where repetitions are averaged."""

    ANALOG = "analog"
    """Integrated, then converted once."""

    DIGITAL = "digital"
    """Converted K times, then averaged by the accumulator."""


class Source(StrEnum):
    """What a noise source is, as far as repetition is concerned."""

    SHOT = "shot"
    """Photon counting."""

    READOUT = "readout"
    """Added once per conversion: kTC, the converter's own noise."""

    WHITE = "white"
    """White receiver noise, integrated along with the signal."""

    OPERAND = "operand"
    """Fresh noise of a weight or a modulator."""

    PROGRAMMING = "programming"
    """Error frozen into a cell when it was written."""

    QUANTISATION = "quantisation"
    """Finite levels of an operand (DAC, weight)."""

    THERMAL = "thermal"
    """The normalised thermal noise of Garg et al., relative to the output range."""


# p where K repetitions multiply a standard deviation by K^-p: averaged over passes in the analog or
# the digital domain, or by K times the light.
_AVERAGED = {
    Source.SHOT: (0.5, 0.5),
    Source.READOUT: (1.0, 0.5),
    Source.WHITE: (0.5, 0.5),
    Source.OPERAND: (0.5, 0.5),
    Source.PROGRAMMING: (0.5, 0.5),
    Source.QUANTISATION: (0.0, 0.0),
    Source.THERMAL: (0.5, 0.5),
}
_POWERED = {
    Source.SHOT: 0.5,
    Source.READOUT: 1.0,
    Source.WHITE: 1.0,
    Source.OPERAND: 0.0,
    Source.PROGRAMMING: 0.0,
    Source.QUANTISATION: 0.0,
    Source.THERMAL: 1.0,
}


def std_exponent(source: Source, mode: Repetition, averaging: Averaging) -> float:
    """Return p where K repetitions multiply a standard deviation by K^-p."""
    if mode is Repetition.POWER:
        return _POWERED[source]
    if source is Source.PROGRAMMING and mode is Repetition.TIME:
        return 0.0  # the same cells again
    return _AVERAGED[source][averaging is Averaging.DIGITAL]


def std_factor(source: Source, repetitions: Any, mode: Repetition, averaging: Averaging) -> Any:
    """Return the factor on an output's standard deviation, relative to one base pass.

    factor = K^-p, with p = 0, 1/2 or 1:

    ====================================  ===============  ===========  =====
    source                                analog average   digital      power
    ====================================  ===============  ===========  =====
    shot                                  1/2              1/2          1/2
    readout, once per conversion          1                1/2          1
    white receiver noise, integrated      1/2              1/2          1
    fresh operand noise                   1/2              1/2          0
    frozen programming error              0 time, 1/2 space             0
    operand quantisation                  0                0            0
    normalised thermal                    1/2              1/2          1
    ====================================  ===============  ===========  =====

    Readout noise falls as 1/K when K passes are integrated before one conversion, because the
    signal grows K times and the noise is added once (Sludds et al., Science 378, 270 (2022)). More
    light raises the signal K times, shot noise only sqrt(K) times, and receiver noise not at all.

    Args:
        source: What the noise is.
        repetitions: K >= 1, a number, array or tensor; fractional only for ``power``.
        mode: Where the repetitions happen.
        averaging: Where they are averaged; without effect for ``power``.
    """
    return repetitions ** -std_exponent(source, mode, averaging)


def passes(repetitions: int, mode: Repetition) -> int:
    """Return how many passes one tile does, one after the other, for one result."""
    return repetitions if mode is Repetition.TIME else 1


def copies(repetitions: int, mode: Repetition) -> int:
    """Return how many tiles work on one result at once."""
    return repetitions if mode is Repetition.SPACE else 1


def conversions(repetitions: int, mode: Repetition, averaging: Averaging) -> int:
    """Return how many analog-to-digital conversions one result takes."""
    if mode is Repetition.POWER or averaging is Averaging.ANALOG:
        return 1
    return repetitions


def laser_power_factor(repetitions: Any, mode: Repetition) -> Any:
    """Return the factor on the laser's power while the op runs."""
    return repetitions if mode is Repetition.POWER else 1
