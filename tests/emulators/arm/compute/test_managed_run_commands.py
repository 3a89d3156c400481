"""Managed Run Commands: put, read back, update, delete, and what a stopped VM refuses."""

import json
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from emulators.arm import Simulator, SteppedClock
from tests.emulators.arm.fleet import GROUP, Raw, Sdk, vm_path
from tests.emulators.arm.run_commands import view_of
from tests.emulators.arm.scripts import NEVER, linux_run, managed


async def test_a_script_is_pending_then_running_then_succeeded(client: Sdk, clock: SteppedClock):
    commands = client.virtual_machine_run_commands
    poller = await commands.begin_create_or_update(GROUP, "linux1", "run", linux_run())
    view = await view_of(client, "linux1")
    assert (view.execution_state, view.start_time) == ("Pending", None)
    await clock.advance(8)
    assert (await view_of(client, "linux1")).execution_state == "Running"
    assert (await poller.result()).provisioning_state == "Succeeded"
    await clock.advance(15)
    view = await view_of(client, "linux1")
    assert (view.execution_state, view.exit_code) == ("Succeeded", 0)
    assert view.output.splitlines()[-1].startswith("GOLDEN-IMAGE-RESULT {")
    assert view.end_time > view.start_time


async def test_without_async_execution_the_operation_waits_for_the_script(raw: Raw, clock: SteppedClock):
    body = managed("echo hello")
    body["properties"]["asyncExecution"] = False
    put = await raw("PUT", vm_path("linux1", "/runCommands/run"), body)
    assert (put.status, put.body["properties"]["provisioningState"]) == (201, "Creating")
    assert "Location" not in put.headers
    await clock.advance(8)
    assert (await raw("GET", put.headers["Azure-AsyncOperation"])).body["status"] == "InProgress"
    await clock.advance(15)
    assert (await raw("GET", put.headers["Azure-AsyncOperation"])).body["status"] == "Succeeded"
    again = await raw("PUT", vm_path("linux1", "/runCommands/RUN"), body)
    assert (again.status, again.body["name"]) == (200, "run")
    assert again.body["properties"]["provisioningState"] == "Updating"


async def test_the_same_name_again_runs_again(simulator: Simulator, client: Sdk, clock: SteppedClock):
    for _ in range(2):
        await client.virtual_machine_run_commands.begin_create_or_update(GROUP, "linux1", "run", linux_run())
        await clock.advance(30)
    assert "alreadyRequested" in (await view_of(client, "linux1")).output
    assert simulator.vm("linux1").requested_by_run == {"run-1": 1}


async def test_protected_parameters_reach_the_guest_and_are_never_returned(client: Sdk, clock: SteppedClock, raw: Raw):
    body = linux_run()
    body["properties"]["protectedParameters"] = [{"name": "GOLDEN_RUN_ID", "value": "hidden-7"}]
    body["properties"]["parameters"] = [
        {"name": "GOLDEN_NONCE", "value": "n"},
        {"name": "GOLDEN_NOT_AFTER", "value": str(NEVER)},
    ]
    body["properties"] |= {"runAsUser": "me", "runAsPassword": "s3cret"}
    put = await raw("PUT", vm_path("linux1", "/runCommands/run"), body)
    await clock.advance(30)
    got = await raw("GET", vm_path("linux1", "/runCommands/run"))
    listed = await raw("GET", vm_path("linux1", "/runCommands"))
    log = await raw("GET", "/_simulator/requests")
    for text in (put.text, got.text, listed.text, log.text):
        assert "hidden-7" not in text
        assert "s3cret" not in text
        assert "protectedParameters" not in text
    assert '"runId":"hidden-7"' in (await view_of(client, "linux1")).output


async def test_the_instance_view_is_returned_only_when_requested(raw: Raw):
    await raw("PUT", vm_path("linux1", "/runCommands/run"), linux_run())
    plain = await raw("GET", vm_path("linux1", "/runCommands/run"))
    asked = await raw("GET", vm_path("linux1", "/runCommands/run?api-version=1&$expand=instanceView"))
    assert "instanceView" not in plain.body["properties"]
    assert asked.body["properties"]["instanceView"]["executionState"] == "Pending"


async def test_a_vm_that_is_off_accepts_no_run_command(client: Sdk):
    for name in ("stopped1", "dealloc1", "guestoff1"):
        with pytest.raises(ResourceExistsError, match="Cannot modify extensions in the VM when the VM is not running"):
            await client.virtual_machine_run_commands.begin_create_or_update(GROUP, name, "run", linux_run())


async def test_it_is_deleted_only_while_the_vm_runs(client: Sdk, clock: SteppedClock, raw: Raw):
    commands = client.virtual_machine_run_commands
    for name in ("one", "two"):
        await commands.begin_create_or_update(GROUP, "linux1", name, managed("sleep 9"))
    await clock.advance(30)
    poller = await commands.begin_delete(GROUP, "linux1", "one")
    await clock.advance(10)
    await poller.result()
    with pytest.raises(ResourceNotFoundError):
        await commands.get_by_virtual_machine(GROUP, "linux1", "one")
    assert (await raw("DELETE", vm_path("linux1", "/runCommands/one"))).status == 204
    await client.virtual_machines.begin_power_off(GROUP, "linux1")
    await clock.advance(15)
    with pytest.raises(ResourceExistsError, match="Cannot modify extensions"):
        await commands.begin_delete(GROUP, "linux1", "two")
    assert [command.name async for command in commands.list_by_virtual_machine(GROUP, "linux1")] == ["two"]


