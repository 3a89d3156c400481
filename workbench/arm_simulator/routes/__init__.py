"""Every route of the simulated API, one file per resource family."""

from workbench.arm_simulator.api import Route
from workbench.arm_simulator.routes import (
    authorization,
    disks,
    galleries,
    gallery_versions,
    images,
    network,
    operations,
    resource_lists,
    resources,
    run_commands,
    virtual_machines,
)

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
