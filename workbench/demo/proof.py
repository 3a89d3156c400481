"""What must hold when the demo is over, and what does not: the app's word and the simulator's state compared."""

from typing import Any

from workbench.demo.fleet import REGIONS, Expected
from workbench.demo.sight import Sight

ONCE = ("armed", "deprovisioned", "sysprep", "sealed", "generalized")


def troubles_of(machine: Expected, result: dict[str, Any] | None, sight: Sight) -> list[str]:
    """Give in words what is not as it must be with one machine."""
    if result is None:
        return [f"{machine.name}: no result"]
    troubles = [] if result["outcome"] == machine.outcome else [f"{result['outcome']}, expected {machine.outcome}"]
    if machine.outcome != "generalized" and not sight.as_before(machine):
        troubles.append("the machine is not what it was before, although it must not be touched")
    troubles += _sealed(machine, sight)
    if temporary := sight.temporary(machine):
        troubles.append(f"was made for a time and is still there: {', '.join(temporary)}")
    if unnamed := sorted({*sight.kept(machine)} ^ {*result.get("made", [])}):
        troubles.append(f"stays and is not named in the result, or the other way round: {', '.join(unnamed)}")
    if machine.outcome == "generalized" and "undo" not in result:
        troubles.append("no undo snapshot")
    if machine.outcome == "published":
        troubles += _published(machine, result.get("image", {}), sight)
    return [f"{machine.name}: {trouble}" for trouble in troubles]


def _sealed(machine: Expected, sight: Sight) -> list[str]:
    workers = sight.workers(machine)
    marked = sum(worker.generalized for worker in workers)
    troubles = [] if marked == (machine.outcome != "refused") else [f"{marked} machines of it are marked generalized"]
    for worker in workers:
        counts = {kind: sum(effect.kind == kind for effect in worker.effects) for kind in ONCE}
        troubles += [f"{kind} {count} times" for kind, count in counts.items() if count > 1]
    return troubles


def _published(machine: Expected, image: dict[str, Any], sight: Sight) -> list[str]:
    troubles: list[str] = []
    if not image.get("verified", {}).get("passed"):
        troubles.append("the image was not verified")
    latest = sight.latest_in(machine)
    for region in REGIONS:
        if str(latest.get(region)).lower() != str(image.get("id")).lower():
            troubles.append(f"latest is {latest.get(region)} in {region}, not {image.get('id')}")
    return troubles
