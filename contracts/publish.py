"""What the story of publishing takes, carries on, and gives."""

from datetime import datetime
from enum import StrEnum

from contracts.facts import RegionState
from contracts.made import Left
from contracts.message import Message
from contracts.reasons import Failure
from contracts.results import PublishedImage
from contracts.run import Waits
from contracts.wishes import GalleryImageVersion


class Phase(StrEnum):
    """Where a publication stands."""

    ORDERING = "ordering"
    FOLLOWING = "following"
    NARROWING = "narrowing"
    """Regions that failed are being taken out of the version."""
    UNMAKING = "unmaking"
    """The version failed as a whole and is being deleted."""


class PublishProgress(Message):
    """What a publication knows, carried from one execution to the next so that its history stays short.

    `version` is the name once it was asked for; `ticket` is that of the definition's lease while this
    orchestration holds it or asks for it. `attempts` counts the versions begun; `looks` those of this phase;
    `turns` the steps since the beginning. `out` are regions that failed once and will be tried again, `tried_again`
    those for which that was done, `dropped` those that failed twice. `verdict` is how it will end once the failed
    version is gone; without one the version is made again.
    """

    phase: Phase = Phase.ORDERING
    deadline: datetime | None = None
    phase_ends: datetime | None = None
    version: str | None = None
    ticket: str | None = None
    unanswered: bool = False
    attempts: int = 0
    looks: int = 0
    turns: int = 0
    updates: int = 0
    gone: int = 0
    refused: int = 0
    out: tuple[RegionState, ...] = ()
    tried_again: tuple[str, ...] = ()
    dropped: tuple[RegionState, ...] = ()
    regions: tuple[RegionState, ...] = ()
    verdict: Failure | None = None
    why: str = ""
    left: tuple[Left, ...] = ()


class PublishJob(Message):
    """The input of `publish_image`: one image version out of a machine that is stopped for good.

    `tags` are its provenance. `excluded`: it stays out of latest. `progress` is the story's own.
    """

    run_id: str
    request_id: str
    app_name: str
    wish: GalleryImageVersion
    source_vm_id: str
    location: str
    tags: dict[str, str] = {}
    waits: Waits
    excluded: bool
    data_disk_luns: tuple[int, ...] = ()
    progress: PublishProgress = PublishProgress()


class PublishEnd(Message):
    """What came of it: the image, or why there is none; `left` names what stands and should not."""

    image: PublishedImage | None = None
    failure: Failure | None = None
    left: tuple[Left, ...] = ()
