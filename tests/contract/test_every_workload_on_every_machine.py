"""Every shipped network runs on every shipped machine, alike on every engine, below rooflines."""

from collections import Counter

import pytest

from archsim import workload as networks
from archsim.engine import Ledger, compiled, run, simpy_engine
from archsim.hardware import load_hardware, shipped
from archsim.mapping import Program, compile_workload
from archsim.mapping.graph import Place, place
from archsim.workload import load_workload

BITS = {"dota_b": 4}
"""Its converters are 4 bits wide; at 8 bits every product is four, which tests nothing more."""


SIMPY_STEPS = 25_000
"""Instructions that the SimPy engine executes in a fraction of a second."""

LONGEST_STEPS = 1_500_000
"""Instructions that it executes in some seconds; those of longer runs take it up to minutes."""

every = pytest.mark.parametrize("network", sorted(networks.shipped()))
everywhere = pytest.mark.parametrize("machine", sorted(shipped()))
repeated = pytest.mark.parametrize("repetitions", [1, 7])


@every
@everywhere
def test_engines_agree_where_products_are_repeated(machine, network):
    program = program_of(machine, network, 7)
    if program.code.steps >= SIMPY_STEPS:
        pytest.skip("longer: see the slow tests")
    check_engines(program, compiled.run(program))


def check_engines(program: Program, ledger: Ledger) -> None:
    assert compiled.run(program, fast_forward=False) == ledger
    if program.code.steps < SIMPY_STEPS:
        assert simpy_engine.run(program) == ledger


@pytest.mark.slow
@every
@everywhere
@repeated
def test_both_engines_agree_on_long_runs(machine, network, repetitions):
    program = program_of(machine, network, repetitions)
    if not SIMPY_STEPS <= program.code.steps < LONGEST_STEPS:
        pytest.skip("shorter, so compared already, or among the longest")
    assert simpy_engine.run(program) == compiled.run(program)


@pytest.mark.slow
@every
@everywhere
@repeated
def test_both_engines_agree_on_the_longest_runs(machine, network, repetitions):
    program = program_of(machine, network, repetitions)
    if program.code.steps < LONGEST_STEPS:
        pytest.skip("not among the longest")
    assert simpy_engine.run(program) == compiled.run(program)


def program_of(machine: str, network: str, repetitions: int) -> Program:
    bits = BITS.get(machine, 8)
    workload, hardware = load_workload(network).with_bits(bits, bits), load_hardware(machine)
    if hardware.tiles.digital and repetitions > 1:
        pytest.skip("a digital machine repeats nothing")
    return compile_workload(workload, hardware, repetitions).program


@every
@everywhere
def test_it_runs_and_obeys_the_rooflines(machine, network):
    hardware, bits = load_hardware(machine), BITS.get(machine, 8)
    workload = load_workload(network).with_bits(bits, bits)
    made = compile_workload(workload, hardware)
    ledger = run(made.program)
    check_engines(made.program, ledger)
    totals = Counter()
    for counts in ledger.actions.values():
        totals.update(counts)

    on_tiles, on_lanes = 0, 0
    for step in place(workload, hardware).steps:
        if step.op.gemm and step.place is Place.ARRAY:
            placed = made.placements[step.op.name]
            on_tiles += step.op.gemm.macs * placed.input_slices * placed.weight_slices
        elif step.op.gemm:
            on_lanes += step.op.gemm.macs
    assert totals["array.mac"] == on_tiles
    assert totals["vector_unit.mac"] == on_lanes

    makespan_s = ledger.makespan_ticks * made.tick_s
    tiles, buffer, dram = hardware.tiles, hardware.buffer, hardware.dram
    products = tiles.arrays * tiles.products_per_pass
    passes_hz = hardware.clocks[tiles.clock] / tiles.array.pass_cycles
    lanes = hardware.vector_unit.lanes * hardware.clocks[hardware.vector_unit.clock]
    read_bits_hz = buffer.ports.read * buffer.width_bits * hardware.clocks[buffer.clock]
    moved_bits = totals["dram.read_bit"] + totals["dram.write_bit"]
    assert makespan_s >= totals["array.mac"] / (products * passes_hz)
    assert makespan_s >= (totals["vector_unit.simple"] + totals["vector_unit.special"]) / lanes
    assert makespan_s >= totals["buffer.read_bit"] / read_bits_hz
    assert makespan_s >= moved_bits / (8 * dram.bandwidth_byte_per_s)
    assert totals["dram.read_bit"] >= bits * workload.weights
