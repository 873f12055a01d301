"""Light from the laser to the detector."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from archsim.physics.constants import PLANCK_J_S, SPEED_OF_LIGHT_M_PER_S


def photon_j(wavelength_m: Any) -> Any:
    """Return the energy of one photon [J]: h·c/lambda, 0.128 aJ at 1.55 um."""
    return PLANCK_J_S * SPEED_OF_LIGHT_M_PER_S / wavelength_m


def transmission(loss_db: Any) -> Any:
    """Return the share of power that passes a loss: 10^(-L/10)."""
    return 10 ** (-loss_db / 10)


def total_loss_db(losses_db: Iterable[float]) -> float:
    """Return the loss of elements in a row [dB]: their sum."""
    return sum(losses_db)


def electrical_w(power_w: Any, wall_plug_efficiency: Any) -> Any:
    """Return the electrical power of a laser [W]: optical power over wall-plug efficiency."""
    return power_w / wall_plug_efficiency


def detector_w(power_w: Any, *, ways: Any, loss_db: Any) -> Any:
    """Return the power at one of many detectors [W]: P·10^(-L/10)/ways.

    Args:
        power_w: Optical power P of the laser [W].
        ways: Paths among which it is shared evenly: outputs, wavelengths and arms.
        loss_db: Loss L of one path beyond that sharing [dB].
    """
    return power_w * transmission(loss_db) / ways


def photons(power_w: Any, *, time_s: Any, wavelength_m: Any) -> Any:
    """Return the photons that arrive in a time: P·T·lambda/(h·c)."""
    return power_w * time_s / photon_j(wavelength_m)


def required_laser_w(detector_power_w: Any, *, ways: Any, loss_db: Any) -> Any:
    """Return the laser power that gives a power at each detector [W], inverse of detector_w."""
    return detector_power_w * ways / transmission(loss_db)
