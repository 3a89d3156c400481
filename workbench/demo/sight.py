"""What is seen of each machine at one moment: its stage as the app tells it, the rest as the simulator has it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from contracts.made import PURPOSE_TAG, RUN_TAG, Purpose, run_digest
from workbench.arm_simulator import Machine, RequestRecord, Simulator
from workbench.demo.fleet import REGIONS, Expected

_VERSIONS = "Microsoft.Compute/galleries/images/versions"


@dataclass(frozen=True)
class Row:
    """One machine at one moment.

    `power_state` is that of the machine that is worked on: itself, its clone, or the one that verifies the image.
    `temporary` counts the things in Azure that must be gone at the end.
    """

    name: str
    system: str
    mode: str
    stage: str
    power_state: str
    temporary: int
    made: str
    requests: int


class Sight:
    """Looks at the machines of one request; asks Azure nothing, so that what is counted is the app's own."""

    def __init__(self, simulator: Simulator, fleet: Iterable[Expected], request_id: str) -> None:
        """Remember how everything was before the request."""
        self._simulator, self._request_id = simulator, request_id
        self.fleet = tuple(fleet)
        self._traces = {m.name: re.compile(m.traces(request_id), re.IGNORECASE) for m in self.fleet}
        self._before = {machine.name: self._picture(machine) for machine in self.fleet}

    def rows(self, run: dict[str, Any]) -> list[Row]:
        """Put together what the HTTP door says of the run and what the simulator holds."""
        stages = stages_of(run, self.fleet)
        return [
            Row(
                name=machine.name,
                system=machine.system,
                mode="clone" if machine.definition else "in place",
                stage=stages.get(machine.name, "waiting"),
                power_state=self._power_state(machine),
                temporary=len(self.temporary(machine)),
                made=self._made(machine),
                requests=len(self.requests(machine)),
            )
            for machine in self.fleet
        ]

    def requests(self, machine: Expected) -> list[RequestRecord]:
        """The ARM requests that named the machine or anything that its run made."""
        found = self._traces[machine.name]
        return [request for request in self._simulator.requests() if found.search(request.path)]

    def all_requests(self) -> int:
        """How many ARM requests there were; a few of them name no machine (rights on a group, the subnet)."""
        return len(self._simulator.requests())

    def temporary(self, machine: Expected) -> list[str]:
        """Ids of what the run made and must unmake: all that bears its tag or its name but images and undo snapshots.

        By name too: Azure makes the disk of a machine made from an image without any tag.
        """
        world, run_id = self._simulator.world, machine.run_id(self._request_id)
        kept = {resource.id for resource in world.store.all() if resource.kind == _VERSIONS or _is_undo(resource.tags)}
        everything = [*(resource.id for resource in world.store.all()), *(held.id for held in world.machines.values())]
        digest = run_digest(run_id)
        ours = [*world.tagged(RUN_TAG, run_id), *(each for each in everything if digest in each.rsplit("/", 1)[1])]
        return [each for each in dict.fromkeys(ours) if each not in kept]

    def kept(self, machine: Expected) -> list[str]:
        """Ids of what stays of the run."""
        ours = self._simulator.world.tagged(RUN_TAG, machine.run_id(self._request_id))
        return [each for each in ours if each not in self.temporary(machine)]

    def gone(self, machine: Expected) -> int:
        """How many things the run made that are gone again."""
        digest = run_digest(machine.run_id(self._request_id))
        return sum(1 for trace in self._simulator.world.deleted if digest in trace.id)

    def as_before(self, machine: Expected) -> bool:
        """Whether the machine, its disks, interfaces, tags and run commands are exactly what they were."""
        return self._picture(machine) == self._before[machine.name]

    def workers(self, machine: Expected) -> list[Machine]:
        """The machines that were worked on: itself, or its clone and the one that verified, also when they are gone."""
        if machine.definition is None:
            return [self._simulator.machine(machine.name)]
        digest, world = run_digest(machine.run_id(self._request_id)), self._simulator.world
        return [each for each in (*world.former, *world.machines.values()) if digest in each.name]

    def latest_in(self, machine: Expected) -> dict[str, str]:
        """Give region to the version that `latest` means there."""
        galleries = self._simulator.world.galleries
        found = {region: galleries.latest(machine.definition_id, region) for region in REGIONS}
        return {region: version.id for region, version in found.items() if version is not None}

    def _picture(self, machine: Expected) -> str:
        return self._simulator.world.picture(self._simulator.machine(machine.name))

    def _power_state(self, machine: Expected) -> str:
        standing = [each for each in self.workers(machine) if each not in self._simulator.world.former]
        return standing[-1].power if standing else "-"

    def _made(self, machine: Expected) -> str:
        world = self._simulator.world
        versions = [] if machine.definition is None else world.galleries.versions(machine.definition_id)
        if not versions:
            return "generalized" if any(each.generalized for each in self.workers(machine)) else ""
        newest = versions[-1]
        if len(self.latest_in(machine)) == len(REGIONS):
            return f"{newest.name} latest"
        return f"{newest.name} in {len(world.replication.completed(newest))}/{len(REGIONS)}"


def stages_of(run: dict[str, Any], fleet: Iterable[Expected]) -> dict[str, str]:
    """Give name to stage, by what the HTTP door says; empty as long as it knows no machine."""
    found: list[dict[str, Any]] = run.get("machines", [])
    return {
        machine.name: str(seen["status"].get("stage", "accepted")) for machine, seen in zip(fleet, found, strict=False)
    }


def _is_undo(tags: dict[str, str]) -> bool:
    return tags.get(PURPOSE_TAG) == Purpose.UNDO
