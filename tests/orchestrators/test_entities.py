"""Every entity bears what the engine may do: deliver each message twice, and in every order."""

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations
from typing import Any

import pytest

from contracts.catalogue import ENTITIES
from orchestrators.approval_record import approval_record
from orchestrators.definition_lease import definition_lease
from orchestrators.lease import lease
from orchestrators.machine_lease import machine_lease
from orchestrators.registration import ENTITIES as REGISTERED
from orchestrators.request_register import request_register
from tests.support.entity_context import EntityOnPaper

type Message = tuple[str, object]


def orders(messages: Sequence[Message]) -> Iterator[tuple[Message, ...]]:
    """Give every order of the messages, each of them delivered twice."""
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
    tried = {machine_lease, definition_lease, request_register, approval_record}
    assert set(REGISTERED) == tried
    assert {entity.__name__ for entity in tried} == set(ENTITIES)


@pytest.mark.parametrize("entity", [machine_lease, definition_lease])
def test_a_lease_is_never_granted_to_a_ticket_that_was_given_back(entity: Callable[[Any, Any], Any]) -> None:
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


@pytest.mark.parametrize("entity", [machine_lease, definition_lease])
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


def test_a_holder_that_asks_anew_gives_its_former_ticket_up() -> None:
    paper = EntityOnPaper(lease)
    for message in (acquire("a", "1"), acquire("a", "2"), acquire("a", "1")):
        paper.deliver(*message)
    assert paper.state["ticket"] == "2"
    paper.deliver(*release("2"))
    assert paper.deliver(*acquire("a", "1")) == {"granted": False, "holder": None}


def test_only_one_of_two_gets_the_lease_of_a_dead_holder() -> None:
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


@pytest.mark.parametrize(("held", "left"), [(True, "a"), (False, None)])
def test_only_a_free_lease_is_forgotten(held: bool, left: str | None) -> None:
    paper = EntityOnPaper(lease)
    paper.deliver(*acquire("a", "1"))
    if not held:
        paper.deliver(*release("1"))
    paper.deliver("forget")
    assert (paper.state or {"holder": None})["holder"] == left


@pytest.mark.parametrize("request_", [None, {}, {"holder": "a"}, {"ticket": "1"}])
def test_a_message_without_its_members_changes_nothing(request_: object) -> None:
    paper = EntityOnPaper(lease)
    for operation in ("acquire", "release", "peek", "unheard of"):
        paper.deliver(operation, request_)
    assert (paper.state or {"holder": None})["holder"] in {None, "a"}
    assert paper.deliver("peek")["granted"] is False


def claim(run: str, at: str = "t1", digest: str = "x") -> Message:
    return "claim", {"claim": {"digest": digest, "run_id": run, "claimed_at": at}, "run": {"request": digest}}


def forget(run: str, at: str = "t1", digest: str = "x") -> Message:
    return "forget", {"claim": {"digest": digest, "run_id": run, "claimed_at": at}}


def test_one_request_id_starts_one_run_whatever_comes_in_which_order() -> None:
    for order in orders([claim("batch-1"), claim("batch-1", at="t2"), claim("batch-1", digest="y")]):
        paper = EntityOnPaper(request_register)
        answers = [paper.deliver(*message) for message in order]
        assert paper.started == ["batch-1"]
        assert all(answer == paper.state for answer in answers)


def test_a_late_copy_of_forget_does_not_end_the_memory_of_a_newer_claim() -> None:
    old, new = claim("batch-1", at="t1"), claim("batch-1", at="t9")
    paper = EntityOnPaper(request_register)
    for message in (old, forget("batch-1", at="t1"), new, forget("batch-1", at="t1"), new):
        paper.deliver(*message)
    assert paper.started == ["batch-1", "batch-1"], "once for each claim"
    assert paper.state["claimed_at"] == "t9"


def decide(run: str, approved: bool, id_: str, *, batch: bool = False) -> Message:
    return "decide", {"run_id": run, "batch": batch, "decision": {"id": id_, "approved": approved}}


def test_two_contradictory_decisions_never_both_stand() -> None:
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


def test_a_decision_about_the_whole_request_leaves_vms_alone_that_were_decided_before() -> None:
    paper = EntityOnPaper(approval_record)
    paper.deliver(*decide("vm-1", False, "1"))
    paper.deliver(*decide("batch", True, "2", batch=True))
    paper.deliver(*decide("vm-2", False, "3"))
    assert paper.state["runs"] == {"vm-1": {"id": "1", "approved": False}}
    assert paper.state["request"] == {"id": "2", "approved": True}
    paper.deliver("forget")
    assert paper.state is None
