"""The two base models of every message: camelCase in JSON, frozen in Python."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Message(BaseModel):
    """A message between packages of the app. Unknown fields are dropped, so that a newer version may add fields."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        serialize_by_alias=True,
        # The validators are built when first used: a cold start needs few of them.
        defer_build=True,
    )

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy with changes; ValueError for an unknown field, which pydantic would accept without an error."""
        unknown = set(update or ()) - set(type(self).model_fields)
        if unknown:
            raise ValueError(f"{type(self).__name__} has no field {', '.join(sorted(unknown))}")
        return super().model_copy(update=update, deep=deep)


class StrictMessage(Message):
    """A message from outside. An unknown field is an error: a misspelled safety option must never be ignored."""

    model_config = ConfigDict(extra="forbid")
