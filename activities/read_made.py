"""Looks at a thing that this run asked for."""

from azure_clients.things import properties_of, read_thing, tags_of
from contracts.making_steps import MadeRead, ReadMade
from policy.ownership import name_taken, why_not_ours


async def read_made(request: ReadMade) -> MadeRead:
    """Read its provisioning state (1 request); None: it is not there. One that is not this run's is a refusal."""
    found = await read_thing(request.made)
    if found is None:
        return MadeRead()
    tags, properties = tags_of(found), properties_of(found)
    if why_not_ours(request.made, request.run_id, tags, str(found.get("managedBy") or "")) is not None:
        return MadeRead(refusal=name_taken(request.made, tags))
    progress = properties.get("completionPercent")
    return MadeRead(
        provisioning_state=str(properties.get("provisioningState", "")),
        progress=None if progress is None else float(progress),
    )
