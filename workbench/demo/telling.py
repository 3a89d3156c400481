"""What the demo tells when all is over: each result, what was made of it, what stays and what is gone."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from workbench.demo.fleet import Expected
from workbench.demo.sight import Sight
from workbench.demo.view import clock


def lines_of(machine: Expected, result: dict[str, Any], sight: Sight) -> Iterator[str]:
    """Give a line for the result, and one each for what was made, kept and unmade."""
    why = "; ".join(f"{refusal['code']}: {refusal['message']}" for refusal in result.get("refusals", []))
    if "failure" in result:
        why = f"{result['failure']['code']}: {result['failure']['message']}"
    evidence: dict[str, Any] = result.get("evidence", {})
    seconds = sum(timing["seconds"] for timing in result["timings"])
    level = f"evidence {evidence['level']}" if "level" in evidence else ""
    requests = f"{len(sight.requests(machine)):>3} ARM requests"
    yield f"  {machine.name:<6}  {result['outcome']:<11}  {clock(seconds)}  {requests}  {why or level}".rstrip()
    if "image" in result:
        yield f"          made: {_image(machine, result['image'], sight)}"
    if "undo" in result:
        undo = result["undo"]
        yield f"          kept: undo snapshot {_name(undo['id'])} until {undo['keepUntil'][:10]}"
    if machine.definition is not None:
        source = f"{machine.name} itself is {'as before' if sight.as_before(machine) else 'CHANGED'}"
        left = len(sight.temporary(machine))
        yield f"          gone: {sight.gone(machine)} things made for a time, {left} left; {source}"


def last_line(sight: Sight, results: dict[str, dict[str, Any]], seconds: float, simulated: float) -> str:
    """Sum up; what names no machine (rights on a group, the subnet) is counted to the images, which need it."""
    counts = Counter(result["outcome"] for result in results.values())
    ended = {outcome: [m for m in sight.fleet if _outcome(results, m) == outcome] for outcome in counts}
    in_place = [len(sight.requests(machine)) for machine in ended.get("generalized", [])]
    published = len(ended.get("published", []))
    others = sum(len(sight.requests(machine)) for machine in sight.fleet if _outcome(results, machine) != "published")
    parts = [f"{sum(in_place) / len(in_place):.0f} ARM requests a machine in place"] if in_place else []
    parts += [f"{(sight.all_requests() - others) / published:.0f} an image"] if published else []
    return (
        f"demo: {counts['generalized']} generalized, {counts['published']} published, {counts['refused']} refused, "
        f"{counts['failed']} failed in {seconds:.0f} s (simulated {simulated / 60:.0f} min), "
        f"{', '.join(parts) or 'no ARM requests worth counting'}"
    )


def _image(machine: Expected, image: dict[str, Any], sight: Sight) -> str:
    regions = ", ".join(region["name"] for region in image.get("regions", []))
    verified = "verified" if image.get("verified", {}).get("passed") else "NOT verified"
    latest = [region for region, version in sight.latest_in(machine).items() if version.lower() == image["id"].lower()]
    promoted = f"promoted: latest in {', '.join(latest)}" if latest else "NOT promoted"
    return f"{machine.definition} {image['version']} in {regions}; {verified}; {promoted}"


def _outcome(results: dict[str, dict[str, Any]], machine: Expected) -> str:
    return str(results.get(machine.name, {}).get("outcome", ""))


def _name(resource_id: str) -> str:
    return resource_id.rsplit("/", 1)[1]
