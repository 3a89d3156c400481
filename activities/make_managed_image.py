"""Orders a managed image out of a generalized machine."""

from azure_clients.image_bodies import managed_image
from azure_clients.things import put_thing, read_thing, tags_of
from contracts.image_steps import MakeManagedImage
from contracts.machine_steps import Ordered
from policy.ownership import standing, tags_for


async def make_managed_image(request: MakeManagedImage) -> Ordered:
    """Begin and return at once (2 requests); an image of this name that is not this run's is never written over."""
    there = await read_thing(request.made)
    if there is not None:
        return standing(request, tags_of(there))
    return Ordered(correlation_id=await put_thing(request.made, managed_image(request, tags_for(request))))
