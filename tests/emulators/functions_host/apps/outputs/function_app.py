"""Output bindings: one message, bytes, a list, a QueueMessage, the return value, nothing, and a failure."""

import azure.functions as func

OUT = "%PREFIX%-out"
STORAGE = "AzureWebJobsStorage"

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="send/{kind}", methods=["POST"])
@app.queue_output(arg_name="out", queue_name=OUT, connection=STORAGE)  # pyright: ignore[reportUnknownMemberType]
def send(req: func.HttpRequest, out: func.Out[str]) -> str:
    kind = req.route_params["kind"]
    if kind == "one":
        out.set("single <&> ümlaut")
    if kind == "list":
        out.set(["first", "second"])  # pyright: ignore[reportArgumentType]
    if kind == "text":
        out.set(req.get_body().decode())
    if kind == "fail":
        out.set("must not be sent")
        raise RuntimeError("after setting the output")
    return kind


@app.route(route="bytes", methods=["POST"])
@app.queue_output(arg_name="out", queue_name=OUT, connection=STORAGE)  # pyright: ignore[reportUnknownMemberType]
def send_bytes(req: func.HttpRequest, out: func.Out[bytes]) -> str:
    out.set(req.get_body())
    return "sent"


@app.route(route="send/message", methods=["POST"])
@app.queue_output(arg_name="out", queue_name=OUT, connection=STORAGE)  # pyright: ignore[reportUnknownMemberType]
def send_object(req: func.HttpRequest, out: func.Out[func.QueueMessage]) -> str:
    out.set(func.QueueMessage(body="from an object"))
    return "message"


@app.route(route="nowhere", methods=["POST"])
@app.queue_output(arg_name="out", queue_name=OUT, connection="MissingConnection")  # pyright: ignore[reportUnknownMemberType]
def send_nowhere(req: func.HttpRequest, out: func.Out[str]) -> str:
    out.set("lost")
    return "never seen"
