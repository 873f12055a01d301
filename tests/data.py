"""Data that is not part of the program: tests that need it are skipped where it is missing."""

from __future__ import annotations

import pytest

from archsim.errors import ConfigError
from workloads.tasks import image_data


def needs(*folders: str) -> None:
    """Skip the test, and say why, unless all of these are among the data.

    A variable that names no folder is a fault of whoever set it, and fails.
    """
    try:
        root = image_data.folder()
    except ConfigError as error:
        if "unset" not in str(error):
            raise
        pytest.skip(f"{image_data.VARIABLE} is unset: it names the folder of labelled data")
    if missing := [name for name in folders if not (root / name).is_dir()]:
        pytest.skip(f"the folder that {image_data.VARIABLE} names has no {', '.join(missing)}")
