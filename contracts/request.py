"""Request version 1: which VMs, in which mode, with which options."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, model_validator

from contracts.ids import REQUEST_ID_PATTERN, VmId
from contracts.image_options import (
    SCRIPT_NAME_PATTERN,
    Approval,
    CloneOptions,
    GalleryImageVersion,
    ManagedImage,
    ScriptUse,
    SysprepCredential,
    region_key,
)
from contracts.message import StrictMessage
from contracts.own_tags import OwnTags

MAX_TARGETS_BY_QUEUE = 250
MAX_TARGETS_BY_HTTP = 1_000


class Mode(StrEnum):
    """Whether the VM itself is generalized, or a clone of it."""

    IN_PLACE = "inPlace"
    CLONE = "clone"


class EvidenceLevel(StrEnum):
    """The evidence that the VM was deprovisioned before it stopped."""

    GUEST_REPORTED = "guestReported"
    POWER_STATE_ONLY = "powerStateOnly"


def _no_boolean(value: object) -> object:
    """Reject true for 1: they are equal in Python, but not in JSON."""
    if isinstance(value, bool):
        raise ValueError("must be the number 1")
    return value


class DeprovisionOptions(StrictMessage):
    """How the VM is deprovisioned."""

    keep_user: StrictBool = Field(
        default=False, description="Linux: keep the user that Azure provisioned (waagent -deprovision)."
    )
    allow_unknown_distribution: StrictBool = Field(
        default=False, description="Linux: use the generic steps on a distribution that the app does not know."
    )
    allow_arm64: StrictBool = Field(
        default=False,
        description="Try it on an Arm64 VM: Microsoft documents managed Run Command for x64 only.",
    )
    sysprep_mode_vm: StrictBool = Field(
        default=True, description="Windows: Sysprep /mode:vm, for an image that stays on virtual machines."
    )
    evidence: EvidenceLevel = Field(
        default=EvidenceLevel.GUEST_REPORTED,
        description=(
            "The weakest evidence that is enough to mark the VM generalized: a report of the guest, or only that the "
            "VM stopped."
        ),
    )
    script: str | None = Field(
        default=None,
        pattern=SCRIPT_NAME_PATTERN,
        description="A deprovisioning script of the app's allow-list, instead of the app's own script.",
    )
    sysprep_credential: SysprepCredential | None = Field(
        default=None, description="Windows: needed from build 26100 on, where Sysprep may not run as SYSTEM."
    )


class Target(StrictMessage):
    """One VM of the request."""

    vm_id: VmId
    mode: Mode = Field(
        description=(
            '"inPlace" generalizes this VM irreversibly; "clone" leaves it unchanged and works on a copy. '
            "There is no default."
        )
    )
    deprovision: DeprovisionOptions = DeprovisionOptions()
    clone: CloneOptions | None = Field(default=None, description='How to clone; only with mode "clone".')
    customize: tuple[ScriptUse, ...] = Field(
        default=(),
        max_length=20,
        description='Scripts run in order on the clone before it is deprovisioned; mode "clone".',
    )
    image: Annotated[GalleryImageVersion | ManagedImage, Field(discriminator="kind")] | None = Field(
        default=None, description='The image to publish; required with mode "clone".'
    )
    data_disks: Literal["refuse", "include", "exclude"] = Field(
        default="refuse",
        description="Data disks of the VM: refuse a VM that has any, include them, or leave them out.",
    )
    rollback_snapshot: StrictBool = Field(
        default=True, description='Keep a snapshot of the OS disk as it was before deprovisioning; mode "inPlace".'
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.mode is Mode.CLONE and self.image is None:
            raise ValueError('image is missing: mode "clone" publishes an image and keeps nothing else')
        if self.mode is Mode.IN_PLACE and (self.clone is not None or self.customize):
            raise ValueError('clone and customize belong to mode "clone"; leave them out or change mode')
        return self

    @model_validator(mode="after")
    def _can_pass(self) -> Self:
        options = self.image.validation if isinstance(self.image, GalleryImageVersion) else None
        if options is not None and self.deprovision.keep_user and not options.allowed_users:
            raise ValueError(
                "image.validate would report the user that deprovision.keepUser keeps: name it in allowedUsers"
            )
        return self

    @model_validator(mode="after")
    def _regions_once(self) -> Self:
        if isinstance(self.image, GalleryImageVersion):
            names = [region_key(region.name) for region in self.image.target_regions]
            if len(set(names)) < len(names):
                raise ValueError("image.targetRegions names a region twice; name each region once")
        return self


class ImageRequest(StrictMessage):
    """Request version 1."""

    version: Annotated[Literal[1], BeforeValidator(_no_boolean)] = Field(
        description="The version of the request format; always 1."
    )
    request_id: str | None = Field(
        default=None,
        pattern=REQUEST_ID_PATTERN,
        description=(
            "The same requestId with the same content is the same run, however often it is sent. Letters, digits "
            "and inner hyphens, at most 48. On the queue the default is the message's id."
        ),
    )
    targets: tuple[Target, ...] = Field(
        min_length=1,
        max_length=MAX_TARGETS_BY_HTTP,
        description=f"1 to {MAX_TARGETS_BY_HTTP} VMs ({MAX_TARGETS_BY_QUEUE} on the queue), each once.",
    )
    max_parallel: StrictInt = Field(default=10, ge=1, le=100, description="How many VMs run at the same time.")
    dry_run: StrictBool = Field(
        default=False, description="Inspect and check every VM and report what would happen; change nothing."
    )
    approval: Approval | None = None
    tags: OwnTags = Field(
        default={},
        description=(
            "Tags for everything that the request creates, as policies may demand them; a value here wins over that "
            "of GOLDEN_TAGS. The app's own tags (golden-image-...) and the opt-in tag are refused."
        ),
    )
