"""Sums over results, against numbers computed at once."""

import pytest
import torch

from archsim.functional.recording import Recorder

RESULTS = torch.arange(24.0).view(2, 3, 4)


def test_noise_is_the_root_of_the_mean_variance_by_channel():
    recorder = Recorder()
    recorder.add(RESULTS, torch.tensor([1.0, 4.0, 9.0]).view(3, 1), 1)
    recorder.add(RESULTS[:1], torch.tensor([4.0, 4.0, 9.0]).view(3, 1), 1)
    assert recorder.noise_std.tolist() == pytest.approx([2**0.5, 2, 3])
    assert recorder.results == 12


def test_signals_are_those_of_all_results():
    recorder = Recorder()
    recorder.add(RESULTS, torch.ones(()), 1)
    recorder.add(-RESULTS, torch.ones(()), 1)
    both = torch.cat([RESULTS, -RESULTS])
    assert recorder.signal_variance == pytest.approx(both.var(correction=0).item())
    assert recorder.low.tolist() == [-15, -19, -23]
    assert recorder.high.tolist() == [15, 19, 23]


def test_positions_are_no_channels():
    recorder = Recorder()
    recorder.add(RESULTS, torch.ones(()), None)
    assert recorder.noise_std.tolist() == [1]
    assert (recorder.results, recorder.low.tolist(), recorder.high.tolist()) == (24, [0], [23])


def test_a_constant_signal_has_no_variance_whatever_rounding_leaves():
    recorder = Recorder()
    recorder.add(torch.full((1000, 3), 0.1), torch.ones(()), 1)
    assert recorder.signal_variance == pytest.approx(0, abs=1e-12)
    assert recorder.signal_variance >= 0


def test_photons_are_weighted_by_the_products_that_they_are_of():
    recorder = Recorder()
    assert recorder.photons_per_mac is None
    recorder.add_photons(60.0, products=30)
    recorder.add_photons(80.0, products=10)
    recorder.add_photons(20.0, products=0)  # another slice of the same products
    assert recorder.photons_per_mac == pytest.approx(4)
