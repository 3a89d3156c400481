"""The published schemas: valid, and consistent with the code that reads and writes."""

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from contracts.cleanup import CleanupMode, CleanupResult
from contracts.error_codes import Failure, FailureCode, Refusal, RefusalCode
from contracts.ids import VmId
from contracts.parsing import BadRequest, Fault, read_request
from contracts.request import EvidenceLevel, Mode
from contracts.results import (
    Evidence,
    Outcome,
    Rejection,
    RunResult,
    StageTiming,
    VmResult,
    VmSummary,
    result_text,
)
from contracts.run import Trigger
from contracts.schemas import schemas
from contracts.stages import Stage
from tests.support.requests import GROUP, request, vm_id
from tests.support.rows import rows

unhurried = hypothesis_settings(deadline=None)  # a busy VM is not a fault

SCHEMAS: dict[str, Any] = {name: json.loads(text) for name, text in schemas().items()}


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(SCHEMAS[name])


def valid(name: str, document: Any) -> bool:
    return validator(name).is_valid(document)  # pyright: ignore[reportUnknownMemberType]


def accepted(document: object) -> bool:
    try:
        read_request(json.dumps(document), max_targets=1_000)
    except BadRequest:
        return False
    return True


def target(**more: object) -> dict[str, object]:
    return {"vmId": vm_id(), "mode": "inPlace", **more}


def with_target(**more: object) -> dict[str, object]:
    return request(targets=[target(**more)])


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_of_draft_2020_12(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMAS[name]["$id"] == f"urn:golden-images:{name.removesuffix('.json')}"


IMAGE = f"{GROUP}/providers/Microsoft.Compute/images/i"
DEFINITION = f"{GROUP}/providers/Microsoft.Compute/galleries/g/images/i"
GOOD: dict[str, object] = {
    "the least": request(),
    "many VMs": request("a", "b", "c"),
    "a requestId": request(requestId="nightly-7"),
    "requestId null": request(requestId=None),
    "capitals": with_target(vmId=vm_id().upper()),
    "small letters": with_target(vmId=vm_id().lower() + "/"),
    "every option": with_target(
        deprovision={
            "keepUser": True,
            "allowUnknownDistribution": True,
            "sysprepModeVm": False,
            "evidence": "powerStateOnly",
        }
    ),
    "image null": with_target(image=None),
    "a managed image": with_target(image={"kind": "managedImage", "imageId": IMAGE}),
    "a gallery": with_target(image={"kind": "galleryImageVersion", "imageDefinitionId": DEFINITION}),
    "a clone": with_target(mode="clone", image={"kind": "managedImage", "imageId": IMAGE}),
    "everything": request(maxParallel=100, dryRun=True, approval={"timeoutMinutes": 10_080}),
}
BAD: dict[str, object] = {
    "an array": [],
    "null": None,
    "nothing in it": {},
    "no version": {"targets": [target()]},
    "version 2": request(version=2),
    "version true": request(version=True),
    "version text": request(version="1"),
    "no targets": {"version": 1},
    "targets empty": request(targets=[]),
    "targets null": request(targets=None),
    "a target as text": request(targets=[vm_id()]),
    "too many": request(*(f"vm{index}" for index in range(1_001))),
    "no mode": request(targets=[{"vmId": vm_id()}]),
    "another mode": with_target(mode="inplace"),
    "no id": request(targets=[{"mode": "clone"}]),
    "id of a disk": with_target(vmId=vm_id().replace("virtualMachines", "disks")),
    "id in a scale set": with_target(
        vmId=vm_id().replace("virtualMachines", "virtualMachineScaleSets/s/virtualMachines")
    ),
    "id with more behind": with_target(vmId=vm_id() + "/extensions/e"),
    "id of a group": with_target(vmId=vm_id().partition("/providers")[0]),
    "id without a guid": with_target(vmId=vm_id().replace("11111111", "x")),
    "name too long": with_target(vmId=vm_id("v" * 65)),
    "name of a look-alike": with_target(vmId=vm_id("v\u043c")),
    "id with a long s": with_target(vmId=vm_id().replace("/s", "/\u017f", 1)),
    "id a number": with_target(vmId=1),
    "unknown at the top": request(dryrun=True),
    "a Python name": request(dry_run=True),
    "unknown in a target": with_target(tags={}),
    "unknown in the options": with_target(deprovision={"keepuser": True}),
    "options null": with_target(deprovision=None),
    "evidence unknown": with_target(deprovision={"evidence": "none"}),
    "an option as text": with_target(deprovision={"sysprepModeVm": "true"}),
    "an option as number": with_target(deprovision={"sysprepModeVm": 1}),
    "image of no kind": with_target(image={"imageId": "i"}),
    "image of another kind": with_target(image={"kind": "disk", "imageId": "i"}),
    "image mixed": with_target(image={"kind": "managedImage", "imageDefinitionId": "i"}),
    "image too long": with_target(image={"kind": "managedImage", "imageId": "i" * 501}),
    "requestId with a dot": request(requestId="a.b"),
    "requestId too long": request(requestId="a" * 49),
    "requestId a number": request(requestId=1),
    "maxParallel 0": request(maxParallel=0),
    "maxParallel 101": request(maxParallel=101),
    "maxParallel text": request(maxParallel="5"),
    "maxParallel true": request(maxParallel=True),
    "maxParallel null": request(maxParallel=None),
    "dryRun text": request(dryRun="false"),
    "dryRun 0": request(dryRun=0),
    "approval empty": request(approval={}),
    "approval too long": request(approval={"timeoutMinutes": 10_081}),
    "approval true": request(approval={"timeoutMinutes": True}),
}


@rows("document", GOOD.values(), ids=GOOD.keys())
def test_a_good_request_is_valid_and_read(document: object) -> None:
    assert valid("request.v1.json", document)
    assert accepted(document)


@rows("document", BAD.values(), ids=BAD.keys())
def test_a_bad_request_is_neither_valid_nor_read(document: object) -> None:
    assert not valid("request.v1.json", document)
    assert not accepted(document)


VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        1,
        2,
        50,
        -1,
        "",
        "1",
        "a-b",
        "inPlace",
        "clone",
        "managedImage",
        list[Any](),
        dict[str, Any](),
        vm_id(),
    ]
)
TARGETS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "vmId": st.sampled_from([vm_id(), vm_id().upper(), "/x", 1]),
        "mode": st.sampled_from(["inPlace", "clone", "x", None]),
        "deprovision": st.dictionaries(
            st.sampled_from(["keepUser", "sysprepModeVm", "evidence", "x"]), VALUES, max_size=2
        ),
        "image": st.dictionaries(st.sampled_from(["kind", "imageId", "x"]), VALUES, max_size=3) | st.none(),
        "x": VALUES,
    },
)
NAMES = st.sampled_from(["requestId", "maxParallel", "dryRun", "approval", "x"])


