"""How many examples a property is tried with (fewer than hypothesis' hundred: the suite is short), and the summary."""

import gc
import os

import pytest
from hypothesis import settings

from tests.grouping import Grouping

settings.register_profile("suite", max_examples=40, deadline=None)
settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    """Sum the run up at its end; the workers of pytest-xdist have none, and a processor each."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Grouping())
    elif hasattr(os, "sched_setaffinity"):
        _stay_on_one_processor(int(config.workerinput["workerid"].removeprefix("gw")))  # type: ignore[attr-defined] # pyright: ignore


def _stay_on_one_processor(worker: int) -> None:
    """Keep a worker, and what it starts, on one processor: threads that pass work on cost a sixth less CPU there."""
    allowed = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {allowed[worker % len(allowed)]})


def pytest_collection_finish() -> None:
    """Leave what the tests imported out of every garbage collection: it lives as long as the process."""
    gc.collect()
    gc.freeze()
