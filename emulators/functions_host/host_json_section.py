"""One object of host.json: names without regard to case, values read as .NET's configuration reads them."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import cast

from emulators.functions_host.dotnet_values import parse_enum, parse_flag, parse_int32
from emulators.functions_host.errors import ConfigurationError
from emulators.functions_host.time_spans import parse_timespan


class Section:
    """To .NET each value is a text: "7" is a number if one is expected, and a number is a text.

    Unknown names are ignored, as by the Functions host.
    """

    def __init__(self, value: object, path: str = "host.json", *, hexadecimal: bool = True) -> None:
        """Uses a decoded object; `path` is for messages. `hexadecimal`: `0x10` is a number.

        Raises:
            ConfigurationError: it is not an object. (Azure's host silently ignores such a section.)
        """
        if not isinstance(value, dict):
            raise ConfigurationError(f"{path} must hold a JSON object")
        self.path = path
        self._hexadecimal = hexadecimal
        self._values = {name.casefold(): inner for name, inner in cast(Mapping[str, object], value).items()}

    def child(self, name: str, *, hexadecimal: bool = True) -> "Section":
        """The object under a name; an empty one if there is none."""
        value = self._values.get(name.casefold())
        return Section({} if value is None else value, self._path_of(name), hexadecimal=hexadecimal)

    def children(self) -> Iterator["Section"]:
        """Every object in it."""
        names = [name for name, value in self._values.items() if isinstance(value, dict)]
        return (self.child(name) for name in names)

    def texts_of(self, name: str) -> Iterator[tuple[str, str]]:
        """Every value under a name, with its path; in a path names have lost their case."""
        return _texts(self._values.get(name.casefold()), self._path_of(name))

    def text(self, name: str) -> str | None:
        """A string, or the text of a number or flag; None without a value."""
        return self._raw(name)

    def items(self, name: str) -> tuple[str, ...]:
        """The texts of a list; none where there is another value."""
        value = self._values.get(name.casefold())
        return tuple(str(one) for one in cast("list[object]", value)) if isinstance(value, list) else ()

    def number(
        self, name: str, default: int, *, least: int | None = None, most: int | None = None, nullable: bool = False
    ) -> int:
        """A whole number of 32 bits within bounds; `nullable`: an empty text is no value."""
        text = self._value(name, nullable=nullable)
        if text is None:
            return default
        try:
            value = parse_int32(text, hexadecimal=self._hexadecimal)
        except ValueError as error:
            raise self.fault(name, str(error)) from None
        if (least is not None and value < least) or (most is not None and value > most):
            raise self.fault(name, f"{value} must be {_bounds(least, most)}")
        return value

    def flag(self, name: str, *, default: bool, nullable: bool = False) -> bool:
        """True or false, in any case; `nullable`: an empty text is no value."""
        text = self._value(name, nullable=nullable)
        if text is None:
            return default
        try:
            return parse_flag(text)
        except ValueError as error:
            raise self.fault(name, str(error)) from None

    def span(self, name: str, default: timedelta, *, nullable: bool = False) -> timedelta:
        """A length of time; `nullable`: an empty text is no value."""
        text = self._value(name, nullable=nullable)
        if text is None:
            return default
        try:
            return parse_timespan(text)
        except ConfigurationError as error:
            raise self.fault(name, str(error)) from None

    def member(self, name: str, members: Mapping[str, int], default: str, *, nullable: bool = False) -> int:
        """The number of an enum's member, by its name in any case or as any number, which need not be a member's."""
        text = self._value(name, nullable=nullable)
        if text is None:
            return members[default]
        try:
            return parse_enum(text, members)
        except ValueError as error:
            raise self.fault(name, str(error)) from None

    def one_of(self, name: str, members: Mapping[str, int], default: str) -> str:
        """The name of an enum's member, see `member`; another number is refused, though .NET takes it."""
        value = self.member(name, members, default)
        found = next((known for known, number in members.items() if number == value), None)
        if found is None:
            raise self.fault(name, f"{value} is the number of none of {', '.join(members)}")
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

    def _value(self, name: str, *, nullable: bool) -> str | None:
        return (self._raw(name) or None) if nullable else self._raw(name)

    def _path_of(self, name: str) -> str:
        return f"host.json: {name}" if self.path == "host.json" else f"{self.path}.{name}"


def _bounds(least: int | None, most: int | None) -> str:
    if least is not None and most is not None:
        return f"between {least} and {most}"
    return f"at least {least}" if least is not None else f"at most {most}"


def _texts(value: object, path: str) -> Iterator[tuple[str, str]]:
    """The values within a list or an object."""
    if isinstance(value, dict):
        inner = {str(name): one for name, one in cast("Mapping[object, object]", value).items()}
    elif isinstance(value, list):
        inner = {str(place): one for place, one in enumerate(cast("list[object]", value))}
    else:
        return
    for name, one in inner.items():
        if isinstance(one, dict | list):
            yield from _texts(cast("object", one), f"{path}.{name}")
        elif one is not None:
            yield f"{path}.{name}", str(one)
