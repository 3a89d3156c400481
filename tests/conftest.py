"""How many examples a property is tried with, and how a run of tests ends."""

import pytest
from hypothesis import settings

from tests.summary import Summary

# Fewer than hypothesis' hundred, so that the whole suite stays short.
settings.register_profile("suite", max_examples=40, deadline=None)
settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    """Sum up in the process that the user sees, not in the workers of pytest-xdist."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Summary())
