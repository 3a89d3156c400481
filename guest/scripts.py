"""Reads the scripts that Run Command carries into a machine."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_NAMES = frozenset(
    f"{system}/{name}.{suffix}"
    for system, suffix in (("linux", "sh"), ("windows", "ps1"))
    for name in ("deprovision", "collect_evidence")
)


@dataclass(frozen=True)
class GuestScript:
    """A script as it is sent: its name below guest/, its text, and the SHA-256 of its UTF-8 bytes (hex)."""

    name: str
    text: str
    sha256: str


class UnknownGuestScriptError(LookupError):
    """A script was asked for that does not exist; the message names those that do."""


@cache
def load_script(name: str) -> GuestScript:
    """Reads a script once per process.

    name is like "linux/deprovision.sh". Raises UnknownGuestScriptError for any other name: only these scripts
    may ever run as root in somebody's machine. Line ends are read as LF whatever the checkout made of them.
    """
    if name not in _NAMES:
        raise UnknownGuestScriptError(f"There is no guest script {name!r}; use one of {', '.join(sorted(_NAMES))}.")
    text = (_FOLDER / name).read_text(encoding="utf-8")
    return GuestScript(name, text, hashlib.sha256(text.encode()).hexdigest())
