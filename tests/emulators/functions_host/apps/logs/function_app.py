"""A synchronous and an asynchronous function that log."""

import logging

import azure.functions as func

_audit = logging.getLogger("my.audit")
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="sync", methods=["GET"])
def sync_log(req: func.HttpRequest, context: func.Context) -> str:
    _audit.info("from sync")
    return context.invocation_id


@app.route(route="async", methods=["GET"])
async def async_log(req: func.HttpRequest, context: func.Context) -> str:
    _audit.info("from async")
    return context.invocation_id
