"""Reads a request from text and reports every fault at once, each with its JSON path."""

import hashlib
import json
from typing import Any, cast

from pydantic import ValidationError

from contracts.ids import VmId
from contracts.message import Message
from contracts.request import ImageRequest

_MOST_FAULTS = 50


class Fault(Message):
    """One thing wrong with a request: where, and what."""

    path: str
    message: str


class BadRequest(ValueError):
    """The text is no request; `faults` holds all that is wrong with it, at most 50."""

    def __init__(self, faults: list[Fault]) -> None:
        """Keep the faults; the text of the error lists them."""
        self.faults = tuple(faults[:_MOST_FAULTS])
        super().__init__("; ".join(f"{fault.path}: {fault.message}" for fault in self.faults))


def read_request(text: str | bytes, *, max_targets: int) -> ImageRequest:
    """Read a request from JSON text of at most `max_targets` machines; BadRequest tells every fault.

    A member that stands twice in one object is a fault: JSON readers disagree on which one counts.
    """
    document = _parse(text)
    faults: list[Fault] = []
    request: ImageRequest | None = None
    try:
        request = ImageRequest.model_validate(document)
    except ValidationError as error:
        faults += [_fault(item["loc"], item["msg"]) for item in error.errors(include_url=False)]
    faults += _other_faults(document, max_targets)
    if faults or request is None:
        raise BadRequest(faults)
    return request


def request_digest(request: ImageRequest) -> str:
    """Hex SHA-256 of what the request asks for: equal for texts that differ in layout or in case only."""
    return hashlib.sha256(json.dumps(request.model_dump(mode="json"), sort_keys=True).lower().encode()).hexdigest()


def _parse(text: str | bytes) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_without_twins, parse_constant=_no_constant)
    except _TwinMember as twin:
        raise BadRequest([Fault(path="$", message=f"member {twin.args[0]!r} stands twice in one object")]) from None
    except UnicodeDecodeError:
        raise BadRequest([Fault(path="$", message="is not UTF-8 text")]) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise BadRequest([Fault(path="$", message=f"is not JSON: {error.msg} at {where}")]) from None
    except (ValueError, RecursionError) as error:
        raise BadRequest([Fault(path="$", message=f"is not JSON that can be read: {error}")]) from None


class _TwinMember(Exception):
    pass


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise _TwinMember(name)
        made[name] = value
    return made


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _fault(location: tuple[int | str, ...], message: str) -> Fault:
    path = "$"
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part not in {"galleryImageVersion", "managedImage"}:
            path += f".{part}"
    return Fault(path=path, message=message.removeprefix("Value error, "))


def _other_faults(document: object, max_targets: int) -> list[Fault]:
    """Faults that span several fields, found even when single fields are at fault too."""
    listed = _member(document, "targets")
    if not isinstance(listed, list):
        return []
    targets = cast("list[object]", listed)
    faults: list[Fault] = []
    if len(targets) > max_targets:
        faults.append(
            Fault(
                path="$.targets",
                message=f"names {len(targets)} machines; this door takes at most {max_targets}",
            )
        )
    first_seen: dict[VmId, int] = {}
    for index, target in enumerate(targets):
        vm_id = _vm_id(target)
        if vm_id is None:
            continue
        if vm_id in first_seen:
            message = f"is the same machine as $.targets[{first_seen[vm_id]}]; name each machine once"
            faults.append(Fault(path=f"$.targets[{index}].vmId", message=message))
        first_seen.setdefault(vm_id, index)
    return faults


def _vm_id(target: object) -> VmId | None:
    text = _member(target, "vmId")
    try:
        return VmId.parse(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _member(document: object, name: str) -> object:
    return cast("dict[str, object]", document).get(name) if isinstance(document, dict) else None
