"""Injected faults: which requests they match, and what they change."""

import asyncio
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from emulators.arm.errors import ArmError
from emulators.arm.state.operations import Fate

type FaultKind = Literal[
    "status", "delay", "cutBefore", "cutAfter", "operationFails", "operationNeverEnds", "powerStateMissing",
    "agentNotReady", "hold", "holdBefore",
]  # fmt: skip
KINDS: tuple[FaultKind, ...] = get_args(FaultKind.__value__)


@dataclass(frozen=True)
class Fault:
    """A fault and the requests that it applies to.

    Matching: `method`, `path` (a regular expression searched in the path), `operation` (a route's name such as
    `virtualMachines.deallocate`), `vm` (a VM's name); None matches all. `nth` is the first matching
    request that it applies to (1 is the first), `count` how many from there on (None: all).

    Effects: `status` (answers `status`, `code`, `message`, `headers`; an empty `code` is an empty body), `delay`
    (`delay_seconds` simulated), `cutBefore` / `cutAfter` (the connection is cut before / after the work was
    accepted), `operationFails` (the accepted operation ends Failed with `code`), `operationNeverEnds`,
    `powerStateMissing` and `agentNotReady` (in this answer only), `hold` (the work is accepted, the answer waits
    for release), `holdBefore` (all waits).
    """

    kind: FaultKind
    method: str | None = None
    path: str | None = None
    operation: str | None = None
    vm: str | None = None
    nth: int = 1
    count: int | None = 1
    status: int = 503
    code: str = "ServerTimeout"
    message: str = "The request timed out."
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    delay_seconds: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a fault that is unknown or can never match."""
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault kind '{self.kind}'; known: {', '.join(KINDS)}")
        if self.nth < 1 or (self.count is not None and self.count < 1):
            raise ValueError("nth and count start at 1")
        re.compile(self.path or "")

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "Fault":
        """A fault from JSON (camelCase `delaySeconds`)."""
        values = {("delay_seconds" if key == "delaySeconds" else key): value for key, value in document.items()}
        known = {entry.name for entry in fields(Fault)}
        if unknown := sorted(set(values) - known):
            raise ValueError(f"unknown field(s) {', '.join(unknown)} of a fault; known: {', '.join(sorted(known))}")
        return Fault(**values)

    def matches(self, method: str, path: str, operation: str, vm: str | None) -> bool:
        """Whether the fault matches a request."""
        return (
            (self.method is None or self.method.upper() == method)
            and (self.path is None or re.search(self.path, path, re.IGNORECASE) is not None)
            and (self.operation is None or self.operation.lower() == operation.lower())
            and (self.vm is None or self.vm.lower() == (vm or "").lower())
        )

    def fate(self) -> Fate | None:
        """How an accepted operation must end, if this fault sets it."""
        if self.kind == "operationNeverEnds":
            return Fate("never")
        if self.kind == "operationFails":
            named = self.code if self.code != "ServerTimeout" else "InternalExecutionError"
            return Fate("fails", named, self.message)
        return None

    def error(self) -> ArmError:
        """The answer of a `status` fault."""
        return ArmError(self.status, self.code, self.message, headers=dict(self.headers))


@dataclass
class Injected:
    """An active fault: how many requests matched, and how many it was applied to."""

    id: int
    fault: Fault
    seen: int = 0
    met: int = 0
    holding: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)
    held: asyncio.Event = field(default_factory=asyncio.Event)

    def body(self) -> dict[str, Any]:
        """The state as JSON."""
        return {"id": self.id, "kind": self.fault.kind, "seen": self.seen, "met": self.met, "holding": self.holding}

    async def hold(self) -> None:
        """Wait for the release."""
        self.holding += 1
        self.held.set()
        try:
            await self.released.wait()
        finally:
            self.holding -= 1


class Faults:
    """The active faults, in the order in which they were added."""

    def __init__(self) -> None:
        self._next = itertools.count(1)
        self.all: list[Injected] = []

    def add(self, fault: Fault) -> Injected:
        """Add a fault."""
        injected = Injected(next(self._next), fault)
        self.all.append(injected)
        return injected

    def clear(self) -> None:
        """Remove all faults, and release held requests."""
        for injected in self.all:
            injected.released.set()
        self.all.clear()

    def meet(self, method: str, path: str, operation: str, vm: str | None) -> list[Injected]:
        """The faults that apply to this request; each counts it."""
        met: list[Injected] = []
        for injected in self.all:
            fault = injected.fault
            if not fault.matches(method, path, operation, vm):
                continue
            injected.seen += 1
            past = injected.seen - fault.nth
            if past >= 0 and (fault.count is None or past < fault.count):
                injected.met += 1
                met.append(injected)
        return met
