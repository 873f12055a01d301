from __future__ import annotations

import pytest

from archsim.cli.numbers import differences, settings_of
from archsim.cli.options import NumberOptions
from archsim.errors import ConfigError
from archsim.functional import AdcRange, Quantisation, Ranges, Scheme, Settings


def test_without_options_settings_are_the_default_ones():
    assert settings_of(NumberOptions()) == Settings()
    assert settings_of(NumberOptions(noise="all")) == Settings()
    assert differences(Settings()) == []


def test_noise_is_none_or_some_by_name():
    assert settings_of(NumberOptions(noise="none")).sources == frozenset()
    assert settings_of(NumberOptions(noise="shot, tia.ktc")).sources == {"shot", "tia.ktc"}
    assert differences(settings_of(NumberOptions(noise="none"))) == []


def test_each_option_sets_what_it_says():
    found = settings_of(
        NumberOptions(
            adc="full_scale",
            ranges="percentile",
            percentile=99.0,
            per_tensor_weights=True,
            symmetric=True,
        )
    )
    assert found == Settings(
        quantisation=Quantisation(
            activations=Scheme.SYMMETRIC,
            weights=Scheme.SYMMETRIC,
            weights_per_channel=False,
            ranges=Ranges.PERCENTILE,
            percentile=99.0,
        ),
        adc=AdcRange.FULL_SCALE,
    )
    assert differences(found) == [
        "quantisation activations symmetric",
        "quantisation weights symmetric",
        "quantisation weights per channel False",
        "quantisation ranges percentile",
        "quantisation percentile 99.0",
        "adc full scale",
    ]
    floating = settings_of(NumberOptions(float_=True))
    assert floating == Settings(quantisation=None)
    assert differences(floating) == ["no quantisation"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise": "shot,"}, "--noise: found 'shot,'; expected all, none, or names"),
        ({"adc": "idea"}, "--adc: found 'idea'; .*; did you mean 'ideal'"),
        ({"ranges": "max"}, "--ranges: found 'max'; expected min_max, moving_average, percentile"),
        ({"percentile": 99.0}, "--percentile: found it with ranges by min_max"),
        ({"float_": True, "symmetric": True}, "--float: found it beside --symmetric"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        settings_of(NumberOptions(**options))
