"""``archsim run --timeline``: a file, a line on stderr, and sentences for what is wrong."""

from __future__ import annotations

import json

import pytest

from tests import timelines
from tests.commands import archsim

RUN = ("run", "homodyne", "lenet5")


def test_a_run_is_drawn_and_the_report_is_the_same(tmp_path):
    path = tmp_path / "out.json.gz"
    plain = archsim(*RUN, "--format", "json")
    drawn = archsim(*RUN, "--format", "json", "--timeline", path)
    assert drawn.status == 0
    assert json.loads(drawn.out) == json.loads(plain.out)
    first, *rest = drawn.err.splitlines()
    assert first.startswith(f"{path}: 128 slices of 128 executed works; 0.1")
    assert first.endswith("MB before compression; 1 tick (200 ps) is shown as 1 us")
    assert rest == plain.err.splitlines()
    document = timelines.read(path)
    assert sum(timelines.busy_us(document).values()) > 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.json.gz"]


def test_ops_a_window_and_a_scale_can_be_chosen(tmp_path):
    path = tmp_path / "out.json"
    chosen = ("--ops", "c1", "--ops", "c3", "--window", ":200 ns", "--timeline-tick", "2 us")
    done = archsim(*RUN, "--timeline", path, *chosen)
    assert done.status == 0, done.err
    document = timelines.read(path)
    assert {e["args"]["op"] for e in timelines.slices(document, "work")} == {
        "c1",
        "c1 (weights)",
        "c3 (weights)",
    }
    assert document["otherData"]["tick_shown_ns"] == 2000
    assert document["otherData"]["window_ticks"] == [0, 1000]


def test_both_traces_of_a_run_can_be_had(tmp_path):
    done = archsim(
        *RUN, "--timeline", tmp_path / "t.json", "--trace-engine", tmp_path / "trace.csv"
    )
    assert done.status == 0
    rows = (tmp_path / "trace.csv").read_text().splitlines()[1:]
    works = [row for row in rows if row.split(",")[1] == "work"]
    drawn = timelines.slices(timelines.read(tmp_path / "t.json"), "work")
    assert len(drawn) == len(works) > 0


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (("--ops", "conv9"), 2, "--ops: found 'conv9', which no op's name fits; expected a name"),
        (("--window", "x"), 2, "--window: found 'x'; expected START:END, each a tick such as"),
        (("--window", "1 s:2 s"), 2, "expected a start before its end and inside the run"),
        (("--timeline-limit", "1"), 2, "--timeline-limit: found '1'; expected"),
        (("--timeline-limit", "1 kB"), 2, "choose ops with --ops or a time with --window"),
        (("--timeline-tick", "1"), 2, "--timeline-tick: found '1'; expected"),
    ],
)
def test_what_cannot_be_drawn_is_told_and_leaves_nothing(tmp_path, options, status, message):
    done = archsim(*RUN, "--timeline", tmp_path / "out.json", *options)
    assert (done.status, done.out) == (status, "")
    assert message in done.err
    assert list(tmp_path.iterdir()) == []


def test_options_of_a_timeline_without_one_are_refused():
    done = archsim(*RUN, "--ops", "c1", "--window", "1:2")
    assert done.status == 2
    assert "--ops, --window: found without --timeline; expected a file to draw into" in done.err


def test_anything_but_an_earlier_timeline_is_kept(tmp_path):
    path = tmp_path / "out.json"
    for _ in range(2):
        assert archsim(*RUN, "--timeline", path).status == 0
    path.write_text('{"my": "notes"}')
    done = archsim(*RUN, "--timeline", path)
    assert (done.status, path.read_text()) == (2, '{"my": "notes"}')
    assert "found something that is no timeline; expected an earlier timeline" in done.err
    assert archsim(*RUN, "--timeline", tmp_path / "out.csv").status == 2
