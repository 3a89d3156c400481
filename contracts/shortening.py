"""Makes the JSON of a machine's result shorter, step by step, until it fits a queue message."""

from collections.abc import Iterator
from typing import Any, cast

type Json = dict[str, Any]

LEFT_OUT = "(left out: no room in 48 KiB; the run's own output has it)"
_LONG = 200
_WHOLE = frozenset({"caveat", "vmId"})


def shorter_document(result: Json) -> Json | None:
    """Give a result that says less, by the first of these that still takes something away; None if none does.

    What the scripts said, what Azure told of the regions, of the dropped ones last, the ends of long texts, then
    entries of lists (counted in `leftOut`). The result that is given may be changed.
    """
    image: Json = result.get("image") or {}
    for entries, name in (
        (result.get("prepared"), "output"),
        (image.get("regions"), "details"),
        (image.get("droppedRegions"), "details"),
    ):
        if _leave_out(entries or [], name):
            return result
    texts = {name: value if name in _WHOLE else _cut(value) for name, value in result.items()}
    if texts != result:
        return texts
    return result if _leave_out_entries(result) else None


def _leave_out(entries: list[Json], name: str) -> bool:
    told = [entry for entry in entries if entry.get(name) not in {None, "", LEFT_OUT}]
    for entry in told:
        entry[name] = LEFT_OUT
    return bool(told)


def _cut(value: Any) -> Any:
    """Cut every long text in it but ids."""
    if isinstance(value, str):
        cut = len(value) > _LONG and not value.startswith("/subscriptions/")
        return f"{value[: _LONG - 3]}..." if cut else value
    if isinstance(value, dict):
        return {name: _cut(each) for name, each in cast("Json", value).items()}
    return [_cut(each) for each in cast("list[Any]", value)] if isinstance(value, list) else value


def _leave_out_entries(result: Json) -> bool:
    """Leave out a quarter of the longest list, and never its first entry: some faults must not look like none."""
    lists = [found for found in _lists(result) if len(found) > 1]
    if not lists:
        return False
    longest = max(lists, key=lambda found: len(str(found)))
    room = len(longest) * 3 // 4
    result["leftOut"] += len(longest) - room
    while len(longest) > room:
        if isinstance(longest, dict):
            longest.popitem()
        else:
            longest.pop()
    return True


def _lists(value: Any) -> Iterator[list[Any] | Json]:
    """Find every list, and the one map that grows like a list: the versions that retention kept."""
    if isinstance(value, list):
        yield cast("list[Any]", value)
    members = cast("Json", value) if isinstance(value, dict) else {}
    for name, each in members.items():
        if name == "kept":
            yield each
        yield from _lists(each)
