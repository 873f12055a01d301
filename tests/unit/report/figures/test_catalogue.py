from __future__ import annotations

from dataclasses import replace

import pytest

import archsim
from archsim.errors import ConfigError
from archsim.report import figures
from archsim.workload import RepetitionPlan, Workload
from tests.networks import conv, network
from tests.unit.report.tiny_accuracy import accuracy

SMALL = Workload(**network())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Reports of one network: repeated evenly, by channel with accuracy, and of another one."""
    folder = tmp_path_factory.mktemp("reports")
    run = archsim.simulate("homodyne", SMALL, repetitions=3)
    run.save(folder / "even")
    plan = RepetitionPlan(fingerprint=SMALL.fingerprint, counts={"conv": [1, 2, 3, 6]})
    judged = replace(archsim.simulate("homodyne", SMALL, plan), accuracy=accuracy())
    judged.save(folder / "channel")
    other = Workload(**network(conv(kernel=[1, 1], padding=[0, 0])))
    archsim.simulate("homodyne", other).save(folder / "other")
    archsim.save_plan(plan, folder / "plan.yaml")
    return folder


@pytest.fixture(scope="module")
def even(folder):
    return archsim.load_report(folder / "even")


@pytest.fixture(scope="module")
def channel(folder):
    return archsim.load_report(folder / "channel")


def test_every_figure_that_a_report_has_data_for_is_drawn_and_titled(channel):
    for what, entry in figures.FIGURES.items():
        if what != "pareto":
            title = figures.draw(what, channel).figure.get_suptitle()
            assert title.startswith(f"{entry.title} (1 input, ")
            assert title.endswith("\ntiny on homodyne")


def test_the_energy_shown_is_the_reports(even):
    ax = figures.draw("energy-by-op", even)
    shown_j = sum(bar.get_width() for parts in ax.containers for bar in parts)
    assert shown_j == pytest.approx(even.headline["energy_j"])


def test_accuracy_that_is_missing_is_asked_for(even):
    for what in ("noise-bits", "accuracy"):
        with pytest.raises(figures.NothingToDrawError, match="found no accuracy; expected it for"):
            figures.draw(what, even)
    with pytest.raises(ConfigError, match="run it again with --accuracy and -o"):
        figures.draw("noise-bits", even)


def test_accuracy_stands_at_the_energy_of_one_mac(channel):
    ax = figures.draw("accuracy", channel)
    [dot] = [line for line in ax.lines if line.get_marker() == "o"]
    per_mac_j = channel.headline["energy_per_input_j"] / SMALL.macs
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (pytest.approx(per_mac_j), 96)


def test_plans_of_reports_and_files_stand_side_by_side(even, channel, folder):
    ax = figures.draw("repetitions", even, [channel, figures.read(folder / "plan.yaml")])
    entries = [text.get_text() for text in ax.get_legend().get_texts()]
    assert entries == ["even, mean 3", "channel, mean 3", "plan.yaml, mean 3"]
    marks = [line.get_ydata()[0] for line in ax.lines if line.get_linestyle() == "None"]
    assert marks == [3, 3, 3]
    assert ax.figure.get_suptitle() == "Repetitions by op\ntiny on homodyne"


def test_a_plan_for_another_network_is_refused(even, folder):
    with pytest.raises(ConfigError, match=r"other: found a plan for another network; expected one"):
        figures.draw("repetitions", even, [archsim.load_report(folder / "other")])


def test_a_plan_that_leaves_products_out_is_refused(even):
    less = figures.PlanFile(even.folder, even.plan | {"counts": {}})
    with pytest.raises(ConfigError, match=r"found counts of other products than .*even has"):
        figures.draw("repetitions", replace(even, folder=even.folder / "even"), [less])


def test_runs_are_compared_by_latency_and_energy(even, channel):
    ax = figures.draw("pareto", even, [channel])
    drawn = [tuple(xy) for xy in ax.collections[0].get_offsets()]
    drawn += list(zip(ax.lines[0].get_xdata(), ax.lines[0].get_ydata(), strict=True))
    expected = [
        (run.headline["latency_s"], run.headline["energy_per_input_j"]) for run in (even, channel)
    ]
    assert sorted(drawn) == sorted(expected)
    assert sorted(text.get_text() for text in ax.texts) == ["channel", "even"]
    with pytest.raises(figures.NothingToDrawError, match="found one run; expected several to comp"):
        figures.draw("pareto", even)


def test_what_does_not_fit_beside_is_refused(even, channel, folder):
    plan = figures.read(folder / "plan.yaml")
    with pytest.raises(
        ConfigError, match=r"found others beside the report \(.*channel\); expected none for roofl"
    ):
        figures.draw("roofline", even, [channel])
    with pytest.raises(ConfigError, match=r"found plans beside .*; run them with -o first"):
        figures.draw("accuracy", channel, [plan])
    with pytest.raises(ConfigError, match="even twice; expected each once; leave one out"):
        figures.draw("repetitions", even, [even])
    with pytest.raises(ConfigError, match=r"found 'rooflin'; .*; did you mean 'roofline'\?"):
        figures.draw("rooflin", even)


def test_folders_of_one_name_are_told_apart_by_their_paths(even, folder, tmp_path):
    archsim.simulate("homodyne", SMALL).save(tmp_path / "even")
    ax = figures.draw("repetitions", even, [archsim.load_report(tmp_path / "even")])
    entries = [text.get_text() for text in ax.get_legend().get_texts()]
    assert len(set(entries)) == 2
    assert all("even, mean" in entry for entry in entries)


def test_a_damaged_accuracy_is_told(channel):
    headline = channel.headline | {"accuracy": {"noisy": 3}}
    with pytest.raises(ConfigError, match="found an accuracy that archsim did not write"):
        figures.draw("accuracy", replace(channel, headline=headline))


def test_names_in_titles_are_text_and_short_enough(even):
    names = {"workload": "W" * 200, "hardware": "$x_1$ <b>\u202e" + "W" * 80}
    ax = figures.draw("repetitions", replace(even, headline=even.headline | names))
    title = ax.figure._suptitle
    assert "on $x_1$ <b>…W" in title.get_text()
    assert not title.get_parse_math()
    ax.figure.canvas.draw()
    assert title.get_window_extent().x1 < ax.figure.bbox.x1
