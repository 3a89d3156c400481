"""Parses a request and reports all its faults at once, each with its JSON path."""

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
_MESSAGES = {
    "missing": "is missing; there is no default",
    "extra_forbidden": "is not a known member; correct its name or remove it",
    "model_type": "must be a JSON object",
    "tuple_type": "must be a JSON array",
    "union_tag_invalid": 'its kind must be "galleryImageVersion" or "managedImage"',
    "union_tag_not_found": 'its kind must be "galleryImageVersion" or "managedImage"',
}
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Fault(Message):
    """One fault of a request: its JSON path and a message."""

    path: str
    message: str


class BadRequest(ValueError):
    """The text is not a valid request; `faults` lists what is wrong with it, at most 50."""

    def __init__(self, faults: list[Fault]) -> None:
        """Keep the faults; the message of the error lists them."""
        self.faults = tuple(
            Fault(path=_shortened(fault.path), message=_shortened(fault.message)) for fault in faults[:_MOST_FAULTS]
        )
        super().__init__("; ".join(f"{fault.path}: {fault.message}" for fault in self.faults))


def read_request(text: str | bytes, *, max_targets: int) -> ImageRequest:
    """Parse a request of at most `max_targets` VMs from JSON; BadRequest lists every fault.

    A member that appears twice in one object is a fault: JSON parsers disagree on which one counts.
    """
    document, faults = parse_json(text)
    request: ImageRequest | None = None
    try:
        # Only the JSON names count: with a second spelling, a member could appear twice unnoticed.
        request = ImageRequest.model_validate(document, by_alias=True, by_name=False)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        # The number of targets is checked below, where the trigger's limit is known.
        faults += [_fault(item) for item in found if not _counts_targets(item)]
    faults += _other_faults(document, min(max_targets, MAX_TARGETS_BY_HTTP))
    if faults or request is None:
        raise BadRequest(faults)
    return request


def read_form[M: StrictMessage](form: type[M], text: str | bytes) -> M:
    """Parse another message from outside from JSON; BadRequest lists every fault."""
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
    """Hex SHA-256 of the request's content: equal for texts that differ only in layout or in the case of ARM ids.

    Members with their default value are omitted, so that the digest stays the same when a later version adds an option.
    """
    document = _without_case(request.model_dump(mode="json", exclude_defaults=True))
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _without_case(value: Any) -> Any:
    """Lower-case the ARM ids, which are case-insensitive in Azure; a script's parameters are not."""
    if isinstance(value, dict):
        return {name: _without_case(item) for name, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_without_case(item) for item in cast("list[Any]", value)]
    return value.lower() if isinstance(value, str) and value.lower().startswith("/subscriptions/") else value


def parse_json(text: str | bytes) -> tuple[Any, list[Fault]]:
    """Parse JSON (bytes: UTF-8) and list the members that appear twice; BadRequest if it is not JSON."""
    duplicates: list[Fault] = []

    def without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for name, value in pairs:
            if name in members:
                duplicates.append(Fault(path="$", message=f"member {json.dumps(name)} appears twice in one object"))
            members[name] = value
        return members

    try:
        # Decoded here: json.loads would also accept UTF-16 and UTF-32.
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        return json.loads(decoded, object_pairs_hook=without_duplicates, parse_constant=_no_constant), duplicates
    except UnicodeDecodeError:
        raise BadRequest([Fault(path="$", message="is not UTF-8 text")]) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise BadRequest([Fault(path="$", message=f"is not JSON: {error.msg} at {where}")]) from None
    except (ValueError, RecursionError) as error:
        raise BadRequest([Fault(path="$", message=f"is not JSON that can be parsed: {error}")]) from None


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
    return Fault(path=path, message=_MESSAGES.get(item["type"]) or item["msg"].removeprefix("Value error, "))


def _counts_targets(item: ErrorDetails) -> bool:
    return item["loc"] == ("targets",) and item["type"] in {"too_short", "too_long"}


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"


def _other_faults(document: object, max_targets: int) -> list[Fault]:
    """Find faults that concern several fields, even if single fields are faulty too."""
    listed = _member(document, "targets")
    if not isinstance(listed, list):
        return []
    targets = cast("list[object]", listed)
    faults: list[Fault] = []
    if not targets:
        faults.append(Fault(path="$.targets", message="names no VM; name at least one"))
    if len(targets) > max_targets:
        faults.append(
            Fault(
                path="$.targets",
                message=f"names {len(targets)} VMs; this trigger takes at most {max_targets}",
            )
        )
    for index, first in _seen_before([_vm_id(target) for target in targets]):
        message = f"is the same VM as $.targets[{first}]; name each VM once"
        faults.append(Fault(path=f"$.targets[{index}].vmId", message=message))
    # An image can be created only once: two VMs must not be generalized for the same image name.
    for index, first in _seen_before([_image_name(_member(target, "image")) for target in targets]):
        message = f"is the same image as $.targets[{first}].image; name a different image for each VM"
        faults.append(Fault(path=f"$.targets[{index}].image", message=message))
    return faults


def _seen_before(items: Sequence[object]) -> Iterator[tuple[int, int]]:
    """Return the index of each repeated item, with the index of its first occurrence; None is skipped."""
    first_seen: dict[object, int] = {}
    for index, item in enumerate(items):
        if item is not None and first_seen.setdefault(item, index) != index:
            yield index, first_seen[item]


def _image_name(image: object) -> str | None:
    """The image name in the request, if it is explicit."""
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
