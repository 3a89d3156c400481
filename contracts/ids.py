"""The formats of ARM ids of VMs, of scopes, and of the app's run ids."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

SUBSCRIPTION = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
GROUP = "[-A-Za-z0-9_.()]{0,89}[-A-Za-z0-9_()]"
_VM_NAME = "[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9_])?"
_SCOPE = re.compile(rf"/subscriptions/({SUBSCRIPTION})(?:/resourceGroups/({GROUP}))?/?", re.I | re.A)
_VM = re.compile(
    rf"/subscriptions/({SUBSCRIPTION})/resourceGroups/({GROUP})"
    rf"/providers/Microsoft\.Compute/virtualMachines/({_VM_NAME})/?",
    re.I | re.A,
)


def any_case(text: str) -> str:
    """Return a pattern that matches the text in any case: JSON Schema has no flag for that."""
    return "".join(f"[{letter.upper()}{letter.lower()}]" if letter.isalpha() else letter for letter in text)


SUBSCRIPTIONS, GROUPS = any_case("subscriptions"), any_case("resourceGroups")
_VMS = rf"{any_case('providers')}/{any_case('Microsoft')}\.{any_case('Compute')}/{any_case('virtualMachines')}"
NAME_PREFIX = "golden-image-"
"""How the names of all resources and Run Commands that the app creates begin."""
BATCH_RUN_PREFIX, VM_RUN_PREFIX, CLEANUP_PREFIX = "batch-", "vm-", "cleanup-"
"""How the instance ids of runs begin, so that a query finds only those of one kind."""
REQUEST_ID_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9-]{0,46}[A-Za-z0-9])?$"


class IdType:
    """Lets pydantic parse a subclass from a string and serialize it to a string."""

    schema_pattern: str
    schema_description: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the id; ValueError says what was expected."""
        raise NotImplementedError

    @classmethod
    def _read(cls, value: object) -> Self:
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            return cls.parse(value)
        raise ValueError("must be a string")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._read, serialization=core_schema.to_string_ser_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "pattern": cls.schema_pattern, "description": cls.schema_description}


@dataclass(frozen=True, eq=False)
class VmId(IdType):
    """The ARM id of a virtual machine; two spellings that differ only in case are the same VM."""

    subscription_id: str
    resource_group: str
    name: str

    schema_pattern = f"^/{SUBSCRIPTIONS}/{SUBSCRIPTION}/{GROUPS}/{GROUP}/{_VMS}/{_VM_NAME}/?$"
    schema_description = "Full ARM id of a virtual machine, in any case."

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a full ARM id of a virtual machine, in any case; ValueError says what was expected."""
        found = _VM.fullmatch(text)
        if found is None:
            raise ValueError(
                "is not the full ARM id of a virtual machine: expected /subscriptions/<guid>/resourceGroups/"
                "<name>/providers/Microsoft.Compute/virtualMachines/<name>"
            )
        return cls(found[1].lower(), found[2], found[3])

    def __str__(self) -> str:
        """Return the canonical form: ARM's casing of the fixed parts, the names as they were entered."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.Compute/virtualMachines/{self.name}"
        )

    @property
    def key(self) -> str:
        """The lower-cased id: equal for all spellings of one VM."""
        return str(self).lower()

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the key: safe as an entity key and in names, where '/' is not allowed."""
        return hashlib.sha256(self.key.encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VmId) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@dataclass(frozen=True)
class Scope(IdType):
    """A subscription or a resource group in which the app may change VMs (lower-cased)."""

    subscription_id: str
    resource_group: str | None

    schema_pattern = f"^/{SUBSCRIPTIONS}/{SUBSCRIPTION}(?:/{GROUPS}/{GROUP})?/?$"
    schema_description = "ARM id of a subscription or of a resource group."

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a scope in any case; ValueError says what was expected."""
        found = _SCOPE.fullmatch(text)
        if found is None:
            raise ValueError(
                f"{text!r} is not a scope: expected /subscriptions/<guid> or "
                "/subscriptions/<guid>/resourceGroups/<name>"
            )
        return cls(found[1].lower(), found[2].lower() if found[2] else None)

    def __str__(self) -> str:
        """Return the canonical form."""
        group = f"/resourceGroups/{self.resource_group}" if self.resource_group else ""
        return f"/subscriptions/{self.subscription_id}{group}"

    def contains(self, vm_id: VmId) -> bool:
        """Return whether the VM is in this scope."""
        if vm_id.subscription_id != self.subscription_id:
            return False
        return self.resource_group is None or vm_id.resource_group.lower() == self.resource_group


def in_scope(resource_id: str, scope: Scope) -> bool:
    """Return whether a resource is in a scope, or is the scope itself; ids are case-insensitive."""
    return f"{resource_id.rstrip('/')}/".lower().startswith(f"{scope}/".lower())


def subscription_of(resource_id: str) -> str:
    """Return the subscription id in an ARM id, lower-cased; empty if there is none."""
    parts = resource_id.lower().split("/")
    return parts[2] if len(parts) > 2 and parts[1] == "subscriptions" else ""


def batch_run_id(request_id: str) -> str:
    """Instance id of the run of an entire request; at most 54 characters."""
    return f"{BATCH_RUN_PREFIX}{request_id}"


def vm_run_id(request_id: str, vm_id: VmId) -> str:
    """Instance id of the run of one VM; at most 62 characters, valid in resource names and in guest scripts."""
    return f"{VM_RUN_PREFIX}{request_id}-{vm_id.digest[:10]}"


def cleanup_run_id(occasion: object) -> str:
    """Instance id of a cleanup; `occasion` is its own: a scheduled time, or random."""
    return f"{CLEANUP_PREFIX}{occasion}"


def publication_id(run_id: str) -> str:
    """Instance id of the `publish_image` run that a VM's run starts."""
    return f"{run_id}-publish"
