"""Mean repetitions as optical energy for each multiply-accumulate."""

from __future__ import annotations

from archsim.errors import ConfigError
from archsim.hardware import Hardware
from archsim.hardware.light import optical_energy_per_mac_j


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
