"""Which process is killed at which instant: planned from a seed, then carried out."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from emulators.arm import Fault, Injected, Simulator
from tools.crash_test.processes import Crew, Part

type Instant = Literal["answer withheld", "any"]

_REQUESTS: dict[str, tuple[str, str]] = {
    "deprovision": ("PUT", r"/runCommands/"),
    "deallocate": ("POST", r"/deallocate$"),
    "generalize": ("POST", r"/generalize$"),
    "any": ("", ""),
}
_PATIENCE_SECONDS = 20.0
_LONGEST_PAUSE = 0.8
_LONGEST_AFTER_ACCEPTING = 0.05


@dataclass(frozen=True)
class Kill:
    """One kill as it was planned.

    `parts` are killed in this order and started again in that of `back`. `instant`: when the simulator has accepted
    a request (of the kind `request`) and withholds its answer, or just `pause` seconds after the previous kill.
    `answer_first`: whether the withheld answer is sent before the processes are started again.
    """

    number: int
    parts: tuple[Part, ...]
    back: tuple[Part, ...]
    instant: Instant
    request: str
    pause: float
    answer_first: bool


@dataclass(frozen=True)
class Done:
    """A kill as it took place: seconds since the beginning, and the requests whose answers were withheld then."""

    kill: Kill
    at: float
    withheld: tuple[str, ...]
    seconds_dead: float

    def __str__(self) -> str:
        """Return one line of the report."""
        when = f"between accepting and answering {', '.join(self.withheld)}" if self.withheld else "at any instant"
        dead = f"dead for {self.seconds_dead * 1000:.0f} ms"
        return f"kill {self.kill.number} at {self.at:.2f} s: {' and '.join(self.kill.parts)} {when}, {dead}"


def plan_kills(count: int, seed: int) -> list[Kill]:
    """Plan the kills at random: more than half of them while an answer is withheld."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    held = min(count, count // 2 + max(1, count // 20))
    instants: list[Instant] = [*["answer withheld" for _ in range(held)], *["any" for _ in range(count - held)]]
    rng.shuffle(instants)
    return [_draw(rng, number, instant) for number, instant in enumerate(instants, 1)]


def _draw(rng: random.Random, number: int, instant: Instant) -> Kill:
    choices: list[tuple[Part, ...]] = [("hub",), ("worker",), ("hub", "worker"), ("worker", "hub")]
    parts = rng.choices(choices, weights=[4, 4, 1, 1])[0]
    back = tuple(rng.sample(parts, len(parts)))
    request = rng.choice(list(_REQUESTS))
    pause = rng.uniform(0, _LONGEST_AFTER_ACCEPTING if instant == "answer withheld" else _LONGEST_PAUSE)
    return Kill(number, parts, back, instant, request, pause, rng.random() < 0.5)


class Standstill(Exception):
    """The runs no longer make progress."""


class Killer:
    """Carries kills out, one after another."""

    def __init__(self, crew: Crew, simulator: Simulator, report: Callable[[Done], None]) -> None:
        """`crew` is killed, `simulator` withholds its answers, `report` receives each kill."""
        self._crew = crew
        self._simulator = simulator
        self._report = report
        self._since = time.monotonic()

    async def carry_out(self, kill: Kill) -> Done:
        """Wait for the instant, kill, start again. RuntimeError if a process ended by itself before."""
        holds = await self._wait_for_request(kill.request) if kill.instant == "answer withheld" else []
        await asyncio.sleep(kill.pause)
        if ended := self._crew.ended_by_themselves():
            raise RuntimeError("; ".join(ended))
        withheld = tuple(_name(hold) for hold in holds if hold.holding)
        at = time.monotonic()
        await self._crew.kill(*kill.parts)
        if kill.answer_first:
            self._answer()
        await self._crew.begin(*kill.back)
        self._answer()
        done = Done(kill, at - self._since, withheld, time.monotonic() - at)
        self._report(done)
        return done

    async def _wait_for_request(self, request: str) -> list[Injected]:
        """Withhold the next answer of this kind; if none comes for long, of any kind."""
        for wanted in dict.fromkeys((request, "any")):
            names = [name for name in _REQUESTS if name != "any" and wanted in (name, "any")]
            holds = [self._withhold(*_REQUESTS[name]) for name in names]
            polling = [asyncio.create_task(hold.held.wait()) for hold in holds]
            done, _ = await asyncio.wait(polling, timeout=_PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            for wait in polling:
                wait.cancel()
            if done:
                return holds
            self._answer()
        raise Standstill(f"no request reached the simulator for {2 * _PATIENCE_SECONDS:.0f} s: the runs hang")

    def _withhold(self, method: str, path: str) -> Injected:
        return self._simulator.inject(Fault("hold", method=method, path=path))

    def _answer(self) -> None:
        self._simulator.world.faults.clear()


def _name(hold: Injected) -> str:
    return next(name for name, request in _REQUESTS.items() if request == (hold.fault.method, hold.fault.path))
