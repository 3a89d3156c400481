"""The recycle bin of a gallery with soft delete: deleted image versions, whose names are not free."""

from datetime import datetime

from contracts.message import Message


class DeletedVersion(Message):
    """A deleted version in the recycle bin, and when Azure purges it, if that is known."""

    name: str
    purged_at: datetime | None = None


class RecycleBin(Message):
    """Whether a gallery keeps deleted versions (`enabled`), for how many days, and those that it keeps.

    `versions` is None if there is no bin, or if it could not be listed.
    """

    enabled: bool
    retention_days: int | None = None
    versions: tuple[DeletedVersion, ...] | None = None

    @property
    def unreadable(self) -> bool:
        """Whether there is a bin that could not be listed."""
        return self.enabled and self.versions is None
