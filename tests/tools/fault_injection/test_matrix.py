"""A few real cells of the matrix; and that it reports an app that leaks, repeats, or ends in another way."""

from collections.abc import Generator
from dataclasses import replace

import pytest

from contracts.resources import Kind, OrphanedResource, Resource
from tools.fault_injection.calls import Call
from tools.fault_injection.checking import check
from tools.fault_injection.ends import End
from tools.fault_injection.fault_kinds import FaultKind
from tools.fault_injection.matrix import Cell, cells_of, try_cell
from tools.fault_injection.report import clean_run
from tools.fault_injection.sight import Seen
from tools.fault_injection.station import Station, station


@pytest.fixture(scope="module")
def place() -> Generator[Station]:
    with station() as kept:
        yield kept


@pytest.fixture(scope="module")
def clean(place: Station) -> tuple[Seen, list[Call]]:
    return clean_run(place)


@pytest.fixture(scope="module")
def calls(clean: tuple[Seen, list[Call]]) -> list[Call]:
    return clean[1]


def _cell(calls: list[Call], name: str, fault_kind: FaultKind) -> Cell:
    (cell,) = [cell for cell in cells_of(calls, name, frozenset({fault_kind})) if not cell.call.later]
    return cell


def test_every_call_has_a_documented_end_for_each_fault(calls: list[Call]) -> None:
    cells = cells_of(calls)

    assert len({call.name for call in calls}) == len(calls) > 100
    assert len(cells) > 6 * len(calls)
    assert all(cell.end.why for cell in cells)


@pytest.mark.parametrize(
    ("name", "fault_kind"),
    [
        ("PUT snapshots.createOrUpdate os-snapshot in create_snapshot", FaultKind.OPERATION_FAILS),
        ("PUT virtualMachines.createOrUpdate clone in create_vm", FaultKind.CUT_AFTER),
        ("DELETE snapshots.delete os-snapshot in delete_resource", FaultKind.OPERATION_NEVER_ENDS),
    ],
)
def test_a_cell_ends_as_documented(place: Station, calls: list[Call], name: str, fault_kind: FaultKind) -> None:
    tried = try_cell(place, _cell(calls, name, fault_kind))

    assert tried.result.well, tried


def test_a_wrong_expectation_is_reported(place: Station, calls: list[Call]) -> None:
    cell = _cell(calls, "permissions.list source/permissions", FaultKind.REFUSED)

    tried = try_cell(place, replace(cell, end=End(why="wrong")))

    assert any("ended as refused PermissionsUnreadable" in text for text in tried.result.wrong)


def test_a_fault_that_meets_nothing_is_reported(clean: tuple[Seen, list[Call]]) -> None:
    assert check(clean[0], End()).wrong == ("no request met the fault: the run took another path",)


def test_an_app_that_leaks_is_reported(place: Station, calls: list[Call], monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(_resource: Resource) -> None:
        """Report every resource as deleted."""

    monkeypatch.setattr("activities.delete_resource.get_resource", gone)

    tried = try_cell(place, _cell(calls, "PUT disks.createOrUpdate os-disk", FaultKind.REFUSED))

    assert any("os-snapshot exists, and the result does not name it" in text for text in tried.result.leaked)
    assert any("os-snapshot exists even after the cleanup" in text for text in tried.result.leaked)


def test_a_named_orphan_that_does_not_exist_is_reported(clean: tuple[Seen, list[Call]]) -> None:
    seen = clean[0]
    gone = OrphanedResource(
        kind=Kind.DISK, id=next(each for each in seen.births if each.endswith("-os-disk")), why="in use"
    )
    named = replace(seen, result=seen.result.model_copy(update={"orphaned_resources": (gone,)}))

    assert any("which does not exist" in text for text in check(named, End(), must_meet=False).wrong)
    assert check(named, End(), about="os-disk", must_meet=False).well, "it could not be read"


def test_what_was_done_twice_is_reported(clean: tuple[Seen, list[Call]]) -> None:
    seen = clean[0]
    assert check(seen, End(attempts=1, leaves=False), must_meet=False).well
    clone = next(each for each in seen.effects if each.endswith("-clone"))
    twice = replace(
        seen,
        effects={**seen.effects, clone: {"requested": 2, "generalized": 1}},
        births={**seen.births, clone: 2},
        source_untouched=False,
    )

    result = check(twice, End(), must_meet=False)

    assert len(result.repeated) == 2
    assert "requested 2 times" in result.repeated[0]
    assert result.wrong == ("the source VM has changed",)
