"""The one place that knows the shape of an Azure resource id, of a scope, and of our own run ids."""

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
    """Spell a word as a pattern for any case: JSON Schema knows no flag for it."""
    return "".join(f"[{letter.upper()}{letter.lower()}]" if letter.isalpha() else letter for letter in text)


SUBSCRIPTIONS, GROUPS = any_case("subscriptions"), any_case("resourceGroups")
_MACHINES = rf"{any_case('providers')}/{any_case('Microsoft')}\.{any_case('Compute')}/{any_case('virtualMachines')}"
REQUEST_ID_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9-]{0,46}[A-Za-z0-9])?$"


class IdType:
    """Lets pydantic read a subclass from a string and write it back as one."""

    schema_pattern: str
    schema_description: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the id; ValueError says what was expected."""
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
    """The ARM id of a virtual machine; two spellings that differ only in case are the same machine."""

    subscription_id: str
    resource_group: str
    name: str

    schema_pattern = f"^/{SUBSCRIPTIONS}/{SUBSCRIPTION}/{GROUPS}/{GROUP}/{_MACHINES}/{_VM_NAME}/?$"
    schema_description = "Full ARM id of a virtual machine, in any case."

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a full ARM id of a virtual machine, in any case; ValueError says what was expected."""
        found = _VM.fullmatch(text)
        if found is None:
            raise ValueError(
                "is not the full ARM id of a virtual machine: expected /subscriptions/<guid>/resourceGroups/"
                "<name>/providers/Microsoft.Compute/virtualMachines/<name>"
            )
        return cls(found[1].lower(), found[2], found[3])

    def __str__(self) -> str:
        """Give the canonical form: ARM's own casing of the fixed parts, the names as they were given."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.Compute/virtualMachines/{self.name}"
        )

    @property
    def key(self) -> str:
        """The lower-cased id: equal for all spellings of one machine."""
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
    """A subscription or a resource group below which machines may be touched (lower-cased)."""

    subscription_id: str
    resource_group: str | None

    schema_pattern = f"^/{SUBSCRIPTIONS}/{SUBSCRIPTION}(?:/{GROUPS}/{GROUP})?/?$"
    schema_description = "ARM id of a subscription or of a resource group."

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a scope in any case; ValueError says what was expected."""
        found = _SCOPE.fullmatch(text)
        if found is None:
            raise ValueError(
                f"{text!r} is not a scope: expected /subscriptions/<guid> or "
                "/subscriptions/<guid>/resourceGroups/<name>"
            )
        return cls(found[1].lower(), found[2].lower() if found[2] else None)

    def __str__(self) -> str:
        """Give the canonical form."""
        group = f"/resourceGroups/{self.resource_group}" if self.resource_group else ""
        return f"/subscriptions/{self.subscription_id}{group}"

    def contains(self, vm_id: VmId) -> bool:
        """Tell whether the machine lies in this scope."""
        if vm_id.subscription_id != self.subscription_id:
            return False
        return self.resource_group is None or vm_id.resource_group.lower() == self.resource_group


def subscription_of(resource_id: str) -> str:
    """Give the subscription's id out of any ARM id, lower-cased; empty if it names none."""
    parts = resource_id.lower().split("/")
    return parts[2] if len(parts) > 2 and parts[1] == "subscriptions" else ""


def batch_run_id(request_id: str) -> str:
    """Instance id of the run of a whole request; at most 54 characters."""
    return f"batch-{request_id}"


def machine_run_id(request_id: str, vm_id: VmId) -> str:
    """Instance id of the run of one machine; at most 62 characters, safe in names and in the guest."""
    return f"vm-{request_id}-{vm_id.digest[:10]}"


def publication_id(run_id: str) -> str:
    """Instance id of the publication that a machine's run began."""
    return f"{run_id}-publish"


def run_command_name(run_id: str, stage: str) -> str:
    """Name of the managed Run Command of one stage of one run: the same every time it is asked for.

    Deterministic, so that a second PUT meets the first (facts: "name = hash of run and stage").
    """
    return f"{RUN_COMMAND_PREFIX}{stage}-{hashlib.sha256(f'{run_id}/{stage}'.encode()).hexdigest()[:16]}"


RUN_COMMAND_PREFIX = "golden-image-"
