"""What is stamped into a run: waits within their bounds, and inputs that survive the engine's JSON."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.run import AcceptedRun, Caller, MachineJob, RunSettings, Wait, Waits
from tests.support.requests import accepted, job, request, settings

GOOD = {"first": 10, "every": 15, "deadline": 600}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"first": -1}, "first"),
        ({"first": 3_601, "deadline": 86_400}, "first"),
        ({"every": 14}, "every"),
        ({"every": 301}, "every"),
        ({"every": 0}, "every"),
        ({"deadline": 119, "first": 0}, "deadline"),
        ({"deadline": 86_401}, "deadline"),
        ({"first": 511}, "deadline must be at least 90 s more than first"),
        ({"first": 601}, "deadline must be at least 90 s more than first"),
        ({"forever": True}, "forever"),
        ({"every": 7.5}, "every"),
        ({"every": None}, "every"),
    ],
)
def test_a_wait_out_of_bounds_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Wait.model_validate({**GOOD, **change})


@pytest.mark.parametrize(
    "change",
    [{"first": 0}, {"first": 510}, {"every": 15}, {"every": 300}, {"first": 0, "deadline": 120}, {"deadline": 86_400}],
)
def test_a_wait_at_its_bounds_is_taken(change: dict[str, int]) -> None:
    assert Wait.model_validate({**GOOD, **change}).model_dump() == {**GOOD, **change}


@pytest.mark.parametrize("name", list(Waits.model_fields))
def test_every_default_wait_is_one_that_may_be_asked_for(name: str) -> None:
    default = getattr(Waits(), name)
    assert Wait.model_validate(default.model_dump()) == default
    assert default.first + 3 * default.every < default.deadline, "three looks must fit, whatever one of them says"


def test_the_windows_report_may_come_as_late_as_sysprep_may_end() -> None:
    assert Waits().windows_report.deadline > RunSettings.model_fields["sysprep_timeout_seconds"].default


def test_waits_may_be_given_one_by_one() -> None:
    waits = Waits.model_validate({"deallocate": GOOD})
    assert waits.deallocate == Wait.model_validate(GOOD)
    assert waits.generalize == Waits().generalize


def test_a_misspelt_wait_is_refused() -> None:
    with pytest.raises(ValidationError, match="linuxReprt"):
        Waits.model_validate({"linuxReprt": GOOD})


@pytest.mark.parametrize(
    "given",
    [
        job(),
        job(
            dry_run=True,
            approval={"timeoutMinutes": 5},
            settings=settings(waits=Waits(deallocate=Wait.model_validate(GOOD))),
        ),
        accepted(request("a", "b", dryRun=True)),
        accepted(request(), caller=Caller(principal="p", identity_provider="aad", message_id="m")),
    ],
)
def test_an_input_is_the_same_after_the_engine_kept_it_as_json(given: MachineJob | AcceptedRun) -> None:
    kept = json.loads(json.dumps(given.model_dump(mode="json", exclude_none=True)))
    assert type(given).model_validate(kept) == given


def test_inputs_are_camel_case_on_the_wire() -> None:
    kept = job().model_dump(mode="json")
    assert {"requestId", "batchId", "runId", "dryRun", "approval", "acceptedAt"} <= set(kept)
    assert {"allowedScopes", "inPlaceDoors", "optInTag", "shutdownDelaySeconds"} <= set(kept["settings"])
    assert kept["settings"]["allowedScopes"] == [str(scope) for scope in settings().allowed_scopes]


def test_a_caller_has_no_place_for_a_token() -> None:
    told = Caller.model_validate({"principal": "p", "token": "eyJ"})
    assert told.model_dump(exclude_none=True) == {"principal": "p"}
