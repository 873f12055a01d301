"""Reading results of sweeps from the command line, on sweeps of a tiny network that really ran."""

from __future__ import annotations

import csv
import io
import json
import shutil
from dataclasses import replace

import pytest

from archsim.cli.output import Format
from archsim.cli.sweep_reading_commands import compare
from archsim.errors import ConfigError
from archsim.sweep import load_sweep, load_sweep_file
from archsim.sweep.designs import design_of
from archsim.sweep.directory import Directory
from archsim.sweep.executor import Done
from archsim.sweep.file import AccuracyPart
from archsim.sweep.identity import Identity
from archsim.sweep.points import Worker
from archsim.sweep.probing import probing
from archsim.sweep.running import Coordinator, Listed
from archsim.sweep.samples import SAMPLES, keep_samples, kept_samples
from tests.commands import archsim

# LeNet-5 reads its weights and input (8 bit each) and biases (24 bit, as the accumulator) from
# DRAM once, and writes ten results of 8 bit.
WEIGHTS = 150 + 2_400 + 48_000 + 10_080 + 840
BIASES = 6 + 16 + 120 + 84 + 10
READ_BITS = 8 * (WEIGHTS + 32 * 32) + 24 * BIASES
WRITTEN_BITS = 8 * 10

# The energy moves by READ_BITS x 1 pJ over the one range, by WRITTEN_BITS x 4 nJ over the other.
VARIANCES = (READ_BITS * 1e-12) ** 2, (WRITTEN_BITS * 4e-9) ** 2
SHARES = [each / sum(VARIANCES) for each in VARIANCES]

LINEAR = """
format: 1
hardware: homodyne
workload: lenet5
vary:
  dram.read_energy: {from: 6 pJ/bit, to: 7 pJ/bit}
  dram.write_energy: {from: 1 nJ/bit, to: 5 nJ/bit}
objectives: {energy_j: min, latency_s: min}
"""


class Here:
    """Runs jobs in this process, so that tests start none."""

    room, workers = 1, 1

    def __init__(self, sweep):
        self._worker, self._done = Worker(sweep), []

    def submit(self, ticket, job):
        self._done.append((ticket, self._worker.run(job)))
        self.room = 0

    def wait(self, _timeout_s) -> list[Done]:
        done, self._done, self.room = self._done, [], 1
        return done


def ran(sweep, folder):
    """Run a sweep in this process; return its directory."""
    identity, design = Identity(sweep), design_of(sweep)
    with Directory(folder, identity, design) as directory:
        directory.open()
        keep_samples(folder, identity, design)
        Coordinator(Listed(design, identity, directory), directory, Here(sweep)).run()
    return folder


