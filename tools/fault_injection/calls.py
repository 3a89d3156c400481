"""The calls that a run really makes, read from the simulator's log of a run without faults."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.ids import NAME_PREFIX
from emulators.arm import RequestRecord

_GROUP = re.compile(r"^/subscriptions/[^/]+/resourceGroups/[^/]+", re.IGNORECASE)
_OURS = re.compile(rf"{NAME_PREFIX}[0-9a-f]{{16}}-([a-z0-9-]+)")
_COMMAND = re.compile(rf"{NAME_PREFIX}([a-z0-9-]+)-[0-9a-f]{{16}}")
_OS_DISK = re.compile(r"_OsDisk_1_[0-9a-f]+")
# POSTs that start no operation: one marks a VM at once, one reads the serial log.
_AT_ONCE = frozenset(
    {"virtualMachines.generalize", "virtualMachines.retrieveBootDiagnosticsData", "policyRestrictions.check"}
)


@dataclass(frozen=True)
class Call:
    """One kind of request of a run.

    `about`: the part names of its resource, the same in every run. `activity`: the activity that sends it. `later`:
    not the activity's first of its kind but the second. `nth`: which request of this method and path it is, from 1.
    `number`: its place in the list.
    """

    number: int
    method: str
    operation: str
    about: str
    activity: str
    later: bool
    nth: int
    path: str

    @property
    def name(self) -> str:
        """Its name in the output and in `--only`."""
        return f"{self.method} {self.operation} {self.about} in {self.activity}{', later' if self.later else ''}"

    @property
    def begins_an_operation(self) -> bool:
        """Whether it starts an asynchronous operation."""
        return self.method != "GET" and self.operation not in _AT_ONCE


def calls_of(requests: Sequence[RequestRecord], begun: Sequence[tuple[int, str]]) -> list[Call]:
    """Return the calls in the order in which each came first.

    `begun`: the activities as they began, each with the number of requests before it; one at a time.
    """
    found: dict[tuple[str, str, str, str, bool], Call] = {}
    seen: Counter[tuple[str, str]] = Counter()
    starts = [first for first, _ in begun]
    for place, request in enumerate(requests):
        about, activity = about_of(request.path), begun[bisect_right(starts, place) - 1][1]
        pattern = _pattern(request.path)
        seen[request.method, pattern] += 1
        key = request.method, request.operation, about, activity
        later = (*key, False) in found
        if (*key, later) not in found:
            nth = seen[request.method, pattern]
            found[(*key, later)] = Call(len(found) + 1, *key, later, nth, pattern)
    return list(found.values())


def about_of(path: str) -> str:
    """Return the part names in a path: of a VM's Run Command "clone/customize-0", of a list "web/versions"."""
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
    """Return a regular expression for this path in the resource group of any run."""
    rest = re.escape(_GROUP.sub("", path))
    rest = re.sub(r"[0-9a-f]{16}", "[0-9a-f]{16}", rest)
    rest = re.sub(r"versions/\d+\\\.\d+\\\.\d+$", r"versions/[0-9.]+", rest)
    return rf"^/subscriptions/[^/]+/resourceGroups/[^/]+{rest}$"
