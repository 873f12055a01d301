import pytest

from archsim.physics import converters


@pytest.mark.parametrize(
    ("enob", "rate_hz", "technology_m", "energy_j", "area_m2"),
    [
        # Check values of the fit of arXiv 2404.06553, rounded to the digits given.
        (8, 1e9, 32e-9, 1.714e-12, 5972e-12),
        (8, 1e9, 22e-9, 0.847e-12, 3334e-12),
        (8, 1e9, 14e-9, 0.362e-12, 1650e-12),
        (8, 1e9, 7e-9, 0.098e-12, 561e-12),
        (8, 5e9, 32e-9, 4.75e-12, None),
        (8, 5e9, 14e-9, 1.004e-12, None),
        (8, 5e9, 7e-9, 0.273e-12, None),
        (10, 1e9, 32e-9, 13.9e-12, None),
    ],
)
def test_survey_fit_gives_the_published_figures(enob, rate_hz, technology_m, energy_j, area_m2):
    point = {"enob": enob, "rate_hz": rate_hz, "technology_m": technology_m}
    assert converters.survey_energy_j(**point) == pytest.approx(energy_j, rel=5e-3)
    if area_m2 is not None:
        assert converters.survey_area_m2(**point) == pytest.approx(area_m2, rel=1e-3)


def test_survey_refuses_to_run_below_its_fitted_range():
    with pytest.raises(ValueError, match="found 3 effective bits; expected at least 4"):
        converters.survey_energy_j(enob=3, rate_hz=1e9, technology_m=32e-9)


def test_figures_of_merit_of_a_round_converter():
    # 2 mW, 1 GS/s, 8 effective bits: 2e-3/(256·1e9) = 7.8125 fJ a step; SNDR 49.9257 dB.
    assert converters.walden_j(power_w=2e-3, enob=8, rate_hz=1e9) == pytest.approx(7.8125e-15)
    assert converters.walden_energy_j(step_j=7.8125e-15, enob=8) == pytest.approx(2e-12)
    assert converters.sndr_db(8) == pytest.approx(49.9257)
    assert converters.schreier_db(power_w=2e-3, enob=8, rate_hz=1e9) == pytest.approx(
        49.9257 + 113.9794, abs=1e-3
    )


def test_adc_power_scales_with_rate_and_bits():
    # Zhu et al., HPCA 2024: 14.8 mW at 10 GS/s and 8 bit; 576 at 5 GS/s and 4 bit draw 2131.2 mW.
    power_w = converters.scaled_adc_power_w(
        power_w=14.8e-3, rate_hz=5e9, bits=4, known_rate_hz=10e9, known_bits=8
    )
    assert 576 * power_w == pytest.approx(2.1312)


def test_dac_power_scales_with_rate_and_levels_per_bit():
    # Zhu et al., HPCA 2024: 50 mW at 14 GS/s and 8 bit; 1440 at 5 GS/s draw 3214.29, 25714.29 mW.
    for bits, total_w in ((4, 3.21429), (8, 25.71429)):
        power_w = converters.scaled_dac_power_w(
            power_w=50e-3, rate_hz=5e9, bits=bits, known_rate_hz=14e9, known_bits=8
        )
        assert 1440 * power_w == pytest.approx(total_w, rel=2e-6)
