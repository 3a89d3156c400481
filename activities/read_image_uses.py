"""Reads which versions of an image definition are in use by VMs and scale sets."""

from azure_clients.errors import ArmRefused
from azure_clients.image_uses import find_uses
from azure_clients.permissions_and_locks import read_permissions
from contracts.activities.image import ImageUses, ReadImageUses
from contracts.ids import Scope
from policy.rights import missing_actions, needed_to_see_uses


async def read_image_uses(request: ReadImageUses) -> ImageUses:
    """List VMs and scale sets of each subscription (3 requests each, and 1 for each further page).

    If a subscription cannot be listed completely the activity fails: an incomplete list would miss uses.
    """
    found: set[str | None] = set()
    for subscription_id in request.subscription_ids:
        await _check_list_permissions(subscription_id)
        found |= await find_uses(request.definition_id, subscription_id)
    names = sorted(name for name in found if name is not None)
    return ImageUses(versions=tuple(names), latest_used=None in found)


async def _check_list_permissions(subscription_id: str) -> None:
    """Raise ArmRefused unless listing is allowed in the whole subscription.

    With permissions on some resource groups only, Azure lists those and does not report that others are missing.
    """
    scope = Scope(subscription_id, None)
    missing = missing_actions(await read_permissions(scope) or (), needed_to_see_uses())
    if missing:
        message = f"not granted on all of {scope}, so that uses of a version may be missed; grant: "
        raise ArmRefused(403, "ActionNotGranted", message + ", ".join(missing))