def written(folder, text, name="sweep.yaml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("sweeps")


@pytest.fixture(scope="module")
def grid(home):
    """Machines of 1, 2 and 4 tiles, each with three DRAMs."""
    text = LINEAR.split("vary", maxsplit=1)[0] + (
        "vary: {tiles.count: [1, 2, 4], dram.bandwidth: [1 GB/s, 4 GB/s, 64 GB/s]}\n"
        "objectives: {area_m2: min, latency_s: min}\n"
    )
    return ran(load_sweep_file(written(home, text, "grid.yaml")), home / "grid")


def indices(done):
    assert done.status == 0, done.err
    return {(row["figure"], row["parameter"]): row for row in json.loads(done.out)["indices"]}


def test_the_traffic_is_what_was_computed_by_hand(home):
    text = LINEAR.replace("objectives", "search: {method: random, trials: 3}\nobjectives")
    frame = load_sweep(ran(load_sweep_file(written(home, text)), home / "random"))
    read, wrote = frame["dram.read_energy_j_per_bit"], frame["dram.write_energy_j_per_bit"]
    assert list(frame.dram_energy_j) == pytest.approx(
        list(READ_BITS * read + WRITTEN_BITS * wrote), rel=1e-12
    )


def test_sobol_indices_of_a_machine_agree_with_a_hand_computation(home):
    sweep, _ = probing(written(home, LINEAR), ["energy_j"], samples=64)
    found = indices(archsim("sensitivity", ran(sweep, home / "sobol"), "--format", "json"))
    for parameter, share in zip(
        ("dram.read_energy_j_per_bit", "dram.write_energy_j_per_bit"), SHARES, strict=True
    ):
        row = found["energy_j", parameter]
        assert abs(row["first"] - share) < row["first_95"] < 0.3
        assert abs(row["total"] - share) < row["total_95"] < 0.3


def test_elementary_effects_of_a_machine_agree_with_a_hand_computation(home):
    sweep, _ = probing(written(home, LINEAR), ["energy_j"], method="morris", samples=4)
    found = indices(archsim("sensitivity", ran(sweep, home / "morris"), "--format", "json"))
    read, wrote = found.values()
    assert (read["mu_star"], wrote["mu_star"]) == pytest.approx(
        (READ_BITS * 1e-12, WRITTEN_BITS * 4e-9), rel=1e-6
    )


def test_exact_indices_of_a_machine_agree_with_a_hand_computation(home):
    text = LINEAR.replace("/bit}", "/bit, points: 3}")
    folder = ran(load_sweep_file(written(home, text)), home / "exact")
    found = indices(archsim("sensitivity", folder, "--figures", "energy_j", "--format", "json"))
    assert [row["first"] for row in found.values()] == pytest.approx(SHARES, rel=1e-9)
    assert [row["total"] for row in found.values()] == pytest.approx(SHARES, rel=1e-9)


def test_a_design_is_kept_with_its_results_and_known_again(home):
    sweep, _ = probing(written(home, LINEAR), ["energy_j"], samples=2)
    folder = ran(sweep, home / "kept")
    found = kept_samples(folder, Identity(sweep).digest)
    assert (found.method, len(found.points)) == ("saltelli", 2 * 4)
    assert found.axes == ("dram.read_energy_j_per_bit", "dram.write_energy_j_per_bit")
    assert (found.shares == design_of(sweep).shares).all()
    (folder / SAMPLES).write_bytes(b"PAR1")
    done = archsim("sensitivity", folder)
    assert done.status == 2
    assert "found it damaged; expected that of these results; run the sweep again" in done.err
    ran(sweep, folder)
    assert kept_samples(folder, Identity(sweep).digest).axes == found.axes


def test_a_sweep_file_is_run_by_a_design_of_its_own(home, monkeypatch):
    monkeypatch.setattr("archsim.sweep.run_sweep", lambda made, folder, *_, **__: ran(made, folder))
    file = written(home, LINEAR + 'where: {area_m2: "<= 1 mm^2"}\n', "limited.yaml")
    done = archsim(
        "sensitivity", file, "--samples", "2", "--figures", "energy_j", "-o", home / "file"
    )
    assert (done.status, done.err) == (
        0,
        "warning: limits are left out (area_m2 <= 1e-06): indices are about all that the ranges "
        "hold\n",
    )
    assert "Sobol indices" in done.out
    assert "dram.read_energy" in done.out


def test_accuracy_that_no_figure_needs_is_left_out(home, monkeypatch):
    def with_accuracy(file, search):
        return replace(load_sweep_file(file, search=search), accuracy=AccuracyPart())

    monkeypatch.setattr("archsim.sweep.probing.load_sweep_file", with_accuracy)
    sweep, notes = probing(written(home, LINEAR), ["energy_j"])
    assert (sweep.accuracy, notes) == (
        None,
        ["accuracy is left out: none of the figures needs it"],
    )
    sweep, notes = probing(written(home, LINEAR), ["energy_j", "drop"])
    assert (sweep.accuracy, notes) == (AccuracyPart(), [])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--samples", "100"], "--samples: found 100; expected a power of two, for which Sobol' "),
        (["--samples", "100"], "give 64 or 128"),
        (["--samples", "1"], "--samples: found 1; expected 2 at least; raise it"),
        (["--samples", "1048576"], "--samples: found 1,048,576; expected at most 1,000,000"),
        (["--samples", "524288"], "found 524,288, which make 2,097,152 points; expected at most"),
        (["--method", "moris"], "--method: found 'moris'; expected sobol or morris; did you mean"),
        (["--figures", "energy"], "figures: found 'energy', which is no figure of a point; expe"),
        (["--figures", "drop"], "figures: found accuracy, which sweep.yaml does not ask for; exp"),
    ],
)
def test_designs_that_cannot_be_are_refused(home, options, message):
    done = archsim("sensitivity", written(home, LINEAR), *options)
    assert done.status == 2
    assert message in done.err


