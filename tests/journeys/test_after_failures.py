"""After a failure nothing runs on, is billed or is unknown: what is left is found, named and deallocated."""

import json
import logging

import pytest

from contracts.cleanup import CleanupMode
from contracts.error_codes import FailureCode
from contracts.results import Outcome, VmResult
from contracts.stages import Stage
from emulators.arm import Fault, LinuxTraits
from tests.support.golden import (
    add_definition,
    begin,
    cleanup_now,
    clone_job,
    end_of,
    standing,
    version_options,
)
from tests.support.journey import journey, spec
from tests.support.log_lines import lines_of
from tests.support.requests import accepted, job, request, seldom, settings, vm_id
from tests.support.running import failure_of

SELDOM = settings(polling=seldom())


def test_a_vm_that_stops_after_its_run_has_failed_is_found_and_deallocated() -> None:
    with journey(spec("vm1", linux=LinuxTraits(waagent="fails"))) as reported:
        result = reported.report(job("vm1", settings=SELDOM))
        vm = reported.simulator.vm("vm1")
        assert vm.power == "running"
        assert not any("-deprovision-" in name for name in vm.run_commands), "its Run Command is removed"
        vm.set_power("stopped")
        only_reported = cleanup_now(reported, CleanupMode.REPORT, "report")
        done = cleanup_now(reported, CleanupMode.DELETE, "delete")
        assert vm.power == "deallocated"
    assert failure_of(result) is FailureCode.GUEST_FAILED
    assert only_reported.stopped_and_billed == only_reported.would_deallocate == (vm_id(),)
    assert (done.deallocated, done.stopped_and_billed) == ((vm_id(),), ())


def test_another_vm_of_the_same_name_is_left_alone() -> None:
    with journey(spec("vm1", linux=LinuxTraits(waagent="fails"))) as reported:
        reported.report(job("vm1", settings=SELDOM))
        vm = reported.simulator.vm("vm1")
        vm.vm_id = "another-vm-of-the-same-name"
        vm.set_power("stopped")
        done = cleanup_now(reported, CleanupMode.DELETE)
        assert reported.simulator.vm("vm1").power == "stopped"
    assert (done.deallocated, done.stopped_and_billed) == ((), ())


def test_a_vm_that_cannot_be_deallocated_is_an_event_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    asked = job("vm1", settings=SELDOM)
    with journey(spec("vm1")) as reported, caplog.at_level(logging.WARNING, "golden_images"):
        begin(reported, asked, Stage.STOPPING)
        reported.simulator.inject(Fault(kind="status", operation="virtualMachines.deallocate", status=403, count=None))
        result = end_of(reported, asked)
        done = cleanup_now(reported, CleanupMode.DELETE)
        assert reported.simulator.vm("vm1").power == "stopped"
    assert result.outcome is Outcome.FAILED
    assert result.stopped_and_billed
    assert done.stopped_and_billed == (vm_id(),)
    events = [line for line in lines_of(caplog) if line["event"] == "stopped and billed"]
    assert [line["vm"] for line in events] == [vm_id(), vm_id()]


def test_a_failed_publication_names_its_version_regions_and_requests() -> None:
    image = version_options(validated=False)
    with journey(spec("vm1", tags={}, power="deallocated")) as reported:
        add_definition(reported)
        reported.simulator.world.replication.fail_region("*", "westeurope", "no capacity", times=None)
        result = reported.report(clone_job(image=image))
        left = standing(reported, result)
    assert failure_of(result) is FailureCode.PUBLISH_FAILED
    assert result.unpublished_version is not None
    assert "/versions/" in result.unpublished_version.id
    assert result.unpublished_version.attempts == 3
    assert any(name.startswith("create_image_version/") for name in result.correlation_ids)
    assert {"create_vm/clone", "delete_resource/clone", "delete_resource/os-disk"} <= set(result.correlation_ids)
    assert set(left) <= {each.id for each in result.orphaned_resources}


def test_the_result_of_a_terminated_run_says_what_the_engine_and_azure_know() -> None:
    asked, request_run = job("vm1"), accepted(request("vm1"))
    with journey(spec("vm1")) as reported:
        begin(reported, asked, Stage.STOPPING, request_run)
        vm = reported.simulator.vm("vm1")
        vm.set_power("stopped")
        reported.engine.client.terminate_orchestration(asked.run_id)
        reported.engine.clock.allow(None)
        reported.engine.end_of(request_run.run_id)
        result = next(VmResult.model_validate_json(text) for text in reported.sent if json.loads(text)["kind"] == "vm")
    assert (failure_of(result), result.ended_in) == (FailureCode.RUN_TERMINATED, Stage.STOPPING)
    assert (result.power_state, result.stopped_and_billed, result.vm_unique_id) == ("stopped", True, vm.vm_id)
    assert result.failure is not None
    assert "terminated" in result.failure.message
    assert asked.run_id in result.failure.message
