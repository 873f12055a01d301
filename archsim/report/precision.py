"""What noise does to each product, as rows of a table."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from archsim.physics import precision

if TYPE_CHECKING:
    from archsim.functional import Accuracy, OpPrecision, Precision


@dataclass(frozen=True, slots=True)
class PrecisionRow:
    """What noise does to one product; figures are None where it does nothing.

    ``range`` is the distance of its outer results, ``signal_std`` their standard deviation and
    ``noise_std`` the root mean square of the noise on them, all in the unit of its results.
    ``noise_bits`` and ``enob`` are two readings of the last over the first: see
    :mod:`archsim.physics.precision`. ``photons_per_mac`` are detected ones, in all repetitions
    together; ``adc_bits`` None for ideal converters.
    """

    op: str
    macs: int
    fan_in: int
    repetitions: int | float
    photons_per_mac: float | None
    signal_std: float
    noise_std: float
    range: float | None
    snr_db: float | None
    noise_bits: float | None
    enob: float | None
    adc_bits: int | None


def precision_rows(found: Accuracy | Precision) -> tuple[PrecisionRow, ...]:
    """Return a row for each product that noise acted on, in the order of the network."""
    return tuple(map(_row, found.ops))


def precision_document(found: Precision) -> dict[str, Any]:
    """Return a precision as plain data, its products under ``precision``."""
    data = asdict(found) | {"noise": list(found.noise)}
    del data["ops"]
    rows = [asdict(row) for row in precision_rows(found)]
    data["precision"] = [{"name": row.pop("op"), **row} for row in rows]
    return data


def _row(op: OpPrecision) -> PrecisionRow:
    range_, enob = _range(op), None
    if range_ and op.noise_std:
        enob = precision.enob(range_=range_, std=op.noise_std)
    return PrecisionRow(
        op=op.op,
        macs=op.macs,
        fan_in=op.fan_in,
        repetitions=int(op.repetitions)
        if op.repetitions == int(op.repetitions)
        else op.repetitions,
        photons_per_mac=op.photons_per_mac,
        signal_std=op.signal_std,
        noise_std=op.noise_std,
        range=range_,
        snr_db=op.snr_db if isfinite(op.snr_db) else None,
        noise_bits=op.noise_bits if isfinite(op.noise_bits) else None,
        enob=enob,
        adc_bits=op.adc_bits,
    )


def _range(op: OpPrecision) -> float | None:
    """Return the range that the noise bits are of."""
    if not isfinite(op.noise_bits):
        return None
    if op.noise_bits <= 0:
        return 0.0
    return op.noise_std / precision.noise_std(range_=1.0, bits=op.noise_bits)