def test_a_sweep_file_with_an_uneven_design_is_refused(home):
    text = LINEAR + "search: {method: saltelli, trials: 100}\n"
    with pytest.raises(ConfigError, match=r"trials: found 100 with .*; write 64 or 128"):
        load_sweep_file(written(home, text))


def test_options_of_a_file_are_refused_beside_results(grid):
    done = archsim("sensitivity", grid, "--samples", "8", "--jobs", "1")
    assert done.status == 2
    assert "--samples, --jobs: found it beside" in done.err


def test_a_folder_that_holds_no_sweep_is_refused(tmp_path):
    for command in ("pareto", "sensitivity"):
        done = archsim(command, tmp_path)
        assert done.status == 2
        assert "found no results of a sweep (_sweep.json is missing)" in done.err


def test_indices_of_nothing_are_refused(tmp_path):
    done = archsim("sensitivity", tmp_path / "nowhere")
    assert done.status == 2
    assert done.err.strip() == (
        f"{tmp_path / 'nowhere'}: found no such file or folder; expected a sweep file, or the "
        "folder that archsim sweep wrote; check the path"
    )


def test_the_front_is_listed_by_the_objectives_of_the_sweep(grid):
    done = archsim("pareto", grid)
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[0] == f"{grid}: area min, latency min"
    assert "compared" in done.out
    assert "On the whole front: dram.bandwidth 64 GB/s" in done.out
    frame = load_sweep(grid)
    fast = frame[frame["dram.bandwidth_byte_per_s"] == 64e9]
    rows = [line.split() for line in done.out.splitlines() if "mm²" in line and "box" not in line]
    assert len(rows) == fast.latency_s.nunique()
    assert rows == sorted(rows, key=lambda row: float(row[1]))


def test_the_front_as_data(grid):
    done = archsim("pareto", grid, "--format", "json", "--reference", "latency_s=1 ms")
    found = json.loads(done.out)
    assert found["objectives"] == {"area_m2": "min", "latency_s": "min"}
    assert found["reference"]["latency_s"] == 1e-3
    assert 0 < found["hypervolume"] < 1
    assert found["compared"] == 9
    rows = list(csv.DictReader(io.StringIO(archsim("pareto", grid, "--format", "csv").out)))
    assert [int(row["point"]) for row in rows] == [row["point"] for row in found["front"]]


def test_wrong_objectives_are_refused(grid):
    done = archsim("pareto", grid, "--objectives", "area_m2,latency")
    assert done.status == 2
    assert "found 'latency', which is not known to be better small or large" in done.err


@pytest.mark.parametrize("objectives", ["area_m2,latency_s", "area_m2,latency_s,energy_j"])
@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_front_is_drawn(grid, tmp_path, objectives, ending):
    path = tmp_path / f"front.{ending}"
    done = archsim("pareto", grid, "--objectives", objectives, "-o", path)
    assert done.status == 0
    assert done.err == f"{path}: Pareto front\n"
    first = path.read_bytes()
    assert archsim("pareto", grid, "--objectives", objectives, "-o", path).status == 0
    assert path.read_bytes() == first


