"""Settings as text, which checkpoints and reports keep."""

import os
import subprocess
import sys

from archsim.functional import AdcRange, Quantisation, Settings

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
