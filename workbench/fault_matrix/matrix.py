"""Every call times every kind of trouble, each a run of its own, in several processes."""

import multiprocessing
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from workbench.arm_simulator import Role
from workbench.fault_matrix.calls import Call
from workbench.fault_matrix.ends import End, documented_end
from workbench.fault_matrix.judging import Verdict, judge
from workbench.fault_matrix.station import Station, station
from workbench.fault_matrix.telling import clean_run, tell
from workbench.fault_matrix.troubles import Trouble, fault_of, troubles_of

# What runs leave in the simulator's and the engine's memory slows later ones down.
_RUNS_A_STATION = 40


@dataclass(frozen=True)
class Cell:
    """One call, one trouble, and how such a run is documented to end."""

    call: Call
    trouble: Trouble
    end: End

    @property
    def name(self) -> str:
        """How it is shown."""
        return f"{self.call.number:>3} {self.call.name} x {self.trouble}"


@dataclass(frozen=True)
class Tried:
    """What came of a cell, or of a kill."""

    name: str
    why: str
    verdict: Verdict


def list_calls(seed: int, role: Role | None = None) -> tuple[list[Call], Verdict]:
    """Tell the story once without trouble: the calls that it makes, and whether all went well."""
    with station(seed, role) as place:
        seen, calls = clean_run(place)
    return calls, judge(seen, End(), must_meet=False)


def cells_of(calls: list[Call], only: str = "", kinds: frozenset[Trouble] = frozenset(Trouble)) -> list[Cell]:
    """Give the cells of these calls; LookupError if one has no documented end."""
    wanted = [call for call in calls if only.lower() in call.name.lower()]
    pairs = [(call, trouble) for call in wanted for trouble in troubles_of(call) if trouble in kinds]
    return [Cell(call, trouble, documented_end(call, trouble)) for call, trouble in pairs]


def try_all(cells: list[Cell], *, seed: int, jobs: int) -> Iterator[Tried]:
    """Try every cell, as the processes come to it."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs, initializer=_begin, initargs=(seed,)) as pool:
        yield from pool.imap_unordered(_try_here, cells)


def try_cell(place: Station, cell: Cell) -> Tried:
    """Tell the story with the cell's trouble, and judge how it ended."""
    try:
        verdict = judge(tell(place, fault_of(cell.call, cell.trouble)), cell.end, about=cell.call.about)
    except (TimeoutError, RuntimeError, KeyError, ValueError) as error:
        verdict = Verdict(wrong=(f"{type(error).__name__}: {error}",))
    return Tried(cell.name, cell.end.why, verdict)


class _Here:
    """What one process keeps: a station, renewed after some runs or a run that had no end."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._stack = ExitStack()
        self._station: Station | None = None

    def station(self) -> Station:
        if self._station is None or self._station.runs >= _RUNS_A_STATION:
            self.leave()
            self._station = self._stack.enter_context(station(self._seed))
        return self._station

    def leave(self) -> None:
        self._stack.close()
        self._station = None


_here: list[_Here] = []


def _begin(seed: int) -> None:
    _here[:] = [_Here(seed)]


def _try_here(cell: Cell) -> Tried:
    here = _here[0]
    tried = try_cell(here.station(), cell)
    if any(text.startswith("TimeoutError") for text in tried.verdict.wrong):
        here.leave()
    return tried
