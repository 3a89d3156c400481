"""Field names of answers: always against the list in this file, and against Microsoft's files if they are available."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulators.arm import Simulator, SteppedClock, VmSpec
from tests.emulators.arm.fleet import Raw, vm_path
from tests.emulators.arm.scripts import linux_run

SPEC = Path(__file__).parents[3].parent / "shared" / "azure-spec"
SWAGGER = SPEC / "swagger"
needs_spec = pytest.mark.skipif(not SPEC.is_dir(), reason=f"the published examples are not in {SPEC.name}")

STATUS = {"code", "level", "displayStatus", "message", "time"}
INSTANCE_VIEW = {
    "computerName", "osName", "osVersion", "vmAgent", "disks", "bootDiagnostics", "extensions", "hyperVGeneration",
    "statuses",
}  # fmt: skip
MODEL = {
    "hardwareProfile", "provisioningState", "vmId", "storageProfile", "osProfile", "networkProfile",
    "diagnosticsProfile", "extensionsTimeBudget", "timeCreated", "virtualMachineScaleSet", "licenseType",
    "securityProfile", "userData", "instanceView",
}  # fmt: skip
RUN_COMMAND = {
    "source", "parameters", "asyncExecution", "treatFailureAsDeploymentFailure", "timeoutInSeconds",
    "provisioningState", "instanceView",
}  # fmt: skip
RUN_COMMAND_VIEW = {
    "executionState", "executionMessage", "exitCode", "output", "error", "startTime", "endTime", "statuses",
}  # fmt: skip
#: Members of api-versions later than the published files used here.
NEWER = {"etag", "diskControllerType"}
FULL = VmSpec(
    "full1",
    scale_set="s",
    zones=("1",),
    license_type="x",
    security_type="TrustedLaunch",
    user_data="eA==",
    ade_encrypted=True,
    data_disks=1,
    generalized=True,
)


async def _model(simulator: Simulator, raw: Raw) -> dict[str, Any]:
    simulator.add_vm(FULL)
    return (await raw("GET", vm_path("full1", "?api-version=1&$expand=instanceView,userData"))).body


async def _run_command(raw: Raw, clock: SteppedClock) -> dict[str, Any]:
    await raw("PUT", vm_path("linux1", "/runCommands/run"), linux_run())
    await clock.advance(30)
    return (await raw("GET", vm_path("linux1", "/runCommands/run?api-version=1&$expand=instanceView"))).body


async def test_answers_have_exactly_the_listed_fields(simulator: Simulator, raw: Raw, clock: SteppedClock):
    model = await _model(simulator, raw)
    assert set(model) == {"name", "id", "type", "location", "tags", "zones", "properties", "etag"}
    assert set(model["properties"]) == MODEL
    assert set(model["properties"]["instanceView"]) == INSTANCE_VIEW
    for status in model["properties"]["instanceView"]["statuses"]:
        assert set(status) <= STATUS
    command = await _run_command(raw, clock)
    assert set(command) == {"name", "id", "type", "location", "tags", "properties"}
    assert set(command["properties"]) == RUN_COMMAND
    assert set(command["properties"]["instanceView"]) == RUN_COMMAND_VIEW


def _definition(reference: str, home: str) -> tuple[dict[str, Any], str]:
    place, _, pointer = reference.partition("#/definitions/")
    name = Path(place).name if place else home
    found = [file for file in SWAGGER.iterdir() if file.name == name or file.name.endswith(f"_{name}")]
    if place.endswith("common-types/v1/common.json"):
        found = [SWAGGER / "common-types_v1_common.json"]
    return json.loads(found[0].read_text(encoding="utf-8"))["definitions"][pointer], found[0].name


def _properties(schema: dict[str, Any], home: str) -> dict[str, tuple[dict[str, Any], str]]:
    if "$ref" in schema:
        schema, home = _definition(schema["$ref"], home)
    known = {name: (inner, home) for name, inner in schema.get("properties", {}).items()}
    for parent in schema.get("allOf", []):
        known |= _properties(parent, home)
    return known


def _unknown(value: Any, schema: dict[str, Any], home: str, path: str) -> Iterator[str]:
    """Paths of fields that the published schema does not have."""
    if "$ref" in schema:
        schema, home = _definition(schema["$ref"], home)
    if isinstance(value, list):
        items: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
        for item in items:
            yield from _unknown(item, schema.get("items", {}), home, path)
    if isinstance(value, dict):
        known = _properties(schema, home)
        members: dict[str, Any] = dict(value)  # pyright: ignore[reportUnknownArgumentType]
        for name, member in members.items():
            if name in known:
                yield from _unknown(member, *known[name], f"{path}.{name}")
            elif "additionalProperties" not in schema and name not in NEWER:
                yield f"{path}.{name}"


@needs_spec
async def test_no_answer_has_a_field_that_the_published_schema_does_not_have(
    simulator: Simulator, raw: Raw, clock: SteppedClock
):
    vm = simulator.world.add(VmSpec("disk1", ade_encrypted=True, security_type="TrustedLaunch"))
    disk = (await raw("GET", f"{vm.spec.group_id}/providers/Microsoft.Compute/disks/{vm.os_disk}")).body
    boot = (await raw("POST", vm_path("linux1", "/retrieveBootDiagnosticsData"))).body
    answer = await raw("POST", vm_path("linux1", "/runCommand"), {"commandId": "RunShellScript"})
    await clock.advance(30)
    result = (await raw("GET", answer.headers["Location"])).body
    vm_file, command_file = (
        "ComputeRP_stable_2023-07-01_virtualMachine.json",
        "ComputeRP_stable_2023-07-01_runCommand.json",
    )
    for body, file, name in (
        (await _model(simulator, raw), vm_file, "VirtualMachine"),
        ((await raw("GET", vm_path("windows1", "/instanceView"))).body, vm_file, "VirtualMachineInstanceView"),
        (boot, vm_file, "RetrieveBootDiagnosticsDataResult"),
        (await _run_command(raw, clock), command_file, "VirtualMachineRunCommand"),
        (result, command_file, "RunCommandResult"),
        (disk, "DiskRP_stable_2023-04-02_disk.json", "Disk"),
    ):
        assert body
        assert list(_unknown(body, {"$ref": f"#/definitions/{name}"}, file, name)) == []


def test_the_walk_through_the_schema_finds_a_wrong_field():
    if not SPEC.is_dir():
        pytest.skip("the published schemas are not available")
    wrong = {"properties": {"hardwareProfile": {"vmSise": "x"}}, "colour": 1}
    found = list(
        _unknown(
            wrong, {"$ref": "#/definitions/VirtualMachine"}, "ComputeRP_stable_2023-07-01_virtualMachine.json", "vm"
        )
    )
    assert found == ["vm.properties.hardwareProfile.vmSise", "vm.colour"]


#: Members of the published examples that no simulated VM has.
ABSENT = {
    "VirtualMachine_Get.json": {"availabilitySet", "proximityPlacementGroup", "applicationProfile"},
    "VirtualMachine_Get_InstanceView.json": {"platformUpdateDomain", "platformFaultDomain", "patchStatus"},
    "VirtualMachineRunCommand_Get.json": {"runAsUser", "outputBlobUri", "errorBlobUri"},
}


def _example(name: str, status: str = "200") -> dict[str, Any]:
    return json.loads((SPEC / "compute-2023-07-01" / name).read_text(encoding="utf-8"))["responses"][status]


@needs_spec
async def test_answers_have_the_fields_of_the_published_examples(simulator: Simulator, raw: Raw, clock: SteppedClock):
    model = await _model(simulator, raw)
    shown = _example("VirtualMachine_Get.json")["body"]
    assert set(shown) - set(model) == {"resources"}
    assert set(shown["properties"]) - set(model["properties"]) == ABSENT["VirtualMachine_Get.json"]
    view = (await raw("GET", vm_path("windows1", "/instanceView"))).body
    shown = _example("VirtualMachine_Get_InstanceView.json")["body"]
    assert set(shown) - set(view) == ABSENT["VirtualMachine_Get_InstanceView.json"]
    assert set(shown["vmAgent"]) == set(view["vmAgent"])
    assert set(shown["statuses"][0]) == set(view["statuses"][0])
    command = await _run_command(raw, clock)
    shown = _example("VirtualMachineRunCommand_Get.json")["body"]
    assert set(shown) == set(command)
    assert set(shown["properties"]) - set(command["properties"]) == ABSENT["VirtualMachineRunCommand_Get.json"]


@needs_spec
@pytest.mark.parametrize(
    ("file", "method", "child"),
    [
        ("VirtualMachine_Deallocate_MaximumSet_Gen.json", "POST", "/deallocate"),
        ("VirtualMachine_PowerOff_MaximumSet_Gen.json", "POST", "/powerOff"),
        ("VirtualMachine_Start_MaximumSet_Gen.json", "POST", "/start"),
        ("VirtualMachine_Restart_MaximumSet_Gen.json", "POST", "/restart"),
        ("VirtualMachine_Delete_Force.json", "DELETE", ""),
    ],
)
async def test_statuses_are_among_the_published_ones(raw: Raw, file: str, method: str, child: str):
    published = json.loads((SPEC / "compute-2023-07-01" / file).read_text(encoding="utf-8"))["responses"]
    answer = await raw(method, vm_path("linux1", child))
    assert str(answer.status) in published
    if answer.status == 202 and published["202"].get("headers"):
        assert "location" in {name.lower() for name in published["202"]["headers"]}
        assert answer.headers["Location"]


@needs_spec
async def test_generalize_and_the_result_of_a_run_command_are_as_published(raw: Raw, clock: SteppedClock):
    generalized = await raw("POST", vm_path("stopped1", "/generalize"))
    assert (
        str(generalized.status)
        in json.loads((SPEC / "compute-2023-07-01" / "VirtualMachine_Generalize.json").read_text(encoding="utf-8"))[
            "responses"
        ]
    )
    shown = json.loads((SPEC / "compute-2026-04-01" / "VirtualMachineRunCommand.json").read_text(encoding="utf-8"))
    answer = await raw("POST", vm_path("windows1", "/runCommand"), shown["parameters"]["parameters"])
    assert answer.status == 202
    await clock.advance(30)
    result = (await raw("GET", answer.headers["Location"])).body["value"]
    published = shown["responses"]["200"]["body"]["value"]
    assert [entry["code"] for entry in result] == [entry["code"] for entry in published]
    assert [set(entry) for entry in result] == [set(entry) for entry in published]