@unhurried
@given(TARGETS, st.dictionaries(NAMES, VALUES, max_size=2), st.sampled_from([1, 1, 1, 2, True]))
def test_schema_and_reader_are_of_one_mind(one: dict[str, object], more: dict[str, object], version: object) -> None:
    # Only the reader checks members against each other.
    assume(one.get("mode") != "clone" or one.get("image") is not None)
    document = {"version": version, "targets": [one], **more}
    assert valid("request.v1.json", document) is accepted(document)


def test_where_the_schema_can_say_less_than_the_reader() -> None:
    twice = request("a", "a")
    assert (valid("request.v1.json", twice), accepted(twice)) == (True, False)
    # To JSON Schema 10.0 is an integer; the reader requires it to be written as one.
    fraction = request(maxParallel=10.0)
    assert (valid("request.v1.json", fraction), accepted(fraction)) == (True, False)


def test_every_member_of_a_request_that_needs_a_description_has_one() -> None:
    members = SCHEMAS["request.v1.json"]["properties"]
    assert {name for name, member in members.items() if "description" not in member} <= {"approval"}


VM = VmResult(
    run_id="vm-r1-1",
    request_id="r1",
    vm_id=VmId.parse(vm_id()),
    mode=Mode.IN_PLACE,
    dry_run=False,
    outcome=Outcome.GENERALIZED,
    ended_in=Stage.GENERALIZING,
)
FULL = VM.model_copy(
    update={
        "refusals": tuple(Refusal.of(code, "m") for code in RefusalCode),
        "failure": Failure.of(FailureCode.GUEST_FAILED, "m", "c"),
        "evidence": Evidence(level=EvidenceLevel.GUEST_REPORTED, guest={"a": "b"}, notes=("n",), collected="c"),
        "power_state": "deallocated",
        "timings": (
            StageTiming.model_validate({"stage": "stopping", "startedAt": "2026-01-01T00:00:00Z", "seconds": 1.5}),
        ),
        "created_resources": ("/images/i",),
        "correlation_ids": {"deallocate_vm": "c"},
    }
)
SUMMARY = VmSummary(vm_id=VmId.parse(vm_id()), run_id="vm-r1-1", outcome=Outcome.FAILED, code="Unexpected")
RUN = RunResult(
    run_id="batch-r1", request_id="r1", trigger=Trigger.QUEUE, dry_run=True, counts={Outcome.FAILED: 1}, vms=(SUMMARY,)
)
CLEANUP = CleanupResult(cleanup_id="cleanup-1", mode=CleanupMode.REPORT, looked_at=2, would_delete=("/disks/d",))
WRITTEN: list[tuple[str, VmResult | RunResult | Rejection | CleanupResult]] = [
    ("vm-result.v1.json", VM),
    ("vm-result.v1.json", FULL),
    ("vm-result.v1.json", FULL.model_copy(update={"evidence": Evidence()})),
    ("run-result.v1.json", RUN),
    ("run-result.v1.json", RUN.model_copy(update={"vms": (), "counts": {}, "truncated": 3})),
    ("cleanup-result.v1.json", CLEANUP),
    ("rejection.v1.json", Rejection(message_id="m1")),
    ("rejection.v1.json", Rejection(message_id="m1", faults=(Fault(path="$", message="m"),), kept_in="q")),
    ("rejection.v1.json", Rejection(message_id="m1", refusal=Refusal.of(RefusalCode.REQUEST_ID_REUSED, "m"))),
]


