"""Route templates of HTTP triggers: matching, route values and the order in which routes are tried.

Source: ASP.NET Core route templates, which the Functions host uses.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from workbench.functions_host.errors import ConfigurationError

_PLACE = re.compile(r"\{(?P<star>\*{0,2})(?P<name>\w+)(?P<rules>(?::[^{}=?]+)*)(?P<end>\?|=[^{}]*)?\}")
_GUID = r"[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}"
_RULES = {
    "int": r"-?\d+",
    "long": r"-?\d+",
    "bool": r"(?i:true|false)",
    "guid": _GUID,
    "alpha": r"[A-Za-z]*",
    "decimal": r"-?\d+(?:\.\d+)?",
    "double": r"-?\d+(?:\.\d+)?",
    "float": r"-?\d+(?:\.\d+)?",
    "required": r"[^/]+",
}


@dataclass(frozen=True)
class RouteTemplate:
    """One compiled template; `precedence` sorts literal before parameter before catch-all, segment by segment."""

    text: str
    pattern: re.Pattern[str]
    defaults: tuple[tuple[str, str], ...]
    precedence: tuple[int, ...]

    def match(self, path: str) -> dict[str, str] | None:
        """Route values for an undecoded request path (without query), or None."""
        found = self.pattern.fullmatch(path.strip("/"))
        if found is None:
            return None
        values = {name: unquote(value) for name, value in found.groupdict().items() if value}
        return {**dict(self.defaults), **values}


def compile_route(text: str) -> RouteTemplate:
    """Compiles a template such as `orders/{id:int}/{*rest}`.

    Raises:
        ConfigurationError: a constraint that this host does not know.
    """
    pattern, ranks, defaults = "", list[int](), list[tuple[str, str]]()
    for number, segment in enumerate(part for part in text.strip("/").split("/") if part):
        piece, optional, rank = _segment(segment, defaults)
        slash = "/" if number else ""
        pattern += f"(?:{slash}{piece})?" if optional else slash + piece
        ranks.append(rank)
    return RouteTemplate(text.strip("/"), re.compile(pattern, re.IGNORECASE), tuple(defaults), tuple(ranks))


def _segment(segment: str, defaults: list[tuple[str, str]]) -> tuple[str, bool, int]:
    """The pattern of one segment, whether it may be missing, and its rank."""
    pattern, position, optional, rank = "", 0, False, 1
    for place in _PLACE.finditer(segment):
        pattern += re.escape(segment[position : place.start()])
        position = place.end()
        catch_all, end = bool(place["star"]), place["end"] or ""
        rules = [rule for rule in place["rules"].split(":") if rule]
        pattern += f"(?P<{place['name']}>{_value_pattern(rules, catch_all=catch_all)})"
        optional = catch_all or bool(end)
        if end.startswith("="):
            defaults.append((place["name"], end[1:]))
        rank = (5 if catch_all else 3) - (1 if rules else 0)
    return pattern + re.escape(segment[position:]), optional, rank


def _value_pattern(rules: list[str], *, catch_all: bool) -> str:
    """The last rule is what is matched; the ones before it must hold for the same text."""
    if not rules:
        return ".*" if catch_all else "[^/]+"
    checks = "".join(f"(?={_rule_pattern(rule)}(?:/|$))" for rule in rules[:-1])
    return checks + _rule_pattern(rules[-1])


def _rule_pattern(rule: str) -> str:
    if rule in _RULES:
        return _RULES[rule]
    name, _, rest = rule.partition("(")
    argument = rest.removesuffix(")")
    match name:
        case "length" if "," not in argument:
            return rf"[^/]{{{int(argument)}}}"
        case "length":
            return rf"[^/]{{{argument.replace(' ', '')}}}"
        case "minlength":
            return rf"[^/]{{{int(argument)},}}"
        case "maxlength":
            return rf"[^/]{{0,{int(argument)}}}"
        case "regex":
            return argument.removeprefix("^").removesuffix("$")
        case _:
            raise ConfigurationError(f"route constraint {rule!r} is not known to this host: see docs/functions-host.md")
