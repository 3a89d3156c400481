"""Reads the app's log lines back from what a test caught."""

import json
from typing import Any

import pytest


def lines_of(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return all lines of the app."""
    return [json.loads(record.getMessage()) for record in caplog.records if record.name == "golden_images"]


def audit_lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return the lines that are marked as audit lines, whichever logger wrote them: its name does not reach Azure."""
    return [line for line in lines_of(caplog) if line.get("audit") is True]
