"""Request version 1: which machines, in which mode, under which conditions."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictInt

from contracts.ids import REQUEST_ID_PATTERN, VmId
from contracts.message import StrictMessage

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


class GalleryImageVersion(StrictMessage):
    """An image version in an Azure Compute Gallery (not offered by this version)."""

    kind: Literal["galleryImageVersion"]
    image_definition_id: str = Field(description="ARM id of the image definition.", max_length=500)


class ManagedImage(StrictMessage):
    """A managed image (not offered by this version)."""

    kind: Literal["managedImage"]
    image_id: str = Field(description="ARM id that the image will have.", max_length=500)


class Approval(StrictMessage):
    """Somebody must say yes before the point of no return (not offered by this version)."""

    timeout_minutes: StrictInt = Field(ge=1, le=7 * 24 * 60)


class Target(StrictMessage):
    """One machine of the request."""

    vm_id: VmId
    mode: Mode = Field(
        description='"inPlace" gives this machine up for ever; "clone" leaves it untouched. There is no default.'
    )
    deprovision: DeprovisionOptions = DeprovisionOptions()
    image: Annotated[GalleryImageVersion | ManagedImage, Field(discriminator="kind")] | None = None


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
