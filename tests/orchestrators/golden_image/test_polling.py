"""Azure throttles, does not answer, or rejects: what is retried and what ends the run."""

from contracts.answer import Answer
from contracts.error_codes import Failure, FailureCode, Refusal, RefusalCode
from contracts.results import Outcome
from contracts.stages import Stage
from tests.support.engine import engine
from tests.support.fake_azure import FakeAzure
from tests.support.requests import job
from tests.support.running import failure_of, fleet, meets, run, run_vm


def test_a_throttle_is_waited_out_on_a_durable_timer() -> None:
    result, azure = run_vm(meets("inspect_vm", Answer(try_again_after=300), times=1))
    assert result.outcome is Outcome.GENERALIZED
    assert azure.activities_of("vm1").count("inspect_vm") == 2
    inspecting = next(timing for timing in result.timings if timing.stage is Stage.INSPECTING)
    assert 300 <= inspecting.seconds < 310


def test_polls_that_azure_does_not_answer_are_repeated_until_the_deadline() -> None:
    result, _ = run_vm(meets("read_power_state", ConnectionError("no answer"), times=9))
    assert result.outcome is Outcome.GENERALIZED


def test_a_run_without_an_answer_before_any_request_fails_and_releases_the_lease() -> None:
    clock, azure = fleet()
    meets("inspect_vm", ConnectionError("no answer"), times=4)(azure)
    with engine(azure.activities(), clock) as running:
        first, second = run(running, job()), run(running, job(request_id="r2"))
    assert failure_of(first) is FailureCode.AZURE_UNAVAILABLE
    assert second.outcome is Outcome.GENERALIZED


def test_a_request_without_an_answer_is_read_back() -> None:
    """The Run Command was created and every answer was lost: the run continues, and requests nothing twice."""

    def customize(azure: FakeAzure) -> None:
        guest = azure.add("vm1", stops_after=1_100, reports_after=1_000)

        def lost(activity: str, vm: str, nth: int) -> Answer | None:
            if activity == "start_deprovision":
                guest.ordered_at, guest.requested = guest.ordered_at or azure.now(), 1
                raise ConnectionError("answer lost")
            return None

        azure.fault = lost

    result, azure = run_vm(customize)
    assert result.outcome is Outcome.GENERALIZED
    assert azure.guests["vm1"].requested == 1


def test_a_request_that_azure_rejects_ends_the_run_without_collecting_evidence() -> None:
    rejected = Answer(failure=Failure.of(FailureCode.AZURE_REJECTED_REQUEST, "409 OperationNotAllowed"))
    result, azure = run_vm(meets("start_deprovision", rejected))
    assert failure_of(result) is FailureCode.AZURE_REJECTED_REQUEST
    assert azure.activities_of("vm1")[-1] == "start_deprovision"


def test_a_result_that_cannot_be_sent_is_still_the_output_of_the_run() -> None:
    result, azure = run_vm(meets("send_result", ConnectionError("queue gone")))
    assert result.outcome is Outcome.GENERALIZED
    assert azure.sent == []


def test_a_request_that_is_rejected_after_one_without_an_answer_may_have_been_accepted() -> None:
    """The first answer was lost and the second request rejected: the guest received the first one."""

    def customize(azure: FakeAzure) -> None:
        guest = azure.add("vm1")

        def fault(activity: str, vm: str, nth: int) -> Answer | None:
            if activity == "start_deprovision" and nth == 1:
                guest.ordered_at, guest.requested = azure.now(), 1
                raise ConnectionError("answer lost")
            if activity == "start_deprovision":
                return Answer(failure=Failure.of(FailureCode.AZURE_REJECTED_REQUEST, "403 AuthorizationFailed"))
            return None

        azure.fault = fault

    result, azure = run_vm(customize)
    assert result.outcome is Outcome.GENERALIZED
    assert azure.guests["vm1"].requested == 1


def test_an_opt_in_tag_that_was_removed_is_a_refusal() -> None:
    taken_back = Answer(refusal=Refusal.of(RefusalCode.NOT_OPTED_IN, "the VM lacks the tag"))
    result, azure = run_vm(meets("start_deprovision", taken_back))
    assert result.outcome is Outcome.REFUSED
    assert azure.activities_of("vm1")[-1] == "start_deprovision"


def test_a_throttle_does_not_outlast_its_stage() -> None:
    result, _ = run_vm(meets("inspect_vm", Answer(try_again_after=1_800)))
    assert failure_of(result) is FailureCode.AZURE_UNAVAILABLE
    assert sum(timing.seconds for timing in result.timings) < 1_000


def test_a_single_not_found_is_not_enough_and_a_second_one_counts() -> None:
    gone = Answer(failure=Failure.of(FailureCode.VM_DELETED, "404"))
    once, _ = run_vm(meets("read_power_state", gone, times=1))
    twice, azure = run_vm(meets("read_power_state", gone, times=2))
    assert once.outcome is Outcome.GENERALIZED
    assert failure_of(twice) is FailureCode.VM_DELETED
    assert azure.activities_of("vm1")[-1] == "read_power_state", "a VM that was deleted is not recovered"
