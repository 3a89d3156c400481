"""Every entity tolerates what the engine may do: deliver each message twice, and in any order."""

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations
from typing import Any, cast

import pytest

from contracts.registered_names import ENTITIES
from orchestrators.entities.approval_record import approval_record
from orchestrators.entities.idempotency_record import idempotency_record
from orchestrators.entities.lease import definition_lease, lease, vm_lease
from orchestrators.registration import ENTITIES as REGISTERED
from tests.support.entity_context import EntityOnPaper
from tests.support.rows import rows

type Message = tuple[str, object]


def orders(messages: Sequence[Message]) -> Iterator[tuple[Message, ...]]:
    """Return every order of the messages, each of them delivered twice."""
    seen: set[tuple[int, ...]] = set()
    twice = [*range(len(messages)), *range(len(messages))]
    for order in permutations(twice):
        if order not in seen:
            seen.add(order)
            yield tuple(messages[place] for place in order)


def acquire(holder: str, ticket: str, **more: str) -> Message:
    return "acquire", {"holder": holder, "ticket": ticket, **more}


def release(ticket: str) -> Message:
    return "release", {"ticket": ticket}


def test_every_registered_entity_is_in_this_file() -> None:
    tried = {vm_lease, definition_lease, idempotency_record, approval_record}
    assert set(REGISTERED) == tried
    assert {entity.__name__ for entity in tried} == set(ENTITIES)


@pytest.mark.parametrize("entity", [vm_lease, definition_lease])
def test_a_lease_is_never_granted_to_a_released_ticket(entity: Callable[[Any, Any], Any]) -> None:
    for order in orders([acquire("a", "1"), release("1"), acquire("b", "2")]):
        paper, given_back = EntityOnPaper(entity), False
        holders: set[str] = set()
        for operation, request in order:
            answer = paper.deliver(operation, request)
            given_back = given_back or operation == "release"
            if answer["granted"]:
                holders.add(answer["holder"])
                assert not (given_back and answer["holder"] == "a"), order
        assert paper.state["holder"] in {"b", None}, order
        assert "b" not in holders or paper.state["holder"] == "b", "nobody takes it from a holder that lives"


@pytest.mark.parametrize("entity", [vm_lease, definition_lease])
def test_two_never_hold_one_lease(entity: Callable[[Any, Any], Any]) -> None:
    for order in orders([acquire("a", "1"), acquire("b", "2"), acquire("c", "3")]):
        paper = EntityOnPaper(entity)
        granted = {answer["holder"] for message in order if (answer := paper.deliver(*message))["granted"]}
        assert granted == {order[0][1]["holder"]}  # type: ignore[index]


def test_a_late_copy_of_a_release_does_not_end_the_same_holder_s_next_hold() -> None:
    paper = EntityOnPaper(lease)
    for message in (acquire("a", "1"), release("1"), acquire("a", "2")):
        paper.deliver(*message)
    paper.deliver(*release("1"))
    assert paper.deliver(*acquire("b", "3")) == {"granted": False, "holder": "a"}


def test_a_holder_that_asks_again_releases_its_former_ticket() -> None:
    paper = EntityOnPaper(lease)
    for message in (acquire("a", "1"), acquire("a", "2"), acquire("a", "1")):
        paper.deliver(*message)
    assert paper.state["ticket"] == "2"
    paper.deliver(*release("2"))
    assert paper.deliver(*acquire("a", "1")) == {"granted": False, "holder": None}


def test_only_one_of_two_gets_the_lease_of_an_ended_holder() -> None:
    for order in orders([acquire("b", "2", dead="a"), acquire("c", "3", dead="a"), acquire("a", "1")]):
        paper = EntityOnPaper(lease)
        paper.deliver(*acquire("a", "1"))
        granted = {answer["holder"] for message in order if (answer := paper.deliver(*message))["granted"]} - {"a"}
        assert len(granted) == 1
        assert paper.state["holder"] in granted, "the dead holder's own messages come too late"


def test_returned_tickets_are_remembered_within_a_bound() -> None:
    paper = EntityOnPaper(lease)
    for number in range(100):
        paper.deliver(*acquire("a", str(number)))
        paper.deliver(*release(str(number)))
    assert len(paper.state["returned"]) == 16
    assert paper.deliver(*acquire("late", "99"))["granted"] is False


def test_a_copy_of_forget_does_not_end_the_memory_of_tickets_that_came_after_it() -> None:
    """`forget` names the last released ticket, a month after its release; copies of a message come within hours."""
    forget = ("forget", {"ticket": "1"})
    for order in orders([forget, acquire("b", "2"), release("2")]):
        paper, given_back = EntityOnPaper(lease), False
        for message in (acquire("a", "1"), release("1")):
            paper.deliver(*message)
        for operation, request in order:
            answer = paper.deliver(operation, request)
            given_back = given_back or operation == "release"
            assert not (answer["granted"] and given_back), order


