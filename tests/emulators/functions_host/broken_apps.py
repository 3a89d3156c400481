"""Sources of apps that cannot be started: written to a folder by tests, so that no tool trips over them."""

from pathlib import Path

SYNTAX = {
    "function_app.py": '''"""An app with a syntax error."""

import azure.functions as func

app = func.FunctionApp()

def broken(:
    pass
'''
}

DEEP_IMPORT = {
    "function_app.py": '''"""An app whose blueprint fails."""

import azure.functions as func
from deeper import blueprint

app = func.FunctionApp()
app.register_functions(blueprint)
''',
    "deeper.py": '''"""Fails on import."""

import azure.functions as func

blueprint = func.Blueprint()
limit = int("not a number")
''',
}

GENERIC_ANNOTATION = {
    "function_app.py": '''"""An app whose activity has an annotation that the indexer refuses."""

from typing import Any

import azure.durable_functions as df

app = df.DFApp()


@app.activity_trigger(input_name="request")
def generic(request: dict[str, Any]) -> str:
    return str(request)
'''
}

SAME_NAME_TWICE = {
    "function_app.py": '''"""An app that registers one name twice."""

import azure.functions as func

app = func.FunctionApp()


@app.route(route="a")
def same(req: func.HttpRequest) -> str:
    return "a"


@app.route(route="b")
@app.function_name("same")
def other(req: func.HttpRequest) -> str:
    return "b"
'''
}

EXITS = {"function_app.py": '"""An app that exits on import."""\n\nimport sys\n\nsys.exit("no licence")\n'}

RETRIES = {
    "function_app.py": '''"""An app with a retry policy."""

import azure.functions as func

app = func.FunctionApp()


@app.timer_trigger(arg_name="timer", schedule="0 */5 * * * *")
@app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:10")
def flaky(timer: func.TimerRequest) -> None:
    raise ValueError("again")
'''
}


def write_app(folder: Path, files: dict[str, str]) -> Path:
    """Writes an app and returns its folder."""
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return folder
