"""Whether the source of an image version matches its definition."""

from collections.abc import Mapping

from emulators.arm.compute.images.sources import Source, source_kind
from emulators.arm.galleries.errors import os_state_differs, source_kind_unsupported, trait_differs
from emulators.arm.galleries.model import DefinitionFacts

_PLAN = ("name", "publisher", "product")


def check_source(source: Source, parent: DefinitionFacts) -> None:
    """Refuse a source that does not match the definition.

    Its disk controllers are not compared: Azure takes any source, and refuses the VM that cannot boot from the image.
    """
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
    security = parent.security or "Standard"
    if security.lower().endswith("supported") and source_kind(source.id) in ("virtualmachines", "disks", "snapshots"):
        raise source_kind_unsupported(source.id, security)
    if not _security_fits(source.security_type, security):
        trait = "Security type"
        raise trait_differs(source.id, trait, source.security_type or "Standard", trait, security)
    if source.plan is not None and _named(source.plan) != _named(parent.plan or {}):
        raise trait_differs(source.id, "plan", _plan_text(source.plan), "plan", _plan_text(parent.plan))


def _security_fits(security: str | None, asked: str) -> bool:
    """Equal types fit, and a source without a type fits where a type is only supported."""
    if security is None:
        return asked.lower() == "standard" or asked.lower().endswith("supported")
    return asked.lower() == security.lower()


def _named(plan: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(str(plan.get(name, "")).lower() for name in _PLAN)


def _plan_text(plan: Mapping[str, str] | None) -> str:
    return "null" if not plan else ",".join(f"{name}={plan[name]}" for name in sorted(plan))
