"""Output bindings: text, bytes, a failure, and a connection that nobody set."""

import azure.functions as func

OUT = "%PREFIX%-out"
STORAGE = "AzureWebJobsStorage"

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="text", methods=["POST"])
@app.queue_output(arg_name="out", queue_name=OUT, connection=STORAGE)  # pyright: ignore[reportUnknownMemberType]
def send_text(req: func.HttpRequest, out: func.Out[str]) -> str:
    text = req.get_body().decode()
    if text:
        out.set(text.split(",") if text.startswith("list") else text)  # pyright: ignore[reportArgumentType]
    if text == "fail":
        raise RuntimeError("after setting the output")
    return "sent"


@app.route(route="bytes", methods=["POST"])
@app.queue_output(arg_name="out", queue_name=OUT, connection=STORAGE)  # pyright: ignore[reportUnknownMemberType]
def send_bytes(req: func.HttpRequest, out: func.Out[bytes]) -> str:
    out.set(req.get_body())
    return "sent"


@app.route(route="nowhere", methods=["POST"])
@app.queue_output(arg_name="out", queue_name=OUT, connection="MissingConnection")  # pyright: ignore[reportUnknownMemberType]
def send_nowhere(req: func.HttpRequest, out: func.Out[str]) -> str:
    out.set("lost")
    return "never seen"
