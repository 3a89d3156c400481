"""One request, from its message to what must hold when it is over."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from workbench.arm_simulator import Simulator
from workbench.demo.fleet import Expected, run_id_of
from workbench.demo.proof import troubles_of
from workbench.demo.sight import Sight
from workbench.real_engine.fleet import request
from workbench.real_engine.report import expect
from workbench.real_engine.station import Station


class Run:
    """A request for some VMs of a station; made before it is sent, so that what was before is known."""

    def __init__(self, station: Station, request_id: str, machines: Sequence[Expected], **more: Any) -> None:
        """Send nothing yet; `more` are the request's other members."""
        self.station, self.request_id, self.machines = station, request_id, tuple(machines)
        self.text = request(request_id, self.machines, **more)
        self.run_id = run_id_of(request_id)
        self._sight = Sight(station.simulator, self.machines, request_id)

    def of(self, machine: Expected) -> str:
        """The id of one VM's run."""
        return machine.run_id(self.request_id)

    async def send(self) -> None:
        """By the queue."""
        await self.station.send(self.text)

    async def ends(self, patience: float = 240.0) -> dict[str, Any]:
        """Wait for the end; the run must be completed, its document and each VM's be on the queue, effects be once.

        Gives the run's document.
        """
        run = await self.station.end(self.run_id, patience)
        expect(run["runtimeStatus"] == "COMPLETED", f"{self.run_id} ended as {run['runtimeStatus']}")
        troubles: list[str] = []
        for machine in self.machines:
            result = await self.station.result("machine", self.of(machine))
            found = self._troubles(machine, result)
            why = result.get("failure") or result.get("refusals") or ""
            troubles += [f"{each} {why}" for each in found]
        document = await self.station.result("run", self.run_id)
        troubles += made_again(self.station.simulator)
        expect(not troubles, "; ".join(troubles))
        return document

    def _troubles(self, machine: Expected, result: dict[str, Any]) -> list[str]:
        if machine.outcome != "canceled":
            return troubles_of(machine, result, self._sight)
        # A VM whose run was canceled before the point of no return must be as it was, like one that was refused.
        troubles = [] if result["outcome"] == "canceled" else [f"{result['outcome']}, expected canceled"]
        as_refused = replace(machine, outcome="refused")
        return troubles + troubles_of(as_refused, {**result, "outcome": "refused"}, self._sight)


def made_again(simulator: Simulator) -> list[str]:
    """What was made more than once, in words."""
    made = Counter(trace.id.lower() for trace in simulator.world.made)
    return [f"{each} was made {times} times" for each, times in made.items() if times > 1]
