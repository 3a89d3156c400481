"""The entry point of the function app: registers the blueprints. No logic."""

import azure.durable_functions as df
import azure.functions as func

from activities.registration import blueprint as activities
from orchestrators.registration import blueprint as orchestrators
from triggers import approval, cleanup, event_grid, housekeeping, http, queue, timer

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
for blueprint in (
    activities,
    orchestrators,
    queue.blueprint,
    timer.blueprint,
    event_grid.blueprint,
    http.blueprint,
    approval.blueprint,
    cleanup.blueprint,
    housekeeping.blueprint,
):
    app.register_functions(blueprint)
