"""A copy of the app, as it would be deployed, that may poll Azure more often."""

import re
import shutil
from pathlib import Path

_FILES = ("function_app.py", "settings.py", "host.json")
_FOLDERS = ("activities", "azure_clients", "contracts", "guest", "orchestrators", "policy", "triggers")
# The app polls at most every 15 s, because Azure would throttle it; the simulator is done within a second.
_LEAST = re.compile(r"(interval_seconds: int = Field\(ge=)15(,)")
_LEAST_FILE = Path("contracts/polling.py")


def copy_app(source: Path, target: Path) -> Path:
    """Copies the app's files to a new folder; the only change is the shortest poll interval, one second."""
    target.mkdir(parents=True)
    for name in _FILES:
        shutil.copy(source / name, target / name)
    for name in _FOLDERS:
        shutil.copytree(source / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    file = target / _LEAST_FILE
    text, changed = _LEAST.subn(r"\g<1>1\2", file.read_text("utf-8"))
    if changed != 1:
        raise RuntimeError(f"{_LEAST_FILE} no longer has exactly one least poll interval: adapt _LEAST in app_copy.py")
    file.write_text(text, "utf-8")
    return target
