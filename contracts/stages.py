"""The stages of one VM's run: what each allows, and one transition table."""

from enum import StrEnum
from typing import NamedTuple, Self


class Allows(NamedTuple):
    """What a stage allows.

    `cancel`: a cancel still ends the run, because nothing irreversible was requested. `decide`: an approver's decision
    still counts. `stop`: the VM may be stopped, and then is billed until it is deallocated.
    """

    cancel: bool = False
    decide: bool = False
    stop: bool = False


class Stage(StrEnum):
    """The stage of one VM's run, and what it allows. `deprovisioning` is the point of no return."""

    allows: Allows

    def __new__(cls, value: str, allows: Allows) -> Self:
        """Create a member from its value and what it allows."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.allows = allows
        return member

    ACCEPTED = "accepted", Allows(cancel=True, decide=True)
    INSPECTING = "inspecting", Allows(cancel=True, decide=True)
    AWAITING_APPROVAL = "awaitingApproval", Allows(cancel=True, decide=True)
    CLONING = "cloning", Allows(cancel=True)
    CUSTOMIZING = "customizing", Allows(cancel=True)
    DEPROVISIONING = "deprovisioning", Allows(stop=True)
    STOPPING = "stopping", Allows(stop=True)
    DEALLOCATING = "deallocating", Allows(stop=True)
    GENERALIZING = "generalizing", Allows(stop=True)
    PUBLISHING = "publishing", Allows(stop=True)
    VALIDATING = "validating", Allows(stop=True)
    CLEANING_UP = "cleaningUp", Allows(stop=True)
    DONE = "done", Allows()
    REFUSED = "refused", Allows()
    FAILED = "failed", Allows()
    CANCELED = "canceled", Allows()


_ENDS = frozenset({Stage.DONE, Stage.REFUSED, Stage.FAILED, Stage.CANCELED})
_FIRST_WORK = frozenset({Stage.CLONING, Stage.CUSTOMIZING, Stage.DEPROVISIONING, Stage.PUBLISHING})
_DELETED = frozenset({Stage.CLEANING_UP, Stage.REFUSED, Stage.FAILED})

TRANSITIONS: dict[Stage, frozenset[Stage]] = {
    Stage.ACCEPTED: frozenset({Stage.INSPECTING, Stage.CANCELED, Stage.FAILED}),
    Stage.INSPECTING: _ENDS | _FIRST_WORK | {Stage.AWAITING_APPROVAL},
    Stage.AWAITING_APPROVAL: _ENDS | _FIRST_WORK,
    Stage.CLONING: _DELETED | {Stage.CUSTOMIZING, Stage.CANCELED},
    Stage.CUSTOMIZING: _DELETED | {Stage.DEPROVISIONING, Stage.DEALLOCATING, Stage.CANCELED},
    Stage.DEPROVISIONING: _DELETED | {Stage.STOPPING},
    Stage.STOPPING: frozenset({Stage.DEALLOCATING, Stage.CLEANING_UP, Stage.FAILED}),
    Stage.DEALLOCATING: frozenset({Stage.GENERALIZING, Stage.PUBLISHING, Stage.CLEANING_UP, Stage.FAILED}),
    Stage.GENERALIZING: frozenset({Stage.PUBLISHING, Stage.CLEANING_UP, Stage.DONE, Stage.FAILED}),
    Stage.PUBLISHING: frozenset({Stage.VALIDATING, Stage.CLEANING_UP, Stage.DONE, Stage.FAILED}),
    Stage.VALIDATING: frozenset({Stage.CLEANING_UP, Stage.DONE, Stage.FAILED}),
    Stage.CLEANING_UP: _ENDS,
    Stage.DONE: frozenset(),
    Stage.REFUSED: frozenset(),
    Stage.FAILED: frozenset(),
    Stage.CANCELED: frozenset(),
}


def advance(now: Stage, to: Stage) -> Stage:
    """Return `to` if the table allows the transition; otherwise ValueError names the transition."""
    if to not in TRANSITIONS[now]:
        raise ValueError(f"a run may not go from {now} to {to}")
    return to
