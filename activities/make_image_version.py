"""Orders an image version out of a machine."""

from azure_clients.image_bodies import image_version
from azure_clients.things import put_thing, read_thing, tags_of
from contracts.image_steps import ImageVersionOrdered, MakeImageVersion
from policy.ownership import standing, tags_for


async def make_image_version(request: MakeImageVersion) -> ImageVersionOrdered:
    """Begin and return at once (2 requests); the name is looked up first.

    A version of this name that carries this run's tag is this very order; any other is `taken`, and never written
    over: a PUT upon it would change somebody's image.
    """
    there = await read_thing(request.made)
    if there is not None:
        ours = standing(request, tags_of(there)).already
        return ImageVersionOrdered(already=ours, taken=not ours)
    correlation_id = await put_thing(request.made, image_version(request, tags_for(request)))
    return ImageVersionOrdered(correlation_id=correlation_id)
