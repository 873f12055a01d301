"""The file as a whole: its size, what it says of itself, names of any kind, and a real viewer."""

from __future__ import annotations

import shutil

import pytest
import yaml

from archsim.errors import ConfigError
from archsim.hardware import load_hardware
from archsim.report.timeline import Choice, TimelineFile
from archsim.workload import RepetitionPlan, Workload, load_workload
from tests import networks, timelines

HOSTILE = (
    "<script>alert(1)</script>",
    "\"'`\\",
    "💥" * 256,
    "n" * 256,
    "m" * 255 + "…",
    "%s{0}${x}",
    "</script><img>&amp;*?[x]",
)


def hostile() -> Workload:
    ops, source = [], "image"
    for index, name in enumerate(HOSTILE):
        if index % 2:
            ops.append(networks.relu(name, source))
        else:
            ops.append(networks.conv(name, source, in_channels=4 if ops else 3))
        source = name
    return Workload.model_validate(networks.network(*ops, name=HOSTILE[2]))


def test_hostile_names_are_text_and_every_one_is_there(tmp_path):
    machine = load_hardware("homodyne").model_copy(update={"name": "\u202e</script>\n\"'💥"})
    network = hostile()
    plan = RepetitionPlan.uniform(network, 2)
    _, document = timelines.drawn(tmp_path / "t.json.gz", machine, network, plan=plan)
    data = document["otherData"]
    assert (data["machine"], data["workload"]) == (machine.name, network.name)
    named = {event["args"]["op"] for event in timelines.slices(document, "work")}
    whole = set(data["long_names"].values()) | named
    assert {op.name for op in network.ops if op.kind == "conv"} <= whole


def test_hostile_patterns_are_text(tmp_path):
    network = hostile()
    for name in HOSTILE[:1] + HOSTILE[-1:]:
        choice = Choice(ops=(name,))
        _, document = timelines.drawn(
            tmp_path / "t.json", "homodyne", network, choice=choice, repetitions=2
        )
        assert document["otherData"]["ops"] == [name]
        found = {event["args"]["op"] for event in timelines.slices(document, "work")}
        assert found == {name, f"{name} (weights)"}


def test_the_size_is_known_to_the_byte_and_kept(tmp_path):
    path = tmp_path / "t.json"
    timelines.drawn(path, "digital_int8", "lenet5")
    size = path.stat().st_size
    whole = path.read_bytes()
    timelines.drawn(path, "digital_int8", "lenet5", choice=Choice(most_bytes=size))
    assert path.read_bytes() == whole
    timelines.drawn(path, "digital_int8", "lenet5", choice=Choice(most_bytes=size - 1))
    assert path.stat().st_size < size


def test_what_cannot_be_made_small_enough_is_refused_and_nothing_is_left(tmp_path):
    path = tmp_path / "t.json"
    with pytest.raises(
        ConfigError, match=r"as few as works can be joined to; expected at most 0\.02"
    ):
        timelines.drawn(path, "digital_int8", "lenet5", choice=Choice(most_bytes=20_000))
    assert list(tmp_path.iterdir()) == []


def test_equal_runs_leave_equal_files(tmp_path):
    for name in ("a", "b"):
        timelines.drawn(tmp_path / f"{name}.json.gz", "homodyne", "lenet5")
    assert (tmp_path / "a.json.gz").read_bytes() == (tmp_path / "b.json.gz").read_bytes()


def test_a_window_shows_a_part_in_finer_steps(tmp_path):
    report, whole = timelines.drawn(tmp_path / "t.json", "homodyne", "lenet5")
    start, end = report.makespan_ticks // 3, report.makespan_ticks // 2
    choice = Choice(window=f"{start}:{end}")
    _, part = timelines.drawn(tmp_path / "t.json", "homodyne", "lenet5", choice=choice)
    inside = [
        event
        for event in timelines.slices(whole)
        if event["ph"] == "X" and event["ts"] < end and event["ts"] + event["dur"] > start
    ]
    assert [event for event in timelines.slices(part) if event["ph"] == "X"] == inside
    counted = [event["ts"] for event in part["traceEvents"] if event["ph"] == "C"]
    assert min(counted) == start
    assert max(counted) == end
    assert part["otherData"]["window_ticks"] == [start, end]


