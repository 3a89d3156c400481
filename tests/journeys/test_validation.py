"""Images whose validation fails: they stay excluded from latest, tagged, and the run says why."""

import pytest

from contracts.error_codes import FailureCode
from contracts.polling import Polling, PollingSettings
from contracts.results import Outcome, VmResult
from emulators.arm import LinuxTraits, VmSpec, WindowsTraits
from tests.support.golden import add_definition, definition_id, standing, version_options, versions
from tests.support.journey import Journey, journey, spec
from tests.support.requests import job, settings

IN_PLACE = {"image": version_options(), "rollbackSnapshot": False}
# Logs that name the host count only if the VM does not have the same name.
DIRTY: dict[str, tuple[VmSpec, tuple[str, ...]]] = {
    "Linux": (
        spec("vm1", linux=LinuxTraits(leaves=("user", "authorizedKeys", "hostKeys", "vmId", "logs", "hostName"))),
        ("users", "SSH keys", "SSH host keys", "machine-id", "logs", "host name"),
    ),
    "Windows": (
        spec("vm1", os="Windows", windows=WindowsTraits(leaves=("sid", "user", "logs"))),
        ("users", "SID", "logs"),
    ),
    "Windows by its name": (
        spec("vm1", os="Windows", windows=WindowsTraits(leaves=("hostName",))),
        ("host name of the source VM",),
    ),
}
SELDOM = settings(
    polling=PollingSettings(vm=Polling(initial_delay_seconds=60, interval_seconds=300, timeout_seconds=1_800))
)


def stays_out(reported: Journey, result: VmResult) -> None:
    """The version exists, excluded and tagged; nothing else of the run exists."""
    (version,) = versions(reported)
    assert result.failure is not None
    assert result.failure.code is FailureCode.VALIDATION_FAILED
    assert reported.simulator.world.galleries.latest(definition_id()) is None
    assert version.tags["golden-image-validated"] == "failed"
    assert result.image is not None
    assert (result.image.id, result.image.excluded_from_latest) == (version.id, True)
    assert (result.orphaned_resources, standing(reported, result)) == ((), [version.id])


@pytest.mark.parametrize("system", DIRTY)
def test_everything_that_deprovisioning_did_not_remove_is_named_and_excludes_the_version(system: str) -> None:
    vm, texts = DIRTY[system]
    with journey(vm, emulate_linux=True) as reported:
        add_definition(reported, "web", vm.os)
        result = reported.report(job(target=IN_PLACE))
        stays_out(reported, result)
    assert result.image is not None
    assert result.image.validation is not None
    faults = result.image.validation.faults
    for text in texts:
        assert [fault for fault in faults if text in fault], (text, faults)


@pytest.mark.parametrize(
    "vm",
    [
        spec("vm1", linux=LinuxTraits(boots="agentNeverReady")),
        spec("vm1", linux=LinuxTraits(boots="neverProvisions")),
    ],
    ids=["no agent", "not provisioned"],
)
def test_a_vm_that_does_not_start_is_deleted_and_its_version_stays_excluded(vm: VmSpec) -> None:
    with journey(vm, emulate_linux=True) as reported:
        add_definition(reported)
        stays_out(reported, reported.report(job(target=IN_PLACE, settings=SELDOM)))


def test_a_version_that_must_stay_excluded_from_latest_is_tagged_as_validated() -> None:
    with journey(spec("vm1"), emulate_linux=True) as reported:
        add_definition(reported)
        result = reported.report(job(target={**IN_PLACE, "image": version_options(excludeFromLatest=True)}))
        (version,) = versions(reported)
        latest = reported.simulator.world.galleries.latest(definition_id())
    assert result.outcome is Outcome.PUBLISHED, result.failure
    assert latest is None
    assert version.tags["golden-image-validated"] == "passed"
