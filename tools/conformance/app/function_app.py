"""The durable app that the conformance checks run: small orchestrators, activities and entities."""

import azure.durable_functions as df
import azure.functions as func

from tools.conformance.app.entity_functions import blueprint as entity_functions
from tools.conformance.app.event_functions import blueprint as event_functions
from tools.conformance.app.task_functions import blueprint as task_functions

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
for functions in (task_functions, event_functions, entity_functions):
    app.register_functions(functions)
