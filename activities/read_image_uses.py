"""Reads which versions of an image definition are in use by machines and scale sets."""

from azure_clients.errors import ArmRefused
from azure_clients.image_uses import find_uses
from azure_clients.surroundings import read_permissions
from contracts.ids import Scope
from contracts.image_steps import ImageUses, ReadImageUses
from policy.rights import missing_actions, needed_to_see_uses


async def read_image_uses(request: ReadImageUses) -> ImageUses:
    """List machines and scale sets of every subscription named (3 requests each, and 1 a further page).

    One subscription that cannot be listed whole fails the step: half an answer must not pass for a whole one.
    """
    found: set[str | None] = set()
    for subscription_id in request.subscription_ids:
        await _see_all_is_shown(subscription_id)
        found |= await find_uses(request.definition_id, subscription_id)
    names = sorted(name for name in found if name is not None)
    return ImageUses(versions=tuple(names), latest_used=None in found)


async def _see_all_is_shown(subscription_id: str) -> None:
    """Raise ArmRefused unless the rights to list hold for the whole subscription.

    With rights on some resource groups alone Azure lists what is in those, and says nothing of the others.
    """
    scope = Scope(subscription_id, None)
    missing = missing_actions(await read_permissions(scope) or (), needed_to_see_uses())
    if missing:
        message = f"not granted on the whole of {scope}, so that what uses a version may not be seen: "
        raise ArmRefused(403, "ActionNotGranted", message + ", ".join(missing))
