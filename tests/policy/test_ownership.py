"""Whether a resource belongs to a run: by both tags to use it, by tag, or name and VM, to delete it."""

from typing import Any

import pytest

from contracts.activities.resources import CreateSnapshot
from contracts.error_codes import RefusalCode
from contracts.resources import Resource, resource_name
from contracts.tags import tag_of
from policy.ownership import not_temporary, standing, tags_for, why_not_ours
from tests.support.creating import APP, CLONE, DISK, RUN_ID, SNAPSHOT, VM, new
from tests.support.requests import vm_id
from tests.support.rows import rows

OURS = {"golden-image-run": RUN_ID, "golden-image-app": APP}
IMPLIED = DISK.model_copy(update={"implied": True})
MISNAMED = IMPLIED.model_copy(update={"id": f"{DISK.id.rpartition('/')[0]}/data"})


def order(**more: Any) -> CreateSnapshot:
    return CreateSnapshot(**new(SNAPSHOT, **more), vm_id=CLONE, source_disk_id="/disk")


def test_the_names_of_tags_have_no_case() -> None:
    assert tag_of({"Golden-Image-RUN": "r"}, "golden-image-run") == "r"
    assert tag_of({}, "golden-image-run") is None


def test_the_runs_own_tags_cannot_be_overruled() -> None:
    given = tags_for(order(tags={"golden-image-run": "x", "golden-image-keep-until": "2026-02-01T00:00:00Z"}))
    assert given == {**OURS, "golden-image-purpose": "clone", "golden-image-keep-until": "2026-02-01T00:00:00Z"}


STANDING: dict[str, tuple[dict[str, str], bool]] = {
    "this run's": (OURS, True),
    "this run's in another case": ({"GOLDEN-IMAGE-RUN": RUN_ID, "Golden-Image-App": APP}, True),
    "of another run": ({**OURS, "golden-image-run": "vm-r2"}, False),
    "of another app": ({**OURS, "golden-image-app": "other"}, False),
    "without tags": ({}, False),
}


@pytest.mark.parametrize("name", STANDING)
def test_only_this_runs_own_resource_counts_as_created(name: str) -> None:
    tags, ours = STANDING[name]
    answer = standing(order(), tags)
    assert answer.already == ours
    assert (answer.refusal is None) == ours
    assert answer.refusal is None or answer.refusal.code is RefusalCode.NAME_TAKEN


DELETED: dict[str, tuple[Resource, dict[str, str], str, bool]] = {
    "this run's by tag": (DISK, OURS, "", True),
    "this run's by tag, whatever it is attached to": (DISK, OURS, vm_id(), True),
    "of another run": (DISK, {"golden-image-run": "vm-r2"}, "", False),
    "of another run, though implied and named so": (IMPLIED, {"golden-image-run": "vm-r2"}, "", False),
    "untagged": (DISK, {}, "", False),
    "implied": (IMPLIED, {}, "", True),
    "implied and adopted": (IMPLIED, OURS, VM.id, True),
    "implied, attached to a VM of this run": (IMPLIED, {}, VM.id, True),
    "implied, at another caller's VM": (IMPLIED, {}, vm_id(), False),
    "implied, at another run's VM": (IMPLIED, {}, vm_id(resource_name("vm-r2", "clone")), False),
    "implied, under another name": (MISNAMED, {}, "", False),
}


@rows("name", DELETED)
def test_only_this_runs_own_resource_is_deleted(name: str) -> None:
    resource, tags, managed_by, ours = DELETED[name]
    assert (why_not_ours(resource, RUN_ID, tags, managed_by) is None) == ours


TEMPORARY: dict[str, tuple[str, dict[str, str], bool]] = {
    "created by a run": (VM.name, OURS, True),
    "tagged like one": ("vm1", OURS, False),
    "named like one": (VM.name, {}, False),
    "named as another run's": (resource_name("vm-r2", "clone"), OURS, False),
}


@pytest.mark.parametrize("name", TEMPORARY)
def test_a_temporary_vm_has_tag_and_name_of_one_run(name: str) -> None:
    vm, tags, temporary = TEMPORARY[name]
    assert (not_temporary(vm, tags) is None) == temporary
