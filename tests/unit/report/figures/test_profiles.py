from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from archsim.errors import ConfigError
from archsim.report.figures import noise_bits, repetitions
from tests.unit.report.figures.frames import counts, precision


def test_noise_bits_stand_below_adc_bits_in_the_order_of_the_network():
    ax = noise_bits(precision())
    adc, noise = ax.lines
    np.testing.assert_array_equal(adc.get_ydata(), [8, 6, np.nan])
    np.testing.assert_array_equal(noise.get_ydata(), [3.5, np.nan, 5])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c"]
    [between] = ax.collections
    assert [seg.tolist() for seg in between.get_segments()] == [[[0, 3.5], [0, 8]]]
    assert ax.get_ylabel() == "resolution [bit]"
    assert ax.get_xlabel().endswith("1 without noise")


def test_of_many_products_some_are_named_and_all_are_drawn():
    many = pd.DataFrame({"op": [f"op{n}" for n in range(150)], "noise_bits": 4.0, "adc_bits": 8})
    ax = noise_bits(many)
    assert len(ax.lines[1].get_xdata()) == 150
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels[:2] == ["op0", "op3"]
    assert len(labels) == 50


def test_repetitions_show_the_mean_of_each_product_and_of_all_macs():
    ax = repetitions(counts())
    marks = [line for line in ax.lines if line.get_marker() not in {None, "None"}]
    means = [line for line in ax.lines if line not in marks]
    assert [list(mark.get_ydata()) for mark in marks] == [[4, 4], [3, 7]]
    assert [mean.get_ydata()[0] for mean in means] == [4, (3 * 30 + 7 * 10) / 40]
    shifts = [list(np.round(mark.get_xdata() - [0, 1], 9)) for mark in marks]
    assert shifts == [[-0.15, -0.15], [0.15, 0.15]]
    entries = [text.get_text() for text in ax.get_legend().get_texts()]
    assert entries == ["even, mean 4", "by channel, mean 4"]


def test_repetitions_by_channel_show_their_spread():
    ax = repetitions(counts())
    of_channels = ax.collections[2:]
    ends = [np.asarray(lines.get_segments())[0, :, 1].tolist() for lines in of_channels]
    assert ends == [[1, 6], [1.75, 3.75]]  # numpy's quartiles of 1, 2, 3, 6


def test_a_second_axis_shows_the_light_that_repetitions_are():
    ax = repetitions(counts(), one_j=2e-18)
    [energy] = [other for other in ax.figure.axes if other is not ax]
    assert np.array(energy.get_ylim()) == pytest.approx(np.array(ax.get_ylim()) * 2e-18)
    assert energy.get_ylabel() == "light detected per MAC [J]"
    ax.figure.draw_without_rendering()
    beside = energy.yaxis.get_tightbbox().x1
    assert ax.get_legend().get_window_extent().x0 > beside  # and the legend stands beyond it


def test_the_axis_of_equal_counts_names_them():
    ax = repetitions(counts().assign(repetitions=1))
    ax.figure.canvas.draw()
    assert "1" in [label.get_text() for label in ax.get_yticklabels()]


def test_counts_that_cannot_be_are_refused():
    with pytest.raises(ConfigError, match="found 0 repetitions; expected more than 0"):
        repetitions(counts().assign(repetitions=0))
    with pytest.raises(ConfigError, match="found no products that noise acted on"):
        noise_bits(precision().iloc[:0])