def test_a_figure_that_cannot_be_is_refused_before_anything_is_read(grid, tmp_path):
    four = "area_m2,latency_s,energy_j,power_w"
    done = archsim("pareto", grid, "--objectives", four, "-o", tmp_path / "front.png")
    assert done.status == 2
    assert "objectives: found 4 for a figure; expected 3 at most" in done.err
    done = archsim("pareto", grid, "-o", tmp_path / "front.gif")
    assert "found the extension '.gif'" in done.err
    assert not list(tmp_path.iterdir())


def test_two_sweeps_side_by_side(grid, home, capsys):
    text = (home / "grid.yaml").read_text(encoding="utf-8").replace("2, 4]", "2, 8]")
    other = ran(load_sweep_file(written(home, text + "batch: 2\n", "other.yaml")), home / "other")
    compare(grid, other, Format.TABLE)
    out = capsys.readouterr().out
    assert out.splitlines()[0] == f"{other} against {grid}"
    for words in ("in both", f"in {grid} only", "Change of figures", "Points that changed most"):
        assert words in out
    compare(grid, other, Format.JSON)
    found = json.loads(capsys.readouterr().out)
    assert (found["matched"], found["only_first"], found["only_second"]) == (6, 3, 3)
    area = next(row for row in found["figures"] if row["figure"] == "area_m2")
    assert (area["same"], area["median"]) == (6, 1.0)
    compare(grid, other, Format.CSV)
    assert len(capsys.readouterr().out.splitlines()) == 7


def test_points_that_a_search_chose_are_said_to_be(grid, tmp_path):
    folder = tmp_path / "searched"
    shutil.copytree(grid, folder)
    about = json.loads((folder / "_sweep.json").read_text(encoding="utf-8"))
    (folder / "_sweep.json").write_text(json.dumps({**about, "method": "tpe"}), encoding="utf-8")
    done = archsim("sensitivity", folder)
    assert done.status == 0
    assert "tpe chose the points: indices are about these, not about the ranges" in done.err


def test_a_design_goes_when_the_directory_holds_another_sweep(home, grid, tmp_path):
    folder = tmp_path / "reused"
    sweep, _ = probing(written(tmp_path, LINEAR), ["energy_j"], samples=2)
    ran(sweep, folder)
    assert (folder / SAMPLES).exists()
    ran(load_sweep_file(home / "grid.yaml"), folder)
    assert not (folder / SAMPLES).exists()
    assert "Indices of the grid, exact" in archsim("sensitivity", folder).out


HOSTILE = '<b>"$\u202e\U0001f600[red]\x1b[31m\r' + "x" * 70


def test_hostile_names_are_text_everywhere(home, tmp_path):
    text = LINEAR.split("vary", maxsplit=1)[0] + (
        "vary: {tiles.count: [1, 2]}\nobjectives: {area_m2: min, latency_s: min}\n"
    )
    machine = archsim_machine(tmp_path, HOSTILE)
    text = text.replace("hardware: homodyne", f"hardware: [homodyne, {machine.name}]")
    folder = ran(load_sweep_file(written(tmp_path, text)), tmp_path / "[bold]hostile")
    for arguments in (
        ("pareto", folder, "--objectives", "area_m2:max,latency_s:max"),
        ("pareto", folder, "--objectives", "area_m2,latency_s", "-o", tmp_path / "front.png"),
        ("sensitivity", folder, "--figures", "area_m2,latency_s"),
    ):
        done = archsim(*arguments)
        assert done.status == 0, done.err
        assert "[bold]hostile" in done.out
        assert "\x1b" not in done.out
        assert "\u202e" not in done.out
    data = json.loads(archsim("pareto", folder, "--format", "json").out)
    assert {row["hardware"] for row in data["front"]} <= {HOSTILE, "homodyne"}


def archsim_machine(folder, name):
    """Write a machine with some name that is smaller than homodyne."""
    path = folder / "hostile.json"
    path.write_text(
        json.dumps({"base": "homodyne", "name": name, "tiles": {"rows": 8}}), encoding="utf-8"
    )
    return path
