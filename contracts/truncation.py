"""Shortens the JSON of a VM's result, one step at a time, until it fits a queue message."""

from collections.abc import Iterator
from typing import Any, cast

type Json = dict[str, Any]

OMITTED = "(omitted to stay within 48 KiB; see the output of the run)"
_LONG = 200
_NEVER_CUT = frozenset({"disclaimer", "vmId"})


def shorter_document(result: Json) -> Json | None:
    """Return a shorter result, or None if it cannot be shortened. The argument may be changed.

    Removes the first of these that is left: the output of scripts, Azure's details about the regions (those of dropped
    regions last), the ends of long texts, entries of lists (counted in `truncated`).
    """
    image: Json = result.get("image") or {}
    for entries, name in (
        (result.get("customizers"), "output"),
        (image.get("regions"), "details"),
        (image.get("droppedRegions"), "details"),
    ):
        if _leave_out(entries or [], name):
            return result
    texts = {name: value if name in _NEVER_CUT else _cut(value) for name, value in result.items()}
    if texts != result:
        return texts
    return result if _leave_out_entries(result) else None


def _leave_out(entries: list[Json], name: str) -> bool:
    filled = [entry for entry in entries if entry.get(name) not in {None, "", OMITTED}]
    for entry in filled:
        entry[name] = OMITTED
    return bool(filled)


def _cut(value: Any) -> Any:
    """Cut every long text in the value, except ids."""
    if isinstance(value, str):
        cut = len(value) > _LONG and not value.startswith("/subscriptions/")
        return f"{value[: _LONG - 3]}..." if cut else value
    if isinstance(value, dict):
        return {name: _cut(each) for name, each in cast("Json", value).items()}
    return [_cut(each) for each in cast("list[Any]", value)] if isinstance(value, list) else value


def _leave_out_entries(result: Json) -> bool:
    """Remove a quarter of the longest list, but never its first entry: a list with faults must not become empty."""
    lists = [found for found in _lists(result) if len(found) > 1]
    if not lists:
        return False
    longest = max(lists, key=lambda found: len(str(found)))
    remaining = len(longest) * 3 // 4
    result["truncated"] += len(longest) - remaining
    while len(longest) > remaining:
        if isinstance(longest, dict):
            longest.popitem()
        else:
            longest.pop()
    return True


def _lists(value: Any) -> Iterator[list[Any] | Json]:
    """Find every list, and the one object that grows like a list: the versions that retention kept."""
    if isinstance(value, list):
        yield cast("list[Any]", value)
    members = cast("Json", value) if isinstance(value, dict) else {}
    for name, each in members.items():
        if name == "kept":
            yield each
        yield from _lists(each)
