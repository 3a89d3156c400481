"""The activities that submit a request: only once, however often they run, even if answers are lost."""

import pytest

from activities.collect_evidence import collect_evidence
from activities.deallocate_vm import deallocate_vm
from activities.generalize_vm import generalize_vm
from activities.read_deprovision import read_deprovision
from activities.remove_run_commands import remove_run_commands
from activities.start_deprovision import start_deprovision
from azure_clients.errors import ArmRefused, ArmThrottled, ArmUnavailable
from contracts.activities.vm import (
    CollectEvidence,
    Deallocate,
    OneVm,
    ReadDeprovision,
    RemoveRunCommands,
    StartDeprovision,
)
from contracts.error_codes import FailureCode, RefusalCode
from contracts.facts import PowerState, VmState
from contracts.guest_report import GuestOutcome
from contracts.request import DeprovisionOptions
from guest.scripts import load_script
from tests.support.azure import NONCE, Azure, azure, target
from tests.support.journey import spec

RUN_ID = "vm-r1-0123456789"
RUN_COMMAND = "golden-image-deprovision-0123456789abcdef"


def new_request(vm: VmState, **options: bool) -> StartDeprovision:
    return StartDeprovision(
        vm=vm,
        run_id=RUN_ID,
        app_name="tests",
        nonce=NONCE,
        run_command=RUN_COMMAND,
        options=DeprovisionOptions.model_validate(options),
        opt_in_tag="golden-image-in-place",
        opt_in_value="allowed",
        not_after=4_102_444_800,
        shutdown_delay_seconds=60,
        sysprep_timeout_seconds=1_800,
    )


def progress(vm: VmState) -> ReadDeprovision:
    return ReadDeprovision(vm_id=target(), unique_id=vm.unique_id, run_id=RUN_ID, nonce=NONCE, run_command=RUN_COMMAND)


def subject(az: Azure) -> OneVm:
    return OneVm(vm_id=target(), unique_id=az.read().unique_id)


def stopped(az: Azure) -> Deallocate:
    return Deallocate(vm_id=target(), unique_id=az.read().unique_id)


def test_the_request_returns_before_the_guest_has_reported() -> None:
    with azure(spec("vm1")) as az:
        vm = az.read()
        submitted = az.call(start_deprovision(new_request(vm)))
        early = az.call(read_deprovision(progress(vm)))
        az.pass_time(30)
        later = az.call(read_deprovision(progress(vm)))
    assert not submitted.already
    assert submitted.correlation_id
    assert early.report is None
    assert early.vm is not None
    assert early.vm.power_state is PowerState.RUNNING
    assert later.report is not None
    assert later.report.outcome is GuestOutcome.REQUESTED


@pytest.mark.parametrize("kind", ["cutAfter", "cutBefore"])
def test_a_request_whose_answer_was_lost_is_not_sent_twice(kind: str) -> None:
    with azure(spec("vm1")) as az:
        vm = az.read()
        az.fault(kind, "runCommands.put")
        with pytest.raises(ArmUnavailable):
            az.call(start_deprovision(new_request(vm)))
        again = az.call(start_deprovision(new_request(vm)))
        az.pass_time(200)
        requested = az.vm().requested_count
    assert again.already is (kind == "cutAfter")
    assert requested == 1


def test_nothing_is_spliced_into_the_script_and_the_tags_name_the_run() -> None:
    with azure(spec("vm1")) as az:
        az.call(start_deprovision(new_request(az.read())))
        record = az.vm().run_commands[RUN_COMMAND.lower()]
        body = record.body(with_instance_view=False)
    properties = body["properties"]
    assert properties["source"]["script"] == load_script("linux/deprovision.sh").text
    given = {entry["name"]: entry["value"] for entry in properties["parameters"]}
    assert given["GOLDEN_RUN_ID"] == RUN_ID
    assert given["GOLDEN_NONCE"] == NONCE
    assert given["GOLDEN_NOT_AFTER"] == "4102444800"
    assert body["tags"] == {
        "golden-image-app": "tests",
        "golden-image-run": RUN_ID,
        "golden-image-nonce": NONCE,
    }


def test_one_post_each_even_where_the_sdk_would_retry() -> None:
    with azure(spec("vm1", power="stopped")) as az:
        for status in (500, 503):
            az.fault("status", "virtualMachines.deallocate", status=status, code="InternalServerError")
            with pytest.raises(ArmUnavailable):
                az.call(deallocate_vm(stopped(az)))
        posts = [line for line in az.requests() if line.startswith("POST")]
    assert posts == ["POST virtualMachines.deallocate 500", "POST virtualMachines.deallocate 503"]


def test_a_throttle_reports_azures_own_seconds() -> None:
    with azure(spec("vm1", power="stopped")) as az:
        az.fault(
            "status",
            "virtualMachines.deallocate",
            status=429,
            code="OperationNotAllowed",
            headers={"Retry-After": "77"},
        )
        with pytest.raises(ArmThrottled) as throttled:
            az.call(deallocate_vm(stopped(az)))
    assert throttled.value.seconds == 77


def test_a_vm_is_deallocated_and_stays_so() -> None:
    with azure(spec("vm1", power="stopped")) as az:
        az.call(deallocate_vm(stopped(az)))
        az.pass_time(60)
        az.call(deallocate_vm(stopped(az)))
        az.pass_time(60)
        power = az.vm().power
    assert power == "deallocated"


