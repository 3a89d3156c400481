"""Every route of the emulated API, from the folder of its resource provider."""

from emulators.arm.authorization import routes as authorization
from emulators.arm.compute.disks import routes as disks
from emulators.arm.compute.images import routes as images
from emulators.arm.compute.run_commands import routes as run_commands
from emulators.arm.compute.sizes import routes as sizes
from emulators.arm.compute.vms import extension_routes, scale_sets
from emulators.arm.compute.vms import routes as virtual_machines
from emulators.arm.galleries import recycle_bin_routes
from emulators.arm.galleries import routes as galleries
from emulators.arm.galleries import version_routes as gallery_versions
from emulators.arm.http import operations
from emulators.arm.http.api import Route
from emulators.arm.network import routes as network
from emulators.arm.policies import restrictions
from emulators.arm.resources import lists, subscriptions

ROUTES: tuple[Route, ...] = (
    *virtual_machines.ROUTES,
    *extension_routes.ROUTES,
    *run_commands.ROUTES,
    *operations.ROUTES,
    *authorization.ROUTES,
    *restrictions.ROUTES,
    *subscriptions.ROUTES,
    *disks.ROUTES,
    *network.ROUTES,
    *lists.ROUTES,
    *scale_sets.ROUTES,
    *sizes.ROUTES,
    *galleries.ROUTES,
    *gallery_versions.ROUTES,
    *recycle_bin_routes.ROUTES,
    *images.ROUTES,
)
