"""Makes a temporary machine: a clone out of a disk of this run, or one that verifies an image."""

from azure_clients.machine_body import machine
from azure_clients.things import put_thing, read_thing, tags_of
from contracts.machine_steps import Ordered
from contracts.making_steps import MakeMachine
from policy.ownership import standing, tags_for


async def make_machine(request: MakeMachine) -> Ordered:
    """Order the machine unless it stands, and return at once (2 requests); another's of that name is a refusal."""
    found = await read_thing(request.made)
    if found is not None:
        return standing(request, tags_of(found))
    return Ordered(correlation_id=await put_thing(request.made, machine(request, tags_for(request))))
