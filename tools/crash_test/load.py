"""Keeps the hub busy: runs of the app and of plain programs, new ones as old ones end, all recorded in the book."""

import asyncio
import itertools
import random
from collections.abc import Callable, Coroutine
from typing import Any

from durabletask.entities import EntityInstanceId

from contracts.catalog import IDEMPOTENCY_RECORD, IMAGE_BATCH
from contracts.entity_keys import RECORD
from emulators.arm import Simulator
from tools.crash_test.book import Book, Items
from tools.crash_test.fleet import accepted_run, plan_vm
from tools.crash_test.patient_client import PatientClient
from tools.crash_test.programs import (
    ADDED_BY_A_TELLER,
    ITEM_EVENT,
    TALLY,
    collector,
    fan_out,
    fan_out_sum,
    sleeper,
    teller,
)

type _Orchestration = Callable[[str], Coroutine[Any, Any, None]]

VMS_A_RUN = 3
_DELIVERED_AGAIN_SECONDS = 1.0
_ACCOUNTS = ("north", "south", "west")
SIGNALED = EntityInstanceId(TALLY, "signaled")


class Load:
    """Several lanes; each starts a run, waits for its end, and starts the next until `stop` is called."""

    def __init__(self, client: PatientClient, simulator: Simulator, rng: random.Random) -> None:
        """Start with an empty book."""
        self.book = Book()
        self._client = client
        self._simulator = simulator
        self._rng = rng
        self._numbers = itertools.count(1)
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Start nothing more; `run` returns when everything that was started has ended."""
        self._stop.set()

    async def run(self, product_lanes: int, *, plain: bool) -> None:
        """Keep so many runs of the app active, and, with `plain`, one of each plain program."""
        programs: list[tuple[str, _Orchestration]] = [
            ("fan-out", self._fan_out),
            ("sleeper", self._sleeper),
            ("collector", self._collector),
            ("teller", self._teller),
        ]
        async with asyncio.TaskGroup() as lanes:
            for name, orchestration in [("run", self._batch)] * product_lanes + (programs if plain else []):
                lanes.create_task(self._lane(name, orchestration))

    async def _lane(self, name: str, orchestration: _Orchestration) -> None:
        while not self._stop.is_set():
            await orchestration(f"{name}-{next(self._numbers)}")

    async def _batch(self, request_id: str) -> None:
        vms = [plan_vm(self._rng, f"{request_id}-vm{number}") for number in range(1, VMS_A_RUN + 1)]
        for vm in vms:
            self._simulator.add_vm(vm.spec)
        run = accepted_run(request_id, vms)
        payload = run.model_dump(mode="json", exclude_none=True)
        if self._rng.random() < 0.5:
            await self._client.start(IMAGE_BATCH, payload, run.run_id)
        else:
            record = {"digest": request_id, "run_id": run.run_id, "recorded_at": run.accepted_at.isoformat()}
            register = EntityInstanceId(IDEMPOTENCY_RECORD, request_id)
            # As triggers do: a signal is lost if the worker dies while it handles it; then it is sent again.
            while await self._client.state(run.run_id) is None:
                await self._client.signal(register, RECORD, {"record": record, "run": payload})
                await asyncio.sleep(_DELIVERED_AGAIN_SECONDS)
        outcomes = {vm.spec.name: vm.outcome for vm in vms}
        self.book.outcomes[run.run_id] = outcomes
        self.book.vms |= outcomes
        await self._client.ended(run.run_id)

    async def _fan_out(self, instance: str) -> None:
        branches = self._rng.randint(3, 9)
        await self._start(fan_out.__name__, branches, instance, fan_out_sum(branches))
        await self._client.ended(instance)

    async def _sleeper(self, instance: str) -> None:
        polling = [self._rng.randint(1, 40) for _ in range(self._rng.randint(3, 8))]
        await self._start(sleeper.__name__, polling, instance, {"woken": polling, "early": 0})
        await self._client.ended(instance)

    async def _collector(self, instance: str) -> None:
        await self._client.start(collector.__name__, [], instance)
        # An event to an instance that a client has just started may be lost, as on Azure.
        await self._client.begun(instance)
        items = self.book.items[instance] = Items()
        most = self._rng.randint(5, 13)
        for item in range(1, most + 1):
            items.attempts[item] = await self._client.raise_event(instance, ITEM_EVENT, item)
            items.acknowledged.append(item)
            self.book.signal_attempts += await self._client.signal(SIGNALED, "add", 1)
            self.book.signaled += 1
        await self._client.raise_event(instance, ITEM_EVENT, -most)
        await self._client.ended(instance)

    async def _teller(self, instance: str) -> None:
        accounts = sorted(self._rng.sample(_ACCOUNTS, 2))
        await self._start(teller.__name__, accounts, instance, len(accounts))
        self.book.added.update(dict.fromkeys(accounts, ADDED_BY_A_TELLER))
        await self._client.ended(instance)

    async def _start(self, name: str, given: object, instance: str, outcome: object) -> None:
        await self._client.start(name, given, instance)
        self.book.outcomes[instance] = outcome
