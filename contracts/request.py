"""Request version 1: which machines, in which mode, under which conditions."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, model_validator

from contracts.ids import REQUEST_ID_PATTERN, VmId
from contracts.message import StrictMessage
from contracts.wishes import (
    Approval,
    CloneOptions,
    GalleryImageVersion,
    ManagedImage,
    ScriptUse,
    SysprepCredential,
    region_key,
)

MAX_TARGETS_BY_QUEUE = 250
MAX_TARGETS_BY_HTTP = 1_000


class Mode(StrEnum):
    """What may happen to the machine that is named."""

    IN_PLACE = "inPlace"
    CLONE = "clone"


class EvidenceLevel(StrEnum):
    """How it is known that the machine sealed itself before it stopped."""

    GUEST_REPORTED = "guestReported"
    POWER_STATE_ONLY = "powerStateOnly"


def _no_boolean(value: object) -> object:
    """Keep true from passing for 1: the two are equal in Python, and not in JSON."""
    if isinstance(value, bool):
        raise ValueError("must be the number 1")
    return value


class DeprovisionOptions(StrictMessage):
    """How the machine deprovisions itself."""

    keep_user: StrictBool = Field(
        default=False, description="Linux: keep the user that Azure provisioned (waagent -deprovision)."
    )
    allow_unknown_distribution: StrictBool = Field(
        default=False, description="Linux: go on with the generic steps on a distribution we do not know."
    )
    vm_mode: StrictBool = Field(
        default=True, description="Windows: Sysprep /mode:vm, for an image that stays on virtual machines."
    )
    evidence: EvidenceLevel = Field(
        default=EvidenceLevel.GUEST_REPORTED,
        description=(
            "The least proof that is enough to mark the machine generalized: the guest's own word, or only "
            "that it stopped."
        ),
    )
    script: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$",
        description="A deprovision script of the app's allow-list, in place of the app's own.",
    )
    sysprep_credential: SysprepCredential | None = Field(
        default=None, description="Windows: needed from build 26100 on, where Sysprep may not run as SYSTEM."
    )


class Target(StrictMessage):
    """One machine of the request."""

    vm_id: VmId
    mode: Mode = Field(
        description='"inPlace" gives this machine up for ever; "clone" leaves it untouched. There is no default.'
    )
    deprovision: DeprovisionOptions = DeprovisionOptions()
    clone: CloneOptions | None = Field(default=None, description='How to clone; only with mode "clone".')
    prepare: tuple[ScriptUse, ...] = Field(
        default=(), max_length=20, description='Scripts run in order on the clone before it is sealed; mode "clone".'
    )
    image: Annotated[GalleryImageVersion | ManagedImage, Field(discriminator="kind")] | None = Field(
        default=None, description='What is published; needed with mode "clone".'
    )
    data_disks: Literal["refuse", "include", "leaveOut"] = Field(
        default="refuse",
        description="Data disks of the machine: refuse a machine that has any, include them, or leave them out.",
    )
    undo_snapshot: StrictBool = Field(
        default=True, description='Keep a snapshot of the OS disk from before the point of no return; mode "inPlace".'
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.mode is Mode.CLONE and self.image is None:
            raise ValueError('image is missing: mode "clone" publishes an image and keeps nothing else')
        if self.mode is Mode.IN_PLACE and (self.clone is not None or self.prepare):
            raise ValueError('clone and prepare belong to mode "clone"; leave them out or change mode')
        return self

    @model_validator(mode="after")
    def _can_pass(self) -> Self:
        wish = self.image.verify if isinstance(self.image, GalleryImageVersion) else None
        if wish is not None and self.deprovision.keep_user and not wish.allowed_users:
            raise ValueError(
                "image.verify would find the user that deprovision.keepUser keeps: name it in allowedUsers"
            )
        return self

    @model_validator(mode="after")
    def _regions_once(self) -> Self:
        if isinstance(self.image, GalleryImageVersion):
            names = [region_key(region.name) for region in self.image.target_regions]
            if len(set(names)) < len(names):
                raise ValueError("image.targetRegions names a region twice")
        return self


class ImageRequest(StrictMessage):
    """Request version 1."""

    version: Annotated[Literal[1], BeforeValidator(_no_boolean)] = Field(
        description="The version of this form; always 1."
    )
    request_id: str | None = Field(
        default=None,
        pattern=REQUEST_ID_PATTERN,
        description=(
            "The same requestId with the same text is the same run, however often it is sent. Letters, digits "
            "and inner hyphens, at most 48. By queue it defaults to the message's id."
        ),
    )
    targets: tuple[Target, ...] = Field(
        min_length=1,
        max_length=MAX_TARGETS_BY_HTTP,
        description=f"1 to {MAX_TARGETS_BY_HTTP} machines ({MAX_TARGETS_BY_QUEUE} by queue), none twice.",
    )
    max_parallel: StrictInt = Field(
        default=10, ge=1, le=100, description="At most so many machines are worked on at once."
    )
    dry_run: StrictBool = Field(
        default=False, description="Inspect and judge every machine, change nothing, tell what would happen."
    )
    approval: Approval | None = None
