"""Input, carried state and output of the `publish_image` orchestrator."""

from datetime import datetime
from enum import StrEnum

from contracts.authority import Authority
from contracts.error_codes import Failure
from contracts.facts import RegionState
from contracts.image_options import GalleryImageVersion
from contracts.message import Message
from contracts.polling import PollingSettings
from contracts.resources import OrphanedResource
from contracts.results import PublishedImage, UnpublishedVersion


class Phase(StrEnum):
    """The phase of publishing an image version."""

    CREATING = "creating"
    REPLICATING = "replicating"
    REMOVING_REGIONS = "removingRegions"
    """Failed regions are being removed from the version."""
    DELETING = "deleting"
    """The entire version failed and is being deleted."""


class PublishProgress(Message):
    """The state that `publish_image` passes on with continue-as-new, so that its history stays short.

    `version` is the version's name once its creation was started. `ticket` belongs to the definition's lease while the
    run holds or requests it. `attempts` counts the versions created, `polls` the polls of this phase, `turns` the
    iterations since the start. `out` are regions that failed once and will be retried, `tried_again` those that were
    retried, `dropped` those that failed twice. `result` is the failure to return once the failed version is deleted;
    without it the version is created again.
    """

    phase: Phase = Phase.CREATING
    deadline: datetime | None = None
    phase_ends: datetime | None = None
    version: str | None = None
    ticket: str | None = None
    unanswered: bool = False
    attempts: int = 0
    polls: int = 0
    turns: int = 0
    updates: int = 0
    gone: int = 0
    refused: int = 0
    out: tuple[RegionState, ...] = ()
    tried_again: tuple[str, ...] = ()
    dropped: tuple[RegionState, ...] = ()
    regions: tuple[RegionState, ...] = ()
    result: Failure | None = None
    why: str = ""
    correlation_ids: dict[str, str] = {}
    left: tuple[OrphanedResource, ...] = ()


class PublishJob(Message):
    """The input of `publish_image`: one image version of a VM that is deallocated and will not start again.

    `tags` record the version's provenance. `excluded`: the version is excluded from latest. `authority` is that of the
    VM's run. `progress` is set only by continue-as-new.
    """

    run_id: str
    request_id: str
    app_name: str
    options: GalleryImageVersion
    source_vm_id: str
    location: str
    authority: Authority
    tags: dict[str, str] = {}
    polling: PollingSettings
    excluded: bool
    data_disk_luns: tuple[int, ...] = ()
    progress: PublishProgress = PublishProgress()


class PublishEnd(Message):
    """The output of `publish_image`: the image, or the failure with the version that was not published.

    `left` names orphaned resources.
    """

    image: PublishedImage | None = None
    failure: Failure | None = None
    unpublished: UnpublishedVersion | None = None
    correlation_ids: dict[str, str] = {}
    left: tuple[OrphanedResource, ...] = ()
