"""Route templates of HTTP triggers: matching, route values and the order in which routes are tried."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from emulators.functions_host.errors import ConfigurationError

_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class RouteTemplate:
    """One compiled template; `precedence` sorts a literal before a parameter, segment by segment."""

    text: str
    pattern: re.Pattern[str]
    precedence: tuple[int, ...]

    def match(self, path: str) -> dict[str, str] | None:
        """Route values for an undecoded request path (without query), or None."""
        found = self.pattern.fullmatch(path.strip("/"))
        return None if found is None else {name: unquote(value) for name, value in found.groupdict().items()}


def compile_route(text: str) -> RouteTemplate:
    """Compiles a template of literal segments and parameters that are a segment each: `runs/{run_id}/cancel`.

    Raises:
        ConfigurationError: it has anything else of ASP.NET Core's route templates.
    """
    segments = text.strip("/").split("/")
    parameters = [_PARAMETER.fullmatch(segment) for segment in segments]
    for segment, parameter in zip(segments, parameters, strict=True):
        if parameter is None and re.search("[{}]", segment):
            raise ConfigurationError(
                f"route {text!r}: this host knows literal segments and {{name}}; it has no constraints, optional "
                f"parameters or catch-alls, and no parameter within a segment ({segment})"
            )
    parts = [
        re.escape(segment) if parameter is None else f"(?P<{parameter[1]}>[^/]+)"
        for segment, parameter in zip(segments, parameters, strict=True)
    ]
    return RouteTemplate(
        "/".join(segments),
        re.compile("/".join(parts), re.IGNORECASE),
        tuple(0 if parameter is None else 1 for parameter in parameters),
    )
