"""The operator changes the app's settings while a run is under way: real activities, real requests to Azure."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from unittest.mock import patch

import pytest

import settings
from contracts.catalog import CANCEL_EVENT, PUBLISH_IMAGE
from contracts.cleanup import CleanupMode
from contracts.error_codes import FailureCode, RefusalCode
from contracts.image_options import Approval
from contracts.publish import Phase, PublishProgress
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
from tests.support.publishing import publish_job
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
        # A new resource is in no list at first.
        reported.pass_time(30)
        with operator(GOLDEN_CLEANUP_MODE="report"):
            denied = cleanup_now(reported, CleanupMode.DELETE)
        assert set(standing(reported, asked)) == before
        done = cleanup_now(reported, CleanupMode.DELETE, "2")
    assert (denied.deleted, denied.counts["failed"] > 0) == ((), True)
    assert "GOLDEN_CLEANUP_MODE" in denied.failed[0].why
    assert set(done.deleted) == before


def test_a_forged_publication_deletes_no_version_while_everything_is_off() -> None:
    asked = clone_job(image=version_options(validated=False))
    with journey(spec("vm1", tags={}, power="deallocated")) as reported:
        add_definition(reported)
        made = reported.report(asked)
        assert made.image is not None
        forged = publish_job(run_id=asked.run_id, imageDefinitionId=definition_id()).model_copy(
            update={"progress": PublishProgress(phase=Phase.DELETING, version=made.image.version, attempts=3)}
        )
        with operator(GOLDEN_ALLOWED_SCOPES="", GOLDEN_IN_PLACE_TRIGGERS="", GOLDEN_CLEANUP_MODE="off"):
            payload = forged.model_dump(mode="json", exclude_none=True)
            reported.engine.run(PUBLISH_IMAGE, payload, "forged")
        assert reported.simulator.world.galleries.latest(definition_id()) is not None


def test_settings_that_became_invalid_after_the_deprovisioning_are_named_as_such() -> None:
    asked = job("vm1")
    with journey(spec("vm1")) as reported:
        begin(reported, asked, Stage.STOPPING)
        with operator(GOLDEN_REQUIRE_APPROVAL="inplace"):
            result = end_of(reported, asked)
        assert (reported.simulator.vm("vm1").power, reported.simulator.vm("vm1").generalized) == ("deallocated", False)
    assert result.failure is not None
    assert result.failure.code is FailureCode.NO_LONGER_ALLOWED
    assert "SettingsInvalid" in result.failure.message


def test_a_dry_run_still_names_every_reason() -> None:
    with journey(spec("vm1", tags={}, power="stopped")) as reported, operator(GOLDEN_IN_PLACE_TRIGGERS="http"):
        result = reported.report(job("vm1", dry_run=True))
    assert {refusal.code for refusal in result.refusals} == {
        RefusalCode.TRIGGER_NOT_ALLOWED,
        RefusalCode.NOT_OPTED_IN,
        RefusalCode.NOT_RUNNING,
    }


def test_a_cancel_while_the_vm_is_looked_at_leaves_it_as_it_was() -> None:
    asked = job("vm1")
    with journey(spec("vm1")) as reported:
        begin(reported, asked, Stage.CUSTOMIZING)
        reported.engine.client.raise_orchestration_event(asked.run_id, CANCEL_EVENT, data={})
        result = end_of(reported, asked)
        reported.pass_time(120)
        assert list(reported.simulator.vm("vm1").run_commands) == []
    assert result.outcome is Outcome.CANCELED
