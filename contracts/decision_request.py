"""The body of an approval: yes or no, and why."""

from pydantic import Field, StrictBool

from contracts.message import StrictMessage


class DecisionRequest(StrictMessage):
    """The body of POST /api/runs/{id}/approval."""

    approved: StrictBool = Field(description="true lets the run go past the point of no return, false ends it before.")
    comment: str = Field(default="", max_length=500, description="Recorded with the decision.")
