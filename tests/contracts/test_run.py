"""The inputs of a run: polling within its bounds, and inputs that are unchanged after serialization."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.polling import Polling, PollingSettings
from contracts.run import AcceptedRun, Caller, RunSettings, VmJob
from tests.support.requests import accepted, job, request, settings
from tests.support.rows import rows

GOOD = {"initialDelaySeconds": 10, "intervalSeconds": 15, "timeoutSeconds": 600}


@rows(
    ("change", "expected"),
    [
        ({"initialDelaySeconds": -1}, "initialDelaySeconds"),
        ({"initialDelaySeconds": 3_601, "timeoutSeconds": 86_400}, "initialDelaySeconds"),
        ({"intervalSeconds": 14}, "intervalSeconds"),
        ({"intervalSeconds": 301}, "intervalSeconds"),
        ({"intervalSeconds": 0}, "intervalSeconds"),
        ({"timeoutSeconds": 119, "initialDelaySeconds": 0}, "timeoutSeconds"),
        ({"timeoutSeconds": 86_401}, "timeoutSeconds"),
        ({"initialDelaySeconds": 511}, "timeoutSeconds must be at least 90 s more than initialDelaySeconds"),
        ({"initialDelaySeconds": 601}, "timeoutSeconds must be at least 90 s more than initialDelaySeconds"),
        ({"forever": True}, "forever"),
        ({"intervalSeconds": 7.5}, "intervalSeconds"),
        ({"intervalSeconds": None}, "intervalSeconds"),
    ],
)
def test_polling_out_of_bounds_is_refused(change: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        Polling.model_validate({**GOOD, **change})


@rows(
    "change",
    [
        {"initialDelaySeconds": 0},
        {"initialDelaySeconds": 510},
        {"intervalSeconds": 15},
        {"intervalSeconds": 300},
        {"initialDelaySeconds": 0, "timeoutSeconds": 120},
        {"timeoutSeconds": 86_400},
    ],
)
def test_polling_at_its_bounds_is_accepted(change: dict[str, int]) -> None:
    assert Polling.model_validate({**GOOD, **change}).model_dump() == {**GOOD, **change}


@rows("name", list(PollingSettings.model_fields))
def test_every_default_polling_is_within_the_bounds(name: str) -> None:
    default = getattr(PollingSettings(), name)
    assert Polling.model_validate(default.model_dump()) == default
    assert default.initial_delay_seconds + 3 * default.interval_seconds < default.timeout_seconds, (
        "three polls must fit, whatever one of them returns"
    )


def test_the_windows_report_timeout_covers_the_sysprep_timeout() -> None:
    assert (
        PollingSettings().windows_report.timeout_seconds > RunSettings.model_fields["sysprep_timeout_seconds"].default
    )


def test_polling_may_be_set_for_single_stages() -> None:
    polling = PollingSettings.model_validate({"deallocate": GOOD})
    assert polling.deallocate == Polling.model_validate(GOOD)
    assert polling.generalize == PollingSettings().generalize


def test_a_misspelled_stage_is_refused() -> None:
    with pytest.raises(ValidationError, match="linuxReprt"):
        PollingSettings.model_validate({"linuxReprt": GOOD})


@pytest.mark.parametrize(
    "given",
    [
        job(),
        job(
            dry_run=True,
            approval={"timeoutMinutes": 5},
            settings=settings(polling=PollingSettings(deallocate=Polling.model_validate(GOOD))),
        ),
        accepted(request("a", "b", dryRun=True)),
        accepted(request(), caller=Caller(principal="p", identity_provider="aad", message_id="m")),
    ],
)
def test_an_input_is_unchanged_after_serialization(given: VmJob | AcceptedRun) -> None:
    kept = json.loads(json.dumps(given.model_dump(mode="json", exclude_none=True)))
    assert type(given).model_validate(kept) == given


def test_inputs_are_camel_case_in_json() -> None:
    kept = job().model_dump(mode="json")
    assert {"requestId", "batchId", "runId", "dryRun", "approval", "acceptedAt"} <= set(kept)
    assert {"allowedScopes", "inPlaceTriggers", "optInTag", "shutdownDelaySeconds"} <= set(kept["settings"])
    assert kept["settings"]["allowedScopes"] == [str(scope) for scope in settings().allowed_scopes]


def test_a_caller_has_no_field_for_a_token() -> None:
    reported = Caller.model_validate({"principal": "p", "token": "eyJ"})
    assert reported.model_dump(exclude_none=True) == {"principal": "p"}
