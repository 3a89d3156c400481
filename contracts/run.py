"""An accepted request: the request, its caller, and a copy of the settings."""

from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from contracts.engine import LEAST_TIMEOUT_SECONDS, LONGEST_SILENCE_SECONDS
from contracts.ids import Scope
from contracts.image_options import Approval
from contracts.message import Message, StrictMessage
from contracts.request import ImageRequest, Target
from contracts.resource_ids import SubnetId


class Trigger(StrEnum):
    """The trigger that received a request."""

    QUEUE = "queue"
    TIMER = "timer"
    EVENT_GRID = "eventGrid"
    HTTP = "http"


class Polling(StrictMessage):
    """How a stage polls Azure: initial delay, interval and timeout, in seconds.

    One poll costs up to two reads, or one write. An interval below 15 s would exceed the rate at which Azure refills
    its throttling buckets for one VM (12 reads and 4 writes a minute).
    """

    initial_delay_seconds: int = Field(ge=0, le=3_600)
    interval_seconds: int = Field(ge=15, le=300)
    timeout_seconds: int = Field(ge=LEAST_TIMEOUT_SECONDS, le=86_400)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.timeout_seconds < self.initial_delay_seconds + LONGEST_SILENCE_SECONDS:
            raise ValueError(
                f"timeoutSeconds must be at least {LONGEST_SILENCE_SECONDS} s more than initialDelaySeconds: after a "
                "deployment or a crash a run may pause for that long"
            )
        return self


class PollingSettings(StrictMessage):
    """The polling of every stage; the defaults follow durations measured on Azure."""

    linux_report: Polling = Polling(initial_delay_seconds=20, interval_seconds=15, timeout_seconds=600)
    windows_report: Polling = Polling(initial_delay_seconds=180, interval_seconds=30, timeout_seconds=2_700)
    linux_stop: Polling = Polling(initial_delay_seconds=75, interval_seconds=20, timeout_seconds=900)
    windows_stop: Polling = Polling(initial_delay_seconds=60, interval_seconds=20, timeout_seconds=900)
    serial_mark: Polling = Polling(initial_delay_seconds=20, interval_seconds=20, timeout_seconds=420)
    deallocate: Polling = Polling(initial_delay_seconds=38, interval_seconds=15, timeout_seconds=900)
    generalize: Polling = Polling(initial_delay_seconds=0, interval_seconds=15, timeout_seconds=600)
    evidence: Polling = Polling(initial_delay_seconds=20, interval_seconds=15, timeout_seconds=240)
    snapshot: Polling = Polling(initial_delay_seconds=5, interval_seconds=20, timeout_seconds=3_600)
    disk: Polling = Polling(initial_delay_seconds=3, interval_seconds=15, timeout_seconds=1_800)
    network: Polling = Polling(initial_delay_seconds=0, interval_seconds=15, timeout_seconds=600)
    vm: Polling = Polling(initial_delay_seconds=60, interval_seconds=20, timeout_seconds=1_800)
    restart: Polling = Polling(initial_delay_seconds=60, interval_seconds=20, timeout_seconds=1_800)
    script: Polling = Polling(initial_delay_seconds=20, interval_seconds=30, timeout_seconds=3_600)
    identity: Polling = Polling(initial_delay_seconds=20, interval_seconds=15, timeout_seconds=600)
    managed_image: Polling = Polling(initial_delay_seconds=15, interval_seconds=20, timeout_seconds=3_600)
    publish: Polling = Polling(initial_delay_seconds=240, interval_seconds=120, timeout_seconds=28_800)
    delete: Polling = Polling(initial_delay_seconds=10, interval_seconds=20, timeout_seconds=1_800)


class RunSettings(Message):
    """The app's settings at the time the request was accepted; later changes do not affect the run."""

    app_name: str
    allowed_scopes: tuple[Scope, ...]
    in_place_triggers: tuple[Trigger, ...]
    opt_in_tag: str
    opt_in_value: str
    build_subnet_id: SubnetId | None = None
    allowed_secrets: tuple[str, ...] = ()
    temporary_vm_max_hours: int = 24
    rollback_snapshot_days: int = 14
    shutdown_delay_seconds: int = 60
    sysprep_timeout_seconds: int = 1_800
    polling: PollingSettings = PollingSettings()


class Caller(Message):
    """Who sent the request, as far as the trigger knows; never a token."""

    principal: str | None = None
    identity_provider: str | None = None
    message_id: str | None = None


class AcceptedRun(Message):
    """The input of `image_batch`."""

    request_id: str
    run_id: str
    trigger: Trigger
    caller: Caller
    accepted_at: datetime
    request: ImageRequest
    settings: RunSettings


class Decision(Message):
    """An approver's decision; `principal` is who decided, as far as the trigger knows."""

    approved: bool
    principal: str | None = None
    comment: str = ""
    at: datetime | None = None


class RequestDecision(Decision):
    """An approver's decision about an entire request, without `except_runs`: single VMs decided earlier."""

    except_runs: tuple[str, ...] = ()


class VmJob(Message):
    """The input of `golden_image`: one VM of an accepted run; `decision` if one was made before it started."""

    request_id: str
    batch_id: str
    run_id: str
    trigger: Trigger
    target: Target
    dry_run: bool
    approval: Approval | None = None
    decision: Decision | None = None
    accepted_at: datetime
    settings: RunSettings
