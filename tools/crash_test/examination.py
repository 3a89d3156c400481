"""Checks everything at the end: the hub's instances and entities, the journal, the simulated VMs."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from durabletask.client import OrchestrationState
from durabletask.entities import EntityInstanceId

from contracts.catalog import IMAGE_BATCH, VM_LEASE
from contracts.ids import VmId
from contracts.results import RunResult
from emulators.arm import Simulator
from tools.crash_test import checks
from tools.crash_test.book import Book
from tools.crash_test.checks import End
from tools.crash_test.journal import Line
from tools.crash_test.load import SIGNALED
from tools.crash_test.patient_client import PatientClient
from tools.crash_test.programs import MARK, TALLY

_SETTLE_SECONDS = 10.0
_POLL_SECONDS = 0.1


@dataclass
class Findings:
    """Violations, by kind, as messages.

    `run_again`: activities begun once more before their completion was acknowledged; `asked_again`: events and signals
    sent once more, since the hub was killed before it answered. Both are the cost of kills.
    """

    instances: int = 0
    run_again: int = 0
    asked_again: int = 0
    lost: list[str] = field(default_factory=list[str])
    repeated: list[str] = field(default_factory=list[str])
    irreversible: list[str] = field(default_factory=list[str])

    @property
    def all(self) -> list[str]:
        """All violations."""
        return [*self.lost, *self.repeated, *self.irreversible]

    @classmethod
    def together(cls, found: Sequence["Findings"]) -> "Findings":
        """Return the findings of several tests as one."""
        return cls(
            sum(one.instances for one in found),
            sum(one.run_again for one in found),
            sum(one.asked_again for one in found),
            [text for one in found for text in one.lost],
            [text for one in found for text in one.repeated],
            [text for one in found for text in one.irreversible],
        )

    def last_line(self, kills: int) -> str:
        """Return the summary."""
        return (
            f"kills: {kills}, instances: {self.instances}, lost: {len(self.lost)}, "
            f"repeated after acknowledgement: {len(self.repeated)}, "
            f"irreversible effects repeated: {len(self.irreversible)}"
        )


async def examine(client: PatientClient, simulator: Simulator, book: Book, lines: list[Line]) -> Findings:
    """Compare what was acknowledged with the actual state."""
    statuses = {state.instance_id: state.runtime_status.name for state in await client.all_states()}
    ends = {instance: _end(await client.state(instance)) for instance in (*book.outcomes, *book.items)}
    effects = {name: Counter(effect.kind for effect in simulator.vm(name).effects) for name in book.vms}
    lost = [
        *checks.lost_instances(book.outcomes, ends),
        *checks.open_instances(statuses),
        *checks.untrue_outcomes(book.vms, effects),
        *checks.missing_effects(lines, MARK),
        *await _lost_messages(client, book, ends),
        *await _kept_leases(client, simulator, book),
    ]
    return Findings(
        len(statuses),
        checks.run_again(lines),
        _asked_again(book),
        lost,
        checks.repeated_after_acknowledgement(lines),
        checks.repeated_irreversible(effects),
    )


def _asked_again(book: Book) -> int:
    events = sum(sum(items.attempts.values()) - len(items.attempts) for items in book.items.values())
    return events + book.signal_attempts - book.signaled


async def _lost_messages(client: PatientClient, book: Book, ends: dict[str, End | None]) -> list[str]:
    found: list[str] = []
    for instance, items in book.items.items():
        end = ends[instance]
        if end is None or end.status != checks.COMPLETED or not isinstance(end.output, list):
            found.append(f"{instance}: its start was acknowledged, but its end is {end}")
        else:
            found += checks.lost_items(instance, items, cast("list[object]", end.output))  # pyright: ignore[reportUnknownMemberType]
    held = {account: await _number(client, EntityInstanceId(TALLY, account)) for account in book.added}
    found += checks.wrong_tallies(book.added, held)
    return found + checks.lost_signals(book.signaled, book.signal_attempts, await _number(client, SIGNALED))


async def _kept_leases(client: PatientClient, simulator: Simulator, book: Book) -> list[str]:
    """Find VMs whose lease was never released: the signal of a run that has ended was lost."""
    found: list[str] = []
    until = time.monotonic() + _SETTLE_SECONDS
    for name in book.vms:
        lease = EntityInstanceId(VM_LEASE, VmId.parse(simulator.vm(name).id).digest)
        while (holder := await _holder(client, lease)) is not None and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_SECONDS)
        if holder is not None:
            found.append(f"{name}: its lease was never released by {holder}")
    return found


async def _holder(client: PatientClient, lease: EntityInstanceId) -> str | None:
    state = cast("dict[str, str | None]", _read(await client.held_by(lease)) or {})
    return state.get("holder")


async def _number(client: PatientClient, entity: EntityInstanceId) -> int:
    return int(_read(await client.held_by(entity)) or 0)


def _read(state: Any) -> Any:
    return json.loads(state) if isinstance(state, str) and state else None


def _end(state: OrchestrationState | None) -> End | None:
    if state is None:
        return None
    if state.serialized_output is None:
        return End(state.runtime_status.name, state.failure_details.message if state.failure_details else None)
    if state.name != IMAGE_BATCH or state.runtime_status.name != checks.COMPLETED:
        return End(state.runtime_status.name, json.loads(state.serialized_output))
    result = RunResult.model_validate_json(state.serialized_output)
    return End(state.runtime_status.name, {vm.vm_id.name: str(vm.outcome) for vm in result.vms})
