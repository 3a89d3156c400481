"""Reads a request from text and reports every fault at once, each with its JSON path."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from contracts.ids import VmId
from contracts.message import Message, StrictMessage
from contracts.request import MAX_TARGETS_BY_HTTP, ImageRequest

_MOST_FAULTS = 50
_MOST_CHARACTERS = 300
_UNION_TAGS = frozenset({"galleryImageVersion", "managedImage"})
_WORDS = {
    "missing": "is missing; there is no default",
    "extra_forbidden": "is no member of this form; correct its name or remove it",
    "model_type": "must be a JSON object",
    "tuple_type": "must be a JSON array",
    "union_tag_invalid": 'its kind must be "galleryImageVersion" or "managedImage"',
    "union_tag_not_found": 'its kind must be "galleryImageVersion" or "managedImage"',
}
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Fault(Message):
    """One thing wrong with a request: where, and what."""

    path: str
    message: str


class BadRequest(ValueError):
    """The text is no request; `faults` holds all that is wrong with it, at most 50."""

    def __init__(self, faults: list[Fault]) -> None:
        """Keep the faults; the text of the error lists them."""
        self.faults = tuple(
            Fault(path=_shortened(fault.path), message=_shortened(fault.message)) for fault in faults[:_MOST_FAULTS]
        )
        super().__init__("; ".join(f"{fault.path}: {fault.message}" for fault in self.faults))


def read_request(text: str | bytes, *, max_targets: int) -> ImageRequest:
    """Read a request from JSON text of at most `max_targets` machines; BadRequest tells every fault.

    A member that stands twice in one object is a fault: JSON readers disagree on which one counts.
    """
    document, faults = parse_json(text)
    request: ImageRequest | None = None
    try:
        # Only the names on the wire count: a second spelling of a member would be a twin that nobody sees.
        request = ImageRequest.model_validate(document, by_alias=True, by_name=False)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        # How many targets there are is told below, where the door's own limit is known.
        faults += [_fault(item) for item in found if not _counts_targets(item)]
    faults += _other_faults(document, min(max_targets, MAX_TARGETS_BY_HTTP))
    if faults or request is None:
        raise BadRequest(faults)
    return request


def read_form[M: StrictMessage](form: type[M], text: str | bytes) -> M:
    """Read another message from outside out of JSON text; BadRequest tells every fault."""
    document, faults = parse_json(text)
    read: M | None = None
    try:
        read = form.model_validate(document, by_alias=True, by_name=False)
    except ValidationError as error:
        faults += [_fault(item) for item in error.errors(include_url=False, include_input=False)]
    if faults or read is None:
        raise BadRequest(faults)
    return read


def request_digest(request: ImageRequest) -> str:
    """Hex SHA-256 of what the request asks for: equal for texts that differ in layout or in case only.

    What stands at its default is left out, so that a later version with one more option gives the same.
    """
    document = _without_case(request.model_dump(mode="json", exclude_defaults=True))
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _without_case(value: Any) -> Any:
    """Lower-case what has no case in Azure: ARM ids; a script's parameters have it."""
    if isinstance(value, dict):
        return {name: _without_case(item) for name, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_without_case(item) for item in cast("list[Any]", value)]
    return value.lower() if isinstance(value, str) and value.lower().startswith("/subscriptions/") else value


def parse_json(text: str | bytes) -> tuple[Any, list[Fault]]:
    """Parse JSON (bytes: UTF-8) and tell the members that stand twice; BadRequest if it is no JSON at all."""
    twins: list[Fault] = []

    def without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in pairs:
            if name in made:
                twins.append(Fault(path="$", message=f"member {json.dumps(name)} stands twice in one object"))
            made[name] = value
        return made

    try:
        # Decoded here: the JSON reader would guess UTF-16 and UTF-32 too.
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        return json.loads(decoded, object_pairs_hook=without_twins, parse_constant=_no_constant), twins
    except UnicodeDecodeError:
        raise BadRequest([Fault(path="$", message="is not UTF-8 text")]) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise BadRequest([Fault(path="$", message=f"is not JSON: {error.msg} at {where}")]) from None
    except (ValueError, RecursionError) as error:
        raise BadRequest([Fault(path="$", message=f"is not JSON that can be read: {error}")]) from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _fault(item: ErrorDetails) -> Fault:
    path = "$"
    for before, part in zip((None, *item["loc"]), item["loc"], strict=False):
        if isinstance(part, int):
            path += f"[{part}]"
        elif not (before == "image" and part in _UNION_TAGS):
            path += f".{part}" if _PLAIN_NAME.fullmatch(part) else f"[{json.dumps(part)}]"
    if path == "$.version" and item["type"] == "literal_error":
        return Fault(path=path, message="must be the number 1")
    return Fault(path=path, message=_WORDS.get(item["type"]) or item["msg"].removeprefix("Value error, "))


def _counts_targets(item: ErrorDetails) -> bool:
    return item["loc"] == ("targets",) and item["type"] in {"too_short", "too_long"}


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"


def _other_faults(document: object, max_targets: int) -> list[Fault]:
    """Faults that span several fields, found even when single fields are at fault too."""
    listed = _member(document, "targets")
    if not isinstance(listed, list):
        return []
    targets = cast("list[object]", listed)
    faults: list[Fault] = []
    if not targets:
        faults.append(Fault(path="$.targets", message="names no machine; name at least one"))
    if len(targets) > max_targets:
        faults.append(
            Fault(
                path="$.targets",
                message=f"names {len(targets)} machines; this door takes at most {max_targets}",
            )
        )
    for index, first in _seen_before([_vm_id(target) for target in targets]):
        message = f"is the same machine as $.targets[{first}]; name each machine once"
        faults.append(Fault(path=f"$.targets[{index}].vmId", message=message))
    # One image can be made once: two machines must not be given up for the same name.
    for index, first in _seen_before([_image_name(_member(target, "image")) for target in targets]):
        message = f"is the same image as $.targets[{first}].image; give each machine an image of its own"
        faults.append(Fault(path=f"$.targets[{index}].image", message=message))
    return faults


def _seen_before(things: Sequence[object]) -> Iterator[tuple[int, int]]:
    """Give the place of each thing that stood before, with the place where it stood first; None is no thing."""
    first_seen: dict[object, int] = {}
    for index, thing in enumerate(things):
        if thing is not None and first_seen.setdefault(thing, index) != index:
            yield index, first_seen[thing]


def _image_name(image: object) -> str | None:
    """The name that an image asks for, if it asks for one."""
    managed, definition, version = (_member(image, name) for name in ("imageId", "imageDefinitionId", "version"))
    if isinstance(managed, str):
        return managed.rstrip("/").lower()
    explicit = isinstance(version, str) and version[:1].isdigit()
    return f"{definition}/{version}".lower() if explicit and isinstance(definition, str) else None


def _vm_id(target: object) -> VmId | None:
    text = _member(target, "vmId")
    try:
        return VmId.parse(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _member(document: object, name: str) -> object:
    return cast("dict[str, object]", document).get(name) if isinstance(document, dict) else None
