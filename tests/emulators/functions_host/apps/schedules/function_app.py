"""An app with scheduled tasks: orchestrations that the engine starts again and again."""

from datetime import timedelta

import azure.durable_functions as df
import azure.functions as func
from durabletask import task
from durabletask.scheduled import ScheduleCreationOptions
from durabletask.scheduled.client import AsyncScheduledTaskClient

from tests.emulators.functions_host.recorder import record

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
app.configure_scheduled_tasks()


@app.route(route="schedule", methods=["PUT", "DELETE"])
@app.durable_client_input(client_name="client")
async def schedule(req: func.HttpRequest, client: df.DurableFunctionsClient) -> str:
    tasks = AsyncScheduledTaskClient(client)
    if req.method == "DELETE":
        await tasks.get_schedule_client("often").delete()
        return str(await tasks.get_schedule("often"))
    options = ScheduleCreationOptions(
        schedule_id="often", orchestration_name="cleanup", interval=timedelta(seconds=1), start_immediately_if_late=True
    )
    await tasks.create_schedule(options)
    found = await tasks.get_schedule("often")
    return str(found.status) if found else "none"


@app.orchestration_trigger(context_name="context")
def cleanup(context: task.OrchestrationContext, value: object) -> None:
    if not context.is_replaying:
        record(event="cleanup", id=context.instance_id)
