from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time

import pytest
import yaml
from jsonschema import Draft202012Validator

import archsim as api
from archsim import cli
from archsim.cli import commands, output
from archsim.errors import SimulationError
from tests.commands import archsim
from tests.networks import conv, network, relu


def test_a_run_prints_its_figures_and_nothing_else():
    done = archsim("run", "homodyne", "lenet5")
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "lenet5 on homodyne: serial, batch 1, 416.5 kMAC an input"
    for word in ("latency", "throughput", "energy", "area", "dram", "c1", "bounds"):
        assert word in done.out
    assert all(line == line.rstrip() for line in lines)


def test_json_is_the_report_and_only_that():
    done = archsim("run", "homodyne", "lenet5", "--batch", "2", "--format", "json")
    assert json.loads(done.out) == api.simulate("homodyne", "lenet5", batch=2).to_dict()


def test_csv_is_the_table_of_ops():
    rows = list(
        csv.DictReader(io.StringIO(archsim("run", "homodyne", "lenet5", "--format", "csv").out))
    )
    frame = api.simulate("homodyne", "lenet5").ops
    assert [row["op"] for row in rows] == list(frame.op)
    assert [float(row["energy_j"]) for row in rows] == list(frame.energy_j)
    assert rows[0]["utilization"] == ""


def test_many_ops_are_cut_down_to_the_longest_unless_all_are_asked_for():
    few = archsim("run", "homodyne", "resnet20_cifar10").out
    assert "--all-ops lists them all" in few
    everything = archsim("run", "homodyne", "resnet20_cifar10", "--all-ops").out
    assert "layer1.0.conv1" in everything
    assert len(everything.splitlines()) > len(few.splitlines()) + 30


def test_warnings_go_to_stderr():
    done = archsim("run", "homodyne", "lenet5", "--set", "buffer.size=6 KiB", "--format", "json")
    assert "warning: buffer.size: found 6 KiB, too small" in done.err
    assert json.loads(done.out)["warnings"]


def test_set_and_bits_change_the_run():
    def energy_j(*options):
        return json.loads(archsim("run", "homodyne", "lenet5", "--format", "json", *options).out)[
            "energy_j"
        ]

    base_j = energy_j()
    assert energy_j("--set", "tiles.dac.energy=0 J", "--set", "tiles.adc.enob=6") != base_j
    assert energy_j("--bits", "4") < base_j
    assert energy_j("--bits", "4") == energy_j("--activation-bits", "4", "--weight-bits", "4")
    assert energy_j("--repetitions", "8") > base_j


def test_a_saved_report_holds_what_was_printed(tmp_path):
    done = archsim("run", "homodyne", "lenet5", "--format", "json", "-o", tmp_path / "run")
    assert json.loads((tmp_path / "run/report.json").read_text()) == json.loads(done.out)


def test_a_folder_that_cannot_take_the_report_is_refused_before_the_run(tmp_path, monkeypatch):
    (tmp_path / "precious").write_text("")
    monkeypatch.setattr("archsim.report.simulate", lambda *_: pytest.fail("it ran"))
    done = archsim("run", "homodyne", "lenet5", "-o", tmp_path)
    assert (done.status, done.out) == (2, "")
    assert "found 'precious', which is not part of a report" in done.err


def test_names_that_look_like_markup_are_printed_as_they_are(tmp_path):
    named = network(conv("[red]a[/red]"), relu("[/]b", "[red]a[/red]"), name="[bold]net")
    (tmp_path / "net.json").write_text(json.dumps(named))
    done = archsim("run", "homodyne", tmp_path / "net.json")
    assert (done.status, done.err) == (0, "")
    assert all(name in done.out for name in ("[red]a[/red]", "[bold]net"))


def test_names_cannot_move_the_cursor(tmp_path):
    (tmp_path / "net.json").write_text(json.dumps(network(conv("a\x1b[2J"), relu("r", "a\x1b[2J"))))
    done = archsim("run", "homodyne", tmp_path / "net.json")
    assert (done.status, done.out) == (2, "")
    assert "\x1b" not in done.err


def test_check_prints_facts_and_keeps_going_after_a_fault(tmp_path):
    (tmp_path / "broken.yaml").write_text("format: 1\n")
    done = archsim("check", "homodyne", tmp_path / "broken.yaml", "crossbar")
    assert done.status == 2
    assert "MAC/s" in done.out
    assert "crossbar" in done.out
    assert "broken.yaml" in done.err


def test_check_takes_overrides():
    assert "homodyne" in archsim("check", "homodyne", "--set", "tiles.count=8").out
    assert archsim("check", "homodyne", "--set", "tiles.count=-8").status == 2


