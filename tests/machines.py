"""Strategies for tiny machines, networks and plans, small enough to be stepped tick by tick."""

from __future__ import annotations

from hypothesis import strategies as st

from archsim.errors import ConfigError
from archsim.hardware import Hardware, load_hardware
from archsim.workload import RepetitionPlan, Workload

SPLITS = st.sampled_from(["rows", "columns", "contraction"])
FEW = st.integers(1, 3)
FAST = {
    "homodyne": ["clocks.symbol=2 GHz", "tiles.dac.rate=2 GHz"],
    "dota_b": ["clocks.symbol=2 GHz", "tiles.dac.rate=1 GHz", "tiles.adc.rate=2 GHz"],
    "ring_bank": [],
    "digital_int8": [],
    "crossbar": ["clocks.array=1 GHz", "clocks.converter=2 GHz", "tiles.dac.rate=1 GHz"],
}
"""Shipped machines, and what makes their ticks coarse."""


@st.composite
def machines(draw, name: str | None = None, arbitration: str = "static") -> Hardware:
    """Return a shipped machine cut down to a handful of cells, its choices made at random."""
    name = name or draw(st.sampled_from(sorted(FAST)))
    shipped = load_hardware(name)
    stationary = shipped.tiles.dataflow == "weight_stationary"
    split = draw(SPLITS)
    # Tiles that need inputs of their own at the same time cannot share one set of drivers.
    sharing = ["none", "tiles"] if stationary or split == "columns" else ["none"]
    chosen = [
        *FAST[name],
        f"tiles.count={draw(st.integers(1, 6))}",
        f"tiles.rows={draw(st.integers(2, 5))}",
        f"tiles.columns={draw(st.integers(4, 6) if name == 'crossbar' else st.integers(1, 5))}",
        f"tiles.cores={draw(FEW)}",
        f"tiles.cores_split={draw(st.sampled_from(['contraction', 'columns']))}",
        f"tiles.tiles_split={split}",
        f"tiles.inputs_shared_by={draw(st.sampled_from(sharing))}",
        f"tiles.accumulator.count={draw(FEW)}",
        f"buffer.size={draw(st.integers(40, 400))} B",
        f"buffer.width={draw(st.integers(8, 64))} bit",
        f"buffer.line_buffer={draw(st.booleans())}".lower(),
        f"dram.bandwidth={draw(st.integers(4, 16))} GB/s",
        f"dram.latency={draw(st.integers(0, 4))} ns",
        f"dram.arbitration={arbitration}",
        f"vector_unit.lanes={draw(FEW)}",
        f"vector_unit.special_cycles={draw(FEW)}",
        f"vector_unit.staging={draw(st.integers(4, 32))} B",
    ]
    if not shipped.tiles.digital:
        chosen += [
            f"tiles.dac.count={draw(FEW)}",
            f"tiles.adc.count={draw(FEW)}",
            f"tiles.readout_buffer={draw(st.booleans())}".lower(),
        ]
    if stationary:
        dynamic = ["array", "vector_unit"]
        chosen += [
            "tiles.reload=true",
            f"tiles.weight_buffers={draw(st.integers(1, 2))}",
            f"tiles.array.write_cycles={draw(FEW)}",
        ]
    else:
        dynamic = ["array", "blocks", "vector_unit"]
        chosen += [
            f"tiles.wavelengths={draw(FEW)}",
            f"tiles.integrate_symbols={draw(st.sampled_from(['null', '1', '2']))}",
            f"tiles.averaging={draw(st.sampled_from(['analog', 'digital']))}",
        ]
    chosen.append(f"tiles.dynamic_products={draw(st.sampled_from(dynamic))}")
    try:
        return load_hardware(name, chosen)
    except ConfigError:  # choices that contradict each other: the sane ones instead
        return load_hardware(name, [*chosen, "tiles.cores=1"])


@st.composite
def networks(draw, products: bool = True) -> Workload:
    """Return a chain of one to four ops on a small image, some with a second branch."""
    side, channels = draw(st.integers(2, 4)), draw(st.integers(1, 4))
    ops: list[dict[str, object]] = []
    shape, last = [1, channels, side, side], "x"
    for index in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["conv", "depthwise", "linear", "add", "gelu", "matmul"]))
        name = f"op{index}"
        if kind in ("conv", "depthwise"):
            shape = _convolution(draw, ops, name, last, shape, grouped=kind == "depthwise")
        elif kind == "linear":
            features = draw(st.integers(1, 5))
            op = {"in_features": shape[3], "out_features": features, "parameters": [[features]]}
            shape = [*shape[:3], features]
            ops.append({"name": name, "kind": "linear", "inputs": [last], "shape": shape, **op})
        elif kind == "matmul" and products and shape[2] == shape[3]:
            op = {"contraction": shape[3]}
            ops.append(
                {"name": name, "kind": "matmul", "inputs": [last, last], "shape": shape, **op}
            )
        else:
            function, inputs = ("gelu", [last]) if kind == "gelu" else ("add", [last, last])
            ops.append(_elementwise(name, function, inputs, shape))
        last = name
        if draw(st.booleans()):
            ops.append(_elementwise(f"{name}:relu", "relu", [last], shape))
            last = f"{name}:relu"
    return Workload.model_validate(
        {
            "name": "tiny",
            "source": {},
            "activation_bits": 8,
            "weight_bits": 8,
            "inputs": [{"name": "x", "shape": [1, channels, side, side]}],
            "ops": ops,
            "outputs": [last],
        }
    )


def _elementwise(name, function, inputs, shape):
    return {
        "name": name,
        "kind": "elementwise",
        "function": function,
        "inputs": inputs,
        "shape": shape,
    }


def _convolution(draw, ops, name, last, shape, *, grouped):
    kernel = draw(st.integers(1, 2))
    channels = shape[1] if grouped else draw(st.integers(1, 4))
    pad = kernel - 1
    made = [1, channels, *(size + 2 * pad - kernel + 1 for size in shape[2:])]
    ops.append(
        {
            "name": name,
            "kind": "conv",
            "inputs": [last],
            "shape": made,
            "in_channels": shape[1],
            "out_channels": channels,
            "kernel": [kernel, kernel],
            "stride": [1, 1],
            "padding": [pad, pad],
            "dilation": [1, 1],
            "groups": shape[1] if grouped else 1,
            "parameters": [[channels]] if draw(st.booleans()) else [],
        }
    )
    return made


@st.composite
def plans(draw, workload: Workload, most: int = 3) -> RepetitionPlan:
    """Return a plan with one count, or one for each channel, for every GEMM."""
    count = st.integers(1, most)
    return RepetitionPlan(
        fingerprint=workload.fingerprint,
        counts={
            op.name: draw(
                st.one_of(
                    count,
                    st.lists(count, min_size=op.channels, max_size=op.channels)
                    if op.channels > 1 and not op.gemm.dynamic
                    else count,
                )
            )
            for op in workload.gemms
        },
    )
