"""An accepted request: the request, its caller, and a copy of the settings."""

from datetime import datetime
from enum import StrEnum

from contracts.ids import Scope
from contracts.image_options import Approval
from contracts.message import Message
from contracts.polling import PollingSettings
from contracts.request import ImageRequest, Target
from contracts.resource_ids import SubnetId


class Trigger(StrEnum):
    """The trigger that received a request."""

    QUEUE = "queue"
    TIMER = "timer"
    EVENT_GRID = "eventGrid"
    HTTP = "http"


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
