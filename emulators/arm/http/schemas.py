"""Strict bodies: an unknown member, a missing one or a wrong type is refused with ARM's error."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulators.arm.errors import bad_body, bad_request, location_required, missing_parameter

type Schema = type[str] | type[bool] | type[int] | "ListOf" | "Members" | "Texts" | "AnyObject"


@dataclass(frozen=True)
class ListOf:
    """An array of one kind of resource."""

    item: Schema


@dataclass(frozen=True)
class Texts:
    """An object from any name to text (tags)."""


@dataclass(frozen=True)
class AnyObject:
    """An object with members of any name and type."""


@dataclass(frozen=True)
class Members:
    """An object with these members and no others."""

    type_name: str
    members: Mapping[str, Schema]
    required: tuple[str, ...] = field(default=())


#: Actions take no body; clients send nothing, or an empty object.
NO_BODY = Members("Empty", {})


def parse(raw: bytes, schema: Members) -> dict[str, Any]:
    """The body as a checked object, with the members spelled as documented. Raises ArmError."""
    if not raw.strip():
        document: Any = {}
    else:
        try:
            document = json.loads(raw)
        except ValueError as error:
            raise bad_body(str(error)) from None
    return _members(document, schema, "")


def _check(value: Any, schema: Schema, path: str) -> Any:
    if isinstance(schema, Members):
        return _members(value, schema, path)
    if isinstance(schema, ListOf):
        if not isinstance(value, list):
            raise _wrong_type(value, "array", path)
        items: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
        return [_check(item, schema.item, f"{path}[{index}]") for index, item in enumerate(items)]
    if isinstance(schema, Texts):
        pairs = _object(value, path)
        return {name: _check(text, str, f"{path}.{name}") for name, text in pairs.items()}
    if isinstance(schema, AnyObject):
        return _object(value, path)
    # JSON true is not a number, although Python's bool is an int.
    if not isinstance(value, schema) or (schema is int and isinstance(value, bool)):
        raise _wrong_type(value, schema.__name__, path)
    return value


def _members(value: Any, schema: Members, path: str) -> dict[str, Any]:
    spelled = {name.lower(): name for name in schema.members}
    checked: dict[str, Any] = {}
    for name, member in _object(value, path).items():
        here = f"{path}.{name}" if path else name
        known = spelled.get(name.lower())
        if known is None:
            message = f"Could not find member '{name}' on object of type '{schema.type_name}'. Path '{here}'."
            raise bad_request(message, name)
        if member is not None:
            checked[known] = _check(member, schema.members[known], here)
    for name in schema.required:
        if name not in checked:
            raise location_required() if name == "location" else missing_parameter(f"{path}.{name}".lstrip("."))
    return checked


def _object(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong_type(value, "object", path or "body")
    return dict(value)  # pyright: ignore[reportUnknownArgumentType]


def _wrong_type(value: object, wanted: str, path: str) -> Exception:
    shown = type(value).__name__
    return bad_request(f"Error converting a value of type '{shown}' to type '{wanted}'. Path '{path}'.", path)
