"""Clones with faults: restarts that did not happen, requests without an answer, orchestrations that failed."""

from collections.abc import Generator
from typing import Any

import pytest
from durabletask import task

from contracts.activities.resources import Deleted
from contracts.activities.vm import SerialMarkRead
from contracts.answer import Answer
from contracts.error_codes import FailureCode, RefusalCode
from contracts.facts import ImageVersionListed
from contracts.polling import Polling, PollingSettings
from contracts.results import Outcome, VmResult
from orchestrators.entities.lease_client import call_lease
from orchestrators.golden_image.orchestrator import golden_image
from tests.orchestrators.golden_image.test_clone import DEFINITION, SUBNET, asked, source
from tests.support.engine import engine
from tests.support.fake_azure import FakeAzure
from tests.support.requests import settings, vm_state
from tests.support.running import failure_of, fleet, run, run_vm


def test_a_restart_counts_only_if_the_boot_id_changed() -> None:
    def customize(azure: FakeAzure) -> None:
        source(azure)
        azure.breaks["restart"] = "never"

    result, azure = run_vm(customize, asked(target={"customize": [{"script": "one", "reboot": True}]}))
    assert failure_of(result) is FailureCode.SCRIPT_FAILED
    assert result.customizers[0].rebooted is False
    assert azure.resources == {}


def test_what_the_source_could_not_report_is_checked_on_the_clone() -> None:
    def customize(azure: FakeAzure) -> None:
        source(azure)
        azure.add("clone", vm_state("clone", agent_version="2.2.0"))

    result, azure = run_vm(customize, asked())
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.AGENT_TOO_OLD]
    assert "start_deprovision" not in azure.activities_of("clone")
    assert azure.resources == {}


def test_a_clone_whose_serial_log_cannot_be_read_is_not_deprovisioned() -> None:
    """On Linux the log holds the proof: without it the run would fail after the point of no return."""

    def customize(azure: FakeAzure) -> None:
        source(azure)
        azure.fault = lambda activity, vm, nth: SerialMarkRead() if activity == "read_serial_marker" else None

    result, azure = run_vm(customize, asked())
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.NO_PROOF_POSSIBLE]
    assert "start_deprovision" not in azure.activities_of("clone")
    assert azure.resources == {}


def test_a_validation_that_never_started_proves_nothing_about_the_image() -> None:
    def customize(azure: FakeAzure) -> None:
        source(azure)
        azure.breaks["validate-nic"] = "failed"

    result, azure = run_vm(customize, asked(image={"validate": {"subnetId": SUBNET}}))
    assert (result.outcome, result.failure and result.failure.code) == (
        Outcome.NOT_VALIDATED,
        FailureCode.IMAGE_NOT_TESTED,
    )
    assert azure.marks["golden-image-validated"] == "notTested"
    assert result.image is not None
    assert result.image.validation is not None
    assert result.image.validation.tested is False


def test_one_404_does_not_prove_that_a_resource_does_not_exist() -> None:
    """The request for the disk gets no answer and is accepted late: the disk exists only after the first poll."""

    def customize(azure: FakeAzure) -> None:
        source(azure)

        def fault(activity: str, about: str, nth: int) -> Answer | None:
            if activity == "create_disk":
                raise RuntimeError("no answer")
            if activity == "delete_resource" and about == "os-disk" and nth == 1:
                return Deleted(gone=True)
            if activity == "delete_resource" and about == "os-disk" and nth == 2:
                return Deleted()
            return None

        azure.fault = fault

    result, azure = run_vm(customize, asked())
    assert result.outcome is Outcome.FAILED
    assert azure.activities_of("os-disk").count("delete_resource") >= 3
    assert result.orphaned_resources == ()


def publish_image(ctx: task.OrchestrationContext, request: dict[str, Any]) -> Generator[task.Task[Any], Any]:
    yield ctx.create_timer(ctx.current_utc_datetime)
    raise RuntimeError("broken")


def test_a_version_whose_publishing_broke_is_listed() -> None:
    clock, azure = fleet()
    source(azure)
    version = ImageVersionListed(name="1.0.0", run_id=asked().run_id, provisioning_state="Creating")
    azure.image_facts = azure.image_facts.model_copy(update={"versions": (version,)})
    with engine(azure.activities(), clock, orchestrations=(golden_image, publish_image, call_lease)) as running:
        result: VmResult = run(running, asked())
    assert failure_of(result) is FailureCode.PUBLISH_FAILED
    assert [left.id for left in result.orphaned_resources] == [f"{DEFINITION}/versions/1.0.0"]
    assert azure.resources == {}


def test_a_lifetime_that_ends_after_the_validation_does_not_keep_the_version_from_being_promoted() -> None:
    """The version is copied by then: nothing depends on the clone any more."""
    slow = PollingSettings(
        vm=Polling(initial_delay_seconds=3_500, interval_seconds=300, timeout_seconds=5_400),
        publish=Polling(initial_delay_seconds=240, interval_seconds=120, timeout_seconds=7_200),
    )
    short = settings(temporary_vm_max_hours=2, polling=slow)
    result, azure = run_vm(source, asked(image={"validate": {"subnetId": SUBNET}}, settings=short))
    assert result.outcome is Outcome.PUBLISHED, result
    assert sum(timing.seconds for timing in result.timings) > 2 * 3_600
    assert result.image is not None
    assert not result.image.excluded_from_latest
    assert list(azure.resources) == [result.image.id]


@pytest.mark.parametrize("how", ["terminated", "suspended"])
def test_a_publication_that_returns_nothing_ends_the_run(how: str) -> None:
    clock, azure = fleet()
    source(azure)
    wanted = asked(image={"targetRegions": [{"name": "westeurope"}]})
    with engine(azure.activities(), clock) as running:
        publication = f"{wanted.run_id}-publish"

        def intervene(activity: str, _about: str, nth: int) -> None:
            if activity == "create_image_version" and nth == 1:
                if how == "terminated":
                    running.client.terminate_orchestration(publication)
                else:
                    running.client.suspend_orchestration(publication)

        azure.fault = intervene
        result = run(running, wanted)
    assert failure_of(result) is FailureCode.PUBLISH_FAILED
    assert "ended without a result" in (result.failure.message if result.failure else "")
    assert "clone" in azure.deleted, "nothing that costs money is left"
