"""Progress on stderr: a bar on a terminal, lines elsewhere, nothing for what is soon done."""

import io

import pytest

from archsim.cli import progress
from archsim.cli.progress import LINE_EVERY_S, ProgressBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch):
    """Return seconds of the clock that progress reads; adding to the first passes time."""
    now_s = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now_s[0])
    return now_s


@pytest.fixture(params=[Terminal, io.StringIO], ids=["terminal", "log"])
def screen(request, monkeypatch):
    screen = request.param()
    monkeypatch.setattr("sys.stderr", screen)
    return screen


def test_what_is_soon_done_shows_nothing(screen, clock):
    with ProgressBar() as bar:
        for done in range(4):
            bar(done, 4)
            clock[0] += 0.3
    assert screen.getvalue() == ""


def test_a_terminal_has_a_bar_with_figures(monkeypatch, clock):
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("COLUMNS", "120")
    with ProgressBar("learning") as bar:
        clock[0] += 2
        bar(1, 60, figures="loss 0.500 [raw]")
        bar(1, 16, doing="judging", figures="accuracy 97%")
        bar._bar.refresh()
        shown = bar._bar.tasks[0]
        assert (shown.description, shown.completed, shown.total) == ("judging", 1, 16)
    assert "accuracy 97%" in screen.getvalue()


def test_a_log_has_a_line_a_minute(monkeypatch, clock):
    screen = io.StringIO()
    monkeypatch.setattr("sys.stderr", screen)
    with ProgressBar("learning") as bar:
        for step in range(1, 1501):
            clock[0] += 0.125
            bar(step, 1500, doing="learning", figures=f"loss {1 / step:.3f}")
        clock[0] += LINE_EVERY_S
        bar(3, 16, doing="judging")
    assert screen.getvalue() == (
        "learning: 480 of 1,500, loss 0.002\n"
        "learning: 960 of 1,500, loss 0.001\n"
        "learning: 1,440 of 1,500, loss 0.001\n"
        "judging: 3 of 16\n"
    )