def test_generalize_reads_the_state_back_and_marks_once() -> None:
    with azure(spec("vm1", power="deallocated")) as az:
        first = az.call(generalize_vm(subject(az)))
        second = az.call(generalize_vm(subject(az)))
        posts = [line for line in az.requests() if line.startswith("POST")]
    assert first.vm is not None
    assert first.vm.generalized
    assert first.correlation_id
    assert second.vm is not None
    assert second.vm.generalized
    assert posts == ["POST virtualMachines.generalize 200"]


def test_a_vm_stopped_by_its_guest_cannot_be_marked_and_the_message_says_why() -> None:
    with (
        azure(spec("vm1", power="guestStopped")) as az,
        pytest.raises(ArmRefused, match="power off explicitly") as refused,
    ):
        az.call(generalize_vm(subject(az)))
    assert refused.value.status == 409
    assert refused.value.correlation_id


def test_another_vm_is_never_marked() -> None:
    with azure(spec("vm1", power="deallocated")) as az:
        answer = az.call(generalize_vm(OneVm(vm_id=target(), unique_id="another")))
        generalized = az.vm().generalized
    assert answer.failure is not None
    assert answer.failure.code is FailureCode.VM_REPLACED
    assert not generalized


def test_evidence_is_requested_once_and_read_later() -> None:
    with azure(spec("vm1")) as az:
        request = CollectEvidence(
            vm=az.read(), run_id=RUN_ID, app_name="tests", nonce=NONCE, run_command="golden-image-evidence-1"
        )
        submitted = az.call(collect_evidence(request))
        waiting = az.call(collect_evidence(request))
        az.pass_time(60)
        found = az.call(collect_evidence(request))
        puts = [line for line in az.requests() if line.startswith("PUT")]
    assert not submitted.ready
    assert not waiting.ready
    assert found.ready
    assert 0 < len(found.text) <= 3_500
    assert "GOLDEN-IMAGE-RESULT" not in found.text
    assert len(puts) == 1


def test_evidence_that_cannot_be_collected_reports_why() -> None:
    with azure(spec("vm1", power="deallocated")) as az:
        request = CollectEvidence(
            vm=az.read(), run_id=RUN_ID, app_name="tests", nonce=NONCE, run_command="golden-image-evidence-1"
        )
        found = az.call(collect_evidence(request))
    assert found.ready
    assert found.text.startswith("no evidence could be collected: ")


def test_run_commands_are_deleted_one_by_one_even_if_one_is_rejected() -> None:
    with azure(spec("vm1")) as az:
        az.call(start_deprovision(new_request(az.read())))
        az.pass_time(30)
        az.fault("status", "runCommands.delete", status=409, code="OperationNotAllowed")
        request = RemoveRunCommands(vm_id=target(), run_commands=("golden-image-none", RUN_COMMAND))
        answers: list[tuple[str, ...]] = []
        for _ in range(3):
            answers.append(az.call(remove_run_commands(request)).left)
            az.pass_time(30)
        on_the_vm = az.vm().run_commands
    assert answers == [(RUN_COMMAND,), (RUN_COMMAND,), ()], "rejected, accepted, gone"
    assert on_the_vm == {}


def test_a_run_command_that_cannot_be_read_counts_as_existing() -> None:
    with azure(spec("vm1")) as az:
        az.call(start_deprovision(new_request(az.read())))
        az.pass_time(30)
        az.fault("status", "runCommands.get", status=403, code="AuthorizationFailed")
        request = RemoveRunCommands(vm_id=target(), run_commands=(RUN_COMMAND,))
        assert az.call(remove_run_commands(request)).left == (RUN_COMMAND,)
        assert az.call(remove_run_commands(request)).left == (RUN_COMMAND,), "accepted now"
        az.pass_time(30)
        assert az.call(remove_run_commands(request)).left == ()


def test_a_vm_that_changed_since_it_was_inspected_is_not_deprovisioned() -> None:
    with azure(spec("vm1", tags={}), spec("vm2", power="stopped")) as az:
        not_free = az.call(start_deprovision(new_request(az.read())))
        stopped = az.call(start_deprovision(new_request(az.read("vm2"))))
        replaced = az.call(start_deprovision(new_request(az.read().model_copy(update={"unique_id": "another"}))))
        puts = [line for line in az.requests() if line.startswith("PUT")]
    assert not_free.refusal is not None
    assert not_free.refusal.code is RefusalCode.NOT_OPTED_IN
    assert stopped.refusal is not None
    assert stopped.refusal.code is RefusalCode.NOT_RUNNING
    assert replaced.failure is not None
    assert replaced.failure.code is FailureCode.VM_REPLACED
    assert puts == []


def test_a_vm_that_was_started_again_is_neither_deallocated_nor_marked() -> None:
    with azure(spec("vm1")) as az:
        deallocated = az.call(deallocate_vm(stopped(az)))
        generalized = az.call(generalize_vm(subject(az)))
        replaced = az.call(deallocate_vm(Deallocate(vm_id=target(), unique_id="another")))
        posts = [line for line in az.requests() if line.startswith("POST")]
    for answer in (deallocated, generalized):
        assert answer.failure is not None
        assert answer.failure.code is FailureCode.STARTED_EXTERNALLY
    assert replaced.failure is not None
    assert replaced.failure.code is FailureCode.VM_REPLACED
    assert posts == []


def test_a_success_that_cannot_be_read_is_no_refusal() -> None:
    """A proxy's page in place of an answer says nothing about the request."""
    with azure(spec("vm1")) as az:
        az.fault("status", "virtualMachines.get", status=200, code="")
        with pytest.raises(ArmUnavailable):
            az.read()
