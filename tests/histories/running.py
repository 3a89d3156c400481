"""The ways to execute a run on the small model of Azure, to be recorded."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from contracts.catalog import CLEANUP, GOLDEN_IMAGE, IMAGE_BATCH, PUBLISH_IMAGE
from contracts.cleanup import CleanupMode
from contracts.facts import PowerState
from contracts.resources import Kind
from contracts.run import VmJob
from contracts.stages import Stage
from emulators.task_hub import VirtualClock
from tests.histories.tape import Tape
from tests.support.cleanups import NOW, cleanup_job, ended, orphan
from tests.support.fake_azure import FakeAzure
from tests.support.fake_gallery import FakeGallery
from tests.support.fake_orphans import FakeOrphans
from tests.support.publishing import publish_job, wait_until
from tests.support.requests import accepted, job, request, vm_state
from tests.support.running import wait_for_stage

type RecordedRun = Callable[[Tape], None]
type Customize = Callable[[FakeAzure], Any]


def one_vm(ends: str, customize: Customize, asked: VmJob | None = None) -> RecordedRun:
    """Return the run of one VM; its outcome must be `ends`, so that no other run is recorded under its name."""

    def execute(tape: Tape) -> None:
        clock, azure, wanted = *_azure(customize), asked or job()
        with tape.running(azure.activities(), clock) as running:
            tape.begin(running, GOLDEN_IMAGE, wanted, wanted.run_id)
            assert tape.end(running, wanted.run_id)["outcome"] == ends

    return execute


def interrupted(ends: str, stage: Stage, event: str, payload: Any, customize: Customize, asked: VmJob) -> RecordedRun:
    """Return the run of one VM that receives an event as soon as it waits in a stage."""

    def execute(tape: Tape) -> None:
        clock, azure = _azure(customize)
        clock.allow(clock.now())
        with tape.running(azure.activities(), clock) as running:
            tape.begin(running, GOLDEN_IMAGE, asked, asked.run_id)
            wait_for_stage(running, asked.run_id, stage)
            running.client.raise_orchestration_event(asked.run_id, event, data=payload)
            clock.allow(None)
            assert tape.end(running, asked.run_id)["outcome"] == ends

    return execute


def batch(
    *names: str, event: str | None = None, payload: Any = None, terminate: bool = False, **options: Any
) -> RecordedRun:
    """Return the run of a request; its first VM waits for approval when `event` comes or it is terminated."""

    def execute(tape: Tape) -> None:
        clock, azure = _azure(lambda azure: [azure.add(name, vm_state(name)) for name in names])
        wanted = accepted(request(*names, **options))
        held = event is not None or terminate
        if held:
            clock.allow(clock.now())
        with tape.running(azure.activities(), clock) as running:
            tape.begin(running, IMAGE_BATCH, wanted, wanted.run_id)
            if held:
                first = job(names[0]).run_id
                wait_until(lambda: running.client.get_orchestration_state(first) is not None)
                wait_for_stage(running, first, Stage.AWAITING_APPROVAL)
                if event is not None:
                    running.client.raise_orchestration_event(wanted.run_id, event, data=payload)
                if terminate:
                    running.client.terminate_orchestration(first)
                clock.allow(None)
            tape.end(running, wanted.run_id)

    return execute


def publication(customize: Callable[[FakeGallery], Any], **image: Any) -> RecordedRun:
    """Return the run of one publication."""

    def execute(tape: Tape) -> None:
        clock, wanted = VirtualClock(), publish_job(**image)
        gallery = FakeGallery(now=clock.now)
        customize(gallery)
        with tape.running(gallery.activities(), clock) as running:
            tape.begin(running, PUBLISH_IMAGE, wanted, f"{wanted.run_id}-publish")
            tape.end(running, f"{wanted.run_id}-publish")

    return execute


def a_cleanup(mode: CleanupMode) -> RecordedRun:
    """Return the run of a cleanup that finds resources of an ended run and of an active one, and a stopped VM."""

    def execute(tape: Tape) -> None:
        clock, wanted = VirtualClock(NOW + timedelta(seconds=1)), cleanup_job(mode)
        left = FakeOrphans(
            clock,
            found=(*(orphan(kind) for kind in _TEMPORARY), orphan(run_id="vm-alive-0")),
            alive=frozenset({"vm-alive-0"}),
            refused={orphan(Kind.SECURITY_GROUP).resource.id: "ScopeLocked: a lock"},
            ended=(ended(),),
            stuck={"vm1": vm_state(power_state=PowerState.STOPPED)},
        )
        with tape.running(left.activities(), clock) as running:
            tape.begin(running, CLEANUP, wanted, wanted.cleanup_id)
            tape.end(running, wanted.cleanup_id)

    return execute


_TEMPORARY = (Kind.VM, Kind.NETWORK_INTERFACE, Kind.SECURITY_GROUP, Kind.DISK, Kind.SNAPSHOT)


def _azure(customize: Customize) -> tuple[VirtualClock, FakeAzure]:
    clock = VirtualClock()
    azure = FakeAzure(now=clock.now)
    customize(azure)
    return clock, azure
