from __future__ import annotations

import pytest

from tests.commands import archsim

FIRST = "<!doctype html>"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name, options in (("one", ()), ("other", ("--repetitions", "2"))):
        done = archsim("run", "homodyne", "lenet5", *options, "-o", folder / name)
        assert done.status == 0
    return folder


def test_a_report_becomes_a_page(runs, tmp_path):
    target = tmp_path / "report.html"
    done = archsim("report", runs / "one", "-o", target)
    assert (done.status, done.out) == (0, "")
    assert done.err == f"{target}: {target.stat().st_size:,} bytes; open it in a browser\n"
    first = target.read_text(encoding="utf-8")
    assert first.startswith(FIRST)
    assert archsim("report", runs / "one", "-o", target).status == 0  # an earlier page is replaced
    assert target.read_text(encoding="utf-8") == first


def test_two_reports_become_tables_or_a_page(runs, tmp_path):
    done = archsim("compare", runs / "one", runs / "other")
    assert (done.status, done.err) == (0, "")
    assert "every product   1   2" in done.out
    target = tmp_path / "diff.html"
    done = archsim("compare", runs / "one", runs / "other", "-o", target)
    assert (done.status, done.out) == (0, "")
    assert target.read_text(encoding="utf-8").startswith(FIRST)


@pytest.mark.parametrize("command", ["report", "compare"])
def test_a_foreign_file_is_left_alone(runs, tmp_path, command):
    target = tmp_path / "thesis.html"
    target.write_text("<!doctype html>\n<p>precious")
    inputs = [runs / "one"] * (2 if command == "compare" else 1)
    done = archsim(command, *inputs, "-o", target)
    assert done.status == 2
    assert done.err == (
        f"{target}: found something that is no page of archsim; expected an earlier page of "
        "archsim, or nothing; choose another name, so that nothing is lost\n"
    )
    assert target.read_text() == "<!doctype html>\n<p>precious"


def test_a_link_or_a_folder_is_left_alone(runs, tmp_path):
    (tmp_path / "page.html").mkdir()
    assert archsim("report", runs / "one", "-o", tmp_path / "page.html").status == 2
    assert archsim("report", runs / "one", "-o", tmp_path / "good.html").status == 0
    (tmp_path / "link.html").symlink_to(tmp_path / "good.html")
    assert archsim("report", runs / "one", "-o", tmp_path / "link.html").status == 2


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("page.txt", "found the extension '.txt'; expected .html; choose that"),
        ("nowhere/page.html", "found no folder"),
    ],
)
def test_a_place_that_does_not_do_is_told_before_work(tmp_path, target, told):
    done = archsim("report", tmp_path / "no such run", "-o", tmp_path / target)
    assert done.status == 2
    assert told in done.err


def test_a_folder_without_a_report_is_told(tmp_path):
    done = archsim("report", tmp_path, "-o", tmp_path / "page.html")
    assert done.status == 2
    assert "found no report.json; expected the folder of a saved report" in done.err
    assert not (tmp_path / "page.html").exists()
