"""The scripts that a request may name; no other text of a request ever runs in a VM."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, cast

from guest.scripts import FOLDER, read_script, sha256_of

type ScriptKind = Literal["customize", "deprovision"]
type ScriptSystem = Literal["Linux", "Windows"]

LIST = "allow_list.json"
_MEMBERS = ("name", "kind", "os", "file", "sha256", "description", "parameters")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}[a-z0-9]")
_FILE = {
    "Linux": re.compile(r"(linux|customizers|own)/[A-Za-z0-9][A-Za-z0-9._-]*\.sh"),
    "Windows": re.compile(r"(windows|customizers|own)/[A-Za-z0-9][A-Za-z0-9._-]*\.ps1"),
}
_PARAMETER = {"Linux": re.compile(r"[A-Z][A-Z0-9_]{0,63}"), "Windows": re.compile(r"[A-Z][A-Za-z0-9]{0,63}")}


class NotAllowed(LookupError):
    """A script is not allowed to run; the message says what to change."""


@dataclass(frozen=True)
class AllowedScript:
    """A script of the allow-list, as it is sent to the VM.

    sha256 is the hex hash of text in UTF-8. parameters maps the name of each parameter that a request
    may set to the regular expression that the entire value must match.
    """

    name: str
    kind: ScriptKind
    os: ScriptSystem
    sha256: str
    text: str
    parameters: Mapping[str, str]

    def faults(self, given: Mapping[str, str]) -> tuple[str, ...]:
        """The errors in a request's parameters, one sentence each; values are never repeated."""
        allowed_names = ", ".join(self.parameters) or "no parameters"
        unknown = [name for name in given if name not in self.parameters]
        unfit = [name for name in given if name in self.parameters and not self._fits(name, given[name])]
        return (
            *(f"{self.name} has no parameter {name!r}; it allows {allowed_names}." for name in unknown),
            *(f"{name} of {self.name} must match {self.parameters[name]}." for name in unfit),
        )

    def _fits(self, name: str, value: str) -> bool:
        return re.fullmatch(self.parameters[name], value) is not None


def allowed(name: str, folder: Path = FOLDER) -> AllowedScript:
    """Returns a listed script with its text, but only if the text matches the listed hash.

    folder holds the list and the scripts. Raises NotAllowed for a name that is not listed, a file that cannot be
    read, and a file that was changed since its hash was written. A script is read once per process.
    """
    entry = _list(folder).get(name)
    if entry is None:
        listed = ", ".join(_list(folder))
        raise NotAllowed(f"No script {name[:80]!r} is on the allow-list. Use one of {listed}, or add it to {LIST}.")
    return _checked(folder, name)


def names(folder: Path = FOLDER) -> tuple[str, ...]:
    """The names that a request may use, in the order of the list."""
    return tuple(_list(folder))


def entry_faults(entry: Mapping[str, Any]) -> list[str]:
    """The errors in one entry of the list, one sentence each (its hash is not checked)."""
    if missing := [member for member in _MEMBERS if member not in entry]:
        return [f"An entry lacks {', '.join(missing)}."]
    faults = [f"{member} is not a member of an entry." for member in entry if member not in _MEMBERS]
    texts = [member for member in _MEMBERS[:-1] if not isinstance(entry[member], str)]
    if texts or not isinstance(entry["parameters"], dict):
        return [*faults, f"{', '.join(texts) or 'parameters'} has the wrong type."]
    if not _NAME.fullmatch(entry["name"]):
        faults.append(f"The name {entry['name']!r} must be lower-case letters, digits and hyphens.")
    if entry["kind"] not in ("customize", "deprovision"):
        faults.append('kind must be "customize" or "deprovision".')
    if entry["os"] not in _FILE:
        return [*faults, 'os must be "Linux" or "Windows".']
    if not _FILE[entry["os"]].fullmatch(entry["file"]):
        faults.append(f"file must match {_FILE[entry['os']].pattern}.")
    return faults + _parameter_faults(entry["os"], cast("dict[str, Any]", entry["parameters"]))


def _parameter_faults(system: str, parameters: Mapping[str, Any]) -> list[str]:
    faults = [
        f"The parameter {name!r} must match {_PARAMETER[system].pattern}."
        for name in parameters
        if not _PARAMETER[system].fullmatch(name)
    ]
    for name, pattern in parameters.items():
        try:
            re.compile(pattern)
        except (re.error, TypeError):
            faults.append(f"The value of {name!r} must be a regular expression.")
    return faults


@cache
def _list(folder: Path) -> dict[str, dict[str, Any]]:
    """The list by name. Raises ValueError for an invalid list; only a new deployment can fix that."""
    entries = json.loads((folder / LIST).read_text(encoding="utf-8"))["scripts"]
    found = {str(entry.get("name")): entry for entry in entries}
    faults = [fault for entry in entries for fault in entry_faults(entry)]
    if len(found) != len(entries):
        faults.append("Two entries have the same name.")
    if faults:
        raise ValueError(f"{LIST}: {' '.join(faults)}")
    return found


@cache
def _checked(folder: Path, name: str) -> AllowedScript:
    entry = _list(folder)[name]
    try:
        text = read_script(folder / entry["file"])
    except (OSError, ValueError) as error:
        raise NotAllowed(f"The file of {name} cannot be read ({error}). Deploy {entry['file']} too.") from error
    if sha256_of(text) != entry["sha256"]:
        raise NotAllowed(
            f"{entry['file']} was changed since it was listed. Review it, run `python -m tools.docgen` to "
            f"update its hash, and deploy both; or restore the listed file."
        )
    parameters = MappingProxyType({str(key): str(value) for key, value in entry["parameters"].items()})
    return AllowedScript(name, entry["kind"], entry["os"], entry["sha256"], text, parameters)
