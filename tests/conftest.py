"""Options of the test suite, and how random its random tests are."""

import os

import pytest
from hypothesis import HealthCheck, settings

# One thread a process: the suite's processes share the cores already.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The same examples every time, and no stopwatch: a busy machine is no fault. To look for new ones:
# HYPOTHESIS_PROFILE=explore pytest tests/property
settings.register_profile(
    "repeatable", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the golden reports anew; say what changed in CHANGELOG.md, 'Results changed'",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest test, lest one process does it alone at the end."""
    items.sort(key=lambda item: item.name != "test_everything_in_the_readme_is_so")
