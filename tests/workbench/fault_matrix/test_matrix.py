"""A few cells of the matrix, real; and that it reports a product that leaks, repeats, or ends in another way."""

from collections.abc import Generator
from dataclasses import replace

import pytest

from contracts.made import Kind, Left, Made
from workbench.fault_matrix.calls import Call
from workbench.fault_matrix.ends import End
from workbench.fault_matrix.judging import judge
from workbench.fault_matrix.matrix import Cell, cells_of, try_cell
from workbench.fault_matrix.sight import Seen
from workbench.fault_matrix.station import Station, station
from workbench.fault_matrix.telling import clean_run
from workbench.fault_matrix.troubles import Trouble


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


def _cell(calls: list[Call], name: str, trouble: Trouble) -> Cell:
    (cell,) = [cell for cell in cells_of(calls, name, frozenset({trouble})) if not cell.call.later]
    return cell


def test_every_call_has_a_documented_end_for_each_trouble(calls: list[Call]) -> None:
    cells = cells_of(calls)

    assert len({call.name for call in calls}) == len(calls) > 100
    assert len(cells) > 6 * len(calls)
    assert all(cell.end.why for cell in cells)


@pytest.mark.parametrize(
    ("name", "trouble"),
    [
        ("PUT snapshots.createOrUpdate os-snapshot in make_snapshot", Trouble.OPERATION_FAILS),
        ("PUT virtualMachines.createOrUpdate clone in make_machine", Trouble.CUT_AFTER),
        ("DELETE snapshots.delete os-snapshot in delete_made", Trouble.OPERATION_NEVER_ENDS),
    ],
)
def test_a_cell_ends_as_documented(place: Station, calls: list[Call], name: str, trouble: Trouble) -> None:
    tried = try_cell(place, _cell(calls, name, trouble))

    assert tried.verdict.well, tried


def test_a_wrong_expectation_is_reported(place: Station, calls: list[Call]) -> None:
    cell = _cell(calls, "permissions.list source/permissions", Trouble.REFUSED)

    tried = try_cell(place, replace(cell, end=End(why="wrong")))

    assert any("ended as refused PermissionsUnreadable" in text for text in tried.verdict.wrong)


def test_a_trouble_that_meets_nothing_is_reported(clean: tuple[Seen, list[Call]]) -> None:
    assert judge(clean[0], End()).wrong == ("the trouble met no request: the story went another way",)


def test_a_product_that_leaks_is_reported(place: Station, calls: list[Call], monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(_made: Made) -> None:
        """Believe of everything that it is gone."""

    monkeypatch.setattr("activities.delete_made.read_thing", gone)

    tried = try_cell(place, _cell(calls, "PUT disks.createOrUpdate os-disk", Trouble.REFUSED))

    assert any("os-snapshot stands, and the result does not name it" in text for text in tried.verdict.leaked)
    assert any("os-snapshot stands even after the sweep" in text for text in tried.verdict.leaked)


def test_what_is_named_as_left_and_is_gone_is_reported(clean: tuple[Seen, list[Call]]) -> None:
    seen = clean[0]
    gone = Left(kind=Kind.DISK, id=next(each for each in seen.births if each.endswith("-os-disk")), why="in use")
    named = replace(seen, result=seen.result.model_copy(update={"left": (gone,)}))

    assert any("which is gone" in text for text in judge(named, End(), must_meet=False).wrong)
    assert judge(named, End(), about="os-disk", must_meet=False).well, "it could not be looked at"


def test_what_was_done_twice_is_reported(clean: tuple[Seen, list[Call]]) -> None:
    seen = clean[0]
    assert judge(seen, End(attempts=1, leaves=False), must_meet=False).well
    clone = next(each for each in seen.effects if each.endswith("-clone"))
    twice = replace(
        seen,
        effects={**seen.effects, clone: {"armed": 2, "generalized": 1}},
        births={**seen.births, clone: 2},
        source_untouched=False,
    )

    verdict = judge(twice, End(), must_meet=False)

    assert len(verdict.repeated) == 2
    assert "armed 2 times" in verdict.repeated[0]
    assert verdict.wrong == ("the source machine is not as it was",)
