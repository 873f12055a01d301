"""Cycles and energy of DeiT on the published photonic tensor core machine.

H. Zhu et al., "Lightening-Transformer", HPCA 2024, arXiv 2305.19533: the base machine (4 tiles of 2
cores of 12 x 12 outputs and 12 wavelengths at 5 GHz). The source counts cycles by formula and
multiplies by power; here they are simulated. What it leaves out (filling and draining the pipeline,
waiting for DRAM, everything that is no GEMM) can only add time.
"""

from functools import cache
from math import ceil

import pytest

import archsim

EIGHT_BITS = ["tiles.dac.bits=8", "tiles.adc.bits=8", "tiles.laser.power=308.0309 mW"]
SYMBOL_S = 2e-10
ENERGY_MJ = {
    ("deit_t", 4): 0.38430,
    ("deit_t", 8): 1.20547,
    ("deit_b", 4): 5.43715,
    ("deit_b", 8): 16.98198,
}
PARTS_MJ = {  # DeiT-T at 4 bits
    "patch_embed.proj": 0.00905,
    "attn.qkv": 0.08245,
    "attn.proj": 0.02748,
    "mlp.fc1": 0.10993,
    "mlp.fc2": 0.10878,
}


@cache
def report(name, bits):
    machine = archsim.load_hardware("dota_b", EIGHT_BITS if bits == 8 else [])
    return archsim.simulate(machine, archsim.load_workload(name).with_bits(bits, bits))


def published_symbols(gemm):
    """Return the source's cycles: static products by columns over tiles, attention by blocks."""
    if not gemm.dynamic:
        return ceil(gemm.rows / 12) * ceil(gemm.columns / 48) * ceil(gemm.contraction / 24)
    blocks = ceil(gemm.rows / 12) * ceil(gemm.columns / 12) * ceil(gemm.contraction / 12)
    return gemm.groups * ceil(blocks / 8)


@pytest.mark.parametrize("name", ["deit_t", "deit_b"])
def test_every_gemm_takes_the_published_cycles_and_what_the_report_calls_stalls(name):
    ops = report(name, 4).ops.set_index("op")
    for op in archsim.load_workload(name).gemms:
        symbols = round(ops.duration_s[op.name] / SYMBOL_S)
        stalls = round(ops.stall_s[op.name] / SYMBOL_S)
        busy, published = symbols - stalls, published_symbols(op.gemm)
        if op.gemm.dynamic:
            # Cores take whole blocks: a product's last wave may leave some idle.
            per_block = ceil(op.gemm.contraction / 12)
            blocks = op.gemm.groups * ceil(op.gemm.rows / 12) * ceil(op.gemm.columns / 12)
            assert busy == ceil(blocks / 8) * per_block
            assert published <= busy + per_block
            assert busy <= published + op.gemm.groups * per_block
        else:
            assert busy == published
        # Filling and draining: buffer, converter, adders, buffer; GELU on its way out.
        # The classifier's weights come from DRAM faster than nothing else hides.
        assert stalls <= 12 or op.name == "head"


def test_published_totals_follow_from_the_published_formulas():
    # DeiT-T, ms: 3.9168 us of QKV, 3.125 us of attention products (per product: 217 for 3 heads).
    gemms = {op.name: op.gemm for op in archsim.load_workload("deit_t").gemms}
    qkv = sum(published_symbols(g) for n, g in gemms.items() if n.endswith("qkv"))
    attention = sum(published_symbols(g) for g in gemms.values() if g.dynamic)
    assert (qkv, attention) == (19_584, 15_624)


@pytest.mark.parametrize(("name", "bits"), list(ENERGY_MJ))
def test_total_energy_is_within_a_tenth_of_the_published(name, bits):
    # Above by 4 to 9 %: every symbol's operands are read from the first-level buffer, results
    # written to the second level, the network's input and output go through DRAM, and norms,
    # softmax and GELU are executed. The source has none of the last three.
    assert report(name, bits).energy_j * 1e3 == pytest.approx(ENERGY_MJ[name, bits], rel=0.10)


def test_without_what_the_source_leaves_out_the_energy_is_a_little_below_the_published():
    # Parts that draw power while a GEMM runs, and weights read once from DRAM: the rest of the
    # source's figure is on-chip traffic that it counts by accesses of its own hierarchy.
    energy = report("deit_t", 4).energy
    gemms = {op.name for op in archsim.load_workload("deit_t").gemms}
    counted = energy[energy.op.isin(gemms) & ~energy.component.isin(["buffer", "vector_unit"])]
    assert counted.energy_j.sum() * 1e3 == pytest.approx(0.97 * ENERGY_MJ["deit_t", 4], rel=0.03)


@pytest.mark.parametrize("part", list(PARTS_MJ))
def test_energy_of_each_part_is_within_a_tenth_of_the_published(part):
    energy = report("deit_t", 4).ops.set_index("op").energy_j
    found = energy[[name for name in energy.index if name.endswith(part)]].sum()
    assert found * 1e3 == pytest.approx(PARTS_MJ[part], rel=0.10)