def test_a_lease_that_is_held_is_not_forgotten_and_a_free_one_is() -> None:
    paper = EntityOnPaper(lease)
    for message in (acquire("a", "1"), release("1"), acquire("b", "2")):
        paper.deliver(*message)
    paper.deliver("forget", {"ticket": "1"})
    assert paper.state["holder"] == "b"
    paper.deliver(*release("2"))
    paper.deliver("forget", {"ticket": "1"})
    assert paper.state["returned"] == ["1", "2"], "another ticket was returned since"
    paper.deliver("forget", {"ticket": "2"})
    assert paper.state is None


@rows("function", REGISTERED)
@rows("operation", ["acquire", "release", "peek", "forget", "record", "decide", "unheard of"])
@rows("request_", [None, {}, {"holder": "a"}, {"run": {}}, {"run_id": "x"}, 5, "text", [1]])
def test_a_malformed_message_breaks_no_entity_and_leaves_nothing(
    function: Callable[[Any, Any], Any], operation: str, request_: object
) -> None:
    paper = EntityOnPaper(function)
    paper.deliver(operation, request_)
    assert paper.started == []
    state = cast("dict[str, Any]", paper.state or {})
    assert not state.get("holder")
    assert not state.get("runs")


def record(run: str, at: str = "t1", digest: str = "x") -> Message:
    return "record", {"record": {"digest": digest, "run_id": run, "recorded_at": at}, "run": {"request": digest}}


def forget(run: str, at: str = "t1", digest: str = "x") -> Message:
    return "forget", {"record": {"digest": digest, "run_id": run, "recorded_at": at}}


def test_one_request_id_starts_one_run_in_any_order_of_messages() -> None:
    for order in orders([record("batch-1"), record("batch-1", at="t2"), record("batch-1", digest="y")]):
        paper = EntityOnPaper(idempotency_record)
        answers = [paper.deliver(*message) for message in order]
        assert paper.started == ["batch-1"]
        assert all(answer == paper.state for answer in answers)


def test_a_copy_of_forget_starts_no_run_again() -> None:
    """Two months after the first record; copies of messages come within hours of them."""
    for order in orders(
        [forget("batch-1", at="t1"), record("batch-1", at="t9"), record("batch-1", at="t9", digest="y")]
    ):
        paper = EntityOnPaper(idempotency_record)
        paper.deliver(*record("batch-1", at="t1"))
        for message in order:
            paper.deliver(*message)
        assert len(paper.started) <= 2, order


def test_a_late_copy_of_forget_does_not_delete_a_newer_record() -> None:
    old, new = record("batch-1", at="t1"), record("batch-1", at="t9")
    paper = EntityOnPaper(idempotency_record)
    for message in (old, forget("batch-1", at="t1"), new, forget("batch-1", at="t1"), new):
        paper.deliver(*message)
    assert paper.started == ["batch-1", "batch-1"], "once for each record"
    assert paper.state["recorded_at"] == "t9"


def decide(run: str, approved: bool, id_: str, *, batch: bool = False) -> Message:
    return "decide", {"run_id": run, "batch": batch, "decision": {"id": id_, "approved": approved}}


def test_two_contradictory_decisions_are_never_both_stored() -> None:
    for order in orders(
        [decide("vm-1", True, "1"), decide("vm-1", False, "2"), decide("batch", False, "3", batch=True)]
    ):
        paper = EntityOnPaper(approval_record)
        stands: list[tuple[str, bool]] = []
        for message in order:
            paper.deliver(*message)
            found = paper.state["runs"].get("vm-1") or paper.state["request"]
            if found:
                stands.append((found["id"], found["approved"]))
        assert len(set(stands)) == 1, "what stood first about the VM stands"
        assert stands[0][0] == order[0][1]["decision"]["id"]  # type: ignore[index]


def test_a_decision_about_the_whole_request_does_not_change_earlier_decisions() -> None:
    paper = EntityOnPaper(approval_record)
    paper.deliver(*decide("vm-1", False, "1"))
    paper.deliver(*decide("batch", True, "2", batch=True))
    paper.deliver(*decide("vm-2", False, "3"))
    assert paper.state["runs"] == {"vm-1": {"id": "1", "approved": False}}
    assert paper.state["request"] == {"id": "2", "approved": True}
    paper.deliver("forget")
    assert paper.state is None
