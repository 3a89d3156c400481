"""Answers with a setting, on a route that a setting names."""

import os

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="%ROUTE%", methods=["GET"])
def greet(req: func.HttpRequest) -> str:
    return os.environ["GREETING"]
