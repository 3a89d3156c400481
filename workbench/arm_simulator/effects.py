"""What was done that cannot be undone: the log that proves "never twice"."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workbench.arm_simulator.clock import Clock

SENTINEL = "GOLDEN-IMAGE-RESULT "
SEALED_MARKER = "GOLDEN-IMAGE-SEALED "


@dataclass(frozen=True)
class Effect:
    """One thing that happened: `armed`, `deprovisioned`, `sysprep`, `sealed`, `poweroff` or `generalized`."""

    at: datetime
    vm_id: str
    kind: str
    run_id: str | None = None
    detail: str = ""

    def body(self) -> dict[str, Any]:
        """The effect as JSON."""
        entry = {"at": self.at.isoformat(), "vmId": self.vm_id, "kind": self.kind}
        return {**entry, "runId": self.run_id, "detail": self.detail}


class EffectLog:
    """The effects on one machine, in order."""

    def __init__(self, clock: Clock, vm_id: str) -> None:
        self._clock = clock
        self._vm_id = vm_id
        self._seen_guest = 0
        self._seen_sealed = 0
        self.all: list[Effect] = []

    def add(self, kind: str, run_id: str | None = None, detail: str = "") -> None:
        """Write one down, now."""
        self.all.append(Effect(self._clock.now(), self._vm_id, kind, run_id, detail))

    def count(self, kind: str) -> int:
        """How often something happened."""
        return sum(effect.kind == kind for effect in self.all)

    def by_run(self, kind: str) -> dict[str, int]:
        """How often something happened, by run id."""
        return dict(Counter(effect.run_id or "" for effect in self.all if effect.kind == kind))

    def read_output(self, stdout: str) -> None:
        """Write down what a script's sentinel line says about arming and sealing."""
        for line in stdout.splitlines():
            if line.startswith(SENTINEL):
                self._read_sentinel(line.removeprefix(SENTINEL))

    def _read_sentinel(self, text: str) -> None:
        try:
            document: Any = json.loads(text)
        except ValueError:
            return
        run_id, outcome = str(document.get("runId")), document.get("outcome")
        if outcome in ("armed", "sealed"):
            self.add("armed", run_id)
        if outcome == "sealed":
            self.add("sealed", run_id)

    def read_guest(self, effects: tuple[str, ...], serial_log: str) -> None:
        """Write down what the guest did since the last look."""
        for effect in effects[self._seen_guest :]:
            if (kind := _kind(effect)) is not None:
                self.add(kind, detail=effect)
        self._seen_guest = len(effects)
        sealed = [line.strip() for line in serial_log.splitlines() if line.startswith(SEALED_MARKER)]
        # One marker is written to every console there is, so a look counts each text once.
        for line in dict.fromkeys(sealed[self._seen_sealed :]):
            self.add("sealed", run_id=line.split(" ")[1] if " " in line else None)
        self._seen_sealed = len(sealed)


def _kind(effect: str) -> str | None:
    """What a command in the guest was; None when it can be undone."""
    command, _, arguments = effect.lower().partition(" ")
    if command.endswith("waagent") and "-deprovision" in arguments:
        return "deprovisioned"
    if command.startswith("sysprep"):
        return "sysprep"
    return "poweroff" if "poweroff" in command or arguments.startswith("poweroff") else None
