# %% [markdown]
# # Write your own component in 20 lines
#
# A component answers three questions about itself: its area, what its actions cost, what noise it
# adds. Deriving a class from that of its slot is all: from then on machine files can have it, with
# units, bounds and error messages like those of the components that ship.

# %%
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal

import archsim
from archsim.hardware import Formula, ModulatorSlot, NoiseSource, load_hardware
from archsim.physics.repetition import Source
from archsim.units import Farad, Joule, Volt


class ThinFilm(ModulatorSlot):
    """A thin-film modulator: each symbol charges an electrode to the drive voltage."""

    kind: Literal["thin_film"] = "thin_film"
    energy_j: Joule = 0.0
    swing_v: Volt
    capacitance_f: Farad
    drift: float = 0.0

    def costs(self) -> dict[str, float]:
        """Return the energy of one symbol: C V² / 4 for random data."""
        return {"symbol": self.capacitance_f * self.swing_v**2 / 4}

    def noise(self) -> tuple[NoiseSource, ...]:
        """Return a fresh error of each symbol that grows with the drift of its bias."""
        if not self.drift:
            return ()
        return (NoiseSource("modulator.drift", Source.OPERAND, Formula.INPUT, {"std": self.drift}),)


# %%
file = Path(mkdtemp()) / "mine.yaml"
file.write_text("""
base: homodyne
name: mine
tiles:
  modulator: {kind: thin_film, swing: 1 V, capacitance: 0.2 pF, drift: 0.05,
              area: 0.005 mm^2, static_power: 0 W, loss: 3 dB}
""")
mine = load_hardware(file)

# %%
machines = {"shipped": load_hardware("homodyne"), "mine": mine}
reports = {name: archsim.simulate(each, "resnet20_cifar10") for name, each in machines.items()}
{name: report.energy_by_component_j["modulator"] for name, report in reports.items()}

# %% [markdown]
# The same class gives energy to the simulation of time and noise to that of accuracy: points of
# accuracy lost at four repetitions.

# %%
task = archsim.load_task("digits_cnn")
found = {name: archsim.evaluate(task, each, 4, trials=2) for name, each in machines.items()}
{name: accuracy.drop.value for name, accuracy in found.items()}

# %% [markdown]
# Mistakes are told as for any other component.

# %%
try:
    load_hardware(file, ["tiles.modulator.swing=1 pF"])
except archsim.ConfigError as refused:
    print(refused)