async def test_no_more_than_25_on_one_vm(raw: Raw, simulator: Simulator):
    simulator.world.throttle.enabled = False
    statuses = [
        (await raw("PUT", vm_path("linux1", f"/runCommands/n{number}"), managed("true"))).status for number in range(26)
    ]
    assert statuses == [201] * 25 + [409]


async def test_a_script_that_exits_badly_has_failed_though_it_was_delivered(client: Sdk, clock: SteppedClock):
    commands = client.virtual_machine_run_commands
    poller = await commands.begin_create_or_update(GROUP, "linux1", "run", linux_run(run_id=""))
    await clock.advance(30)
    assert (await poller.result()).provisioning_state == "Succeeded"
    view = await view_of(client, "linux1")
    assert (view.execution_state, view.exit_code) == ("Failed", 10)
    strict = linux_run(run_id="")
    strict["properties"] |= {"asyncExecution": False, "treatFailureAsDeploymentFailure": True}
    poller = await commands.begin_create_or_update(GROUP, "linux1", "strict", strict)
    await clock.advance(30)
    with pytest.raises(HttpResponseError, match="VMExtensionProvisioningError"):
        await poller.result()


async def test_an_agent_that_is_not_ready_never_starts_it(client: Sdk, clock: SteppedClock):
    commands = client.virtual_machine_run_commands
    poller = await commands.begin_create_or_update(GROUP, "dark1", "run", linux_run())
    await clock.advance(120)
    assert (await view_of(client, "dark1")).execution_state == "Pending"
    await clock.advance(600)
    with pytest.raises(HttpResponseError, match="VMAgentStatusCommunicationError"):
        await poller.result()


async def test_a_script_that_stops_the_agent_never_ends(simulator: Simulator, client: Sdk, clock: SteppedClock):
    body = managed("#!/bin/sh\nwaagent -deprovision+user -force\n")
    body["properties"]["asyncExecution"] = False
    poller = await client.virtual_machine_run_commands.begin_create_or_update(GROUP, "linux1", "run", body)
    await clock.advance(3600)
    assert (await view_of(client, "linux1")).execution_state == "Running"
    assert simulator.vm("linux1").power_state == "PowerState/running"
    await clock.advance(3600)
    with pytest.raises(HttpResponseError, match="VMExtensionProvisioningTimeout"):
        await poller.result()
    assert (await view_of(client, "linux1")).execution_state == "Running"


def _with(**properties: object) -> dict[str, Any]:
    return {"properties": {"source": {"script": "x"}, **properties}}


WRONG_BODIES: list[tuple[dict[str, Any], str, str | None]] = [
    ({"location": None}, "LocationRequired", None),
    ({"properties": None}, "InvalidParameter", "properties"),
    ({"extra": 1}, "BadRequest", "extra"),
    ({"tags": {"a": 1}}, "BadRequest", "tags.a"),
    ({"properties": {}}, "InvalidParameter", "properties.source"),
    (_with(source={}), "InvalidParameter", "properties.source.script"),
    (_with(source={"script": "x", "commandId": "y"}), "BadRequest", "properties.source"),
    (_with(source={"scriptUri": "https://x"}), "BadRequest", "scriptUri"),
    (_with(asyncExecution="yes"), "BadRequest", "properties.asyncExecution"),
    (_with(timeoutInSeconds=True), "BadRequest", "properties.timeoutInSeconds"),
    (_with(timeoutInSeconds=-1), "InvalidParameter", "properties.timeoutInSeconds"),
    (_with(parameters=[{"name": "a"}]), "InvalidParameter", "properties.parameters[0].value"),
    (_with(parameters={}), "BadRequest", "properties.parameters"),
]


async def test_a_wrong_body_is_refused(simulator: Simulator, raw: Raw):
    simulator.world.throttle.enabled = False
    path = vm_path("linux1", "/runCommands/run")
    for change, code, target in WRONG_BODIES:
        answer = await raw("PUT", path, {**managed("true"), **change})
        assert answer.refusal == (400, code), change
        assert answer.body["error"].get("target") == target, change
    assert (await raw("GET", path)).status == 404


async def test_no_json_is_no_body(raw: Raw):
    for sent in (b"{", b"[]", json.dumps("text").encode()):
        answer = await raw("PUT", vm_path("linux1", "/runCommands/run"), sent)
        assert answer.status == 400


async def test_a_child_of_a_missing_vm_is_404(raw: Raw):
    for method, body in (("PUT", managed("true")), ("GET", None), ("DELETE", None)):
        answer = await raw(method, vm_path("nobody", "/runCommands/run"), body)
        assert answer.refusal == (404, "ParentResourceNotFound")
