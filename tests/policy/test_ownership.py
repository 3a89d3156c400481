"""Whose a thing is: the run's tag and app's tag to take it as made, tag or name and machine to unmake it."""

from typing import Any

import pytest

from contracts.made import Made, made_name, tag_of
from contracts.making_steps import MakeSnapshot
from contracts.reasons import RefusalCode
from policy.ownership import not_temporary, standing, tags_for, why_not_ours
from tests.support.making import APP, DISK, MACHINE, RUN_ID, SNAPSHOT, new
from tests.support.requests import vm_id

OURS = {"golden-image-run": RUN_ID, "golden-image-app": APP}
IMPLIED = DISK.model_copy(update={"implied": True})
MISNAMED = IMPLIED.model_copy(update={"id": f"{DISK.id.rpartition('/')[0]}/data"})


def order(**more: Any) -> MakeSnapshot:
    return MakeSnapshot(**new(SNAPSHOT, **more), source_disk_id="/disk")


def test_the_names_of_tags_have_no_case() -> None:
    assert tag_of({"Golden-Image-RUN": "r"}, "golden-image-run") == "r"
    assert tag_of({}, "golden-image-run") is None


def test_the_runs_own_tags_cannot_be_overruled() -> None:
    given = tags_for(order(tags={"golden-image-run": "x", "golden-image-keep-until": "2026-02-01T00:00:00Z"}))
    assert given == {**OURS, "golden-image-purpose": "clone", "golden-image-keep-until": "2026-02-01T00:00:00Z"}


STANDING: dict[str, tuple[dict[str, str], bool]] = {
    "ours": (OURS, True),
    "ours in another case": ({"GOLDEN-IMAGE-RUN": RUN_ID, "Golden-Image-App": APP}, True),
    "of another run": ({**OURS, "golden-image-run": "vm-r2"}, False),
    "of another app": ({**OURS, "golden-image-app": "other"}, False),
    "of nobody": ({}, False),
}


@pytest.mark.parametrize("name", STANDING)
def test_only_this_runs_own_thing_counts_as_made(name: str) -> None:
    tags, ours = STANDING[name]
    answer = standing(order(), tags)
    assert answer.already == ours
    assert (answer.refusal is None) == ours
    assert answer.refusal is None or answer.refusal.code is RefusalCode.NAME_TAKEN


UNMADE: dict[str, tuple[Made, dict[str, str], str, bool]] = {
    "ours by tag": (DISK, OURS, "", True),
    "ours by tag, whatever it is attached to": (DISK, OURS, vm_id(), True),
    "of another run": (DISK, {"golden-image-run": "vm-r2"}, "", False),
    "of another run, though implied and named so": (IMPLIED, {"golden-image-run": "vm-r2"}, "", False),
    "untagged": (DISK, {}, "", False),
    "implied": (IMPLIED, {}, "", True),
    "implied and adopted": (IMPLIED, OURS, MACHINE.id, True),
    "implied, at a machine of ours": (IMPLIED, {}, MACHINE.id, True),
    "implied, at somebody else's machine": (IMPLIED, {}, vm_id(), False),
    "implied, at another run's machine": (IMPLIED, {}, vm_id(made_name("vm-r2", "clone")), False),
    "implied, under another name": (MISNAMED, {}, "", False),
}


@pytest.mark.parametrize("name", UNMADE)
def test_only_this_runs_own_thing_is_unmade(name: str) -> None:
    thing, tags, managed_by, ours = UNMADE[name]
    assert (why_not_ours(thing, RUN_ID, tags, managed_by) is None) == ours


TEMPORARY: dict[str, tuple[str, dict[str, str], bool]] = {
    "made by a run": (MACHINE.name, OURS, True),
    "tagged like one": ("vm1", OURS, False),
    "named like one": (MACHINE.name, {}, False),
    "named as another run's": (made_name("vm-r2", "clone"), OURS, False),
}


@pytest.mark.parametrize("name", TEMPORARY)
def test_a_temporary_machine_has_tag_and_name_of_one_run(name: str) -> None:
    machine, tags, temporary = TEMPORARY[name]
    assert (not_temporary(machine, tags) is None) == temporary