@rows(("name", "result"), WRITTEN)
def test_what_the_app_writes_is_valid(name: str, result: VmResult | RunResult | Rejection | CleanupResult) -> None:
    assert valid(name, json.loads(result_text(result)))


@rows(("name", "result"), WRITTEN)
def test_a_result_is_no_result_of_another_kind(
    name: str, result: VmResult | RunResult | Rejection | CleanupResult
) -> None:
    document = json.loads(result_text(result))
    assert [other for other in SCHEMAS if valid(other, document)] == [name]


@rows(
    ("name", "change"),
    [
        ("vm-result.v1.json", {"outcome": "fine"}),
        ("vm-result.v1.json", {"vmId": "vm1"}),
        ("vm-result.v1.json", {"endedIn": "nowhere"}),
        ("vm-result.v1.json", {"failure": {"code": "NoSuchCode", "message": "m", "remediation": "w"}}),
        ("vm-result.v1.json", {"failure": None}),
        ("vm-result.v1.json", {"refusals": [{"code": "NotOptedIn"}]}),
        ("vm-result.v1.json", {"timings": [{"stage": "stopping"}]}),
        ("vm-result.v1.json", {"version": 2}),
        ("run-result.v1.json", {"counts": {"fine": 1}}),
        ("run-result.v1.json", {"vms": [dict[str, str]()]}),
        ("run-result.v1.json", {"truncated": "some"}),
        ("run-result.v1.json", {"trigger": "window"}),
        ("rejection.v1.json", {"faults": [{"path": "$"}]}),
        ("rejection.v1.json", {"messageId": 1}),
        ("cleanup-result.v1.json", {"mode": "all"}),
        ("cleanup-result.v1.json", {"lookedAt": "two"}),
    ],
)
def test_what_the_app_would_never_write_is_not_valid(name: str, change: dict[str, object]) -> None:
    example = next(result for other, result in WRITTEN if other == name)
    assert not valid(name, {**json.loads(result_text(example)), **change})


@pytest.mark.parametrize("name", [name for name in SCHEMAS if name != "request.v1.json"])
def test_a_member_that_is_in_every_result_is_required(name: str) -> None:
    document = json.loads(result_text(next(result for other, result in WRITTEN if other == name)))
    for member in document:
        assert not valid(name, {key: value for key, value in document.items() if key != member}) or member == "keptIn"
