"""Which process is killed at which instant: drawn from a seed, then carried out."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from workbench.arm_simulator import Fault, Injected, Simulator
from workbench.kill_test.processes import Crew, Part

type Instant = Literal["answer withheld", "any"]

_ORDERS: dict[str, tuple[str, str]] = {
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

    `parts` die in this order and begin again in `back`. `instant`: when the simulator has accepted an order (of the
    kind `order`) and withholds its answer, or just `pause` seconds after the last one. `answer_first`: whether the
    withheld answer is given before the dead are back.
    """

    number: int
    parts: tuple[Part, ...]
    back: tuple[Part, ...]
    instant: Instant
    order: str
    pause: float
    answer_first: bool


@dataclass(frozen=True)
class Done:
    """A kill as it took place: seconds since the beginning, and the orders whose answers were withheld then."""

    kill: Kill
    at: float
    withheld: tuple[str, ...]
    seconds_dead: float

    def __str__(self) -> str:
        """Give one line for whoever repeats the run."""
        when = f"between accepting and answering {', '.join(self.withheld)}" if self.withheld else "at any instant"
        dead = f"dead for {self.seconds_dead * 1000:.0f} ms"
        return f"kill {self.kill.number} at {self.at:.2f} s: {' and '.join(self.kill.parts)} {when}, {dead}"


def plan_kills(count: int, seed: int) -> list[Kill]:
    """Draw the kills: rather more than half of them while an answer is withheld."""
    rng = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    held = min(count, count // 2 + max(1, count // 20))
    instants: list[Instant] = [*["answer withheld" for _ in range(held)], *["any" for _ in range(count - held)]]
    rng.shuffle(instants)
    return [_draw(rng, number, instant) for number, instant in enumerate(instants, 1)]


def _draw(rng: random.Random, number: int, instant: Instant) -> Kill:
    choices: list[tuple[Part, ...]] = [("hub",), ("worker",), ("hub", "worker"), ("worker", "hub")]
    parts = rng.choices(choices, weights=[4, 4, 1, 1])[0]
    back = tuple(rng.sample(parts, len(parts)))
    order = rng.choice(list(_ORDERS))
    pause = rng.uniform(0, _LONGEST_AFTER_ACCEPTING if instant == "answer withheld" else _LONGEST_PAUSE)
    return Kill(number, parts, back, instant, order, pause, rng.random() < 0.5)


class Standstill(Exception):
    """The runs no longer go on."""


class Killer:
    """Carries kills out, one after another."""

    def __init__(self, crew: Crew, simulator: Simulator, tell: Callable[[Done], None]) -> None:
        """Take whom to kill, the simulator whose answers are withheld, and who is told."""
        self._crew = crew
        self._simulator = simulator
        self._tell = tell
        self._since = time.monotonic()

    async def carry_out(self, kill: Kill) -> Done:
        """Wait for the instant, kill, begin again. RuntimeError if a process ended by itself before."""
        holds = await self._wait_for_order(kill.order) if kill.instant == "answer withheld" else []
        await asyncio.sleep(kill.pause)
        if deserters := self._crew.deserters():
            raise RuntimeError("; ".join(deserters))
        withheld = tuple(_name(hold) for hold in holds if hold.holding)
        at = time.monotonic()
        for part in kill.parts:
            await asyncio.to_thread(self._crew.kill, part)
        if kill.answer_first:
            self._answer()
        for part in kill.back:
            await asyncio.to_thread(self._crew.begin, part)
        self._answer()
        done = Done(kill, at - self._since, withheld, time.monotonic() - at)
        self._tell(done)
        return done

    async def _wait_for_order(self, order: str) -> list[Injected]:
        """Withhold the next answer of this kind; if none comes for long, of any kind."""
        for wanted in dict.fromkeys((order, "any")):
            holds = [self._withhold(*_ORDERS[name]) for name in _ORDERS if name != "any" and wanted in (name, "any")]
            waits = [asyncio.create_task(hold.held.wait()) for hold in holds]
            done, _ = await asyncio.wait(waits, timeout=_PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
            if done:
                return holds
            self._answer()
        raise Standstill(f"no order reached the simulator for {2 * _PATIENCE_SECONDS:.0f} s: nothing goes on")

    def _withhold(self, method: str, path: str) -> Injected:
        return self._simulator.inject(Fault("hold", method=method, path=path))

    def _answer(self) -> None:
        self._simulator.world.faults.clear()


def _name(hold: Injected) -> str:
    return next(name for name, order in _ORDERS.items() if order == (hold.fault.method, hold.fault.path))
