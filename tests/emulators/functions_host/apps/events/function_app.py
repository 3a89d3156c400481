"""Event Grid functions for both schemas; an event whose subject is "fail" fails."""

import azure.functions as func

from tests.emulators.functions_host.recorder import record

app = func.FunctionApp()


@app.event_grid_trigger(arg_name="event")  # pyright: ignore[reportUnknownMemberType]
def on_event(event: func.EventGridEvent) -> None:
    record(kind=type(event).__name__, id=event.id, subject=event.subject, data=event.get_json())
    if event.subject == "fail":
        raise RuntimeError("asked to fail")


@app.event_grid_trigger(arg_name="event")  # pyright: ignore[reportUnknownMemberType]
def on_cloud_event(event: func.CloudEvent) -> None:
    record(kind=type(event).__name__, id=event.id, type=event.type, data=event.get_json())


@app.route(route="other")
def not_an_event(req: func.HttpRequest) -> str:
    return "http"