def test_check_names_the_files_that_an_override_does_not_fit_and_says_no_line_twice(tmp_path):
    done = archsim("check", "homodyne", "digital_int8", "--set", "tiles.adc.bits=9")
    assert done.status == 2
    faults = [line for line in done.err.splitlines() if not line.startswith("warning: ")]
    assert faults
    assert all(line.startswith("digital_int8: --set") for line in faults)
    (tmp_path / "broken.yaml").write_text("format: 1\n")
    once = archsim("check", tmp_path / "broken.yaml").err.splitlines()
    twice = archsim("check", tmp_path / "broken.yaml", tmp_path / "broken.yaml").err.splitlines()
    assert twice == once


def test_a_plan_and_a_number_of_repetitions_exclude_each_other(tmp_path):
    lenet5 = api.load_workload("lenet5")
    api.save_plan(api.RepetitionPlan.uniform(lenet5, 2), tmp_path / "plan.yaml")
    options = ("run", "homodyne", "lenet5", "--plan", tmp_path / "plan.yaml")
    assert archsim(*options).status == 0
    for number in ("1", "2"):
        done = archsim(*options, "--repetitions", number)
        assert (done.status, done.out) == (2, "")
        assert "beside a plan; expected one of the two" in done.err


def test_check_tells_mismatches_apart_from_facts():
    done = archsim("check", "homodyne", "--set", "tiles.adc.rate=3 GHz")
    assert done.status == 0
    assert "warning: homodyne: " in done.err


def test_schema_is_json_schema():
    Draft202012Validator.check_schema(json.loads(archsim("schema").out))


@pytest.mark.parametrize("kind", ["adc", "reram", "free_space", "hbm2"])
def test_components_are_listed_with_keys_and_units(kind):
    assert f": {kind}" in archsim("components").out
    entries = json.loads(archsim("components", "--format", "json").out)
    assert {entry["kind"] for entry in entries} >= {kind}
    assert archsim("components", "--format", "csv").out.startswith("slot,kind,key,unit")


def test_shipped_names_are_listed_with_their_files():
    assert "homodyne" in archsim("machines").out
    assert "resnet50" in archsim("workloads").out


MODEL = """
import torch

def net(width=4):
    print("building")
    return torch.nn.Sequential(torch.nn.Conv2d(3, width, 3, bias=False), torch.nn.ReLU())
"""


@pytest.fixture
def with_model(tmp_path, monkeypatch):
    (tmp_path / "small_model.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    yield
    sys.modules.pop("small_model", None)


@pytest.mark.usefixtures("with_model")
def test_trace_prints_a_workload_that_runs(tmp_path):
    options = ("--kwargs", '{"width": 5}', "--input", "1x3x8x8", "--name", "small")
    done = archsim("trace", "small_model:net", *options)
    assert (done.status, done.err) == (0, "building\n")
    assert yaml.safe_load(done.out)["macs"] == 5 * 3 * 9 * 6 * 6
    saved = archsim("trace", "small_model:net", *options, "-o", "small.yaml")
    assert (saved.status, saved.out) == (0, "")
    assert "small.yaml: small, 2 ops, 4,860 MACs" in saved.err
    assert (tmp_path / "small.yaml").read_text() == done.out
    assert archsim("run", "homodyne", "small.yaml").status == 0


@pytest.mark.usefixtures("with_model")
@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("small_model.py", "found the extension '.py'; expected .yaml, .yml, .json"),
        ("nowhere/net.yaml", "found no folder nowhere; expected one to write to"),
        ("thesis.yaml", "found something that is no workload"),
        ("empty.json", "found something that is no workload"),
        ("folder.yaml", "found something that is no workload"),
        ("link.yaml", "found something that is no workload"),
    ],
)
def test_trace_asks_before_it_exports_whether_it_may_write_there(
    target, message, tmp_path, monkeypatch
):
    monkeypatch.setattr("archsim.frontend.trace", lambda *_, **__: pytest.fail("it exported"))
    (tmp_path / "thesis.yaml").write_text("precious: true\n")
    (tmp_path / "empty.json").write_text("")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "link.yaml").symlink_to("thesis.yaml")
    done = archsim("trace", "small_model:net", "--input", "1x3x8x8", "-o", target)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"{target}: {message}")


@pytest.mark.usefixtures("with_model")
def test_trace_replaces_an_earlier_workload():
    for width in (5, 6):
        options = ("--kwargs", f'{{"width": {width}}}', "--input", "1x3x8x8", "-o", "net.yaml")
        assert archsim("trace", "small_model:net", *options).status == 0
    assert api.load_workload("net.yaml").macs == 6 * 3 * 9 * 6 * 6


def test_version_and_help_are_data():
    assert archsim("--version").out == f"archsim {api.__version__}\n"
    assert "Usage: archsim" in archsim().out
    for command in ("run", "check", "schema", "components", "trace", "machines", "workloads"):
        done = archsim(command, "--help")
        assert (done.status, done.err) == (0, "")


