"""One object of host.json: names without regard to case, values read as .NET's configuration reads them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import cast

from workbench.functions_host.errors import ConfigurationError
from workbench.functions_host.time_spans import parse_timespan


class Section:
    """Each value is a text to .NET: "7" is a number where one is wanted, and a number is a text.

    Names that nobody asks for are left alone, as the Functions host does.
    """

    def __init__(self, value: object, path: str = "host.json") -> None:
        """Takes a decoded object; `path` is for messages.

        Raises:
            ConfigurationError: it is no object. (Azure's host would leave such a section out without a word.)
        """
        if not isinstance(value, dict):
            raise ConfigurationError(f"{path} must hold a JSON object")
        self.path = path
        self._values = {name.casefold(): inner for name, inner in cast(Mapping[str, object], value).items()}

    def child(self, name: str) -> "Section":
        """The object under a name; an empty one where there is none."""
        value = self._values.get(name.casefold())
        return Section({} if value is None else value, self._path_of(name))

    def text(self, name: str) -> str | None:
        """A string, or the text of a number or flag; None where there is no value."""
        return self._raw(name)

    def whole(self, name: str, default: int, *, least: int | None = None, most: int | None = None) -> int:
        """A whole number within bounds."""
        text = self._raw(name)
        if text is None:
            return default
        try:
            value = int(text)
        except ValueError:
            raise self.fault(name, f"{text!r} is no whole number") from None
        if (least is not None and value < least) or (most is not None and value > most):
            raise self.fault(name, f"{value} must be {_bounds(least, most)}")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false, in any case."""
        text = (self._raw(name) or str(default)).strip().lower()
        if text not in ("true", "false"):
            raise self.fault(name, f"{text!r} is neither true nor false")
        return text == "true"

    def span(self, name: str, default: timedelta) -> timedelta:
        """A length of time."""
        text = self._raw(name)
        if text is None:
            return default
        try:
            return parse_timespan(text)
        except ConfigurationError as error:
            raise self.fault(name, str(error)) from None

    def one_of(self, name: str, names: tuple[str, ...]) -> str:
        """One of `names` in any case; the first where there is no value."""
        text = self._raw(name)
        if text is None:
            return names[0]
        found = next((known for known in names if known.casefold() == text.strip().casefold()), None)
        if found is None:
            raise self.fault(name, f"{text!r} is none of {', '.join(names)}")
        return found

    def fault(self, name: str, what: str) -> ConfigurationError:
        """The error for a value that a rule refuses."""
        return ConfigurationError(f"{self._path_of(name)}: {what}")

    def _raw(self, name: str) -> str | None:
        value = self._values.get(name.casefold())
        if value is None:
            return None
        if isinstance(value, dict | list):
            raise self.fault(name, "must be a single value")
        return value if isinstance(value, str) else str(value)

    def _path_of(self, name: str) -> str:
        return f"host.json: {name}" if self.path == "host.json" else f"{self.path}.{name}"


def _bounds(least: int | None, most: int | None) -> str:
    if least is not None and most is not None:
        return f"between {least} and {most}"
    return f"at least {least}" if least is not None else f"at most {most}"
