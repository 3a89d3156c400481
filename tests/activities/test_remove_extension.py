"""Removing one extension of a temporary VM: once, twice, and never another's."""

from typing import Any

import pytest

import settings
from activities.remove_extension import remove_extension
from azure_clients.errors import ArmThrottled
from contracts.activities.vm import ExtensionRemoved, RemoveExtension
from contracts.error_codes import FailureCode
from contracts.facts import VmExtension
from contracts.resources import resource_name
from emulators.arm import Role
from emulators.arm.compute.vms.specs import ExtensionSpec
from tests.support.azure import Azure, azure, target
from tests.support.journey import spec

RUN = "vm-r1-0123456789"
CLONE = resource_name(RUN, "clone")
TAGS = {"golden-image-run": RUN, "golden-image-app": "tests"}
AGENT = ExtensionSpec("ama", "Microsoft.Azure.Monitor", "AzureMonitorLinuxAgent")
OURS = spec(CLONE, tags=TAGS, extensions=(AGENT,))


def remove(az: Azure, name: str = CLONE, **extension: Any) -> ExtensionRemoved:
    wanted = {"name": "ama", "publisher": AGENT.publisher, "type": AGENT.type, **extension}
    request = RemoveExtension(vm_id=target(name), run_id=RUN, extension=VmExtension.model_validate(wanted))
    return az.call(remove_extension(request))


def deletions(az: Azure) -> list[int]:
    return [record.status for record in az.simulator.requests() if record.operation == "extensions.delete"]


def test_it_is_requested_once_and_read_until_it_is_gone() -> None:
    with azure(OURS, role=Role()) as az:
        first, again = remove(az), remove(az)
        az.pass_time(120)
        last = remove(az, CLONE, type=AGENT.type.upper())
        assert deletions(az) == [202]
        assert az.vm(CLONE).extensions == {}
    assert (first.gone, again.gone, last.gone) == (False, False, True)
    assert first.correlation_id
    assert first.why is None


def test_a_vm_that_is_gone_has_no_extension() -> None:
    with azure(OURS, role=Role()) as az:
        assert remove(az, resource_name(RUN, "gone")).gone


@pytest.mark.parametrize("tags", [{}, {"golden-image-run": "vm-other-0123456789"}])
def test_the_extension_of_a_vm_that_the_run_did_not_create_is_not_touched(tags: dict[str, str]) -> None:
    with azure(spec(CLONE, tags=tags, extensions=(AGENT,)), role=Role()) as az:
        failure = remove(az).failure
        assert deletions(az) == []
    assert failure is not None
    assert failure.code is FailureCode.VM_REPLACED


def test_another_extension_under_the_name_and_one_that_is_listed_no_more_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    with azure(OURS, role=Role()) as az:
        other = remove(az, publisher="Contoso")
        monkeypatch.setenv("GOLDEN_REMOVABLE_EXTENSIONS", "Contoso/Agent")
        settings.current.cache_clear()
        unlisted = remove(az)
        assert deletions(az) == []
    settings.current.cache_clear()
    assert "has taken the place" in (other.why or "")
    assert "any more" in (unlisted.why or "")


def test_a_rejection_is_a_reason_and_a_throttle_is_waited_out() -> None:
    with azure(OURS, role=Role()) as az:
        az.fault("status", "extensions.delete", status=403, code="AuthorizationFailed", count=1)
        assert "AuthorizationFailed" in (remove(az).why or "")
        az.fault("status", "extensions.delete", status=404, code="NotFound", count=1)
        assert remove(az).gone
        az.fault("status", "extensions.delete", status=429, headers={"Retry-After": "9"}, count=1)
        with pytest.raises(ArmThrottled):
            remove(az)
