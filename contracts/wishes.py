"""What a request may wish for its image: where it goes, under which version, how it is verified and kept."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictInt

from contracts.ids import Scope
from contracts.message import StrictMessage
from contracts.resource_ids import DiskEncryptionSetId, ImageDefinitionId, ManagedImageId, SecretId, SubnetId

NEXT_PATCH, BY_DATE = "nextPatch", "date"
_VERSION = r"(?:nextPatch|date|(?:0|[1-9]\d{0,9})\.(?:0|[1-9]\d{0,9})\.(?:0|[1-9]\d{0,9}))"
type StorageAccountType = Literal["Standard_LRS", "Standard_ZRS", "Premium_LRS"]
_TOO_WIDE = frozenset({"internet", "virtualnetwork", "azureloadbalancer"})


def _a_service(tag: str) -> str:
    """Refuse the tags that stand for whole networks: the clone boots the source's services with its secrets."""
    if tag.partition(".")[0].lower() in _TOO_WIDE:
        raise ValueError(
            f"{tag} is no Azure service but a whole network, from which the machine must stay shut off; name the "
            "services that its scripts need, for example AzureCloud.westeurope"
        )
    return tag


ServiceTag = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9.]{0,79}$"), AfterValidator(_a_service)]


def region_key(name: str) -> str:
    """Give a region's name as ARM compares it: "West Europe" and "westeurope" are the same."""
    return name.replace(" ", "").lower()


def _a_group(scope: Scope) -> Scope:
    if scope.resource_group is None:
        raise ValueError("must be the ARM id of a resource group")
    return scope


class TargetRegion(StrictMessage):
    """A region that the image version is replicated to."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9 ]{1,39}$"), AfterValidator(region_key)]
    replicas: StrictInt | None = Field(default=None, ge=1, le=100)
    storage_account_type: StorageAccountType | None = None
    disk_encryption_set_id: DiskEncryptionSetId | None = None


class Site(StrictMessage):
    """Where a temporary machine stands: shut off from every network but what is named here."""

    subnet_id: SubnetId | None = Field(default=None, description="Its subnet; by default GOLDEN_SUBNET_ID.")
    resource_group_id: Annotated[Scope, AfterValidator(_a_group)] | None = Field(
        default=None, description="Its resource group; by default the source machine's."
    )
    service_tags: tuple[ServiceTag, ...] = Field(
        default=(),
        max_length=20,
        description="Service tags it may reach on TCP 80 and 443; nothing else is open. None that is a whole network.",
    )
    vm_size: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9_]{1,60}$", description="Its size; by default the source machine's."
    )


class CloneOptions(Site):
    """How the machine is cloned."""

    allow_running_source: StrictBool = Field(
        default=False, description="A running source is crash-consistent only; say true if that is enough."
    )


class ScriptUse(StrictMessage):
    """One script of the app's allow-list, to be run before the machine is sealed."""

    script: str = Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$", description="Its name on the allow-list.")
    parameters: dict[str, Annotated[str, Field(max_length=1_000)]] = Field(default={}, max_length=20)
    deadline_minutes: StrictInt = Field(default=60, ge=1, le=240)
    reboot: StrictBool = Field(default=False, description="Restart the machine after it.")


class Verification(Site):
    """Before the version is promoted, a machine made from it must answer for itself."""

    allowed_users: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")], ...] = Field(
        default=(), max_length=20, description="Local accounts that the image is meant to keep, with their keys."
    )


class Retention(StrictMessage):
    """Which older versions of the definition go once the new one is promoted."""

    keep: StrictInt = Field(ge=1, le=1_000, description="So many versions stay, the newest ones.")
    minimum_age_days: StrictInt = Field(default=7, ge=0, le=3_650, description="A younger version stays in any case.")
    dry_run: StrictBool = Field(default=True, description="Only tell which versions would go.")


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
        default=(), max_length=50, description="Must hold the source's region; by default that one alone."
    )
    replicas: StrictInt = Field(default=1, ge=1, le=100, description="In each region that names none of its own.")
    storage_account_type: StorageAccountType = "Standard_LRS"
    replication_mode: Literal["Full", "Shallow"] = "Full"
    on_region_failure: Literal["drop", "fail"] = Field(
        default="drop", description="A region that fails twice is dropped and reported, or fails the run."
    )
    exclude_from_latest: StrictBool = False
    end_of_life: datetime | None = None
    verify: Verification | None = None
    retention: Retention | None = None


class ManagedImage(StrictMessage):
    """A managed image."""

    kind: Literal["managedImage"]
    image_id: ManagedImageId
    zone_resilient: StrictBool = False


class SysprepCredential(StrictMessage):
    """A local administrator under whom Sysprep runs; its password stays in the Key Vault until it is used."""

    user: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,20}$")
    secret_id: SecretId


class Approval(StrictMessage):
    """Somebody must say yes before the point of no return."""

    timeout_minutes: StrictInt = Field(ge=1, le=7 * 24 * 60)
    on_timeout: Literal["refuse", "proceed"] = Field(
        default="refuse", description="What happens if nobody has said anything by then."
    )
