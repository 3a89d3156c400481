"""Lets sample apps tell the tests what ran, from this process or another: one JSON line a call."""

import json
import os
from pathlib import Path
from typing import Any


def record(**what: object) -> None:
    """Appends one line to the file that the setting RECORD_TO names."""
    with Path(os.environ["RECORD_TO"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(what) + "\n")


def recorded() -> list[dict[str, Any]]:
    """All lines of this test so far."""
    file = Path(os.environ["RECORD_TO"])
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []
