"""Scale sets of a subscription, which only show the images that they use."""

from emulators.arm.http.api import Answer, Call, Route
from emulators.arm.http.paging import page
from emulators.arm.state.store import Resource

SCALE_SETS = "Microsoft.Compute/virtualMachineScaleSets"


async def list_all(call: Call) -> Answer:
    """Scale sets of a subscription."""
    return page(call, call.world.store.listed(SCALE_SETS, call.scope), Resource.body)


ROUTES = (
    Route(
        "GET", f"/subscriptions/{{subscription}}/providers/{SCALE_SETS}", "virtualMachineScaleSets.listAll",
        f"{SCALE_SETS}/read", list_all, queries=("$skiptoken",),
    ),
)  # fmt: skip
