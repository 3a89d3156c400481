"""Images whose machine is not itself: they stay out of latest, marked, and the run says why."""

import pytest

from contracts.reasons import FailureCode
from contracts.results import MachineResult, Outcome
from contracts.run import Wait, Waits
from tests.support.golden import add_definition, definition_id, standing, version_wish, versions
from tests.support.journey import Journey, journey, spec
from tests.support.requests import job, settings
from workbench.arm_simulator import LinuxTraits, MachineSpec, WindowsTraits

IN_PLACE = {"image": version_wish(), "undoSnapshot": False}
# Logs that name the host count only where the machine is not called so itself.
DIRTY: dict[str, tuple[MachineSpec, tuple[str, ...]]] = {
    "Linux": (
        spec("vm1", linux=LinuxTraits(leaves=("user", "authorizedKeys", "hostKeys", "machineId", "logs", "hostName"))),
        ("Users", "Keys", "SSH host keys", "machine-id", "Logs", "host name of its source"),
    ),
    "Windows": (
        spec("vm1", os="Windows", windows=WindowsTraits(leaves=("sid", "user", "logs"))),
        ("Users", "SID", "Logs"),
    ),
    "Windows by its name": (
        spec("vm1", os="Windows", windows=WindowsTraits(leaves=("hostName",))),
        ("host name of its source",),
    ),
}
SELDOM = settings(waits=Waits(machine=Wait(first=60, every=300, deadline=1_800)))


def stays_out(told: Journey, result: MachineResult) -> None:
    """The version stands, excluded and marked; nothing else of the run does."""
    (version,) = versions(told)
    assert result.failure is not None
    assert result.failure.code is FailureCode.VERIFY_FAILED
    assert told.simulator.world.galleries.latest(definition_id()) is None
    assert version.tags["golden-image-verified"] == "failed"
    assert result.image is not None
    assert (result.image.id, result.image.excluded_from_latest) == (version.id, True)
    assert (result.left, standing(told, result)) == ((), [version.id])


@pytest.mark.parametrize("system", DIRTY)
def test_everything_that_sealing_left_behind_is_named_and_keeps_the_version_out(system: str) -> None:
    machine, words = DIRTY[system]
    with journey(machine, emulate_linux=True) as told:
        add_definition(told, "web", machine.os)
        result = told.tell(job(target=IN_PLACE))
        stays_out(told, result)
    assert result.image is not None
    assert result.image.verified is not None
    faults = result.image.verified.faults
    for word in words:
        assert [fault for fault in faults if word in fault], (word, faults)


@pytest.mark.parametrize(
    "machine",
    [
        spec("vm1", linux=LinuxTraits(boots="agentNeverReady")),
        spec("vm1", linux=LinuxTraits(boots="neverProvisions")),
    ],
    ids=["no agent", "not provisioned"],
)
def test_a_machine_that_does_not_come_up_is_unmade_and_its_version_stays_out(machine: MachineSpec) -> None:
    with journey(machine, emulate_linux=True) as told:
        add_definition(told)
        stays_out(told, told.tell(job(target=IN_PLACE, settings=SELDOM)))


def test_a_version_that_is_to_stay_out_of_latest_is_marked_as_verified() -> None:
    with journey(spec("vm1"), emulate_linux=True) as told:
        add_definition(told)
        result = told.tell(job(target={**IN_PLACE, "image": version_wish(excludeFromLatest=True)}))
        (version,) = versions(told)
        latest = told.simulator.world.galleries.latest(definition_id())
    assert result.outcome is Outcome.PUBLISHED, result.failure
    assert latest is None
    assert version.tags["golden-image-verified"] == "passed"
