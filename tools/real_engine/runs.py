"""One request, from its message to the checks at its end."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from emulators.arm import Simulator
from tools.demo.fleet import Expected, run_id_of
from tools.demo.fleet_view import Sight
from tools.demo.proof import problems_of
from tools.real_engine.fleet import request
from tools.real_engine.report import expect
from tools.real_engine.station import Station


class Run:
    """A request for some VMs of a station; created before it is sent, to save the earlier state."""

    def __init__(self, station: Station, request_id: str, vms: Sequence[Expected], **more: Any) -> None:
        """Send nothing yet; `more` are the request's other members."""
        self.station, self.request_id, self.vms = station, request_id, tuple(vms)
        self.text = request(request_id, self.vms, **more)
        self.run_id = run_id_of(request_id)
        self._sight = Sight(station.simulator, self.vms, request_id)

    def of(self, vm: Expected) -> str:
        """The id of one VM's run."""
        return vm.run_id(self.request_id)

    async def send(self) -> None:
        """Send the request by queue."""
        await self.station.send(self.text)

    async def ends(self, patience: float = 240.0) -> dict[str, Any]:
        """Wait for the end; the run must complete, its result and each VM's be on the queue, effects occur once.

        Returns the run's result.
        """
        run = await self.station.end(self.run_id, patience)
        expect(run["runtimeStatus"] == "COMPLETED", f"{self.run_id} ended as {run['runtimeStatus']}")
        problems: list[str] = []
        for vm in self.vms:
            result = await self.station.result("vm", self.of(vm))
            found = self._faults(vm, result)
            why = result.get("failure") or result.get("refusals") or ""
            problems += [f"{each} {why}" for each in found]
        document = await self.station.result("run", self.run_id)
        problems += created_again(self.station.simulator)
        expect(not problems, "; ".join(problems))
        return document

    def _faults(self, vm: Expected, result: dict[str, Any]) -> list[str]:
        if vm.outcome != "canceled":
            return problems_of(vm, result, self._sight)
        # A VM whose run was canceled before the point of no return must be unchanged, like one that was refused.
        problems = [] if result["outcome"] == "canceled" else [f"{result['outcome']}, expected canceled"]
        as_refused = replace(vm, outcome="refused")
        return problems + problems_of(as_refused, {**result, "outcome": "refused"}, self._sight)


def created_again(simulator: Simulator) -> list[str]:
    """Return a message for everything that was created more than once."""
    created = Counter(trace.id.lower() for trace in simulator.world.resource)
    return [f"{each} was created {times} times" for each, times in created.items() if times > 1]
