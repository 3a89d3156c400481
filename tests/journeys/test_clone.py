"""Machines cloned to an image: the source untouched, the clone prepared and sealed, nothing temporary left."""

from collections.abc import Generator
from dataclasses import dataclass

import pytest

from contracts.results import MachineResult, Outcome
from policy.rights import (
    needed_for_clone,
    needed_for_gallery,
    needed_for_prepare,
    needed_for_verification,
)
from tests.support.golden import (
    TWO_REGIONS,
    TracedRole,
    add_definition,
    clone_job,
    definition_id,
    former,
    standing,
    version_wish,
    versions,
)
from tests.support.journey import ROLE_FILE, journey, spec
from workbench.arm_simulator import LinuxTraits, Role

UPDATE = [{"script": "linux-packages-update", "reboot": True}]


@dataclass
class Told:
    """What came of the Linux machine's clone."""

    result: MachineResult
    orders: list[str]
    source_before: str
    source_after: str
    standing: list[str]
    latest: str | None
    version_tags: dict[str, str]
    packages: int
    asked: set[str]


@pytest.fixture(scope="module")
def linux() -> Generator[Told]:
    role = TracedRole.of_role(Role.from_file(ROLE_FILE))
    source = spec("vm1", tags={}, power="deallocated", linux=LinuxTraits(people=("alice",)))
    with journey(source, role=role) as told:
        add_definition(told)
        world = told.simulator.world
        before = world.picture(told.simulator.machine("vm1"))
        result = told.tell(clone_job(image=version_wish(targetRegions=TWO_REGIONS), prepare=UPDATE))
        latest = world.galleries.latest(definition_id(), "northeurope")
        yield Told(
            result=result,
            orders=[f"{r.method} {r.operation} {r.status}" for r in told.simulator.requests()],
            source_before=before,
            source_after=world.picture(told.simulator.machine("vm1")),
            standing=standing(told, result),
            latest=latest.name if latest else None,
            version_tags=versions(told)[0].tags,
            packages=former(told, "clone").guest.freeze().packages,
            asked=role.asked,
        )


def test_first(linux: Told) -> None:
    print(linux)
    assert linux.result.outcome is Outcome.PUBLISHED
