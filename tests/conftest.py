"""How many examples a property is tried with (fewer than hypothesis' hundred: the suite is short), and the summary."""

import gc

import pytest
from hypothesis import settings

from tests.grouping import Grouping

settings.register_profile("suite", max_examples=40, deadline=None)
settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    """Sum the run up at its end; the workers of pytest-xdist have none."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Grouping())


def pytest_collection_finish() -> None:
    """Leave what the tests imported out of every garbage collection: it lives as long as the process."""
    gc.collect()
    gc.freeze()
