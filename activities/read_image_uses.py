"""Reads which versions of an image definition are in use by machines and scale sets."""

from azure_clients.image_uses import find_uses
from contracts.image_steps import ImageUses, ReadImageUses


async def read_image_uses(request: ReadImageUses) -> ImageUses:
    """List machines and scale sets of every subscription named (2 requests each, and 1 a further page).

    One subscription that cannot be listed fails the step: half an answer must not pass for a whole one.
    """
    found: set[str | None] = set()
    for subscription_id in request.subscription_ids:
        found |= await find_uses(request.definition_id, subscription_id)
    names = sorted(name for name in found if name is not None)
    return ImageUses(versions=tuple(names), latest_used=None in found)
