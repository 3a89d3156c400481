"""Finds what in a scope carries a run's tag."""

from azure_clients.leftovers import list_leftovers
from contracts.made import Purpose
from contracts.sweep_steps import FindLeftovers, LeftoversFound

_MOST = 2_000


async def find_leftovers(request: FindLeftovers) -> LeftoversFound:
    """List everything of any run in the scope (1 request for each 100 to 1,000 resources).

    Things of this app come first, images last, and at most 2,000 are given: an answer must fit the engine. Whose a
    thing is, and whether it may go, is for the policy to say.
    """
    found = await list_leftovers(request.scope)
    by_use = sorted(found, key=lambda each: (each.app_name != request.app_name, each.made.purpose is Purpose.IMAGE))
    return LeftoversFound(found=tuple(by_use[:_MOST]))
