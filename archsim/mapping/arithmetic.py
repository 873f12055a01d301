"""What the numbers of a network go through on a machine: slices, readings, repetitions.

The timing side executes the same cuts; here they are stated for one dot product of each analog
GEMM, so that the functional side draws its noise and its conversions once for each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archsim.errors import MappingError
from archsim.hardware import Dac, Hardware, WeightStationary
from archsim.mapping import layout_blocks, layout_weights
from archsim.mapping.graph import Graph, Operand, Place, place
from archsim.mapping.layout import Counts, Reading, Site, slices
from archsim.physics import repetition
from archsim.workload import RepetitionPlan, Workload


@dataclass(frozen=True, slots=True)
class AnalogProduct:
    """One GEMM on analog arrays.

    Attributes:
        repetitions: K of the whole GEMM, or of each of its columns, group by group.
        input_slices: Parts that an input's bits are driven in.
        input_slice_bits: Bits of one of them.
        weight_slices: Parts that the bits of a weight, or of a held activation, are held in.
        weight_slice_bits: Bits of one of them.
        readings: What one dot product is read in, for each pair of slices.
        together: Output channels whose passes one tile does together at most, neighbours once all
            are sorted by their counts. Of a grouped convolution they are one group's, or all those
            of several groups.
    """

    repetitions: Counts
    input_slices: int
    input_slice_bits: int
    weight_slices: int
    weight_slice_bits: int
    readings: tuple[Reading, ...]
    together: int


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """What the numbers of a network go through on a machine.

    Attributes:
        products: The GEMMs on analog arrays; all others are exact.
        stored: Tensors that lie in memory, as wide as the workload says: network inputs and what
            steps make, by the op that makes them last. The network's outputs are not among them:
            they leave as the sums that the accumulators or the vector unit made.
        operands: For every GEMM the tensors that its operands lie in.
    """

    products: Mapping[str, AnalogProduct]
    stored: frozenset[str]
    operands: Mapping[str, tuple[Operand, ...]]


def arithmetic(
    workload: Workload, hardware: Hardware, plan: RepetitionPlan | int | float = 1
) -> Arithmetic:
    """Return what the numbers of a network go through on a machine.

    Raises:
        WorkloadError: The plan does not fit the workload or the machine.
        MappingError: The machine refuses an op, or a plan that repeats a digital one.
    """
    graph = place(workload, hardware)
    repetitions = counts_of(graph, hardware, plan)
    site = Site(hardware, inputs=1)
    analog = {} if hardware.tiles.digital else repetitions
    made = frozenset(step.output for step in graph.steps)
    return Arithmetic(
        products={name: _product(site, graph, name, counts) for name, counts in analog.items()},
        stored=(graph.network_inputs | made) - graph.outputs,
        operands={step.op.name: step.operands for step in graph.steps if step.op.gemm},
    )


def _product(site: Site, graph: Graph, name: str, counts: Counts) -> AnalogProduct:
    machine = site.hardware.tiles
    step = next(step for step in graph.steps if step.op.name == name)
    cell: Dac | int | None
    if isinstance(machine, WeightStationary):
        cell = machine.array.cell_bits
        readings = layout_weights.readings(site, machine, step)
        together = layout_weights.together(site, machine, step)
    else:
        cell = machine.weight_dac
        readings = layout_blocks.readings(site, machine, step, tuple(map(int, counts)))
        together = layout_blocks.together(machine, step)
    input_slices, input_slice_bits = slices(step.input_bits, machine.dac)
    weight_slices, weight_slice_bits = slices(step.held_bits, cell)
    return AnalogProduct(
        counts, input_slices, input_slice_bits, weight_slices, weight_slice_bits, readings, together
    )


def counts_of(
    graph: Graph, hardware: Hardware, plan: RepetitionPlan | int | float
) -> dict[str, Counts]:
    """Return the counts of every op on the tiles; refuse repetition where nothing is analog."""
    workload = graph.workload
    if not workload.gemms and not isinstance(plan, RepetitionPlan):
        return {}
    full = plan if isinstance(plan, RepetitionPlan) else RepetitionPlan.uniform(workload, plan)
    limits = hardware.power_limits
    full.check(workload, mode=hardware.tiles.repetition.value, power_limits=limits)
    on_tiles = [step.op.name for step in graph.steps if step.place is Place.ARRAY]
    analog = () if hardware.tiles.digital else on_tiles
    wanted = {op.name: full.of_columns(op) for op in workload.gemms}
    repeated = [name for name, ks in wanted.items() if name not in analog and set(ks) != {1}]
    if repeated and (isinstance(plan, RepetitionPlan) or hardware.tiles.digital):
        raise MappingError(
            f"{', '.join(repeated)}: repeated, but executed digitally on '{hardware.name}', where "
            "repetition buys nothing. Set their counts to 1."
        )
    found = {name: wanted[name] if name in analog else (1,) for name in on_tiles}
    for name, counts in found.items():
        check_copies(name, counts, hardware, hardware.tiles.count)
    return found


def check_copies(op: str, counts: Counts, hardware: Hardware, available: int) -> None:
    """Refuse more repetitions in space than there are tiles to do them.

    Raises:
        MappingError: Demand, bound, gap, remedy.
    """
    copies = max(repetition.copies(int(k), hardware.tiles.repetition) for k in counts)
    if copies > available:
        raise MappingError(
            f"{op}: {copies} repetitions in space need {copies} tiles; '{hardware.name}' has "
            f"{available}, {copies - available} too few. Raise tiles.count to {copies}, repeat in "
            "time, or lower the count."
        )
