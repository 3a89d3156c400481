"""What is recorded of the decisions about one request: the first about each run stands."""

from typing import Any, TypedDict


class ApprovalState(TypedDict):
    """The decisions (as JSON): about the whole request, and about single VMs, by their run's id, before that."""

    request: dict[str, Any] | None
    runs: dict[str, dict[str, Any]]


class DecisionToRecord(TypedDict):
    """One decision about one run: that of a VM, or (`batch`) that of the whole request."""

    run_id: str
    batch: bool
    decision: dict[str, Any]


def decision_about(run_id: str, state: ApprovalState) -> dict[str, Any] | None:
    """Give what stands about a run; a VM's own decision came before that of the whole request."""
    return state["runs"].get(run_id) or state["request"]
