"""The request and its digest: defaults, and which requests are equivalent."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.parsing import read_request, request_digest
from contracts.request import (
    MAX_TARGETS_BY_HTTP,
    MAX_TARGETS_BY_QUEUE,
    EvidenceLevel,
    ImageRequest,
    Mode,
)
from tests.support.requests import request, vm_id
from tests.support.rows import rows

IMAGES = vm_id("x").replace("virtualMachines/x", "images")
DEFINITION = vm_id("x").replace("virtualMachines/x", "galleries/g/images/d")
SUBNET = vm_id("x").replace("Microsoft.Compute/virtualMachines/x", "Microsoft.Network/virtualNetworks/v/subnets/s")
unhurried = hypothesis_settings(deadline=None)  # a busy VM is no fault

FULL: dict[str, Any] = {
    "version": 1,
    "requestId": "nightly-7",
    "targets": [
        {
            "vmId": vm_id("a"),
            "mode": "inPlace",
            "deprovision": {
                "keepUser": True,
                "allowUnknownDistribution": True,
                "allowArm64": True,
                "sysprepModeVm": False,
                "evidence": "powerStateOnly",
            },
            "image": None,
            "dataDisks": "include",
            "rollbackSnapshot": False,
        },
        {
            "vmId": vm_id("b"),
            "mode": "clone",
            "clone": {
                "subnetId": SUBNET,
                "serviceTags": ["Storage"],
                "vmSizes": ["Standard_D2s_v5", "Standard_D2s_v4"],
                "allowWithoutZone": True,
                "allowRunningSource": True,
            },
            "customize": [{"script": "one", "parameters": {"Level": "High"}, "deadlineMinutes": 5, "reboot": True}],
            "image": {"kind": "managedImage", "imageId": f"{IMAGES}/i", "zoneResilient": True},
        },
    ],
    "maxParallel": 3,
    "dryRun": True,
    "approval": {"timeoutMinutes": 60, "onTimeout": "proceed"},
    "tags": {"Cost": "42"},
}


def digest(document: dict[str, Any] | str) -> str:
    text = document if isinstance(document, str) else json.dumps(document)
    return request_digest(read_request(text, max_targets=250))


def changed(path: str, value: object) -> dict[str, Any]:
    document = json.loads(json.dumps(FULL))
    *before, last = (int(part) if part.isdigit() else part for part in path.split("."))
    node: Any = document
    for part in before:
        node = node[part]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return document


def turned(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: turned(value[name]) for name in reversed(list(value))}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return [turned(item) for item in value] if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType]


def test_omitted_members_have_their_default() -> None:
    read = ImageRequest.model_validate(request())
    target = read.targets[0]
    assert (read.request_id, read.max_parallel, read.dry_run, read.approval) == (None, 10, False, None)
    assert (target.mode, target.image) == (Mode.IN_PLACE, None)
    options = target.deprovision
    assert (options.keep_user, options.allow_unknown_distribution, options.sysprep_mode_vm) == (False, False, True)
    assert options.evidence is EvidenceLevel.GUEST_REPORTED


def test_all_members_are_kept() -> None:
    assert ImageRequest.model_validate(FULL).model_dump(mode="json", exclude_none=True) == {
        **FULL,
        "targets": [
            {name: value for name, value in FULL["targets"][0].items() if name != "image"} | {"customize": []},
            {
                **FULL["targets"][1],
                "deprovision": {
                    "keepUser": False,
                    "allowUnknownDistribution": False,
                    "allowArm64": False,
                    "sysprepModeVm": True,
                    "evidence": "guestReported",
                },
                "dataDisks": "refuse",
                "rollbackSnapshot": True,
            },
        ],
    }


@rows(
    ("target", "expected"),
    [
        ({"mode": "clone"}, "image is missing"),
        ({"mode": "inPlace", "clone": {}}, "belong to mode"),
        ({"mode": "inPlace", "customize": [{"script": "a"}]}, "belong to mode"),
        ({"image": {"kind": "galleryImageVersion", "imageDefinitionId": "x"}}, "an image definition in a gallery"),
        ({"image": {"kind": "managedImage", "imageId": DEFINITION}}, "a managed image"),
        ({"image": {"kind": "galleryImageVersion", "imageDefinitionId": DEFINITION, "version": "1.2"}}, "pattern"),
        ({"image": {"kind": "galleryImageVersion", "imageDefinitionId": DEFINITION, "version": "1.02.3"}}, "pattern"),
        (
            {
                "image": {
                    "kind": "galleryImageVersion",
                    "imageDefinitionId": DEFINITION,
                    "targetRegions": [{"name": "West Europe"}, {"name": "westeurope"}],
                }
            },
            "names a region twice",
        ),
        ({"mode": "clone", "clone": {"resourceGroupId": vm_id("x").split("/resourceGroups")[0]}}, "a resource group"),
        ({"mode": "clone", "clone": {"serviceTags": ["Storage", "Internet"]}}, "Internet is not an Azure service"),
        ({"mode": "clone", "clone": {"serviceTags": ["virtualNETWORK"]}}, "virtualNETWORK is not an Azure service"),
        (
            {
                "image": {
                    "kind": "galleryImageVersion",
                    "imageDefinitionId": DEFINITION,
                    "validate": {"serviceTags": ["AZURELOADBALANCER.x"]},
                }
            },
            "AZURELOADBALANCER.x is not an Azure service",
        ),
    ],
)
def test_inconsistent_members_are_a_fault(target: dict[str, Any], expected: str) -> None:
    document = request()
    document["targets"][0] |= target
    with pytest.raises(ValidationError, match=expected):
        ImageRequest.model_validate(document)


def test_a_request_cannot_be_changed_once_read() -> None:
    read = ImageRequest.model_validate(FULL)
    with pytest.raises(ValidationError, match="frozen"):
        read.dry_run = False  # pyright: ignore[reportAttributeAccessIssue]


@rows("text", ["a", "A1", "7", "a-b", "a" * 48, "3f2504e0-4f89-11d3-9a0c-0305e82c3301"])
def test_a_request_id_may_be_letters_digits_and_inner_hyphens(text: str) -> None:
    assert ImageRequest.model_validate(request(requestId=text)).request_id == text


@rows("text", ["", "-", "a-", "-a", "a" * 49, "a b", "a_b", "a.b", "a/b", "a\n", "\u00e4", "\uff41", "a\0", 1, True])
def test_any_other_request_id_is_refused(text: object) -> None:
    with pytest.raises(ValidationError, match="requestId"):
        ImageRequest.model_validate(request(requestId=text))


@pytest.mark.parametrize(("value", "good"), [(0, False), (1, True), (100, True), (101, False)])
def test_the_bounds_of_max_parallel(value: int, good: bool) -> None:
    document = request(maxParallel=value)
    if good:
        assert ImageRequest.model_validate(document).max_parallel == value
    else:
        with pytest.raises(ValidationError, match="maxParallel"):
            ImageRequest.model_validate(document)


def test_the_largest_request_of_the_queue_trigger_fits_a_queue_message() -> None:
    names = [f"some-vm-with-a-name-{index:03}" for index in range(MAX_TARGETS_BY_QUEUE)]
    assert len(json.dumps(request(*names)).encode()) <= 48 * 1024
    assert MAX_TARGETS_BY_QUEUE < MAX_TARGETS_BY_HTTP


SAME = {
    "layout": json.dumps(FULL, indent=4),
    "no layout": json.dumps(FULL, separators=(",", ":")),
    "order of members": json.dumps(turned(FULL)),
    "case of an id": json.dumps(changed("targets.0.vmId", vm_id("a").upper())),
    "case and a slash": json.dumps(changed("targets.1.vmId", vm_id("b").lower() + "/")),
    "escapes": json.dumps(FULL).replace("nightly", "\\u006eightly"),
    "a default left out": json.dumps(changed("targets.0.image", ...)),
    "a default said": json.dumps(changed("targets.1.deprovision", {"keepUser": False})),
}


@rows("text", SAME.values(), ids=SAME.keys())
def test_equivalent_requests_have_the_same_digest(text: str) -> None:
    assert text != json.dumps(FULL)
    assert digest(text) == digest(FULL)


OTHER: dict[str, tuple[str, object]] = {
    "another VM": ("targets.0.vmId", vm_id("c")),
    "another mode": (
        "targets.0", {"vmId": vm_id("a"), "mode": "clone", "image": {"kind": "managedImage", "imageId": f"{IMAGES}/a"}},
    ),
    "keepUser": ("targets.0.deprovision.keepUser", False),
    "allowUnknownDistribution": ("targets.0.deprovision.allowUnknownDistribution", False),
    "sysprepModeVm": ("targets.0.deprovision.sysprepModeVm", True),
    "evidence": ("targets.0.deprovision.evidence", "guestReported"),
    "an image more": ("targets.0.image", {"kind": "managedImage", "imageId": f"{IMAGES}/more"}),
    "a plain managed image": ("targets.1.image", {"kind": "managedImage", "imageId": f"{IMAGES}/i"}),
    "dataDisks": ("targets.0.dataDisks", "exclude"),
    "rollbackSnapshot": ("targets.0.rollbackSnapshot", True),
    "no script": ("targets.1.customize", []),
    "a parameter in another case": ("targets.1.customize.0.parameters.Level", "high"),
    "another subnet": ("targets.1.clone.subnetId", f"{SUBNET}2"),
    "an image of another kind": (
        "targets.1.image", {"kind": "galleryImageVersion", "imageDefinitionId": DEFINITION},
    ),
    "another image": ("targets.1.image.imageId", f"{IMAGES}/j"),
    "one VM less": ("targets.1", ...),
    "maxParallel": ("maxParallel", 4),
    "dryRun": ("dryRun", False),
    "no approval": ("approval", None),
    "another approval": ("approval.timeoutMinutes", 61),
    "another onTimeout": ("approval.onTimeout", "refuse"),
    "another requestId": ("requestId", "nightly-8"),
}  # fmt: skip


@rows(("path", "value"), OTHER.values(), ids=OTHER.keys())
def test_different_requests_have_different_digests(path: str, value: object) -> None:
    assert digest(changed(path, value)) != digest(FULL)


def test_all_these_changes_differ_from_each_other() -> None:
    assert len({digest(changed(path, value)) for path, value in OTHER.values()}) == len(OTHER)


@unhurried
@given(st.lists(st.sampled_from("abcdef"), min_size=1, unique=True), st.booleans(), st.integers(1, 100))
def test_a_request_keeps_its_digest_after_serialization(names: list[str], dry: bool, most: int) -> None:
    first = ImageRequest.model_validate(request(*names, dryRun=dry, maxParallel=most))
    again = read_request(first.model_dump_json(), max_targets=6)
    assert again == first
    assert request_digest(again) == request_digest(first)
