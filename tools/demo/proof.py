"""Checks the end of the demo: compares the app's results with the simulator's state."""

from typing import Any

from tools.demo.fleet import REGIONS, Expected
from tools.demo.fleet_view import Sight

ONCE = ("requested", "waagent", "sysprep", "deprovisioned", "generalized")


def problems_of(vm: Expected, result: dict[str, Any] | None, sight: Sight) -> list[str]:
    """Return a message for everything that is not as expected with one VM."""
    if result is None:
        return [f"{vm.name}: no result"]
    problems = [] if result["outcome"] == vm.outcome else [f"{result['outcome']}, expected {vm.outcome}"]
    if vm.outcome != "generalized" and not sight.as_before(vm):
        problems.append("the VM has changed, although it must not be touched")
    problems += _deprovisioned(vm, sight)
    if temporary := sight.temporary(vm):
        problems.append(f"temporary and not deleted: {', '.join(temporary)}")
    if unnamed := sorted({*sight.kept(vm)} ^ {*result.get("createdResources", [])}):
        problems.append(f"exists and is not named in the result, or is named and does not exist: {', '.join(unnamed)}")
    if vm.outcome == "generalized" and "rollbackSnapshot" not in result:
        problems.append("no rollback snapshot")
    if vm.outcome == "published":
        problems += _published(vm, result.get("image", {}), sight)
    return [f"{vm.name}: {problem}" for problem in problems]


def _deprovisioned(vm: Expected, sight: Sight) -> list[str]:
    workers = sight.workers(vm)
    marked = sum(worker.generalized for worker in workers)
    problems = [] if marked == (vm.outcome != "refused") else [f"{marked} of its VMs are marked generalized"]
    for worker in workers:
        counts = {kind: sum(effect.kind == kind for effect in worker.effects) for kind in ONCE}
        problems += [f"{kind} {count} times" for kind, count in counts.items() if count > 1]
    return problems


def _published(vm: Expected, image: dict[str, Any], sight: Sight) -> list[str]:
    problems: list[str] = []
    if not image.get("validation", {}).get("passed"):
        problems.append("the image was not validated")
    latest = sight.latest_in(vm)
    for region in REGIONS:
        if str(latest.get(region)).lower() != str(image.get("id")).lower():
            problems.append(f"latest is {latest.get(region)} in {region}, not {image.get('id')}")
    return problems
