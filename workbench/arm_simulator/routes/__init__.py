"""Every route of the simulated API, one file a family."""

from workbench.arm_simulator.api import Route
from workbench.arm_simulator.routes import authorization, operations, resources, run_commands, virtual_machines

ROUTES: tuple[Route, ...] = (
    *virtual_machines.ROUTES,
    *run_commands.ROUTES,
    *operations.ROUTES,
    *authorization.ROUTES,
    *resources.ROUTES,
)
