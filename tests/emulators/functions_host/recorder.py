"""Lets sample apps tell the tests what ran, from this process or another: one JSON line a call."""

import json
import os
from pathlib import Path


def record(**what: object) -> None:
    """Appends one line to the file that the setting RECORD_TO names."""
    with Path(os.environ["RECORD_TO"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(what) + "\n")


def recorded(path: Path) -> list[dict[str, object]]:
    """All lines so far."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
