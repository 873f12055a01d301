"""Mean repetitions as optical energy for each multiply-accumulate."""

from __future__ import annotations

from archsim.errors import ConfigError
from archsim.hardware import Formula, Hardware
from archsim.physics import optics


def optical_energy_per_mac_j(hardware: Hardware) -> float | None:
    """Return the detected light of one multiply-accumulate in a base pass [J].

    E_1·h·c/λ, with E_1 the photons per MAC of a base pass. None on a machine that states no such
    level: there, light follows from data and laser power.
    """
    laser = hardware.tiles.laser
    if laser is None:
        return None
    for source in hardware.noise():
        if source.formula in (Formula.SHOT_RENORMALISED, Formula.SHOT_DIRECT):
            return float(source.parameters["photons_per_mac"] * optics.photon_j(laser.wavelength_m))
    return None


def repetitions_of(hardware: Hardware, energy_j: float) -> float:
    """Return the mean repetitions at which a multiply-accumulate takes so much light.

    Raises:
        ConfigError: The machine states no photons per MAC.
    """
    one_j = optical_energy_per_mac_j(hardware)
    if one_j is None:
        raise ConfigError(
            f"target: found an optical energy per MAC, but '{hardware.name}' states no photons per "
            "MAC; expected mean repetitions, such as 20, since its light follows from data; give "
            "these, or set tiles.detector.photons_per_mac"
        )
    return energy_j / one_j
