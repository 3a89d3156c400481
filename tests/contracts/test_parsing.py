"""Parsing a request: every fault at once, each with its path, and never another error."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from contracts.parsing import BadRequest, Fault, read_request
from contracts.results import MAX_RESULT_BYTES, Rejection, result_text
from tests.support.requests import request, vm_id
from tests.support.rows import rows

unhurried = hypothesis_settings(deadline=None)  # a busy VM is no fault

NO_VM = "is not the full ARM id of a virtual machine"

IMAGE = vm_id().replace("virtualMachines/vm1", "images/i")


def faults(document: object, max_targets: int = 250) -> dict[str, str]:
    text = document if isinstance(document, str | bytes) else json.dumps(document)
    with pytest.raises(BadRequest) as caught:
        read_request(text, max_targets=max_targets)
    assert str(caught.value) == "; ".join(f"{fault.path}: {fault.message}" for fault in caught.value.faults)
    return {fault.path: fault.message for fault in caught.value.faults}


def with_target(**more: Any) -> dict[str, Any]:
    return request(targets=[{"vmId": vm_id(), "mode": "inPlace", **more}])


def test_a_good_request_is_read() -> None:
    read = read_request(json.dumps(request("vm1", "vm2")), max_targets=2)
    assert [str(target.vm_id) for target in read.targets] == [vm_id("vm1"), vm_id("vm2")]


@pytest.mark.parametrize("lead", [b"", b"\xef\xbb\xbf", b" \r\n\t"])
def test_bytes_may_begin_with_a_byte_order_mark_or_white_space(lead: bytes) -> None:
    assert read_request(lead + json.dumps(request()).encode(), max_targets=1).version == 1


def test_every_fault_is_reported_at_once() -> None:
    document = {
        "version": 2,
        "requestId": "-no-",
        "targets": [
            {"vmId": "vm1"},
            {"vmId": vm_id(), "mode": "inplace", "deprovision": {"keepUsr": True, "sysprepModeVm": "yes"}},
            {"vmId": vm_id().upper(), "mode": "clone", "image": {"kind": "managedImage"}},
        ],
        "maxParallel": 0,
        "dryRun": "true",
        "approval": {"timeoutMinutes": 0, "by": "me"},
        "dryrun": True,
    }
    found = faults(document, max_targets=2)
    assert set(found) == {
        "$.version",
        "$.requestId",
        "$.targets[0].vmId",
        "$.targets[0].mode",
        "$.targets[1].mode",
        "$.targets[1].deprovision.keepUsr",
        "$.targets[1].deprovision.sysprepModeVm",
        "$.targets[2].image.imageId",
        "$.targets[2].vmId",
        "$.targets",
        "$.maxParallel",
        "$.dryRun",
        "$.approval.timeoutMinutes",
        "$.approval.by",
        "$.dryrun",
    }
    assert found["$.targets"] == "names 3 VMs; this trigger takes at most 2"
    assert found["$.targets[2].vmId"] == "is the same VM as $.targets[1]; name each VM once"


FAULTS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "no version": ({"targets": request()["targets"]}, {"$.version": "is missing"}),
    "version 2": (request(version=2), {"$.version": "must be the number 1"}),
    "version as text": (request(version="1"), {"$.version": "must be the number 1"}),
    "version true": (request(version=True), {"$.version": "must be the number 1"}),
    "no targets": ({"version": 1}, {"$.targets": "is missing"}),
    "targets null": (request(targets=None), {"$.targets": "must be a JSON array"}),
    "targets an object": (request(targets={"vmId": vm_id()}), {"$.targets": "must be a JSON array"}),
    "targets empty": (request(targets=[]), {"$.targets": "names no VM"}),
    "a target as text": (request(targets=[vm_id()]), {"$.targets[0]": "must be a JSON object"}),
    "no mode": (request(targets=[{"vmId": vm_id()}]), {"$.targets[0].mode": "is missing; there is no default"}),
    "mode null": (with_target(mode=None), {"$.targets[0].mode": "'inPlace' or 'clone'"}),
    "mode in another case": (with_target(mode="InPlace"), {"$.targets[0].mode": "'inPlace' or 'clone'"}),
    "no id": (request(targets=[{"mode": "clone"}]), {"$.targets[0].vmId": "is missing"}),
    "id a number": (with_target(vmId=1), {"$.targets[0].vmId": "must be a string"}),
    "id no VM": (with_target(vmId="/x"), {"$.targets[0].vmId": NO_VM}),
    "true for a number": (request(maxParallel=True), {"$.maxParallel": "valid integer"}),
    "text for a number": (request(maxParallel="5"), {"$.maxParallel": "valid integer"}),
    "a fraction": (request(maxParallel=1.5), {"$.maxParallel": "valid integer"}),
    "too parallel": (request(maxParallel=101), {"$.maxParallel": "less than or equal to 100"}),
    "text for a boolean": (request(dryRun="false"), {"$.dryRun": "valid boolean"}),
    "0 for a boolean": (request(dryRun=0), {"$.dryRun": "valid boolean"}),
    "null for a boolean": (request(dryRun=None), {"$.dryRun": "valid boolean"}),
    "unknown at the top": (request(dry_run=True), {"$.dry_run": "is not a known member"}),
    "a Python name in a target": (with_target(vm_id=vm_id()), {"$.targets[0].vm_id": "is not a known member"}),
    "unknown in a target": (with_target(managedImage=1), {"$.targets[0].managedImage": "is not a known member"}),
    "unknown in the options": (
        with_target(deprovision={"keep_user": True}),
        {"$.targets[0].deprovision.keep_user": "is not a known member"},
    ),
    "unknown in an image": (
        with_target(image={"kind": "managedImage", "imageId": IMAGE, "managedImage": 1}),
        {"$.targets[0].image.managedImage": "is not a known member"},
    ),
    "unknown in the approval": (
        request(approval={"timeoutMinutes": 1, "a b": 1}),
        {'$.approval["a b"]': "is not a known member"},
    ),
    "an image of no kind": (with_target(image={"imageId": "i"}), {"$.targets[0].image": "kind"}),
    "evidence unknown": (
        with_target(deprovision={"evidence": "none"}),
        {"$.targets[0].deprovision.evidence": "'guestReported' or 'powerStateOnly'"},
    ),
}


@rows(("document", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_one_fault_is_reported_once_where_it_is(document: dict[str, Any], expected: dict[str, str]) -> None:
    found = faults(document)
    assert set(found) == set(expected)
    for path, text_part in expected.items():
        assert text_part in found[path]


@pytest.mark.parametrize("text", ["[]", "1", "null", '"request"', "true"])
def test_what_is_not_an_object_is_not_a_request(text: str) -> None:
    assert faults(text) == {"$": "must be a JSON object"}


NO_JSON: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "is not JSON"),
    "half": ('{"version": 1', "is not JSON: Expecting ',' delimiter at line 1 column 14"),
    "a comment": ('{} // "x"', "is not JSON"),
    "single quotes": ("{'version': 1}", "is not JSON"),
    "two documents": ("{}{}", "is not JSON: Extra data"),
    "NaN": ('{"maxParallel": NaN}', "NaN is not JSON"),
    "Infinity": ('{"maxParallel": Infinity}', "Infinity is not JSON"),
    "minus Infinity": ('{"maxParallel": -Infinity}', "-Infinity is not JSON"),
    "a number without end": ("1" * 5_000, "is not JSON that can be parsed"),
    "nested deep": ("[" * 200_000, "is not JSON that can be parsed"),
    "objects nested deep": ('{"a":' * 200_000, "is not JSON that can be parsed"),
    "Latin-1": (b'{"requestId": "\xe4"}', "is not UTF-8 text"),
    "UTF-16": (json.dumps(request()).encode("utf-16"), "is not UTF-8 text"),
    "UTF-16 without a mark": (json.dumps(request()).encode("utf-16-le"), "is not JSON"),
    "surrogates in UTF-8": (b'"\xed\xa0\x80"', "is not UTF-8 text"),
    "compressed": (b"\x1f\x8b\x08\x00", "is not UTF-8 text"),
}


@rows(("text", "text_part"), NO_JSON.values(), ids=NO_JSON.keys())
def test_what_is_not_json_is_reported(text: str | bytes, text_part: str) -> None:
    found = faults(text)
    assert set(found) == {"$"}
    assert text_part in found["$"]


def test_members_that_appear_twice_are_reported_with_the_other_faults() -> None:
    target = f'{{"vmId": "{vm_id()}", "mode": "clone", "mode": "inPlace"}}'
    text = f'{{"version": 1, "dryRun": true, "targets": [{target}], "dryRun": false, "maxParallel": 0}}'
    with pytest.raises(BadRequest) as caught:
        read_request(text, max_targets=1)
    assert [(fault.path, fault.message) for fault in caught.value.faults] == [
        ("$", 'member "mode" appears twice in one object'),
        ("$", 'member "dryRun" appears twice in one object'),
        ("$.maxParallel", "Input should be greater than or equal to 1"),
    ]


def test_the_same_member_twice_is_a_fault_even_with_the_same_value() -> None:
    text = json.dumps(request())
    assert faults(text.replace('"version": 1', '"version": 1, "version": 1')) == {
        "$": 'member "version" appears twice in one object'
    }


@pytest.mark.parametrize("spelling", [vm_id("a"), vm_id("a").upper(), vm_id("a").lower(), vm_id("a").swapcase() + "/"])
def test_no_vm_appears_twice_in_any_spelling(spelling: str) -> None:
    targets = [{"vmId": vm_id("a"), "mode": "inPlace"}, {"vmId": vm_id("b"), "mode": "inPlace"}]
    duplicate = {"vmId": spelling, "mode": "inPlace"}
    assert faults(request(targets=[*targets, duplicate])) == {
        "$.targets[2].vmId": "is the same VM as $.targets[0]; name each VM once"
    }


@pytest.mark.parametrize("limit", [1, 250, 1_000])
def test_a_trigger_accepts_as_many_vms_as_its_limit_and_no_more(limit: int) -> None:
    names = [f"vm{index}" for index in range(limit)]
    assert len(read_request(json.dumps(request(*names)), max_targets=limit).targets) == limit
    assert faults(request(*names, "one-more"), max_targets=limit) == {
        "$.targets": f"names {limit + 1} VMs; this trigger takes at most {limit}"
    }


def test_no_trigger_accepts_more_than_the_request_allows() -> None:
    document = request(*(f"vm{index}" for index in range(1_001)))
    assert faults(document, max_targets=5_000) == {"$.targets": "names 1001 VMs; this trigger takes at most 1000"}


def test_at_most_fifty_faults_are_reported_and_each_is_short() -> None:
    with pytest.raises(BadRequest) as caught:
        read_request(json.dumps(request() | {"x" * 10_000 + str(index): 1 for index in range(60)}), max_targets=1)
    assert len(caught.value.faults) == 50
    assert {len(fault.path) for fault in caught.value.faults} == {300}


def test_faults_with_any_characters_fit_the_answer_on_the_queue() -> None:
    text = json.dumps(request() | {"\u0001" * 900 + str(index): 1 for index in range(50)})
    with pytest.raises(BadRequest) as caught:
        read_request(text, max_targets=1)
    answer = result_text(Rejection(message_id="m1", faults=caught.value.faults))
    assert len(answer.encode()) <= MAX_RESULT_BYTES


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.sampled_from([vm_id()]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4),
    max_leaves=12,
)
MEMBERS = [
    "version", "requestId", "targets", "maxParallel", "dryRun", "approval", "max_parallel", "image", "deprovision",
]  # fmt: skip


def check_only_bad_requests(text: str | bytes) -> None:
    try:
        read_request(text, max_targets=3)
    except BadRequest as bad:
        assert 1 <= len(bad.faults) <= 50  # noqa: PT017
        answer = result_text(Rejection(message_id="m1", faults=bad.faults))
        assert json.loads(answer)["faults"]


@unhurried
@given(st.text() | st.binary())
def test_no_text_raises_anything_else(text: str | bytes) -> None:
    check_only_bad_requests(text)


@unhurried
@given(JSON_VALUES)
def test_no_json_raises_anything_else(document: object) -> None:
    check_only_bad_requests(json.dumps(document))


@unhurried
@given(
    st.dictionaries(st.sampled_from(MEMBERS), JSON_VALUES),
    st.lists(st.dictionaries(st.sampled_from(["vmId", "mode", *MEMBERS]), JSON_VALUES) | JSON_VALUES, max_size=3),
)
def test_nothing_that_resembles_a_request_raises_anything_else(
    document: dict[str, object], targets: list[object]
) -> None:
    check_only_bad_requests(json.dumps({"version": 1, "targets": targets, **document}))


def test_a_fault_has_a_path_and_a_message_in_json() -> None:
    assert Fault(path="$", message="m").model_dump(mode="json") == {"path": "$", "message": "m"}


@pytest.mark.parametrize("version", ["1.2.3", None])
def test_no_image_is_requested_twice(version: str | None) -> None:
    definition = IMAGE.replace("/images/i", "/galleries/g/images/d")
    if version is None:
        options = [{"kind": "managedImage", "imageId": IMAGE}, {"kind": "managedImage", "imageId": IMAGE.upper()}]
    else:
        option = {"kind": "galleryImageVersion", "imageDefinitionId": definition, "version": version}
        options = [option, option]
    targets: list[dict[str, Any]] = [
        {"vmId": vm_id(name), "mode": "inPlace", "image": option} for name, option in zip("ab", options, strict=True)
    ]
    with pytest.raises(BadRequest, match=r"\$\.targets\[1\]\.image: is the same image as \$\.targets\[0\]"):
        read_request(json.dumps(request(targets=targets)), max_targets=9)
    targets[1]["image"] = {"kind": "galleryImageVersion", "imageDefinitionId": definition}
    assert read_request(json.dumps(request(targets=targets)), max_targets=9)
