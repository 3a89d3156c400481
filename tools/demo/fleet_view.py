"""The state of each VM at one moment: its stage as the app reports it, the rest as the simulator has it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from contracts.resources import Kind, Purpose, run_digest
from contracts.tags import PURPOSE_TAG, RUN_TAG
from emulators.arm import RequestRecord, Simulator, Vm
from tools.demo.fleet import REGIONS, Expected


@dataclass(frozen=True)
class Row:
    """One VM at one moment.

    `power_state` is that of the VM in work: itself, its clone, or the one that validates the image.
    `temporary` counts the Azure resources that must be deleted at the end.
    """

    name: str
    system: str
    mode: str
    stage: str
    power_state: str
    temporary: int
    result: str
    requests: int


class Sight:
    """Observes the VMs of one request; sends no ARM request, so that only the app's requests are counted."""

    def __init__(self, simulator: Simulator, fleet: Iterable[Expected], request_id: str) -> None:
        """Save the state of all VMs before the request."""
        self._simulator, self._request_id = simulator, request_id
        self.fleet = tuple(fleet)
        self._traces = {m.name: re.compile(m.traces(request_id), re.IGNORECASE) for m in self.fleet}
        self._before = {vm.name: self._picture(vm) for vm in self.fleet}

    def rows(self, run: dict[str, Any]) -> list[Row]:
        """Combine what the HTTP trigger reports of the run and what the simulator holds."""
        stages = stages_of(run, self.fleet)
        return [
            Row(
                name=vm.name,
                system=vm.system,
                mode="clone" if vm.definition else "in place",
                stage=stages.get(vm.name, "waiting"),
                power_state=self._power_state(vm),
                temporary=len(self.temporary(vm)),
                result=self._result(vm),
                requests=len(self.requests(vm)),
            )
            for vm in self.fleet
        ]

    def requests(self, vm: Expected) -> list[RequestRecord]:
        """The ARM requests that named the VM or anything that its run created."""
        found = self._traces[vm.name]
        return [request for request in self._simulator.requests() if found.search(request.path)]

    def all_requests(self) -> int:
        """How many ARM requests there were; a few of them name no VM (permissions on a group, the subnet)."""
        return len(self._simulator.requests())

    def temporary(self, vm: Expected) -> list[str]:
        """Ids of what the run created and must delete: all with its tag or name, but images and rollback snapshots.

        By name too: the OS disk that Azure creates for a VM from an image has no tag.
        """
        world, run_id = self._simulator.world, vm.run_id(self._request_id)
        kept = {
            resource.id
            for resource in world.store.all()
            if resource.kind == Kind.IMAGE_VERSION or _is_rollback(resource.tags)
        }
        everything = [*(resource.id for resource in world.store.all()), *(held.id for held in world.vms.values())]
        digest = run_digest(run_id)
        ours = [*world.tagged(RUN_TAG, run_id), *(each for each in everything if digest in each.rsplit("/", 1)[1])]
        return [each for each in dict.fromkeys(ours) if each not in kept]

    def kept(self, vm: Expected) -> list[str]:
        """Ids of what the run created and keeps."""
        ours = self._simulator.world.tagged(RUN_TAG, vm.run_id(self._request_id))
        return [each for each in ours if each not in self.temporary(vm)]

    def gone(self, vm: Expected) -> int:
        """How many resources the run created and deleted again."""
        digest = run_digest(vm.run_id(self._request_id))
        return sum(1 for trace in self._simulator.world.deleted if digest in trace.id)

    def as_before(self, vm: Expected) -> bool:
        """Whether the VM, its disks, interfaces, tags and run commands are unchanged."""
        return self._picture(vm) == self._before[vm.name]

    def workers(self, vm: Expected) -> list[Vm]:
        """The VMs in work: itself, or its clone and the validation VM, even after they were deleted."""
        if vm.definition is None:
            return [self._simulator.vm(vm.name)]
        digest, world = run_digest(vm.run_id(self._request_id)), self._simulator.world
        return [each for each in (*world.former, *world.vms.values()) if digest in each.name]

    def latest_in(self, vm: Expected) -> dict[str, str]:
        """Return region to the version that `latest` means there."""
        galleries = self._simulator.world.galleries
        found = {region: galleries.latest(vm.definition_id, region) for region in REGIONS}
        return {region: version.id for region, version in found.items() if version is not None}

    def _picture(self, vm: Expected) -> str:
        return self._simulator.world.picture(self._simulator.vm(vm.name))

    def _power_state(self, vm: Expected) -> str:
        standing = [each for each in self.workers(vm) if each not in self._simulator.world.former]
        return standing[-1].power if standing else "-"

    def _result(self, vm: Expected) -> str:
        world = self._simulator.world
        versions = [] if vm.definition is None else world.galleries.versions(vm.definition_id)
        if not versions:
            return "generalized" if any(each.generalized for each in self.workers(vm)) else ""
        newest = versions[-1]
        if len(self.latest_in(vm)) == len(REGIONS):
            return f"{newest.name} latest"
        return f"{newest.name} in {len(world.replication.completed(newest))}/{len(REGIONS)}"


def stages_of(run: dict[str, Any], fleet: Iterable[Expected]) -> dict[str, str]:
    """Return name to stage, as the HTTP trigger reports it; empty as long as it knows no VM."""
    found: list[dict[str, Any]] = run.get("vms", [])
    return {vm.name: str(seen["status"].get("stage", "accepted")) for vm, seen in zip(fleet, found, strict=False)}


def _is_rollback(tags: dict[str, str]) -> bool:
    return tags.get(PURPOSE_TAG) == Purpose.ROLLBACK
