"""What an approver sends: yes or no, and why."""

from pydantic import Field, StrictBool

from contracts.message import StrictMessage


class DecisionRequest(StrictMessage):
    """Body of the approval door."""

    approved: StrictBool = Field(description="true lets the run pass the point of no return, false ends it before.")
    comment: str = Field(default="", max_length=500, description="Kept with the decision.")
