"""Whatever is wrong with the input: a sentence, never a traceback, never a number.

Each case is a command line. ``{tmp}`` is a folder holding broken copies of good files, made by the
edits in ``FILES``; everything else is as a user might type it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from archsim import workload as networks
from archsim.hardware import shipped
from archsim.workload import RepetitionPlan, load_workload, save_plan
from tests.commands import archsim

MACHINE = shipped()["homodyne"].read_text(encoding="utf-8")
WORKLOAD = networks.shipped()["lenet5"].read_text(encoding="utf-8")


def machine(old: str, new: str) -> str:
    """Return the shipped machine with one edit."""
    assert MACHINE.count(old) >= 1, old
    return MACHINE.replace(old, new, 1)


def workload(old: str, new: str) -> str:
    """Return the shipped workload with one edit, its fingerprint and totals left to the loader."""
    lines = [li for li in WORKLOAD.splitlines() if not li.startswith(("fingerprint", "macs"))]
    text = re.sub(r", macs: \d+", "", "\n".join(lines))
    assert text.count(old) >= 1, old
    return text.replace(old, new, 1)


def plan(**changes: object) -> str:
    """Return a plan for the shipped workload with some counts changed, as JSON."""
    lenet = load_workload("lenet5")
    counts: dict[str, object] = {op.name: 2 for op in lenet.gemms}
    counts |= changes.pop("counts", {})  # type: ignore[arg-type]
    data = {"format": 1, "fingerprint": lenet.fingerprint, "counts": counts} | changes
    return json.dumps(data)


HUGE = "9" * 400

MACHINES = {
    "empty": "",
    "scalar": "42\n",
    "list": "- 1\n- 2\n",
    "unclosed": MACHINE + "\nfoo: [1, 2\n",
    "tab": machine("\n  count: 4", "\n\tcount: 4"),
    "duplicate_key": machine("  count: 4", "  count: 4\n  count: 5"),
    "typo_key": machine("  cores: 1", "  coers: 1"),
    "typo_kind": machine("kind: mzm", "kind: mzn"),
    "typo_discriminator": machine("  dataflow: out", "  dataflw: out"),
    "quoted_format": machine("format: 1", 'format: "1"'),
    "leading_zero": machine("  rows: 64", "  rows: 064"),
    "base_of_no_shipped_machine": "base: homodin\n",
    "typo_choice": machine("tiles_split: columns", "tiles_split: column"),
    "typo_dataflow": machine("dataflow: output_stationary", "dataflow: output_stationery"),
    "missing_key": machine("  rows: 64\n", ""),
    "no_unit": machine("loss: 3 dB, static_power", "loss: 3, static_power"),
    "wrong_unit": machine("energy: 25 fJ", "energy: 25 fs"),
    "unit_without_number": machine("energy: 25 fJ", "energy: fJ"),
    "unknown_prefix": machine("energy: 25 fJ", "energy: 25 qJ"),
    "negative_energy": machine("energy: 25 fJ", "energy: -25 fJ"),
    "negative_count": machine("  count: 4", "  count: -4"),
    "zero_count": machine("  count: 4", "  count: 0"),
    "zero_rows": machine("  rows: 64", "  rows: 0"),
    "fractional_count": machine("  count: 4", "  count: 4.5"),
    "text_count": machine("  count: 4", '  count: "4"'),
    "nan": machine("wall_plug_efficiency: 0.2", "wall_plug_efficiency: .nan"),
    "infinity": machine("wall_plug_efficiency: 0.2", "wall_plug_efficiency: .inf"),
    "efficiency_above_one": machine("wall_plug_efficiency: 0.2", "wall_plug_efficiency: 2.0"),
    "zero_clock": machine("symbol: 5 GHz", "symbol: 0 GHz"),
    "huge_clock": machine("symbol: 5 GHz", f"symbol: {HUGE} GHz"),
    "tiny_tick": machine("symbol: 5 GHz", "symbol: 4999999999.9999999999999 Hz"),
    "unknown_clock": machine("  clock: symbol", "  clock: symbols"),
    "huge_count": machine("  count: 4", f"  count: {HUGE}"),
    "huge_exponent": machine("wall_plug_efficiency: 0.2", "wall_plug_efficiency: 1e-999999999"),
    "huge_size": machine("size: 4 MiB", f"size: {HUGE} MiB"),
    "alias": MACHINE + "\na: &a [1]\nb: *a\n",
    "tag": MACHINE + "\na: !!python/object/apply:os.system [ls]\n",
    "base_of_nothing": "base: nowhere.yaml\nname: x\n",
    "base_of_itself": "base: base_of_itself.yaml\n",
    "base_not_text": "base: [1]\n",
    "format_from_the_future": machine("format: 1", "format: 2"),
    "adc_beyond_survey": machine("enob: 7.5", "enob: 0.1"),
    "two_levels": machine(
        "quantum_efficiency: 0.8", "quantum_efficiency: 0.8\n    photons_per_mac: 0"
    ),
    "null_part": machine(
        "  laser:\n    kind: laser\n", "  laser: null\n  lazer:\n    kind: laser\n"
    ),
    "deep": "a: " + "[" * 3000 + "]" * 3000 + "\n",
}
WORKLOADS = {
    "empty": "",
    "duplicate_key": workload("name: lenet5", "name: lenet5\nname: lenet6"),
    "typo_kind": workload("kind: conv", "kind: conf"),
    "typo_key": workload("activation_bits", "activation_bit"),
    "unknown_input": workload("inputs: [c1", "inputs: [c11"),
    "cycle": workload("inputs: [c1", "inputs: [c3"),
    "reads_itself": workload("inputs: [tanh1", "inputs: [s2"),
    "wrong_shape": workload("shape: [1, 6, 28, 28]", "shape: [1, 6, 27, 28]"),
    "negative_size": workload("shape: [1, 6, 28, 28]", "shape: [1, -6, 28, 28]"),
    "zero_size": workload("shape: [1, 6, 28, 28]", "shape: [1, 0, 28, 28]"),
    "huge_size": workload("shape: [1, 6, 28, 28]", f"shape: [1, {HUGE}, 28, 28]"),
    "nan": workload("activation_bits: 8", "activation_bits: .nan"),
    "zero_bits": workload("activation_bits: 8", "activation_bits: 0"),
    "same_name": workload("name: c3", "name: c1"),
    "no_output": workload("outputs: [output]", "outputs: []"),
    "unknown_output": workload("outputs: [output]", "outputs: [outptu]"),
    "foreign_fingerprint": WORKLOAD.replace("sha256:", "sha256:0", 1).replace("0", "1", 1),
    "no_shape": WORKLOAD.replace("shape: [1, 6, 28, 28]", "shape: []", 1),
    "wrong_groups": WORKLOAD.replace("kernel: [5, 5]", "groups: 3, kernel: [5, 5]", 1),
    "huge_kernel": WORKLOAD.replace("kernel: [5, 5]", "kernel: [50, 50]", 1),
    "reserved_name": workload("name: c3", "name: (idle)"),
    "name_with_control": workload("name: c3", 'name: "c\\x03"'),
    "edited": WORKLOAD.replace("name: s2", "name: s22"),
    "wrong_macs": re.sub(r"(?m)^macs: \d+", "macs: 7", WORKLOAD),
    "format_from_the_future": workload("format: 1", "format: 99"),
    "a_machine": MACHINE,
}
PLANS = {
    "empty": "",
    "not_json": "{",
    "foreign": plan(fingerprint="sha256:" + "0" * 64),
    "no_fingerprint": plan(fingerprint="abc"),
    "unknown_op": plan(counts={"c33": 2}),
    "op_without_products": plan(counts={"s2": 2}),
    "fractional": plan(counts={"c1": 1.5}),
    "zero": plan(counts={"c1": 0}),
    "negative": plan(counts={"c1": -1}),
    "text": plan(counts={"c1": "many"}),
    "truth": plan(counts={"c1": True}),
    "nan": plan(counts={"c1": 2}).replace("2", "NaN"),
    "wrong_channels": plan(counts={"c1": [1, 2, 3]}),
    "empty_list": plan(counts={"c1": []}),
    "missing_ops": json.dumps(json.loads(plan()) | {"counts": {"c1": 2}}),
}
BINARY = bytes(range(256)) * 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("broken")
    for kind, files in (("machine", MACHINES), ("workload", WORKLOADS), ("plan", PLANS)):
        (root / kind).mkdir()
        suffix = "json" if kind == "plan" else "yaml"
        for name, text in files.items():
            (root / kind / f"{name}.{suffix}").write_text(text, encoding="utf-8")
    (root / "junk.yaml").write_bytes(BINARY)
    (root / "junk.json").write_bytes(BINARY)
    (root / "latin.yaml").write_bytes("name: é".encode("latin-1"))
    (root / "text.txt").write_text("hello")
    (root / "folder.yaml").mkdir()
    (root / "broken_model.py").write_text(
        "def net():\n    raise RuntimeError('no [red] weights')\n"
    )
    (root / "no_model.py").write_text("net = 3\ndef number():\n    return 3\n")
    (root / "exits.py").write_text("import sys\nsys.exit(0)\n")
    (root / "no_syntax.py").write_text("def net(:\n")
    lenet = load_workload("lenet5")
    save_plan(RepetitionPlan.uniform(lenet, 2), root / "good_plan.yaml")
    return root


COMMANDS = [
    *(f"run {{tmp}}/machine/{name}.yaml lenet5" for name in MACHINES),
    *(f"run homodyne {{tmp}}/workload/{name}.yaml" for name in WORKLOADS),
    *(f"run homodyne lenet5 --plan {{tmp}}/plan/{name}.json" for name in PLANS),
    *(
        f"run {machine_} {workload_}"
        for file in ("junk.yaml", "junk.json", "latin.yaml", "text.txt", "folder.yaml", "no.yaml")
        for machine_, workload_ in ((f"{{tmp}}/{file}", "lenet5"), ("homodyne", f"{{tmp}}/{file}"))
    ),
    "run {tmp} lenet5",
    "run homodyn lenet5",
    "run homodyne lenet",
    "run homodyne",
    "run",
    "ran homodyne lenet5",
    "run homodyne lenet5 --bach 2",
    "run homodyne lenet5 --batch 0",
    "run homodyne lenet5 --batch -3",
    "run homodyne lenet5 --batch 1.5",
    "run homodyne lenet5 --batch many",
    "run homodyne lenet5 --schedule sequential",
    "run homodyne lenet5 --schedule pipelined --batch 2",
    "run crossbar lenet5 --schedule pipelined",
    "run homodyne lenet5 --engine quantum",
    "run homodyne lenet5 --format xml",
    "run homodyne lenet5 --repetitions 0",
    "run homodyne lenet5 --repetitions -2",
    "run homodyne lenet5 --repetitions 1.5",
    "run homodyne lenet5 --repetitions nan",
    "run homodyne lenet5 --repetitions inf",
    "run homodyne lenet5 --repetitions few",
    "run homodyne lenet5 --plan {tmp}/good_plan.yaml --repetitions 2",
    "run homodyne resnet20_cifar10 --plan {tmp}/good_plan.yaml",
    "run digital_int8 lenet5 --repetitions 2",
    "run homodyne lenet5 --set tiles.repetition=power --repetitions 1000",
    "run homodyne lenet5 --set tiles.repetition=space --repetitions 5",
    "run homodyne lenet5 --bits 0",
    "run homodyne lenet5 --bits -8",
    "run homodyne lenet5 --bits 99",
    "run homodyne lenet5 --bits 4 --weight-bits 4",
    "run homodyne lenet5 --weight-bits eight",
    "run homodyne lenet5 --set tiles.adc.bits",
    "run homodyne lenet5 --set =6",
    "run homodyne lenet5 --set tiles..bits=6",
    "run homodyne lenet5 --set tiles.adc.bit=6",
    "run homodyne lenet5 --set tiles.acd.bits=6",
    "run homodyne lenet5 --set tiles.adc.bits=six",
    "run homodyne lenet5 --set tiles.adc.bits=[",
    "run homodyne lenet5 --set tiles.adc.bits.deep=6",
    "run homodyne lenet5 --set tiles.dac.energy=5",
    "run homodyne lenet5 --set tiles.dac.energy=nan",
    "run homodyne lenet5 --set tiles.dac.energy=",
    "run homodyne lenet5 --set buffer.size=8bit",
    "run homodyne lenet5 --set buffer.size=1.5bit",
    "run homodyne lenet5 --set tiles.rows=064",
    "run homodyne lenet5 --set tiles.rows=1000000000",
    "run homodyne lenet5 --set tiles.tia.count=4",
    "run homodyne lenet5 --set tiles.tiles_split=rows",
    "run homodyne lenet5 --set tiles.modulator.loss=10000dB",
    "run homodyne lenet5 --set tiles.modulator.loss=200dB",
    "run homodyne lenet5 --set dram.latency=1e9s",
    "run homodyne lenet5 --set tiles.repetition=power --set tiles.laser.on=always",
    "run  lenet5",
    "run homodyne ",
    "run homodyne lenet5 -o {tmp}",
    "run homodyne lenet5 -o {tmp}/text.txt",
    "run homodyne lenet5 -o {tmp}/text.txt/deeper",
    "run homodyne lenet5 -o .",
    "check",
    "check nothing",
    "check {tmp}/junk.yaml",
    "check {tmp}/machine/typo_key.yaml {tmp}/machine/nan.yaml",
    "check homodyne --set tiles.count=x",
    "components --format yaml",
    "trace",
    "trace torch",
    "trace torch.nn:Identity",
    "trace torch.nn:Identity --input",
    "trace torch.nn:Identity --input 1xx3",
    "trace torch.nn:Identity --input 1x-3",
    "trace torch.nn:Identity --input 0x3",
    "trace torch.nn:Identity --input 1x3:float7",
    "trace torch.nn:Identity --input 1x3 --kwargs {",
    "trace torch.nn:Identity --input 1x3 --kwargs [1]",
    "trace torch.nn:Linear --input 1x3 --kwargs {}",
    "trace torch.nn:Identity --input 1x3 --device moon",
    "trace torch.nn:Identities --input 1x3",
    "trace no.such.module:net --input 1x3",
    "trace broken_model:net --input 1x3",
    "trace no_model:net --input 1x3",
    "trace no_model:number --input 1x3",
    "trace no_syntax:net --input 1x3",
    "trace exits:net --input 1x3",
    'trace torch.nn:LSTM --input 5x1x3 --kwargs {"input_size":3,"hidden_size":2}',
    "trace torch.nn:ReLU --input 1x3 -o {tmp}/net.txt",
    "trace torch.nn:ReLU --input 1x3 -o {tmp}/nowhere/net.yaml",
]


def named(command: str) -> str:
    return re.sub(r"[^\w.=-]+", " ", command.replace("{tmp}/", "")).strip()


@pytest.mark.parametrize("command", COMMANDS, ids=map(named, COMMANDS))
def test_wrong_input_gets_a_sentence(command, folder, monkeypatch):
    monkeypatch.chdir(folder)
    arguments = [argument.replace("{tmp}", str(folder)) for argument in command.split(" ")]
    done = archsim(*arguments)
    assert done.status in (2, 3), done
    assert done.out == "", done.out
    assert done.err.endswith("\n")
    lines = done.err.splitlines()
    assert lines
    for line in lines:
        assert HOUSE_FORM.match(line), line
    assert len(done.err) < 4000 * len(lines)
    assert not list(Path(folder).glob("net.*"))


HOUSE_FORM = re.compile(
    r"\S.*: .+; expected .+; .+$"  # where: found; expected; what to do
    r"|\S.*: cannot be (read|written) .+; .+$"
    r"|\S.*: .+\. (Raise|Set|Use) .+\.$"  # demand, bound, gap. Remedy.
)


def test_every_fault_of_a_file_is_told_at_once(tmp_path):
    text = MACHINE
    for old, new in (
        ("  rows: 64", "  rows: 0"),
        ("energy: 25 fJ", "energy: 25 fs"),
        ("kind: hbm2", "kind: hbm9"),
    ):
        text = text.replace(old, new, 1)
    (tmp_path / "three.yaml").write_text(text)
    lines = archsim("check", tmp_path / "three.yaml").err.splitlines()
    assert len(lines) == 3
    assert all(re.match(r".*three\.yaml:\d+:\d+: \S+: found .*; .+", line) for line in lines)


def test_a_fault_of_every_file_is_told(folder):
    done = archsim("check", folder / "machine/typo_key.yaml", folder / "machine/nan.yaml")
    assert "did you mean 'cores'?" in done.err
    assert "nan.yaml:" in done.err
