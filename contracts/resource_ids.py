"""ARM ids of subnets, image definitions, image versions, managed images and encryption sets; URLs of secrets."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Self

from contracts.ids import GROUP, GROUPS, SUBSCRIPTION, SUBSCRIPTIONS, IdType, any_case

_NAME = "[A-Za-z0-9_](?:[-A-Za-z0-9_.]{0,78}[A-Za-z0-9_])?"


@dataclass(frozen=True, eq=False)
class ResourceId(IdType):
    """The ARM id of one type of resource; two spellings that differ only in case are the same resource.

    `names` are the resource's own name and those of its parents, outermost first.
    """

    subscription_id: str
    resource_group: str
    names: tuple[str, ...]

    provider = ""
    types: ClassVar[tuple[str, ...]] = ()
    noun = "a resource"

    def __init_subclass__(cls) -> None:
        """Build the pattern for the JSON Schema of this type."""
        parts = "".join(f"/{any_case(kind)}/{_NAME}" for kind in cls.types)
        provider = any_case(cls.provider).replace(".", r"\.")
        group = f"^/{SUBSCRIPTIONS}/{SUBSCRIPTION}/{GROUPS}/{GROUP}"
        cls.schema_pattern = f"{group}/{any_case('providers')}/{provider}{parts}/?$"
        cls.schema_description = f"Full ARM id of {cls.noun}, in any case."

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a full ARM id of this type, in any case; ValueError says what was expected."""
        parts = "".join(f"/{kind}/({_NAME})" for kind in cls.types)
        pattern = (
            rf"/subscriptions/({SUBSCRIPTION})/resourceGroups/({GROUP})/providers/{re.escape(cls.provider)}{parts}/?"
        )
        found = re.fullmatch(pattern, text, re.I | re.A)
        if found is None:
            tail = "".join(f"/{kind}/<name>" for kind in cls.types)
            raise ValueError(
                f"is not the full ARM id of {cls.noun}: expected "
                f"/subscriptions/<guid>/resourceGroups/<name>/providers/{cls.provider}{tail}"
            )
        return cls(found[1].lower(), found[2], found.groups()[2:])

    def __str__(self) -> str:
        """Return the canonical form: ARM's casing of the fixed parts, the names as they were entered."""
        tail = "".join(f"/{kind}/{name}" for kind, name in zip(self.types, self.names, strict=True))
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/{self.provider}{tail}"
        )

    @property
    def name(self) -> str:
        """The resource's own name."""
        return self.names[-1]

    @property
    def key(self) -> str:
        """The lower-cased id: equal for all spellings of one resource."""
        return str(self).lower()

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the key: safe as an entity key."""
        return hashlib.sha256(self.key.encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


class SubnetId(ResourceId):
    """A subnet of a virtual network."""

    provider, types, noun = "Microsoft.Network", ("virtualNetworks", "subnets"), "a subnet"


class ImageDefinitionId(ResourceId):
    """An image definition in an Azure Compute Gallery."""

    provider, types, noun = "Microsoft.Compute", ("galleries", "images"), "an image definition in a gallery"


class ImageVersionId(ResourceId):
    """An image version in an Azure Compute Gallery."""

    provider, types, noun = "Microsoft.Compute", ("galleries", "images", "versions"), "an image version in a gallery"

    @property
    def definition(self) -> ImageDefinitionId:
        """The image definition of this version."""
        return ImageDefinitionId(self.subscription_id, self.resource_group, self.names[:-1])

    @classmethod
    def of(cls, definition: ImageDefinitionId, version: str) -> "ImageVersionId":
        """Return the id of a version of this definition."""
        return cls(definition.subscription_id, definition.resource_group, (*definition.names, version))


class ManagedImageId(ResourceId):
    """A managed image."""

    provider, types, noun = "Microsoft.Compute", ("images",), "a managed image"


class DiskEncryptionSetId(ResourceId):
    """A disk encryption set."""

    provider, types, noun = "Microsoft.Compute", ("diskEncryptionSets",), "a disk encryption set"


_SECRET = re.compile(r"https://([A-Za-z0-9.-]+(?::[0-9]{1,5})?)/secrets/([0-9A-Za-z-]{1,127})(?:/([0-9a-f]{32}))?")
SECRETS_LISTED = re.compile(r"https://[a-z0-9][a-z0-9.-]*(?::[0-9]{1,5})?/secrets/(?:[0-9a-z-]{1,127}\*?|\*)")
"""A lower-cased entry of GOLDEN_ALLOWED_SECRETS: one secret, or with `*` at the end all secrets with that prefix."""


@dataclass(frozen=True)
class SecretId(IdType):
    """The URL of a secret in Key Vault; never its value."""

    vault: str
    name: str
    version: str | None

    schema_pattern = "^https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?/secrets/[0-9A-Za-z-]{1,127}(?:/[0-9a-f]{32})?$"
    schema_description = "URL of a Key Vault secret: https://<vault>/secrets/<name>, with or without a version."

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a secret's URL; ValueError says what was expected."""
        found = _SECRET.fullmatch(text)
        if found is None:
            raise ValueError("is not the URL of a Key Vault secret: expected https://<vault>/secrets/<name>")
        return cls(f"https://{found[1].lower()}", found[2], found[3])

    def listed_in(self, entries: Iterable[str]) -> bool:
        """Return whether an entry of GOLDEN_ALLOWED_SECRETS names this secret, in any version.

        Names of secrets are case-insensitive. An entry that names no secret, such as a vault alone, allows none.
        """
        address = f"{self.vault}/secrets/{self.name}".lower()
        for entry in entries:
            listed = entry.lower()
            if SECRETS_LISTED.fullmatch(listed) is None:
                continue
            if address.startswith(listed[:-1]) if listed.endswith("*") else address == listed:
                return True
        return False

    def __str__(self) -> str:
        """Return the URL."""
        return f"{self.vault}/secrets/{self.name}" + (f"/{self.version}" if self.version else "")
