"""An accepted request: the request, its caller, and a copy of the settings."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from contracts.build_places import BuildPlaces
from contracts.ids import Scope
from contracts.image_options import Approval
from contracts.message import Message
from contracts.polling import (
    APPROVAL_MINUTES,
    ROLLBACK_SNAPSHOT_DAYS,
    SHUTDOWN_DELAY_SECONDS,
    SYSPREP_TIMEOUT_SECONDS,
    TEMPORARY_VM_HOURS,
    PollingSettings,
)
from contracts.request import ImageRequest, Mode, Target

LONGEST_COMMENT = 2_000
"""A decision is shown in the custom status, which the engine limits to 16 KiB."""


class Trigger(StrEnum):
    """The trigger that received a request."""

    QUEUE = "queue"
    TIMER = "timer"
    EVENT_GRID = "eventGrid"
    HTTP = "http"


class RunSettings(Message):
    """The app's settings at the time the request was accepted.

    A later change can take from a run what it may do (`policy/authority.py`); it never gives it more.
    """

    app_name: str
    allowed_scopes: tuple[Scope, ...]
    in_place_triggers: tuple[Trigger, ...]
    opt_in_tag: str
    opt_in_value: str
    build_places: BuildPlaces = ()
    allowed_secrets: tuple[str, ...] = ()
    removable_extensions: tuple[str, ...] = ()
    temporary_vm_max_hours: int = TEMPORARY_VM_HOURS.default
    rollback_snapshot_days: int = ROLLBACK_SNAPSHOT_DAYS.default
    approval_modes: tuple[Mode, ...] = ()
    shutdown_delay_seconds: int = SHUTDOWN_DELAY_SECONDS.default
    sysprep_timeout_seconds: int = SYSPREP_TIMEOUT_SECONDS.default
    polling: PollingSettings = PollingSettings()
    tags: dict[str, str] = {}


class LiveSettings(Message):
    """The app's settings as they are now, as far as they decide what may be changed."""

    run: RunSettings
    paused: bool = False
    cleanup_mode: Literal["off", "report", "delete"] = "report"


class Principal(Message):
    """Who called, as far as the trigger knows; never a token.

    `principal` is a name, for people: two identity providers may give the same one. Who somebody is, is the identity
    provider with its object id.
    """

    principal: str | None = Field(default=None, max_length=200)
    principal_id: str | None = Field(default=None, max_length=200)
    identity_provider: str | None = Field(default=None, max_length=200)

    @property
    def identity(self) -> str | None:
        """The identity provider and the object id, lower-cased, as in GOLDEN_APPROVERS; None if it is not known."""
        if not self.identity_provider or not self.principal_id:
            return None
        return f"{self.identity_provider}:{self.principal_id}".lower()


class Caller(Principal):
    """Who sent the request."""

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

    def approval_of(self, mode: Mode) -> Approval | None:
        """Return the approval that a VM in this mode waits for: the request's, or the one that the app demands."""
        demanded = mode in self.settings.approval_modes
        asked = self.request.approval
        if not demanded:
            return asked
        minutes = asked.timeout_minutes if asked else APPROVAL_MINUTES.default
        return Approval(timeout_minutes=minutes, on_timeout="refuse")

    @property
    def needs_approval(self) -> bool:
        """Whether any VM of the request waits for an approval."""
        return any(self.approval_of(target.mode) is not None for target in self.request.targets)


class Decision(Principal):
    """An approver's decision, and who decided."""

    approved: bool
    comment: str = Field(default="", max_length=LONGEST_COMMENT)
    at: datetime | None = None


class RequestDecision(Decision):
    """An approver's decision about an entire request, without `except_runs`: single VMs decided earlier."""

    except_runs: tuple[str, ...] = ()


class VmJob(Message):
    """The input of `golden_image`: one VM of an accepted run; `decision` if one was made before it started.

    `tags` are those of the settings and of the request, for everything that the run creates.
    """

    request_id: str
    batch_id: str
    run_id: str
    trigger: Trigger
    caller: Caller = Caller()
    target: Target
    dry_run: bool
    approval: Approval | None = None
    decision: Decision | None = None
    accepted_at: datetime
    settings: RunSettings
    tags: dict[str, str] = {}
