"""What a region offers, as tests need it."""

from typing import Any

from contracts.capacity import ALL_CORES, ALL_VMS, CapacityFacts, Quota, SizeFacts


def size_facts(name: str = "Standard_D2s_v5", **more: Any) -> SizeFacts:
    """Return a size of two cores that boots everything and is offered in three zones."""
    return SizeFacts.model_validate({"name": name, "family": "f", "cores": 2, "zones": ("1", "2", "3"), **more})


def quotas(cores: int = 100) -> tuple[Quota, ...]:
    """Return quotas of which nothing is used yet."""
    return tuple(Quota(name=name, limit=cores, used=0) for name in (ALL_CORES, ALL_VMS, "f"))


def every_size(*names: str) -> CapacityFacts:
    """Return a region that has each of these sizes, and room."""
    return CapacityFacts(sizes=tuple(size_facts(name) for name in names), quotas=quotas())
