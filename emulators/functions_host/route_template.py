"""Route templates of HTTP triggers: matching, route values and the order in which routes are tried.

Source: ASP.NET Core route templates, which the Functions host uses.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from emulators.functions_host.route_constraints import Constraint, constraint_of
from emulators.functions_host.route_syntax import Parameter, Segment, read_segments


@dataclass(frozen=True)
class RouteTemplate:
    """One compiled template; `precedence` sorts literal before parameter before catch-all, segment by segment."""

    text: str
    pattern: re.Pattern[str]
    defaults: Mapping[str, str]
    constraints: tuple[tuple[str, Constraint], ...]
    precedence: tuple[int, ...]

    def match(self, path: str) -> dict[str, str] | None:
        """Route values for an undecoded request path (without query), or None."""
        found = self.pattern.fullmatch(path.strip("/"))
        if found is None:
            return None
        given = {name: unquote(value) for name, value in found.groupdict().items() if value}
        values = {**self.defaults, **given}
        # An optional parameter without a value is not checked.
        return values if all(holds(values[name]) for name, holds in self.constraints if name in values) else None


def compile_route(text: str) -> RouteTemplate:
    """Compiles a template such as `orders/{id:int}/{*rest}`.

    Raises:
        ConfigurationError: it cannot be read, or has a constraint that this host does not know.
    """
    segments = read_segments(text)
    parameters = [part for segment in segments for part in segment if isinstance(part, Parameter)]
    return RouteTemplate(
        text.strip("/"),
        re.compile("".join(_pattern(segment, first=not n) for n, segment in enumerate(segments)), re.IGNORECASE),
        {part.name: part.default for part in parameters if part.default is not None},
        tuple((part.name, constraint_of(rule)) for part in parameters for rule in part.rules),
        tuple(_rank(segment) for segment in segments),
    )


def _pattern(segment: Segment, *, first: bool) -> str:
    """A segment with the slash before it; if it is one optional parameter, the slash is optional too."""
    slash = "" if first else "/"
    only = segment[0]
    if len(segment) == 1 and isinstance(only, Parameter):
        value = f"(?P<{only.name}>{'.*' if only.catch_all else '[^/]+'})"
        missing = only.optional or only.catch_all or only.default is not None
        return f"(?:{slash}{value})?" if missing else slash + value
    *head, last = segment
    text = "".join(_part(part) for part in head)
    if isinstance(last, Parameter) and last.optional:
        # `{name}.{extension?}`: without the extension there is no dot either.
        if text.endswith(r"\."):
            before = text.removesuffix(r"\.").replace("[^/]+", "[^/]+?")
            return rf"{slash}{before}(?:\.(?P<{last.name}>[^/.]+))?"
        return f"{slash}{text}(?:{_part(last)})?"
    return slash + text + _part(last)


def _part(part: str | Parameter) -> str:
    return re.escape(part) if isinstance(part, str) else f"(?P<{part.name}>[^/]+)"


def _rank(segment: Segment) -> int:
    """Source: RoutePrecedence of ASP.NET Core."""
    parameters = [part for part in segment if isinstance(part, Parameter)]
    if not parameters:
        return 1
    if len(segment) > 1:
        return 2
    only = parameters[0]
    return (5 if only.catch_all else 3) - (1 if only.rules else 0)
