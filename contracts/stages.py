"""The stages of one machine's run, as one transition table."""

from enum import StrEnum


class Stage(StrEnum):
    """Where the run of one machine stands."""

    ACCEPTED = "accepted"
    INSPECTING = "inspecting"
    AWAITING_APPROVAL = "awaitingApproval"
    CLONING = "cloning"
    PREPARING = "preparing"
    DEPROVISIONING = "deprovisioning"
    STOPPING = "stopping"
    DEALLOCATING = "deallocating"
    GENERALIZING = "generalizing"
    PUBLISHING = "publishing"
    VERIFYING = "verifying"
    CLEANING_UP = "cleaningUp"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELED = "canceled"


_ENDS = frozenset({Stage.DONE, Stage.REFUSED, Stage.FAILED, Stage.CANCELED})
_FIRST_WORK = frozenset({Stage.CLONING, Stage.PREPARING, Stage.DEPROVISIONING, Stage.PUBLISHING})
_UNMADE = frozenset({Stage.CLEANING_UP, Stage.REFUSED, Stage.FAILED})

TRANSITIONS: dict[Stage, frozenset[Stage]] = {
    Stage.ACCEPTED: frozenset({Stage.INSPECTING, Stage.CANCELED, Stage.FAILED}),
    Stage.INSPECTING: _ENDS | _FIRST_WORK | {Stage.AWAITING_APPROVAL},
    Stage.AWAITING_APPROVAL: _ENDS | _FIRST_WORK,
    Stage.CLONING: _UNMADE | {Stage.PREPARING, Stage.CANCELED},
    Stage.PREPARING: _UNMADE | {Stage.DEPROVISIONING, Stage.DEALLOCATING, Stage.CANCELED},
    Stage.DEPROVISIONING: _UNMADE | {Stage.STOPPING},
    Stage.STOPPING: frozenset({Stage.DEALLOCATING, Stage.CLEANING_UP, Stage.FAILED}),
    Stage.DEALLOCATING: frozenset({Stage.GENERALIZING, Stage.PUBLISHING, Stage.CLEANING_UP, Stage.FAILED}),
    Stage.GENERALIZING: frozenset({Stage.PUBLISHING, Stage.CLEANING_UP, Stage.DONE, Stage.FAILED}),
    Stage.PUBLISHING: frozenset({Stage.VERIFYING, Stage.CLEANING_UP, Stage.DONE, Stage.FAILED}),
    Stage.VERIFYING: frozenset({Stage.CLEANING_UP, Stage.DONE, Stage.FAILED}),
    Stage.CLEANING_UP: _ENDS,
    Stage.DONE: frozenset(),
    Stage.REFUSED: frozenset(),
    Stage.FAILED: frozenset(),
    Stage.CANCELED: frozenset(),
}

BEFORE_NO_RETURN = frozenset(
    {Stage.ACCEPTED, Stage.INSPECTING, Stage.AWAITING_APPROVAL, Stage.CLONING, Stage.PREPARING}
)
"""Where a cancel is safe and free: `deprovisioning` is the point of no return."""


def advance(now: Stage, to: Stage) -> Stage:
    """Give `to` if the table allows the step; ValueError names the forbidden step otherwise."""
    if to not in TRANSITIONS[now]:
        raise ValueError(f"a run may not go from {now} to {to}")
    return to
