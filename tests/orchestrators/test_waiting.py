"""Azure throttles, does not answer, or refuses: what is waited out and what ends the run."""

from collections.abc import Callable

from contracts.answer import Answer
from contracts.reasons import Failure, FailureCode, Refusal, RefusalCode
from contracts.results import Outcome
from contracts.stages import Stage
from tests.support.engine import engine
from tests.support.fake_azure import FakeAzure
from tests.support.requests import job
from tests.support.telling import failure_of, run, tell
from workbench.timed_engine import VirtualClock


def test_a_throttle_is_waited_out_on_a_durable_timer() -> None:
    def throttle(step: str, vm: str, nth: int) -> Answer | None:
        return Answer(try_again_after=300) if step == "inspect_vm" and nth == 1 else None

    def prepare(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.trouble = throttle

    result, azure = tell(prepare)
    assert result.outcome is Outcome.GENERALIZED
    assert azure.steps_of("vm1").count("inspect_vm") == 2
    inspecting = next(timing for timing in result.timings if timing.stage is Stage.INSPECTING)
    assert 300 <= inspecting.seconds < 310


def test_reads_that_azure_does_not_answer_are_no_news_until_the_deadline() -> None:
    def broken(step: str, vm: str, nth: int) -> Answer | None:
        if step == "read_power_state" and nth <= 9:
            raise ConnectionError("no answer")
        return None

    def prepare(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.trouble = broken

    result, _ = tell(prepare)
    assert result.outcome is Outcome.GENERALIZED


def test_azure_gone_before_anything_was_ordered_fails_and_gives_the_lease_back() -> None:
    def gone(step: str, vm: str, nth: int) -> Answer | None:
        if step == "inspect_vm" and nth <= 4:
            raise ConnectionError("no answer")
        return None

    clock = VirtualClock()
    azure = FakeAzure(now=clock.now, trouble=gone)
    azure.add("vm1")
    with engine(azure.activities(), clock) as running:
        first, second = run(running, job()), run(running, job(request_id="r2"))
    assert failure_of(first) is FailureCode.AZURE_UNAVAILABLE
    assert second.outcome is Outcome.GENERALIZED


def test_an_order_whose_answer_never_came_is_read_back() -> None:
    """The Run Command was put, every answer to the order was lost: the run goes on, and arms nothing twice."""

    def prepare(azure: FakeAzure) -> None:
        guest = azure.add("vm1", stops_after=1_100, reports_after=1_000)

        def lost(step: str, vm: str, nth: int) -> Answer | None:
            if step == "start_deprovision":
                guest.ordered_at, guest.armed = guest.ordered_at or azure.now(), 1
                raise ConnectionError("answer lost")
            return None

        azure.trouble = lost

    result, azure = tell(prepare)
    assert result.outcome is Outcome.GENERALIZED
    assert azure.guests["vm1"].armed == 1


def test_an_order_that_azure_refuses_ends_the_run_without_looking_for_evidence() -> None:
    def refused(step: str, vm: str, nth: int) -> Answer | None:
        if step == "start_deprovision":
            return Answer(failure=Failure.of(FailureCode.ORDER_REFUSED, "409 OperationNotAllowed"))
        return None

    def prepare(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.trouble = refused

    result, azure = tell(prepare)
    assert failure_of(result) is FailureCode.ORDER_REFUSED
    assert azure.steps_of("vm1")[-1] == "start_deprovision"


def test_a_result_that_cannot_be_sent_still_stands_in_the_run() -> None:
    def broken(step: str, vm: str, nth: int) -> Answer | None:
        if step == "send_result":
            raise ConnectionError("queue gone")
        return None

    def prepare(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.trouble = broken

    result, azure = tell(prepare)
    assert result.outcome is Outcome.GENERALIZED
    assert azure.sent == []


def test_an_order_that_is_refused_after_one_went_unanswered_may_stand() -> None:
    """The first answer was lost, the second said no: the guest was told all the same."""

    def prepare(azure: FakeAzure) -> None:
        guest = azure.add("vm1")

        def trouble(step: str, vm: str, nth: int) -> Answer | None:
            if step == "start_deprovision" and nth == 1:
                guest.ordered_at, guest.armed = azure.now(), 1
                raise ConnectionError("answer lost")
            if step == "start_deprovision":
                return Answer(failure=Failure.of(FailureCode.ORDER_REFUSED, "403 AuthorizationFailed"))
            return None

        azure.trouble = trouble

    result, azure = tell(prepare)
    assert result.outcome is Outcome.GENERALIZED
    assert azure.guests["vm1"].armed == 1


def test_an_opt_in_that_was_taken_back_is_a_refusal() -> None:
    def taken_back(step: str, vm: str, nth: int) -> Answer | None:
        if step == "start_deprovision":
            return Answer(refusal=Refusal.of(RefusalCode.NOT_OPTED_IN, "the machine lacks the tag"))
        return None

    def prepare(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.trouble = taken_back

    result, azure = tell(prepare)
    assert result.outcome is Outcome.REFUSED
    assert azure.steps_of("vm1")[-1] == "start_deprovision"


def test_a_throttle_does_not_outlast_its_stage() -> None:
    def prepare(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.trouble = lambda step, vm, nth: Answer(try_again_after=1_800) if step == "inspect_vm" else None

    result, _ = tell(prepare)
    assert failure_of(result) is FailureCode.AZURE_UNAVAILABLE
    assert sum(timing.seconds for timing in result.timings) < 1_000


def test_one_not_found_is_doubted_and_two_are_believed() -> None:
    gone = Answer(failure=Failure.of(FailureCode.MACHINE_GONE, "404"))

    def prepare(times: int) -> Callable[[FakeAzure], None]:
        def prepared(azure: FakeAzure) -> None:
            azure.add("vm1")
            azure.trouble = lambda step, vm, nth: gone if step == "read_power_state" and nth <= times else None

        return prepared

    once, _ = tell(prepare(1))
    twice, azure = tell(prepare(2))
    assert once.outcome is Outcome.GENERALIZED
    assert failure_of(twice) is FailureCode.MACHINE_GONE
    assert azure.steps_of("vm1")[-1] == "read_power_state", "a machine that is gone is not looked after"
