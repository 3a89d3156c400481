"""The two base models of every message: camelCase on the wire, frozen in the hand."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Message(BaseModel):
    """A message between our own rooms; unknown fields are dropped, so that a newer room may say more."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        serialize_by_alias=True,
        # The validators are made when first used: a cold start needs few of them.
        defer_build=True,
    )


class StrictMessage(Message):
    """A message from outside; an unknown field is a fault, since a misspelt guard must never be ignored."""

    model_config = ConfigDict(extra="forbid")
