"""The log of irreversible effects: it proves that nothing was done twice."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emulators.arm.state.clock import Clock

SENTINEL = "GOLDEN-IMAGE-RESULT "
DEPROVISIONED_MARKER = "GOLDEN-IMAGE-DEPROVISIONED "


@dataclass(frozen=True)
class Effect:
    """One effect: `requested`, `waagent`, `sysprep`, `deprovisioned`, `poweroff` or `generalized`."""

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
    """The effects on one VM, in order."""

    def __init__(self, clock: Clock, vm_id: str) -> None:
        self._clock = clock
        self._vm_id = vm_id
        self._seen_guest = 0
        self._seen_deprovisioned = 0
        self.all: list[Effect] = []

    def add(self, kind: str, run_id: str | None = None, detail: str = "") -> None:
        """Record an effect now."""
        self.all.append(Effect(self._clock.now(), self._vm_id, kind, run_id, detail))

    def count(self, kind: str) -> int:
        """How often an effect happened."""
        return sum(effect.kind == kind for effect in self.all)

    def by_run(self, kind: str) -> dict[str, int]:
        """How often an effect happened, by run id."""
        return dict(Counter(effect.run_id or "" for effect in self.all if effect.kind == kind))

    def read_output(self, stdout: str) -> None:
        """Record what a script's result line says about requesting and deprovisioning."""
        for line in stdout.splitlines():
            if line.startswith(SENTINEL):
                self._read_sentinel(line.removeprefix(SENTINEL))

    def _read_sentinel(self, text: str) -> None:
        try:
            document: Any = json.loads(text)
        except ValueError:
            return
        run_id, outcome = str(document.get("runId")), document.get("outcome")
        if outcome in ("requested", "deprovisioned"):
            self.add("requested", run_id)
        if outcome == "deprovisioned":
            self.add("deprovisioned", run_id)

    def read_guest(self, effects: tuple[str, ...], serial_log: str) -> None:
        """Record what the guest did since the last call."""
        for effect in effects[self._seen_guest :]:
            if (kind := _kind(effect)) is not None:
                self.add(kind, detail=effect)
        self._seen_guest = len(effects)
        deprovisioned = [line.strip() for line in serial_log.splitlines() if line.startswith(DEPROVISIONED_MARKER)]
        # The same marker is written to every console, so each text counts once per call.
        for line in dict.fromkeys(deprovisioned[self._seen_deprovisioned :]):
            self.add("deprovisioned", run_id=line.split(" ")[1] if " " in line else None)
        self._seen_deprovisioned = len(deprovisioned)


def _kind(effect: str) -> str | None:
    """The effect of a command in the guest; None when it is reversible."""
    command, _, arguments = effect.lower().partition(" ")
    if command.endswith("waagent") and "-deprovision" in arguments:
        return "waagent"
    if command.startswith("sysprep"):
        return "sysprep"
    return "poweroff" if "poweroff" in command or arguments.startswith("poweroff") else None
