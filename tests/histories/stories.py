"""The stories that are recorded: between them they take every step, every wait and every kind of end."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.answer import Answer
from contracts.facts import DiskFacts, ImageVersionListed, PowerState
from contracts.guest_report import GuestOutcome
from contracts.made import Kind
from contracts.run import Decision, MachineJob
from contracts.stages import Stage
from contracts.steps import APPROVAL_EVENT, CANCEL_EVENT, GOLDEN_IMAGE, IMAGE_BATCH, PUBLISH_IMAGE, SWEEP
from contracts.sweep import SweepJob, SweepMode
from tests.histories.tape import Tape
from tests.support.engine import RunningEngine
from tests.support.fake_azure import FakeAzure
from tests.support.fake_gallery import HOME, FakeGallery
from tests.support.fake_leftovers import FakeLeftovers
from tests.support.fake_things import GROUP, image_facts, shape
from tests.support.publishing import publish_job
from tests.support.requests import accepted, job, machine, request, windows
from tests.support.sweeps import NOW, ended, leftover, sweep_job
from tests.support.telling import wait_for_stage
from workbench.timed_engine import VirtualClock

type Told = Callable[[Tape], None]
type Prepare = Callable[[FakeAzure], Any]

DEFINITION = f"{GROUP}/providers/Microsoft.Compute/galleries/images/images/web"
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/default"
WISH = {"kind": "galleryImageVersion", "imageDefinitionId": DEFINITION}
APPROVAL = {"timeoutMinutes": 60}


def one_machine(prepare: Prepare, asked: MachineJob | None = None) -> Told:
    """Give the story of one machine."""

    def tell(tape: Tape) -> None:
        azure, wanted = _azure(prepare), asked or job()
        with tape.running(azure.activities(), azure.clock) as running:
            tape.begin(running, GOLDEN_IMAGE, wanted, wanted.run_id)
            tape.end(running, wanted.run_id)

    return tell


def interrupted(stage: Stage, event: str, payload: Any, prepare: Prepare, asked: MachineJob) -> Told:
    """Give the story of one machine that is told something while it is in a stage."""

    def tell(tape: Tape) -> None:
        azure = _azure(prepare)
        azure.clock.allow(azure.clock.now() + timedelta(seconds=30))
        with tape.running(azure.activities(), azure.clock) as running:
            tape.begin(running, GOLDEN_IMAGE, asked, asked.run_id)
            wait_for_stage(running, asked.run_id, stage)
            running.client.raise_orchestration_event(asked.run_id, event, data=payload)
            azure.clock.allow(None)
            tape.end(running, asked.run_id)

    return tell
