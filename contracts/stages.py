"""The stages of one VM's run, as one transition table."""

from enum import StrEnum


class Stage(StrEnum):
    """The stage of one VM's run."""

    ACCEPTED = "accepted"
    INSPECTING = "inspecting"
    AWAITING_APPROVAL = "awaitingApproval"
    CLONING = "cloning"
    CUSTOMIZING = "customizing"
    DEPROVISIONING = "deprovisioning"
    STOPPING = "stopping"
    DEALLOCATING = "deallocating"
    GENERALIZING = "generalizing"
    PUBLISHING = "publishing"
    VALIDATING = "validating"
    CLEANING_UP = "cleaningUp"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELED = "canceled"


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

BEFORE_NO_RETURN = frozenset(
    {Stage.ACCEPTED, Stage.INSPECTING, Stage.AWAITING_APPROVAL, Stage.CLONING, Stage.CUSTOMIZING}
)
"""The stages in which a run can be canceled. `deprovisioning` is the point of no return."""


def advance(now: Stage, to: Stage) -> Stage:
    """Return `to` if the table allows the transition; otherwise ValueError names the transition."""
    if to not in TRANSITIONS[now]:
        raise ValueError(f"a run may not go from {now} to {to}")
    return to