def test_what_cannot_run_exits_with_3():
    done = archsim("run", "homodyne", "lenet5", "--schedule", "pipelined", "--batch", "2")
    assert (done.status, done.out) == (3, "")
    assert "output stationary" in done.err


def test_a_fault_of_the_program_is_not_hidden(monkeypatch):
    def broken():
        raise ZeroDivisionError

    monkeypatch.setattr(commands, "write_json", lambda _: broken())
    with pytest.raises(ZeroDivisionError):
        archsim("schema")


def test_an_interrupt_is_no_traceback(monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "write_json", interrupted)
    done = archsim("schema")
    assert (done.status, done.err) == (130, "interrupted\n")


def test_a_deadlock_is_a_message(monkeypatch):
    def stuck(_):
        raise SimulationError("deadlock at tick 3: u0 waits for c0 (empty)")

    monkeypatch.setattr(commands, "write_json", stuck)
    done = archsim("schema")
    assert (done.status, done.err) == (3, "deadlock at tick 3: u0 waits for c0 (empty)\n")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_tables_too(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    with output.console() as page:
        page.print("[red]x")
    assert "[red]x" in screen.getvalue()


# ---- in a process of its own --------------------------------------------------------------------


def start(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "archsim", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **{"text": True} | options,
    )


def test_a_run_of_a_saved_workload_loads_neither_torch_nor_pandas():
    code = (
        "import sys, atexit\n"
        "from archsim.cli import main\n"
        "atexit.register(lambda: print({'torch', 'pandas'} & sys.modules.keys(),"
        " file=sys.stderr))\n"
        "main(['run', 'homodyne', 'lenet5'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "set()"


def test_a_reader_that_leaves_early_is_no_fault():
    with start("components") as process:
        process.stdout.close()
        assert process.wait(timeout=120) == 0
        assert process.stderr.read() == ""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_unicode_gets_the_figures_spelt_out(encoding, tmp_path):
    named = network(conv("caf\N{LATIN SMALL LETTER E WITH ACUTE}\N{SNOWMAN}"))
    (tmp_path / "net.json").write_text(json.dumps(named))
    command = ("run", "homodyne", str(tmp_path / "net.json"))
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    with start(*command, env=environment, encoding=encoding) as process:
        out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    assert "----------" in out
    assert ("mm2" if encoding == "ascii" else "mm²") in out
    assert ("caf\\xe9\\u2603" if encoding == "ascii" else "café\\u2603") in out


def test_data_is_utf_8_wherever_it_goes(tmp_path):
    (tmp_path / "net.json").write_text(json.dumps(network(conv("\N{SNOWMAN}"))))
    command = ("run", "homodyne", str(tmp_path / "net.json"), "--format", "json")
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    with start(*command, env=environment, encoding="utf-8") as process:
        out, _ = process.communicate(timeout=120)
    assert "\N{SNOWMAN}" in [op["name"] for op in json.loads(out)["ops"]]


def shell(redirection, *arguments):
    command = [sys.executable, "-m", "archsim", *arguments]
    return subprocess.run(
        ["sh", "-c", f'"$@" {redirection}', "sh", *command],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_output_that_cannot_be_written_is_told():
    full = shell(">/dev/full", "machines")
    assert full.returncode == 2
    assert full.stderr.startswith("stdout: cannot be written (No space left on device); expected")
    closed = shell(">&-", "machines")
    assert closed.returncode == 2
    assert closed.stderr == "stdout: found it closed; expected it open; send it somewhere\n"


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_words_that_nobody_can_read_change_no_status(redirection):
    warned = ("check", "homodyne", "--set", "tiles.adc.rate=3 GHz")
    assert shell(redirection, *warned).returncode == 0
    assert shell(redirection, "check", "no_such_machine").returncode == 2


@pytest.mark.parametrize("pressed", ["raise KeyboardInterrupt", "exec('raise KeyboardInterrupt')"])
def test_control_c_during_the_imports_is_quiet(tmp_path, pressed):
    (tmp_path / "interrupted.py").write_text(
        "import sys\n"
        "from archsim.cli import main\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == 'typer': {pressed}\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "main(['machines'])"
    )
    command = [sys.executable, "-m", "interrupted"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


def test_control_c_ends_a_run_cleanly():
    # Background jobs ignore interrupts and hand that on; whoever sits before a terminal does not.
    heard = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    with start(
        "run", "homodyne", "resnet50", "--batch", "2000", "--engine", "simpy", **heard
    ) as process:
        time.sleep(2.5)
        process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=120)
        finally:
            process.kill()
    assert (process.returncode, out, err) == (130, "", "interrupted\n")


def test_main_is_what_the_package_offers():
    assert cli.__all__ == ["main"]
