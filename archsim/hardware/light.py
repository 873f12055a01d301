"""The link budget of a machine, and the noise that follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from archsim.hardware._noise_source import Formula, NoiseSource
from archsim.hardware.optical import Photodiode
from archsim.hardware.receivers import Tia
from archsim.hardware.tiles import OutputStationary
from archsim.physics import noise, optics
from archsim.physics.repetition import Source

if TYPE_CHECKING:
    from archsim.hardware.machine import Hardware

ARMS = {"homodyne": 2, "direct": 1}
"""Paths that light for one product takes: homodyne needs one for each operand."""


@dataclass(frozen=True, slots=True)
class Light:
    """Light of one core, from the laser to one detector, with every operand at full scale."""

    laser_w: float
    """Optical power of the laser."""

    ways: int
    """Paths among which it is shared: outputs, wavelengths or rows, and arms."""

    losses_db: tuple[tuple[str, float], ...]
    """Losses of one path beyond that sharing, by part."""

    detector_w: float
    """Power at a detector in one arm, of one product."""

    symbol_s: float
    """Duration of one symbol or pass."""

    photons: float
    """Photons of one symbol in one arm, of one product."""

    quantum_efficiency: float
    """Electrons per photon."""

    detection: str
    """Homodyne or direct."""

    @property
    def loss_db(self) -> float:
        """Loss of one path beyond the sharing [dB]."""
        return optics.total_loss_db(loss for _, loss in self.losses_db)

    @property
    def detected(self) -> float:
        """Photoelectrons of one symbol in one arm."""
        return self.quantum_efficiency * self.photons

    @property
    def signal(self) -> float:
        """Electrons that one product at full scale adds to the reading: 2n, or n if direct."""
        return ARMS[self.detection] * self.detected


def light_of(hardware: Hardware) -> Light | None:
    """Return the light of one core, or nothing where there is none.

    A core's light is shared by R x C outputs (C columns of R channels, if weight stationary), W
    wavelengths and the arms of the detection.
    """
    tiles = hardware.tiles
    laser, detector, modulator = tiles.laser, tiles.detector, tiles.modulator
    if laser is None or detector is None or modulator is None:
        return None
    losses = {"comb": tiles.comb, "modulator": modulator, "array": tiles.array}
    named = tuple(
        (name, float(getattr(part, "loss_db", 0.0))) for name, part in losses.items() if part
    )
    ways = tiles.rows * tiles.columns * tiles.wavelengths * ARMS[detector.detection]
    loss_db = optics.total_loss_db(loss for _, loss in named)
    power_w = optics.detector_w(laser.power_w, ways=ways, loss_db=loss_db)
    symbol_s = float(tiles.array.pass_cycles / hardware.clocks[tiles.clock])
    return Light(
        laser_w=laser.power_w,
        ways=ways,
        losses_db=named,
        detector_w=power_w,
        symbol_s=symbol_s,
        photons=optics.photons(power_w, time_s=symbol_s, wavelength_m=laser.wavelength_m),
        quantum_efficiency=detector.quantum_efficiency,
        detection=detector.detection,
    )


def optical_energy_per_mac_j(hardware: Hardware) -> float | None:
    """Return the light of one multiply-accumulate in a base pass [J].

    E_1·h·c/λ, with E_1 the photons per MAC of a base pass: detected ones of homodyne detection; of
    direct detection those at the input that a detector would count, before weights dim them. None
    on a machine that states no such level: there, light follows from data and laser power.
    """
    laser = hardware.tiles.laser
    if laser is None:
        return None
    for source in hardware.noise():
        if source.formula in (Formula.SHOT_RENORMALISED, Formula.SHOT_DIRECT):
            return float(source.parameters["photons_per_mac"] * optics.photon_j(laser.wavelength_m))
    return None


def noise_of(hardware: Hardware) -> tuple[NoiseSource, ...]:
    """Return every noise source of one base pass, with all that its formula needs.

    Those of the receiver are in electrons: of one symbol for white noise, of one reading for kTC.
    Levels of the light are detected photons. Where both operands are modulated, so is the error.
    """
    tiles = hardware.tiles
    light = light_of(hardware)
    found = [*_shot(tiles.detector, light)]
    symbols = tiles.modulator.noise() if tiles.modulator else ()
    found += symbols
    if isinstance(tiles, OutputStationary):
        found += [
            replace(source, name="modulator.weight", formula=Formula.WEIGHT) for source in symbols
        ]
    found += tiles.array.noise()
    if tiles.tia is not None:
        found += _receiver(tiles.tia, light)
    if tiles.adc is not None:
        found += tiles.adc.noise()
    return tuple(found)


def _receiver(tia: Tia, light: Light | None) -> Iterator[NoiseSource]:
    found = list(tia.noise())
    if light is None:
        yield from found
        return
    if tia.input_noise_a_per_root_hz:
        electrons = noise.integrated_current_electrons(
            tia.input_noise_a_per_root_hz, light.symbol_s
        )
        parameters = {"electrons": electrons}
        found.append(NoiseSource("tia.white", Source.WHITE, Formula.RECEIVER, parameters))
    homodyne = light.detection == "homodyne"
    formula = Formula.RECEIVER if homodyne else Formula.RECEIVER_DIRECT
    signal = {"full_scale_electrons": light.signal}
    for source in found:
        if source.formula is Formula.RECEIVER:
            yield replace(source, formula=formula, parameters={**source.parameters, **signal})
        else:
            yield source


def _shot(detector: Photodiode | None, light: Light | None) -> Iterator[NoiseSource]:
    if detector is None or light is None:
        return
    homodyne = detector.detection == "homodyne"
    if detector.photons_per_mac is not None:
        formula = Formula.SHOT_RENORMALISED if homodyne else Formula.SHOT_DIRECT
        level = detector.photons_per_mac
        if not homodyne:  # counted at the input
            level *= detector.quantum_efficiency
        parameters = {"photons_per_mac": level}
    else:
        formula = Formula.SHOT_FULL_SCALE if homodyne else Formula.SHOT_DIRECT_FULL_SCALE
        parameters = {"photons": light.detected}
    yield NoiseSource("detector.shot", Source.SHOT, formula, parameters)
