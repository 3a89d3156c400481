"""Whether the source of an image version matches its definition."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from emulators.arm.compute.images.sources import Source
from emulators.arm.galleries.errors import os_state_differs, trait_differs
from emulators.arm.galleries.model import DefinitionFacts

if TYPE_CHECKING:
    pass


def check_source(source: Source, parent: DefinitionFacts) -> None:
    """Refuse a source that does not match the definition."""
    if source.os_type != parent.os_type:
        raise trait_differs(source.id, "OS type", source.os_type, "OS type", parent.os_type)
    if source.os_state is not None and source.os_state != parent.os_state:
        raise os_state_differs(source.id, parent.os_state, source.os_state)
    if source.generation != parent.generation:
        trait = "Hypervisor generation"
        raise trait_differs(source.id, trait, source.generation, trait, parent.generation)
    if source.architecture != parent.architecture:
        trait = "architecture"
        raise trait_differs(source.id, trait, source.architecture, trait, parent.architecture)
    if not _security_fits(source.security_type, parent):
        trait = "Security type"
        raise trait_differs(source.id, trait, source.security_type or "Standard", trait, parent.security or "Standard")
    if source.plan is not None and dict(source.plan) != dict(parent.plan or {}):
        raise trait_differs(source.id, "plan", _plan_text(source.plan), "plan", _plan_text(parent.plan))


def _security_fits(security: str | None, parent: DefinitionFacts) -> bool:
    asked = (parent.security or "Standard").lower()
    supported = asked.endswith("supported")
    if security is None:
        return asked == "standard" or supported
    if asked == security.lower():
        return True
    # A specialized image includes the VM's guest state, so the security types must be the same.
    return supported and security.lower() in asked and parent.os_state == "Generalized"


def _plan_text(plan: Mapping[str, str] | None) -> str:
    return "null" if not plan else ",".join(f"{name}={plan[name]}" for name in sorted(plan))
