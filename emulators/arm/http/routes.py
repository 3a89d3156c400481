"""Every route of the simulated API, one file per resource family."""

from emulators.arm.authorization import routes as authorization
from emulators.arm.compute.disks import routes as disks
from emulators.arm.compute.images import routes as images
from emulators.arm.compute.run_commands import routes as run_commands
from emulators.arm.compute.vms import routes as virtual_machines
from emulators.arm.galleries import gallery_routes as galleries
from emulators.arm.galleries import version_routes as gallery_versions
from emulators.arm.http import list_routes as resource_lists
from emulators.arm.http import operation_routes as operations
from emulators.arm.http import resource_routes as resources
from emulators.arm.http.api import Route
from emulators.arm.network import routes as network

ROUTES: tuple[Route, ...] = (
    *virtual_machines.ROUTES,
    *run_commands.ROUTES,
    *operations.ROUTES,
    *authorization.ROUTES,
    *resources.ROUTES,
    *disks.ROUTES,
    *network.ROUTES,
    *resource_lists.ROUTES,
    *galleries.ROUTES,
    *gallery_versions.ROUTES,
    *images.ROUTES,
)
