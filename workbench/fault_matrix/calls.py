"""The calls that a story really makes, read from the log of a run in which nothing went wrong."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from workbench.arm_simulator import RequestRecord

_GROUP = re.compile(r"^/subscriptions/[^/]+/resourceGroups/[^/]+", re.IGNORECASE)
_OURS = re.compile(r"golden-image-[0-9a-f]{16}-([a-z0-9-]+)")
_COMMAND = re.compile(r"golden-image-([a-z0-9-]+)-[0-9a-f]{16}")
_OS_DISK = re.compile(r"_OsDisk_1_[0-9a-f]+")
# POSTs that begin nothing: one marks a machine at once, one reads the serial log.
_AT_ONCE = frozenset({"virtualMachines.generalize", "virtualMachines.retrieveBootDiagnosticsData"})


@dataclass(frozen=True)
class Call:
    """One kind of request of the story.

    `about`: the part names of what it is about, the same in every run. `later`: not the first of its kind but the
    second, with all that follow. `number` is its place in the list.
    """

    number: int
    method: str
    operation: str
    about: str
    later: bool
    path: str

    @property
    def name(self) -> str:
        """How it is shown and asked for."""
        return f"{self.method} {self.operation} {self.about}{' (later)' if self.later else ''}"

    @property
    def begins_an_operation(self) -> bool:
        """Whether Azure answers it before the work is done."""
        return self.method != "GET" and self.operation not in _AT_ONCE


def calls_of(requests: Iterable[RequestRecord]) -> list[Call]:
    """Give the calls in the order in which each came first."""
    found: dict[tuple[str, str, str, bool], Call] = {}
    for request in requests:
        about = about_of(request.path)
        key = request.method, request.operation, about
        later = (*key, False) in found
        if (*key, later) not in found:
            found[(*key, later)] = Call(len(found) + 1, *key, later, _pattern(request.path))
    return list(found.values())


def about_of(path: str) -> str:
    """Give the part names in a path: of a machine's Run Command "clone/prepare-0", of a list "web/versions"."""
    rest = _GROUP.sub("", path).strip("/").split("/")
    names = [_name(part) for part in rest[3::2]] if rest[0] == "providers" else []
    if "Microsoft.Authorization" in rest:
        names = [_name(part) for part in rest[3 : rest.index("Microsoft.Authorization") - 1 : 2]]
        names.append(rest[-1])
    elif len(rest) % 2:
        names.append(rest[-1])
    return "/".join(names) or "group"


def _name(part: str) -> str:
    if (ours := _OURS.fullmatch(part)) is not None:
        return ours[1]
    if (command := _COMMAND.fullmatch(part)) is not None:
        return command[1]
    return _OS_DISK.sub("-os-disk", part)


def _pattern(path: str) -> str:
    """Give a regular expression for this path in the group of any run."""
    rest = re.escape(_GROUP.sub("", path))
    rest = re.sub(r"[0-9a-f]{16}", "[0-9a-f]{16}", rest)
    rest = re.sub(r"versions/\d+\\\.\d+\\\.\d+$", r"versions/[0-9.]+", rest)
    return rf"^/subscriptions/[^/]+/resourceGroups/[^/]+{rest}$"
