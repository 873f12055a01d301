"""The exported graph with quantisers and analog products in it: a network as a machine runs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from archsim.errors import ConfigError, WorkloadError
from archsim.frontend import Exported, operator
from archsim.functional.draws import Draws
from archsim.functional.gemm import AnalogGemm
from archsim.functional.inserting import FORMS, Inserter
from archsim.functional.path import AnalogPath
from archsim.functional.quantisers import EXACT_BITS, Quantiser
from archsim.functional.recording import Recorder
from archsim.functional.settings import Settings
from archsim.functional.specification import Specification
from archsim.hardware import Formula, Hardware
from archsim.mapping import Arithmetic
from archsim.workload import RepetitionPlan


class Simulator(nn.Module):
    """A network as a machine runs it, on any device and at any batch size.

    After :meth:`calibrate` a call gives the quantised network without noise; within what
    :meth:`draw` has set, with it.
    """

    def __init__(
        self,
        exported: Exported,
        hardware: Hardware,
        plan: RepetitionPlan | int | float = 1,
        settings: Settings | None = None,
    ) -> None:
        """Insert quantisers and analog products.

        Args:
            exported: The network, as ``frontend.export`` gives it.
            hardware: The machine.
            plan: Repetition counts, or one for all GEMMs on analog arrays.
            settings: Quantisers, sources and converters; the defaults if not given.

        Raises:
            ArchsimError: The plan or the machine does not fit the network, a source is unknown, or
                an analog op has no functional form.
        """
        super().__init__()
        chosen = settings or Settings()
        told = Specification.of(exported.workload, hardware, plan, chosen)
        self.numbers, self.path = told.numbers, told.path
        _check_slices(exported, self.numbers, self.path, chosen)
        _check_forms(exported, self.numbers)
        inserter = Inserter(exported, self.numbers, self.path, chosen.quantisation)
        self.graph_module = inserter.insert()
        self.quantisers: Mapping[str, Quantiser] = inserter.quantisers
        self.gemms: Mapping[str, AnalogGemm] = inserter.gemms

    def forward(self, *inputs: Tensor) -> Any:
        """Return what the network returns."""
        return self.graph_module(*inputs)

    def calibrate(self, batches: Iterable[Sequence[Tensor]]) -> None:
        """Set all ranges: of activations with weights quantised alone, of sums with all.

        Ranges that were set before are forgotten, and nothing is drawn from then on.

        Raises:
            ConfigError: There is no batch.
        """
        kept = [tuple(batch) for batch in batches]
        if not kept:
            raise ConfigError(
                "calibration: found no data; expected one batch at least; give data to calibrate on"
            )
        self.draw(None)
        for gemm in self.gemms.values():
            gemm.forget()
        for quantiser in self.quantisers.values():
            quantiser.watch()
        with torch.no_grad():
            for batch in kept:
                self(*batch)
            for quantiser in self.quantisers.values():
                quantiser.settle()
            if self.path.adc_bits is None:
                return
            for gemm in self.gemms.values():
                gemm.readout.watching = True
            for batch in kept:
                self(*batch)
            for gemm in self.gemms.values():
                gemm.settle()

    def draw(self, draws: Draws | None) -> None:
        """Say where the next call's random numbers come from; None: no noise."""
        for gemm in self.gemms.values():
            gemm.draws = draws

    def repeat(self, repetitions: Mapping[str, Tensor]) -> None:
        """Give products other repetition counts: one, or one for each channel.

        How a machine cuts a product may depend on its counts; that stays as it is.
        """
        for name, counts in repetitions.items():
            self.gemms[name].repeat(counts)

    def record(self) -> Mapping[str, Recorder]:
        """Begin to gather what noise does to each product."""
        recorders = {name: Recorder() for name in self.gemms}
        for name, gemm in self.gemms.items():
            gemm.recorder = recorders[name]
        return recorders

    def stop_recording(self) -> None:
        """Gather no more."""
        for gemm in self.gemms.values():
            gemm.recorder = None

    def stand_in(self, levels: Mapping[str, tuple[Tensor, Tensor]] | None) -> None:
        """Let a quantiser stand for the noise of each product.

        Args:
            levels: Step and one of the levels, by channel; None for no quantisers.
        """
        for name, gemm in self.gemms.items():
            gemm.stand_in = None if levels is None else levels[name]


def _check_slices(
    exported: Exported, numbers: Arithmetic, path: AnalogPath, chosen: Settings
) -> None:
    """Refuse slices of what cannot be sliced, and levels that have no meaning for slices."""
    sliced = [n for n, p in numbers.products.items() if p.input_slices * p.weight_slices > 1]
    workload, faults = exported.workload, []
    if sliced and chosen.quantisation is None:
        faults.append(
            f"quantisation: found it off, but {len(sliced)} products are driven or held in slices "
            "of their bits on this machine; expected whole numbers to slice; leave it on, or widen "
            "the converters or cells"
        )
    most = max(
        (
            max(workload.activation_bits_of(workload.op(n).inputs[0]), workload.weight_bits_of(n))
            for n in sliced
        ),
        default=0,
    )
    if most > EXACT_BITS:
        faults.append(
            f"bits: found {most}, in slices; expected at most {EXACT_BITS}, which single precision "
            "holds; lower them"
        )
    if sliced and any(source.formula is Formula.SHOT_DIRECT for source in path.sources.counted):
        faults.append(
            "tiles.detector.photons_per_mac: found it beside products in slices; expected one "
            "slice, as it is a level of the whole product, which direct detection counts slice by "
            "slice; leave it out, or widen the converters or cells"
        )
    if faults:
        raise ConfigError("\n".join(faults))


def _check_forms(exported: Exported, numbers: Arithmetic) -> None:
    """Refuse analog products that the functional side cannot compute, all at once."""
    refused = [
        f"{name} ({operator(node).removeprefix('aten.')})"
        for node in exported.graph_module.graph.nodes
        if (name := exported.op_names.get(node.name)) in numbers.products
        and operator(node) not in FORMS
    ]
    if refused:
        raise WorkloadError(
            f"{exported.workload.name}: found {', '.join(refused)} on analog arrays; expected "
            "convolutions, linears and products of two activations, the forms whose noise is "
            "simulated; write a transposed convolution as a linear and a fold"
        )
