"""Every call with every kind of fault, each a run of its own, in several processes."""

import multiprocessing
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from emulators.arm import Role
from tools.fault_injection.calls import Call
from tools.fault_injection.checking import Result, check
from tools.fault_injection.ends import End, documented_end
from tools.fault_injection.fault_kinds import FaultKind, fault_of, faults_of
from tools.fault_injection.report import clean_run, report
from tools.fault_injection.station import Station, station

# What runs leave in the simulator's and the engine's memory slows later ones down.
_RUNS_A_STATION = 40


@dataclass(frozen=True)
class Cell:
    """One call, one kind of fault, and the documented end of such a run."""

    call: Call
    fault_kind: FaultKind
    end: End

    @property
    def name(self) -> str:
        """Its name in the output."""
        return f"{self.call.number:>3} {self.call.name} x {self.fault_kind}"


@dataclass(frozen=True)
class Tried:
    """The result of a cell, or of a kill."""

    name: str
    why: str
    result: Result


def list_calls(seed: int, role: Role | None = None) -> tuple[list[Call], Result]:
    """Run once without faults: the calls that the run makes, and whether all went well."""
    with station(seed, role) as place:
        seen, calls = clean_run(place)
    return calls, check(seen, End(), must_meet=False)


def cells_of(calls: list[Call], only: str = "", kinds: frozenset[FaultKind] = frozenset(FaultKind)) -> list[Cell]:
    """Return the cells of these calls; LookupError if one has no documented end."""
    wanted = [call for call in calls if only.lower() in call.name.lower()]
    pairs = [(call, fault_kind) for call in wanted for fault_kind in faults_of(call) if fault_kind in kinds]
    return [Cell(call, fault_kind, documented_end(call, fault_kind)) for call, fault_kind in pairs]


def try_all(cells: list[Cell], *, seed: int, jobs: int) -> Iterator[Tried]:
    """Test every cell, shared among the processes."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs, initializer=_begin, initargs=(seed,)) as pool:
        yield from pool.imap_unordered(_try_here, cells)


def try_cell(place: Station, cell: Cell) -> Tried:
    """Run with the cell's fault, and check how the run ended."""
    try:
        result = check(report(place, fault_of(cell.call, cell.fault_kind)), cell.end, about=cell.call.about)
    except (TimeoutError, RuntimeError, KeyError, ValueError) as error:
        result = Result(wrong=(f"{type(error).__name__}: {error}",))
    return Tried(cell.name, cell.end.why, result)


class _Here:
    """What one process keeps: a station, replaced after some runs or after a run that did not end."""

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
    if any(text.startswith("TimeoutError") for text in tried.result.wrong):
        here.leave()
    return tried
