"""host.json: the file with the settings that override it, and typed values as .NET's configuration reads them."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import cast

from emulators.task_hub.host_json_overrides import with_overrides
from emulators.task_hub.time_spans import parse_timespan

_NUMBER = re.compile(r"-?[0-9]{1,10}")
_LEAST, _MOST = -(2**31), 2**31 - 1


class Section:
    """One object: names without regard to case; to .NET each value is a text, so "7" is a number and a number a text.

    Every error is a ValueError whose message has the path of the value.
    """

    def __init__(self, value: object, path: str = "host.json") -> None:
        """Uses a decoded object; `path` is for messages.

        Raises:
            ValueError: it is not an object. (Azure's host silently ignores such a section.)
        """
        if not isinstance(value, dict):
            raise ValueError(f"{path} must hold a JSON object")
        self.path = path
        self._values = {name.casefold(): inner for name, inner in cast(Mapping[str, object], value).items()}

    def __iter__(self) -> Iterator[str]:
        """The names in it, without their case."""
        return iter(self._values)

    def child(self, name: str) -> "Section":
        """The object under a name; an empty one if there is none."""
        value = self._values.get(name.casefold())
        return Section({} if value is None else value, self._path_of(name))

    def only(self, *names: str) -> None:
        """Refuses every other name, though .NET ignores it: a wrong name, or something that no emulator here does."""
        unknown = set(self._values) - {name.casefold() for name in names}
        if unknown:
            raise self.fault(min(unknown), f"is not emulated; known names are {', '.join(names)}")

    def text(self, name: str) -> str | None:
        """A string, or the text of a number or flag; None without a value."""
        value = self._values.get(name.casefold())
        if value is None:
            return None
        if isinstance(value, dict | list):
            raise self.fault(name, "must be a single value")
        return value if isinstance(value, str) else str(value)

    def number(self, name: str, default: int, *, least: int = _LEAST, most: int = _MOST) -> int:
        """A whole number of 32 bits within bounds."""
        text = self.text(name)
        if text is None:
            return default
        if _NUMBER.fullmatch(text) is None:
            raise self.fault(name, f"{text!r} is no whole number")
        if not least <= int(text) <= most:
            raise self.fault(name, f"{text} must be between {least} and {most}")
        return int(text)

    def span(self, name: str, default: timedelta, *, least: timedelta, most: timedelta) -> timedelta:
        """A length of time within bounds."""
        text = self.text(name)
        if text is None:
            return default
        try:
            length = parse_timespan(text)
        except ValueError as error:
            raise self.fault(name, str(error)) from None
        if not least <= length <= most:
            raise self.fault(name, f"{text} must be between {least} and {most}")
        return length

    def one_of(self, name: str, members: tuple[str, ...], default: str) -> str:
        """The member of an enum, named in any case. (.NET takes numbers too.)"""
        text = self.text(name)
        if text is None:
            return default
        found = next((member for member in members if member.casefold() == text.casefold()), None)
        if found is None:
            raise self.fault(name, f"{text!r} is none of {', '.join(members)}")
        return found

    def fault(self, name: str, what: str) -> ValueError:
        """The error for a value that a rule refuses."""
        return ValueError(f"{self._path_of(name)}: {what}")

    def _path_of(self, name: str) -> str:
        return f"host.json: {name}" if self.path == "host.json" else f"{self.path}.{name}"


def read_host_json(path: Path, settings: Mapping[str, str]) -> Section:
    """Reads the file with the overrides in `settings`; a missing one, or an empty object, stands for the defaults.

    Raises:
        ValueError: the file is not a JSON object, or has not version 2.0.
    """
    try:
        document: object = json.loads(path.read_text("utf-8-sig")) if path.exists() else {}
    except ValueError as error:
        raise ValueError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise ValueError(f"{path} must hold a JSON object")
    values = cast("Mapping[str, object]", document)
    # Source: `InitializeHostConfig` of the Functions host's HostJsonFileConfigurationSource; names with their case.
    version = values.get("version")
    if values and version in (None, ""):
        raise ValueError("The host.json file is missing the required 'version' property: write \"2.0\"")
    if values and version != "2.0":
        raise ValueError(f"'{version}' is an invalid value for host.json 'version' property: write \"2.0\"")
    return Section(with_overrides(values, settings))
