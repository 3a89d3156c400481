"""Reads the scripts that Run Command runs in a VM."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LINUX_DEPROVISION, WINDOWS_DEPROVISION = "linux/deprovision.sh", "windows/deprovision.ps1"
FOLDER = Path(__file__).parent
_NAMES = frozenset(
    f"{system}/{name}.{suffix}"
    for system, suffix in (("linux", "sh"), ("windows", "ps1"))
    for name in ("deprovision", "collect_evidence", "read_identity")
)
_PART = re.compile(r"^# part: (.+)\n?", re.MULTILINE)
_PART_NAME = re.compile(r"[a-z0-9_]+\.(sh|ps1)")


@dataclass(frozen=True)
class GuestScript:
    """A script as it is sent to the VM: its name below guest/, its text, and the SHA-256 of its UTF-8 bytes (hex)."""

    name: str
    text: str
    sha256: str


class UnknownGuestScriptError(LookupError):
    """The requested script does not exist; the message names those that do."""


@cache
def load_script(name: str) -> GuestScript:
    """Reads a script once per process.

    name is like "linux/deprovision.sh". Raises UnknownGuestScriptError for any other name: only these scripts
    may run as root in a VM.
    """
    if name not in _NAMES:
        raise UnknownGuestScriptError(f"There is no guest script {name!r}; use one of {', '.join(sorted(_NAMES))}.")
    text = read_script(FOLDER / name)
    return GuestScript(name, text, sha256_of(text))


def read_script(file: Path) -> str:
    """Reads a script with its parts: a line `# part: <file>` is replaced by that file of the same folder.

    Line endings are always read as LF. Parts have no parts of their own. Raises OSError
    for an unreadable file, and ValueError for a part that is not a plain file name, or a file that is not UTF-8.
    """
    return _PART.sub(lambda found: _part(file, found[1]), file.read_text(encoding="utf-8-sig"))


def sha256_of(text: str) -> str:
    """The SHA-256 (hex) of a script's complete text, parts included, in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def _part(file: Path, name: str) -> str:
    if not _PART_NAME.fullmatch(name):
        raise ValueError(f"{file.name} names the part {name!r}; use the name of a file in its own folder.")
    text = (file.parent / name).read_text(encoding="utf-8-sig")
    if _PART.search(text):
        raise ValueError(f"The part {name} of {file.name} names a part itself; name all of them in {file.name}.")
    return text if text.endswith("\n") else text + "\n"
