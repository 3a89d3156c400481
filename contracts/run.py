"""A request once it was accepted: the request, who asked, and the settings stamped into it."""

from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from contracts.engine import LEAST_TIMEOUT_SECONDS, LONGEST_SILENCE_SECONDS
from contracts.ids import Scope
from contracts.message import Message, StrictMessage
from contracts.request import ImageRequest, Target
from contracts.resource_ids import SubnetId
from contracts.wishes import Approval


class Door(StrEnum):
    """The way a request came in."""

    QUEUE = "queue"
    TIMER = "timer"
    EVENT_GRID = "eventGrid"
    HTTP = "http"


class Wait(StrictMessage):
    """How a stage is waited for, in seconds: first look, then every so often, until the deadline.

    A look costs up to two reads, or one order: below 15 s it would be faster than Azure's buckets for one machine
    refill (12 reads and 4 orders a minute).
    """

    first: int = Field(ge=0, le=3_600)
    every: int = Field(ge=15, le=300)
    deadline: int = Field(ge=LEAST_TIMEOUT_SECONDS, le=86_400)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.deadline < self.first + LONGEST_SILENCE_SECONDS:
            raise ValueError(
                f"deadline must be at least {LONGEST_SILENCE_SECONDS} s more than first: a run may stand still so long "
                "after a deployment or a crash"
            )
        return self


class Waits(StrictMessage):
    """The waits of every stage; the defaults follow the durations seen on Azure."""

    linux_report: Wait = Wait(first=20, every=15, deadline=600)
    windows_report: Wait = Wait(first=180, every=30, deadline=2_700)
    linux_stop: Wait = Wait(first=75, every=20, deadline=900)
    windows_stop: Wait = Wait(first=60, every=20, deadline=900)
    serial_mark: Wait = Wait(first=20, every=20, deadline=420)
    deallocate: Wait = Wait(first=38, every=15, deadline=900)
    generalize: Wait = Wait(first=0, every=15, deadline=600)
    evidence: Wait = Wait(first=20, every=15, deadline=240)
    snapshot: Wait = Wait(first=5, every=20, deadline=3_600)
    disk: Wait = Wait(first=3, every=15, deadline=1_800)
    network: Wait = Wait(first=0, every=15, deadline=600)
    machine: Wait = Wait(first=60, every=20, deadline=1_800)
    restart: Wait = Wait(first=60, every=20, deadline=1_800)
    script: Wait = Wait(first=20, every=30, deadline=3_600)
    identity: Wait = Wait(first=20, every=15, deadline=600)
    managed_image: Wait = Wait(first=15, every=20, deadline=3_600)
    publish: Wait = Wait(first=240, every=120, deadline=28_800)
    delete: Wait = Wait(first=10, every=20, deadline=1_800)


class RunSettings(Message):
    """What the app's settings said when the request was accepted; later changes do not touch the run."""

    app_name: str
    allowed_scopes: tuple[Scope, ...]
    in_place_doors: tuple[Door, ...]
    opt_in_tag: str
    opt_in_value: str
    subnet_id: SubnetId | None = None
    key_vaults: tuple[str, ...] = ()
    temporary_hours: int = 24
    undo_days: int = 14
    shutdown_delay_seconds: int = 60
    sysprep_timeout_seconds: int = 1_800
    waits: Waits = Waits()


class Caller(Message):
    """Who asked, as far as the door knows; never a token."""

    principal: str | None = None
    identity_provider: str | None = None
    message_id: str | None = None


class AcceptedRun(Message):
    """The input of `image_batch`."""

    request_id: str
    run_id: str
    door: Door
    caller: Caller
    accepted_at: datetime
    request: ImageRequest
    settings: RunSettings


class Decision(Message):
    """What an approver said; `principal` as far as the door knows."""

    approved: bool
    principal: str | None = None
    comment: str = ""
    at: datetime | None = None


class RequestDecision(Decision):
    """What an approver said about a whole request; it leaves `except_runs`, single machines decided before, alone."""

    except_runs: tuple[str, ...] = ()


class MachineJob(Message):
    """The input of `golden_image`: one machine of an accepted run; `decision` if it was approved before it began."""

    request_id: str
    batch_id: str
    run_id: str
    door: Door
    target: Target
    dry_run: bool
    approval: Approval | None = None
    decision: Decision | None = None
    accepted_at: datetime
    settings: RunSettings