def test_a_tick_may_be_shown_as_a_nanosecond(tmp_path):
    _, coarse = timelines.drawn(tmp_path / "t.json", "homodyne", "lenet5")
    _, fine = timelines.drawn(tmp_path / "t.json", "homodyne", "lenet5", choice=Choice(tick_ns=1))
    assert fine["otherData"]["scale"] == "1 tick (200 ps) is shown as 1 ns"
    for one, other in zip(timelines.slices(coarse), timelines.slices(fine), strict=True):
        assert one["args"] == other["args"]
        assert other["ts"] * 1000 == one["args"]["start_tick"]


def test_the_buffer_shows_what_is_live(tmp_path):
    # A convolution reads 3 x 8 x 8 and makes 4 x 8 x 8 elements of 8 bits; then relu rides on it.
    network = Workload.model_validate(networks.network())
    _, document = timelines.drawn(tmp_path / "t.json", "homodyne", network)
    events = [e for e in document["traceEvents"] if e.get("name") == "buffer [bit]"]
    assert max(event["args"]["activations"] for event in events) == (3 + 4) * 8 * 8 * 8
    assert events[-1]["args"]["activations"] == 0


def test_a_run_that_is_too_long_to_show_is_refused(tmp_path):
    machine = load_hardware("homodyne", ["dram.latency=1 s"])
    with pytest.raises(ConfigError, match="which viewers can count; run fewer inputs, or give a"):
        timelines.drawn(tmp_path / "t.json", machine, "lenet5", choice=Choice(tick_ns=10**12))


@pytest.mark.slow
def test_fifty_megabytes_of_resnet50_add_up(tmp_path):
    from archsim.engine import run
    from archsim.mapping import compile_workload

    path = tmp_path / "t.json"
    _, document = timelines.drawn(path, "dota_b", "resnet50", batch=4)
    assert 48e6 < path.stat().st_size < 56e6
    assert document["otherData"]["joined_gap_ticks"] is None
    made = compile_workload(load_workload("resnet50"), load_hardware("dota_b"), batch=4)
    assert timelines.busy_us(document) == timelines.ledger_busy_ticks(run(made.program))


def test_perfettos_own_trace_processor_reads_it(tmp_path):
    shell = shutil.which("trace_processor_shell") or shutil.which("trace_processor")
    if shell is None:
        pytest.skip("needs Perfetto's trace_processor_shell, which no package ships")
    processor = pytest.importorskip("perfetto.trace_processor")
    path = tmp_path / "t.json.gz"
    _, document = timelines.drawn(path, "crossbar", "lenet5")
    config = processor.TraceProcessorConfig(bin_path=shell)
    with processor.TraceProcessor(trace=str(path), config=config) as read:
        [row] = read.query("select count(*) as n, sum(dur) as ns from slice where dur > 0")
        made = [event for event in timelines.slices(document) if event["ph"] == "X"]
        assert (row.n, row.ns) == (len(made), 1000 * sum(event["dur"] for event in made))
        errors = read.query("select name from stats where severity = 'error' and value > 0")
        assert [error.name for error in errors] == []


def test_a_timeline_is_no_report(tmp_path):
    with pytest.raises(ConfigError, match=r"found \.csv; expected \.json or \.json\.gz"):
        TimelineFile(tmp_path / "t.csv")
    (tmp_path / "t.json").write_text(yaml.dump({"my": "notes"}))
    with pytest.raises(ConfigError, match="found something that is no timeline"):
        TimelineFile(tmp_path / "t.json")
