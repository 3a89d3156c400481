"""What the demo prints at the end: each result, what was created, kept and deleted."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tools.demo.fleet import Expected
from tools.demo.fleet_view import Sight
from tools.demo.view import clock


def lines_of(vm: Expected, result: dict[str, Any], sight: Sight) -> Iterator[str]:
    """Return a line for the result, and one each for what was created, kept and deleted."""
    why = "; ".join(f"{refusal['code']}: {refusal['message']}" for refusal in result.get("refusals", []))
    if "failure" in result:
        why = f"{result['failure']['code']}: {result['failure']['message']}"
    evidence: dict[str, Any] = result.get("evidence", {})
    seconds = sum(timing["seconds"] for timing in result["timings"])
    level = f"evidence {evidence['level']}" if "level" in evidence else ""
    requests = f"{len(sight.requests(vm)):>3} ARM requests"
    yield f"  {vm.name:<6}  {result['outcome']:<11}  {clock(seconds)}  {requests}  {why or level}".rstrip()
    if "image" in result:
        yield f"          created: {_image(vm, result['image'], sight)}"
    if "rollbackSnapshot" in result:
        rollback = result["rollbackSnapshot"]
        yield f"          kept: rollback snapshot {_name(rollback['id'])} until {rollback['keepUntil'][:10]}"
    if vm.definition is not None:
        source = f"{vm.name} itself is {'as before' if sight.as_before(vm) else 'CHANGED'}"
        left = len(sight.temporary(vm))
        yield f"          deleted: {sight.gone(vm)} temporary resources, {left} still there; {source}"


def last_line(sight: Sight, results: dict[str, dict[str, Any]], seconds: float, simulated: float) -> str:
    """Sum up; what names no VM (permissions on a group, the subnet) is counted with the images, which need it."""
    counts = Counter(result["outcome"] for result in results.values())
    ended = {outcome: [m for m in sight.fleet if _outcome(results, m) == outcome] for outcome in counts}
    in_place = [len(sight.requests(vm)) for vm in ended.get("generalized", [])]
    published = len(ended.get("published", []))
    others = sum(len(sight.requests(vm)) for vm in sight.fleet if _outcome(results, vm) != "published")
    parts = [f"{sum(in_place) / len(in_place):.0f} ARM requests a VM in place"] if in_place else []
    parts += [f"{(sight.all_requests() - others) / published:.0f} an image"] if published else []
    return (
        f"demo: {counts['generalized']} generalized, {counts['published']} published, {counts['refused']} refused, "
        f"{counts['failed']} failed in {seconds:.0f} s (simulated {simulated / 60:.0f} min), "
        f"{', '.join(parts) or 'no ARM requests worth counting'}"
    )


def _image(vm: Expected, image: dict[str, Any], sight: Sight) -> str:
    regions = ", ".join(region["name"] for region in image.get("regions", []))
    validated = "validated" if image.get("validation", {}).get("passed") else "NOT validated"
    latest = [region for region, version in sight.latest_in(vm).items() if version.lower() == image["id"].lower()]
    promoted = f"promoted: latest in {', '.join(latest)}" if latest else "NOT promoted"
    return f"{vm.definition} {image['version']} in {regions}; {validated}; {promoted}"


def _outcome(results: dict[str, dict[str, Any]], vm: Expected) -> str:
    return str(results.get(vm.name, {}).get("outcome", ""))


def _name(resource_id: str) -> str:
    return resource_id.rsplit("/", 1)[1]
