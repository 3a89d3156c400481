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
    """Find VM runs that were terminated or failed unexpectedly after deprovisioning was started in their VM."""

    since: datetime


class EndedRun(Message):
    """A run that ended without handling its VM, and its last stage."""

    run_id: str
    vm_id: VmId
    stage: Stage


class EndedRunsFound(Answer):
    """The runs that were found."""

    runs: tuple[EndedRun, ...] = ()


class ReadStuckVm(Message):
    """Read a VM, and whether it has the Run Command of this run: the proof that the run worked on it."""

    vm_id: VmId
    run_id: str
    run_command: str


class StuckVmRead(Answer):
    """The VM; None if it does not exist, or has no Run Command of this run."""

    vm: VmState | None = None
