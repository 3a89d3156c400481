"""Reads the text of a route template into segments of literals and parameters."""

from dataclasses import dataclass

from emulators.functions_host.errors import ConfigurationError


@dataclass(frozen=True)
class Parameter:
    """One `{…}`: its name, constraints in order, default value, and whether it may be missing or takes the rest."""

    name: str
    rules: tuple[str, ...] = ()
    default: str | None = None
    optional: bool = False
    catch_all: bool = False


type Segment = tuple[str | Parameter, ...]


def read_segments(template: str) -> tuple[Segment, ...]:
    """The segments of `orders/{id:int}/{*rest}`; doubled braces stand for one.

    Raises:
        ConfigurationError: a brace without its partner.
    """
    segments: list[list[str | Parameter]] = [[""]]
    position, text = 0, template.strip("/")
    while position < len(text):
        character = text[position]
        if text.startswith(("{{", "}}"), position):
            _add(segments[-1], character)
            position += 2
        elif character == "{":
            inner, position = _inside(text, position + 1)
            segments[-1] += [_parameter(inner), ""]
        elif character == "}":
            raise ConfigurationError(f"route {template!r}: a }} without its {{")
        else:
            if character == "/":
                segments.append([""])
            else:
                _add(segments[-1], character)
            position += 1
    return tuple(tuple(part for part in segment if part != "") for segment in segments if segment != [""])


def _add(segment: list[str | Parameter], character: str) -> None:
    last = segment[-1]
    assert isinstance(last, str)
    segment[-1] = last + character


def _inside(text: str, position: int) -> tuple[str, int]:
    """The text up to the brace that closes, and the position after it."""
    inner = ""
    while position < len(text):
        if text.startswith(("{{", "}}"), position):
            inner += text[position]
            position += 2
        elif text[position] == "}":
            return inner, position + 1
        else:
            inner += text[position]
            position += 1
    raise ConfigurationError(f"route {text!r}: a {{ without its }}")


def _parameter(inner: str) -> Parameter:
    stars = len(inner) - len(inner.lstrip("*"))
    body, default = inner[stars:], None
    optional = body.endswith("?") and not body.endswith("\\?")
    body = body.removesuffix("?") if optional else body
    parts, rest = _split(body)
    if rest is not None:
        default = rest
    return Parameter(parts[0].strip(), tuple(parts[1:]), default, optional, bool(stars))


def _split(body: str) -> tuple[list[str], str | None]:
    """Name and constraints, cut at the colons outside of brackets, and the default after the first such "="."""
    parts, depth = [""], 0
    for number, character in enumerate(body):
        if character == "=" and depth == 0:
            return parts, body[number + 1 :]
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == ":" and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts, None
