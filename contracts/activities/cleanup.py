"""Inputs and outputs of the activities that find what ended runs left behind."""

from datetime import datetime

from contracts.answer import Answer
from contracts.facts import VmState
from contracts.ids import Scope, VmId
from contracts.message import Message
from contracts.resources import Resource
from contracts.stages import Stage


class FindOrphanedResources(Message):
    """List all resources in a scope that have a run tag of this app."""

    scope: Scope
    app_name: str


class Orphan(Message):
    """One resource with a run's tag; `keep_until` is until when it must be kept.

    `app_name` is the app in its tag. A purpose that cannot be read counts as `image`, so that no cleanup deletes it.
    """

    resource: Resource
    run_id: str
    app_name: str | None = None
    created_at: datetime | None = None
    keep_until: datetime | None = None


class OrphanedResourcesFound(Answer):
    """The resources that were found; Azure's list may be some seconds old."""

    found: tuple[Orphan, ...] = ()


class FindEndedRuns(Message):
    """Find VM runs that ended since then, after deprovisioning was started in their VM, and did not handle it.

    `begun_since`: no run that began before is looked at; it is as much earlier as the longest run takes.
    """

    since: datetime
    begun_since: datetime


class EndedRun(Message):
    """A run that ended without handling its VM, its last stage, and the VM's vmId if the run knew it."""

    run_id: str
    vm_id: VmId
    stage: Stage
    unique_id: str | None = None


class EndedRunsFound(Answer):
    """The runs that were found."""

    runs: tuple[EndedRun, ...] = ()


class ReadStuckVm(Message):
    """Read a VM, and whether it is the one that the run worked on.

    The proof is its vmId, if the run's result names it, or else the Run Command of the run, which is still on it.
    """

    vm_id: VmId
    run_id: str
    run_command: str
    unique_id: str | None = None


class StuckVmRead(Answer):
    """The VM; None if it does not exist, or is not the one that the run worked on."""

    vm: VmState | None = None
