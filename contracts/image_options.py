"""The image options of a request: destination, version, validation and retention."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictInt

from contracts.ids import Scope
from contracts.message import StrictMessage
from contracts.polling import APPROVAL_MINUTES, IMAGE_RETENTION_MIN_AGE_DAYS, SCRIPT_DEADLINE_MINUTES
from contracts.resource_ids import DiskEncryptionSetId, ImageDefinitionId, ManagedImageId, SecretId, SubnetId

NEXT_PATCH, BY_DATE = "nextPatch", "date"
_VERSION = r"(?:nextPatch|date|(?:0|[1-9]\d{0,9})\.(?:0|[1-9]\d{0,9})\.(?:0|[1-9]\d{0,9}))"
type StorageAccountType = Literal["Standard_LRS", "Standard_ZRS", "Premium_LRS"]
SCRIPT_NAME_PATTERN = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"
_TOO_WIDE = frozenset({"internet", "virtualnetwork", "azureloadbalancer"})


def _not_a_network(tag: str) -> str:
    """Refuse the tags that stand for entire networks: a clone starts the source's services with their secrets."""
    if tag.partition(".")[0].lower() in _TOO_WIDE:
        raise ValueError(
            f"{tag} is not an Azure service but an entire network, from which the VM must stay isolated; name the "
            "services that its scripts need, for example AzureCloud.westeurope"
        )
    return tag


ServiceTag = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9.]{0,79}$"), AfterValidator(_not_a_network)]


def region_key(name: str) -> str:
    """Return a region's name in the form that ARM compares: "West Europe" and "westeurope" are the same."""
    return name.replace(" ", "").lower()


def _a_group(scope: Scope) -> Scope:
    if scope.resource_group is None:
        raise ValueError("must be the ARM id of a resource group")
    return scope


GroupId = Annotated[Scope, AfterValidator(_a_group)]
RegionName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9 ]{1,39}$"), AfterValidator(region_key)]


class TargetRegion(StrictMessage):
    """A region that the image version is replicated to."""

    name: RegionName
    replica_count: StrictInt | None = Field(default=None, ge=1, le=100)
    storage_account_type: StorageAccountType | None = None
    disk_encryption_set_id: DiskEncryptionSetId | None = None


class Site(StrictMessage):
    """The place of a temporary VM. The VM is isolated from every network except the service tags named here."""

    subnet_id: SubnetId | None = Field(
        default=None, description="Subnet of the VM; by default that of the source VM's place in GOLDEN_BUILD_PLACES."
    )
    resource_group_id: GroupId | None = Field(
        default=None,
        description="Resource group of the VM; by default that of the source VM's place in GOLDEN_BUILD_PLACES.",
    )
    service_tags: tuple[ServiceTag, ...] = Field(
        default=(),
        max_length=20,
        description=(
            "Service tags that the VM may reach on TCP 80 and 443; everything else is denied. Tags for entire networks "
            "(Internet, VirtualNetwork, AzureLoadBalancer) are refused."
        ),
    )
    vm_sizes: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")], ...] = Field(
        default=(),
        max_length=5,
        description="Sizes of the VM, the first choice first: the next one is tried when Azure has no capacity for the "
        "one before. By default the source VM's size.",
    )
    allow_without_zone: StrictBool = Field(
        default=False,
        description="If no size has capacity in the source VM's zone, create the VM outside of any zone.",
    )


class CloneOptions(Site):
    """How the VM is cloned."""

    allow_running_source: StrictBool = Field(
        default=False, description="A copy of a running source is crash-consistent only; set true to accept that."
    )


class ScriptUse(StrictMessage):
    """One script of the app's allow-list, to be run before the VM is deprovisioned."""

    script: str = Field(pattern=SCRIPT_NAME_PATTERN, description="Name of the script on the allow-list.")
    parameters: dict[str, Annotated[str, Field(max_length=1_000)]] = Field(default={}, max_length=20)
    deadline_minutes: StrictInt = Field(
        default=SCRIPT_DEADLINE_MINUTES.default, ge=SCRIPT_DEADLINE_MINUTES.least, le=SCRIPT_DEADLINE_MINUTES.most
    )
    reboot: StrictBool = Field(default=False, description="Restart the VM after the script.")


class ImageValidation(Site):
    """Before the version is promoted, a temporary VM is created from it and its identity is checked."""

    allowed_users: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")], ...] = Field(
        default=(), max_length=20, description="Local accounts that the image should keep, with their keys."
    )


class Retention(StrictMessage):
    """Which older versions of the definition are deleted once the new one is promoted."""

    keep: StrictInt = Field(ge=1, le=1_000, description="How many of the newest versions are kept.")
    minimum_age_days: StrictInt = Field(
        default=IMAGE_RETENTION_MIN_AGE_DAYS.default,
        ge=IMAGE_RETENTION_MIN_AGE_DAYS.least,
        le=IMAGE_RETENTION_MIN_AGE_DAYS.most,
        description="Younger versions are always kept.",
    )
    dry_run: StrictBool = Field(default=True, description="Only report which versions would be deleted.")


class GalleryImageVersion(StrictMessage):
    """An image version in an Azure Compute Gallery."""

    kind: Literal["galleryImageVersion"]
    image_definition_id: ImageDefinitionId
    version: str = Field(
        default=NEXT_PATCH,
        pattern=f"^{_VERSION}$",
        description='Explicit (1.4.2), "nextPatch" after the highest, or "date": YYYY.M.D with a counter after D.',
    )
    target_regions: tuple[TargetRegion, ...] = Field(
        default=(), max_length=50, description="Must include the source's region; by default only that region."
    )
    replica_count: StrictInt = Field(
        default=1, ge=1, le=100, description="In each region without its own replicaCount."
    )
    storage_account_type: StorageAccountType = "Standard_LRS"
    replication_mode: Literal["Full", "Shallow"] = "Full"
    on_region_failure: Literal["drop", "fail"] = Field(
        default="drop",
        description='A region that fails twice is removed and reported ("drop"), or fails the run ("fail").',
    )
    exclude_from_latest: StrictBool = False
    end_of_life_date: datetime | None = None
    validation: ImageValidation | None = Field(default=None, alias="validate")
    retention: Retention | None = None


class ManagedImage(StrictMessage):
    """A managed image."""

    kind: Literal["managedImage"]
    image_id: ManagedImageId
    zone_resilient: StrictBool = False


class SysprepCredential(StrictMessage):
    """The local administrator that Sysprep runs as. The password stays in Key Vault until it is used."""

    user: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,20}$")
    secret_id: SecretId


class Approval(StrictMessage):
    """The run waits for an approval before the point of no return."""

    timeout_minutes: StrictInt = Field(ge=APPROVAL_MINUTES.least, le=APPROVAL_MINUTES.most)
    on_timeout: Literal["refuse", "proceed"] = Field(
        default="refuse", description="What happens if nobody has decided by then."
    )
