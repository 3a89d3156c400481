"""Extensions that a policy installs on the clone: waited for, removed, or refused, before the point of no return."""

from collections.abc import Callable
from typing import Any

from contracts.activities.vm import PowerStateRead
from contracts.answer import Answer
from contracts.error_codes import RefusalCode
from contracts.facts import PowerState, VmExtension
from contracts.results import Outcome, VmResult
from contracts.run import VmJob
from tests.support.fake_azure import FakeAzure
from tests.support.fake_resources import GROUP, image_facts
from tests.support.requests import job, seldom, settings, vm_state
from tests.support.running import failure_of, run_vm

AGENT = "Microsoft.Azure.Monitor/AzureMonitorLinuxAgent"
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/default"
DEFINITION = f"{GROUP}/providers/Microsoft.Compute/galleries/images/images/web"


def asked(*listed: str) -> VmJob:
    image = {"kind": "galleryImageVersion", "imageDefinitionId": DEFINITION}
    stamped = settings(polling=seldom(), removable_extensions=listed or (AGENT,))
    return job(target={"mode": "clone", "clone": {"subnetId": SUBNET}, "image": image}, settings=stamped)


def extension(name: str = "ama", kind: str = AGENT, state: str = "Succeeded") -> VmExtension:
    publisher, _, of_type = kind.partition("/")
    return VmExtension(name=name, publisher=publisher, type=of_type, provisioning_state=state)


def world(
    *extensions: VmExtension, then: Callable[[FakeAzure], None] = lambda azure: None
) -> Callable[[FakeAzure], Any]:
    def customize(azure: FakeAzure) -> None:
        azure.add("vm1", vm_state(power_state=PowerState.DEALLOCATED))
        azure.extensions = {found.name: found for found in extensions}
        then(azure)

    return customize


def settling(after: int, state: str) -> Callable[[FakeAzure], None]:
    """Let the extensions take a state once the clone was read this often."""

    def change(azure: FakeAzure) -> None:
        def fault(name: str, vm: str, nth: int) -> Answer | None:
            if name == "read_temporary_vm" and vm == "clone" and nth == after:
                update = {"provisioning_state": state}
                azure.extensions = {key: each.model_copy(update=update) for key, each in azure.extensions.items()}
            return None

        azure.fault = fault

    return change


def reasons(result: VmResult) -> list[str]:
    assert result.outcome is Outcome.REFUSED, result
    assert {refusal.code for refusal in result.refusals} == {RefusalCode.UNEXPECTED_EXTENSIONS}
    return [refusal.message for refusal in result.refusals]


def test_a_clone_without_extensions_costs_one_more_read() -> None:
    result, azure = run_vm(world(), asked())
    assert result.outcome is Outcome.PUBLISHED, result
    assert azure.removals == []
    of_clone = azure.activities_of("clone")
    assert of_clone[of_clone.index("start_deprovision") - 1] == "read_temporary_vm"
    assert result.evidence is not None
    assert "extensions" not in " ".join(result.evidence.notes)


def test_a_listed_extension_is_waited_for_removed_and_noted() -> None:
    result, azure = run_vm(world(extension(state="Creating"), then=settling(4, "Succeeded")), asked(AGENT.upper()))
    assert result.outcome is Outcome.PUBLISHED, result
    assert azure.removals == ["ama"]
    of_clone = azure.activities_of("clone")
    assert of_clone.index("remove_extension") < of_clone.index("start_deprovision")
    assert result.evidence is not None
    assert any(f"ama ({AGENT})" in note for note in result.evidence.notes)


def test_every_extension_that_is_not_listed_or_failed_is_named_and_the_clone_is_deleted() -> None:
    strange, broken = extension("mde", "Contoso/Sensor"), extension("broken", state="Failed")
    result, azure = run_vm(world(extension(), strange, broken), asked())
    first, second = reasons(result)
    assert "mde (Contoso/Sensor) is not in GOLDEN_REMOVABLE_EXTENSIONS" in first
    assert "broken" in second
    assert "Failed" in second
    assert azure.removals == [], "the clone is deleted anyway"
    assert "start_deprovision" not in azure.activities_of("clone")
    assert azure.resources == {}
    assert set(azure.activities_of("vm1")) == {"inspect_vm", "inspect_disks"}, "the source is only read"


def test_one_that_is_never_done_and_one_that_does_not_go_are_named_at_the_deadline() -> None:
    busy, azure = run_vm(world(extension(state="Updating")), asked())
    (message,) = reasons(busy)
    assert "provisioning state Updating" in message
    assert "1800 s" in message
    assert "start_deprovision" not in azure.activities_of("clone")
    stuck, azure = run_vm(world(extension(), then=lambda azure: azure.stay.add("ama")), asked())
    (message,) = reasons(stuck)
    assert "ScopeLocked" in message
    assert azure.resources == {}


def test_a_clone_that_vanishes_meanwhile_is_a_failure_and_no_refusal() -> None:
    def gone(azure: FakeAzure) -> None:
        azure.fault = lambda name, vm, nth: (
            PowerStateRead() if (name, vm) == ("read_temporary_vm", "clone") and nth > 1 else None
        )

    result, _ = run_vm(world(then=gone), asked())
    assert failure_of(result) == "CloneFailed"


def test_a_specialized_clone_is_rid_of_them_too() -> None:
    def specialized(azure: FakeAzure) -> None:
        azure.image_facts = image_facts(os_state="Specialized")

    result, azure = run_vm(world(extension(), then=specialized), asked())
    assert result.outcome is Outcome.PUBLISHED, result
    assert azure.removals == ["ama"]


def test_one_that_appears_while_the_clone_is_deprovisioned_fails_the_run_and_the_clone_is_deleted() -> None:
    def late(azure: FakeAzure) -> None:
        azure.add("clone", vm_state("clone", extensions=()))

        def fault(name: str, vm: str, nth: int) -> Answer | None:
            if name == "generalize_vm":
                azure.guests["clone"].facts = azure.guests["clone"].facts.model_copy(
                    update={"vm": vm_state("clone", extensions=(extension(state="Creating"),))}
                )
            return None

        azure.fault = fault

    result, azure = run_vm(world(then=late), asked())
    assert failure_of(result) == "ExtensionsAppeared"
    assert azure.resources == {}
