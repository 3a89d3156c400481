"""Stands in for hundreds of requests: runs of the product's name that end at once, with an output of a given length."""

import azure.durable_functions as df
import azure.functions as func
from durabletask import task

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.orchestration_trigger(context_name="context")
def image_batch(context: task.OrchestrationContext, characters: int) -> str:
    """Return a text of so many characters."""
    return "x" * characters
