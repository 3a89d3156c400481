"""The recorded decisions about one request. The first decision about a run counts."""

from typing import Any, TypedDict


class ApprovalState(TypedDict):
    """The decisions (as JSON): one about the entire request, and earlier ones about single VMs, by run id."""

    request: dict[str, Any] | None
    runs: dict[str, dict[str, Any]]


class DecisionToRecord(TypedDict):
    """One decision about one run: the run of a VM, or (`batch`) the run of the entire request."""

    run_id: str
    batch: bool
    decision: dict[str, Any]


def decision_about(run_id: str, state: ApprovalState) -> dict[str, Any] | None:
    """Return the decision about a run. A VM's own decision came before the one about the entire request."""
    return state["runs"].get(run_id) or state["request"]
