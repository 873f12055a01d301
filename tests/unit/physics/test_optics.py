import pytest

from archsim.physics import optics


def test_a_photon_at_1550_nm_has_0_128_aj():
    # 6.62607015e-34 · 299792458 / 1.55e-6
    assert optics.photon_j(1.55e-6) == pytest.approx(0.12816e-18, rel=1e-4)


def test_three_decibel_pass_half_and_losses_add():
    assert optics.transmission(3.0103) == pytest.approx(0.5, rel=1e-5)
    assert optics.total_loss_db([1.2, 0.93, 0.93]) == pytest.approx(3.06)


def test_a_milliwatt_for_a_nanosecond_shared_by_a_hundred_ways():
    power_w = optics.detector_w(1e-3, ways=100, loss_db=10.0)
    assert power_w == pytest.approx(1e-6)
    # 1e-15 J / 0.12816 aJ
    assert optics.photons(power_w, time_s=1e-9, wavelength_m=1.55e-6) == pytest.approx(
        7802.8, rel=1e-3
    )


def test_required_power_inverts_the_link_budget():
    power_w = optics.required_laser_w(2e-6, ways=144, loss_db=4.22)
    assert optics.detector_w(power_w, ways=144, loss_db=4.22) == pytest.approx(2e-6)


def test_the_published_laser_power_of_a_photonic_tensor_core():
    # Zhu et al., HPCA 2024: -25 dBm at 144 detectors through 4.22 dB, times 2^4, efficiency 0.2.
    sensitivity_w = 1e-3 * 10 ** (-25 / 10)
    optical_w = 2**4 * optics.required_laser_w(sensitivity_w, ways=144, loss_db=4.22)
    assert optics.electrical_w(optical_w, 0.2) == pytest.approx(96.26e-3, rel=1e-4)
