"""The ways in which a story is told on the small model of Azure, to be recorded."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from contracts.facts import PowerState
from contracts.made import Kind
from contracts.run import MachineJob
from contracts.stages import Stage
from contracts.steps import GOLDEN_IMAGE, IMAGE_BATCH, PUBLISH_IMAGE, SWEEP
from contracts.sweep import SweepMode
from tests.histories.tape import Tape
from tests.support.fake_azure import FakeAzure
from tests.support.fake_gallery import FakeGallery
from tests.support.fake_leftovers import FakeLeftovers
from tests.support.publishing import publish_job, wait_until
from tests.support.requests import accepted, job, machine, request
from tests.support.sweeps import NOW, ended, leftover, sweep_job
from tests.support.telling import wait_for_stage
from workbench.timed_engine import VirtualClock

type Told = Callable[[Tape], None]
type Prepare = Callable[[FakeAzure], Any]


def one_machine(ends: str, prepare: Prepare, asked: MachineJob | None = None) -> Told:
    """Give the story of one machine; `ends` is its outcome, so that no other story is recorded under its name."""

    def tell(tape: Tape) -> None:
        clock, azure, wanted = *_azure(prepare), asked or job()
        with tape.running(azure.activities(), clock) as running:
            tape.begin(running, GOLDEN_IMAGE, wanted, wanted.run_id)
            assert tape.end(running, wanted.run_id)["outcome"] == ends

    return tell


def interrupted(ends: str, stage: Stage, event: str, payload: Any, prepare: Prepare, asked: MachineJob) -> Told:
    """Give the story of one machine that is told something as soon as it waits in a stage."""

    def tell(tape: Tape) -> None:
        clock, azure = _azure(prepare)
        clock.allow(clock.now())
        with tape.running(azure.activities(), clock) as running:
            tape.begin(running, GOLDEN_IMAGE, asked, asked.run_id)
            wait_for_stage(running, asked.run_id, stage)
            running.client.raise_orchestration_event(asked.run_id, event, data=payload)
            clock.allow(None)
            assert tape.end(running, asked.run_id)["outcome"] == ends

    return tell


def batch(*names: str, event: str | None = None, payload: Any = None, **wish: Any) -> Told:
    """Give the story of a request; `event` is told to it while its first machine waits for its approval."""

    def tell(tape: Tape) -> None:
        clock, azure = _azure(lambda azure: [azure.add(name, machine(name)) for name in names])
        wanted = accepted(request(*names, **wish))
        if event is not None:
            clock.allow(clock.now())
        with tape.running(azure.activities(), clock) as running:
            tape.begin(running, IMAGE_BATCH, wanted, wanted.run_id)
            if event is not None:
                first = job(names[0]).run_id
                wait_until(lambda: running.client.get_orchestration_state(first) is not None)
                wait_for_stage(running, first, Stage.AWAITING_APPROVAL)
                running.client.raise_orchestration_event(wanted.run_id, event, data=payload)
                clock.allow(None)
            tape.end(running, wanted.run_id)

    return tell


def publication(prepare: Callable[[FakeGallery], Any], **image: Any) -> Told:
    """Give the story of one publication."""

    def tell(tape: Tape) -> None:
        clock, wanted = VirtualClock(), publish_job(**image)
        gallery = FakeGallery(now=clock.now)
        prepare(gallery)
        with tape.running(gallery.activities(), clock) as running:
            tape.begin(running, PUBLISH_IMAGE, wanted, f"{wanted.run_id}-publish")
            tape.end(running, f"{wanted.run_id}-publish")

    return tell


def a_sweep(mode: SweepMode) -> Told:
    """Give the story of a sweep that finds things of a run that is over, of one that lives, and a stopped machine."""

    def tell(tape: Tape) -> None:
        clock, wanted = VirtualClock(NOW + timedelta(seconds=1)), sweep_job(mode)
        left = FakeLeftovers(
            clock,
            found=(*(leftover(kind) for kind in _TEMPORARY), leftover(run_id="vm-alive-0")),
            alive=frozenset({"vm-alive-0"}),
            noes={leftover(Kind.SECURITY_GROUP).made.id: "ScopeLocked: a lock"},
            ended=(ended(),),
            stuck={"vm1": machine(power_state=PowerState.STOPPED)},
        )
        with tape.running(left.activities(), clock) as running:
            tape.begin(running, SWEEP, wanted, wanted.sweep_id)
            tape.end(running, wanted.sweep_id)

    return tell


_TEMPORARY = (Kind.MACHINE, Kind.NETWORK_INTERFACE, Kind.SECURITY_GROUP, Kind.DISK, Kind.SNAPSHOT)


def _azure(prepare: Prepare) -> tuple[VirtualClock, FakeAzure]:
    clock = VirtualClock()
    azure = FakeAzure(now=clock.now)
    prepare(azure)
    return clock, azure
