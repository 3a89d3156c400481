"""The operator changes the app's settings while a run is under way: real activities, real requests to Azure."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from unittest.mock import patch

import pytest

import settings
from contracts.cleanup import CleanupMode
from contracts.error_codes import FailureCode, RefusalCode
from contracts.image_options import Approval
from contracts.results import Outcome
from contracts.stages import Stage
from tests.support.golden import (
    add_definition,
    begin,
    cleanup_now,
    clone_job,
    definition_id,
    end_of,
    standing,
    version_options,
)
from tests.support.journey import Journey, journey, spec
from tests.support.requests import job


@contextmanager
def operator(**environment: str) -> Generator[None]:
    """What the operator has set from now on."""
    with patch.dict(os.environ, environment):
        settings.current.cache_clear()
        yield
    settings.current.cache_clear()


def written(reported: Journey, since: int) -> list[str]:
    return [r.operation for r in reported.simulator.requests()[since:] if r.method != "GET"]


@pytest.mark.parametrize("environment", [{"GOLDEN_ALLOWED_SCOPES": ""}, {"GOLDEN_IN_PLACE_TRIGGERS": ""}])
def test_settings_emptied_while_a_run_waits_for_its_approval(environment: dict[str, str]) -> None:
    asked = job("vm1", approval=Approval(timeout_minutes=60, on_timeout="proceed"))
    with journey(spec("vm1")) as reported:
        begin(reported, asked, Stage.AWAITING_APPROVAL)
        before = len(reported.simulator.requests())
        with operator(**environment):
            result = end_of(reported, asked)
        assert written(reported, before) == []
    assert result.outcome is Outcome.REFUSED
    assert {refusal.code for refusal in result.refusals} <= {
        RefusalCode.SCOPE_NOT_ALLOWED,
        RefusalCode.TRIGGER_NOT_ALLOWED,
    }


def test_a_forged_job_with_settings_of_its_own() -> None:
    with journey(spec("vm1")) as reported, operator(GOLDEN_ALLOWED_SCOPES="", GOLDEN_IN_PLACE_TRIGGERS=""):
        result = reported.report(job("vm1"))
        assert reported.simulator.requests() == []
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.SCOPE_NOT_ALLOWED]


def test_settings_emptied_after_the_deprovisioning_leave_the_vm_deallocated_and_not_generalized() -> None:
    asked = job("vm1")
    with journey(spec("vm1")) as reported:
        begin(reported, asked, Stage.STOPPING)
        with operator(GOLDEN_ALLOWED_SCOPES=""):
            result = end_of(reported, asked)
        vm = reported.simulator.vm("vm1")
        assert (vm.power, vm.generalized) == ("deallocated", False)
    assert result.failure is not None
    assert result.failure.code is FailureCode.NO_LONGER_ALLOWED
    assert result.rollback_snapshot is not None


def test_settings_emptied_while_a_version_is_created_delete_the_clone_and_promote_nothing() -> None:
    asked = clone_job(image=version_options())
    with journey(spec("vm1", tags={}, power="deallocated")) as reported:
        add_definition(reported)
        begin(reported, asked, Stage.PUBLISHING)
        with operator(GOLDEN_ALLOWED_SCOPES=""):
            result = end_of(reported, asked)
        assert reported.simulator.world.galleries.latest(definition_id()) is None
        left = standing(reported, result)
    assert result.failure is not None
    assert result.failure.code is FailureCode.NO_LONGER_ALLOWED
    assert set(left) <= set(result.created_resources) | {each.id for each in result.orphaned_resources}
    assert not [each for each in left if "virtualMachines" in each]


def test_a_cleanup_that_was_started_before_the_mode_was_changed_deletes_nothing() -> None:
    asked = clone_job(image=version_options(validated=False))
    with journey(spec("vm1", tags={}, power="deallocated")) as reported:
        add_definition(reported)
        begin(reported, asked, Stage.CLONING)
        reported.engine.client.terminate_orchestration(asked.run_id)
        reported.engine.clock.allow(None)
        reported.engine.end_of(asked.run_id)
        before = set(standing(reported, asked))
        with operator(GOLDEN_CLEANUP_MODE="report"):
            denied = cleanup_now(reported, CleanupMode.DELETE)
        assert set(standing(reported, asked)) == before
        done = cleanup_now(reported, CleanupMode.DELETE, "2")
    assert (denied.deleted, denied.counts["failed"] > 0) == ((), True)
    assert "GOLDEN_CLEANUP_MODE" in denied.failed[0].why
    assert set(done.deleted) == before
