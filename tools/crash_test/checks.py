"""Checks what was observed from outside: pure functions from observations to a list of violations."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tools.crash_test.book import Items
from tools.crash_test.journal import Line

IRREVERSIBLE = ("requested", "waagent", "sysprep", "deprovisioned", "generalized")
COMPLETED = "COMPLETED"


@dataclass(frozen=True)
class End:
    """What the hub reports of an instance: its status, and its output in the form that is expected."""

    status: str
    output: object = None


def lost_instances(promised: Mapping[str, object], ends: Mapping[str, End | None]) -> list[str]:
    """Find instances whose start was acknowledged and that are unknown, not completed, or have another output."""
    found: list[str] = []
    for instance, output in promised.items():
        end = ends.get(instance)
        if end is None:
            found.append(f"{instance}: its start was acknowledged, but the hub does not know it")
        elif end.status != COMPLETED:
            found.append(f"{instance}: is {end.status}, not {COMPLETED}: {end.output!r}")
        elif end.output != output:
            found.append(f"{instance}: returned {end.output!r} instead of {output!r}")
    return found


def open_instances(statuses: Mapping[str, str]) -> list[str]:
    """Find instances of any kind, also those that others started, that have not completed."""
    return [f"{instance}: is {status}" for instance, status in statuses.items() if status != COMPLETED]


def lost_items(instance: str, items: Items, received: Iterable[object]) -> list[str]:
    """Find acknowledged events that were not received, or came more often than they were sent.

    Their order is not guaranteed: messages that a killed host had taken are hidden for a while.
    """
    counts = Counter(received)
    found = [
        f"{instance}: event {item} was acknowledged and is lost" for item in items.acknowledged if not counts[item]
    ]
    for item, count in counts.items():
        if not isinstance(item, int) or count > items.attempts.get(item, 0):
            found.append(f"{instance}: event {item!r} was received {count} times, more often than it was sent")
    return found


def wrong_tallies(added: Mapping[str, int], held: Mapping[str, int]) -> list[str]:
    """Find tallies that do not hold exactly what completed orchestrations added."""
    return [
        f"tally {name}: holds {held.get(name, 0)} instead of {count}"
        for name, count in added.items()
        if held.get(name, 0) != count
    ]


def lost_signals(acknowledged: int, attempts: int, held: int) -> list[str]:
    """Find signals that were acknowledged and never processed, or processed more often than they were sent."""
    if acknowledged <= held <= attempts:
        return []
    return [f"signals: {acknowledged} were acknowledged, {attempts} sent, {held} ran"]


def repeated_after_acknowledgement(lines: Iterable[Line]) -> list[str]:
    """Find activities that were begun again, or completed again, after the hub had acknowledged their completion."""
    acknowledged: set[tuple[str, str, int]] = set()
    found: list[str] = []
    for line in lines:
        key = (line.instance, line.execution, line.task)
        if line.kind == "effect":
            continue
        if key in acknowledged:
            found.append(f"{line.instance} task {line.task} ({line.name}): {line.kind} again after its acknowledgement")
        elif line.kind == "acknowledged":
            acknowledged.add(key)
    return found


def missing_effects(lines: Iterable[Line], name: str) -> list[str]:
    """Find activities of this name whose completion was acknowledged, and which never had their effect."""
    effects: Counter[tuple[str, int]] = Counter()
    acknowledged: Counter[tuple[str, int]] = Counter()
    for line in lines:
        if line.name == name and line.kind != "begun":
            (effects if line.kind == "effect" else acknowledged)[line.instance, line.task] += 1
    return [
        f"{instance} task {task} ({name}): acknowledged {count} times, took place {effects[instance, task]} times"
        for (instance, task), count in acknowledged.items()
        if effects[instance, task] < count
    ]


def run_again(lines: Iterable[Line]) -> int:
    """Count how often an activity was begun again: this is the cost of kills, and not a violation."""
    begun = Counter((line.instance, line.execution, line.task) for line in lines if line.kind == "begun")
    return begun.total() - len(begun)


def repeated_irreversible(effects: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Find VMs (by name, with the count of each kind of effect) on which something irreversible was done twice."""
    return [
        f"{name}: {kind} {counts[kind]} times"
        for name, counts in effects.items()
        for kind in IRREVERSIBLE
        if counts.get(kind, 0) > 1
    ]


def untrue_outcomes(outcomes: Mapping[str, str], effects: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Find VMs that must be generalized and are not, or must be unchanged and are not."""
    found: list[str] = []
    for name, outcome in outcomes.items():
        done = [kind for kind in IRREVERSIBLE if effects.get(name, {}).get(kind, 0)]
        if outcome == "generalized" and not {"requested", "generalized"} <= set(done):
            found.append(f"{name}: must be generalized, but has only these effects: {', '.join(done) or 'nothing'}")
        if outcome == "refused" and done:
            found.append(f"{name}: must be unchanged, but has these effects: {', '.join(done)}")
    return found
