"""Settings as text, which checkpoints and reports keep."""

import os
import subprocess
import sys

import pytest

from archsim.errors import ConfigError
from archsim.functional import AdcRange, Quantisation, Ranges, Scheme, Settings
from tests.contract.test_bad_input import HOUSE_FORM

CODE = "from archsim.functional import Settings; print(Settings(sources=frozenset('abcde')))"


def test_settings_read_as_they_are_made():
    for settings in (
        Settings(),
        Settings(None, frozenset(), AdcRange.IDEAL),
        Settings(sources=frozenset({"shot"})),
        Settings(quantisation=Quantisation(percentile=99.0)),
    ):
        of_fields = ", ".join(
            f"{name}={getattr(settings, name)!r}" for name in ("quantisation", "sources", "adc")
        )
        assert repr(settings) == f"Settings({of_fields})"


def test_settings_read_the_same_in_every_process():
    told = {
        subprocess.run(
            [sys.executable, "-c", CODE],
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in (1, 2)
    }
    assert told == {
        f"{Settings()!r}\n".replace("sources=None", "sources=frozenset({'a', 'b', 'c', 'd', 'e'})")
    }


def test_the_word_of_a_choice_is_that_choice():
    found = Quantisation(activations="symmetric", weights="affine", ranges="percentile")
    assert found.activations is Scheme.SYMMETRIC
    assert found.weights is Scheme.AFFINE
    assert found.ranges is Ranges.PERCENTILE
    settings = Settings(adc="ideal")
    assert settings.adc is AdcRange.IDEAL
    assert repr(settings) == repr(Settings(adc=AdcRange.IDEAL))


@pytest.mark.parametrize("sources", [["shot"], ("shot",), {"shot"}])
def test_any_collection_of_names_is_a_set_of_them(sources):
    assert Settings(sources=sources) == Settings(sources=frozenset({"shot"}))


@pytest.mark.parametrize(
    ("kind", "name", "value", "message"),
    [
        (Quantisation, "activations", "afine", "found 'afine'; expected affine, symmetric; did"),
        (Quantisation, "weights", Ranges.MIN_MAX, "found <Ranges.MIN_MAX: 'min_max'>; expected"),
        (Quantisation, "ranges", 3, "found 3; expected min_max, moving_average, percentile"),
        (Quantisation, "weights_per_channel", "no", "found 'no'; expected True or False"),
        (Quantisation, "percentile", None, "found None; expected above 50"),
        (Quantisation, "momentum", "x", "found 'x'; expected above 0, below 1"),
        (Settings, "adc", "best", "found 'best'; expected calibrated, full_scale, ideal"),
        (Settings, "quantisation", 8, "found 8; expected Quantisation, or None"),
        (Settings, "sources", "shot", "found 'shot'; expected names in a set"),
        (Settings, "sources", [1], "found [1]; expected names in a set"),
    ],
)
def test_what_is_no_setting_is_refused(kind, name, value, message):
    with pytest.raises(ConfigError) as error:
        kind(**{name: value})
    assert str(error.value).startswith(f"{name}: {message}")
    assert HOUSE_FORM.match(str(error.value))


def test_all_that_is_no_setting_is_told_at_once():
    with pytest.raises(ConfigError) as error:
        Settings(quantisation=8, sources="shot", adc="best")
    assert len(str(error.value).splitlines()) == 3
