"""Adds the function and the invocation to each log record."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[tuple[str, str] | None] = ContextVar("functions_host_invocation", default=None)
# Synchronous functions run on a pool thread without this context; the library sets the invocation's id there.
_running: dict[str, str] = {}


@contextmanager
def in_invocation(invocation_id: str, function_name: str) -> Generator[None]:
    """Marks the records written inside as those of one invocation."""
    token = _current.set((invocation_id, function_name))
    _running[invocation_id] = function_name
    try:
        yield
    finally:
        _running.pop(invocation_id, None)
        _current.reset(token)


def current_invocation() -> tuple[str, str] | None:
    """Invocation id and function name of the code that runs now, or None outside of functions."""
    found = _current.get()
    if found is not None:
        return found
    from azure_functions_runtime import invocation_id_cv  # pyright: ignore[reportMissingTypeStubs]

    invocation_id: str | None = invocation_id_cv.get()
    return (invocation_id, _running.get(invocation_id, "")) if invocation_id else None


# Lines of these loggers are not the app's; the names are the host's and the worker library's.
_NOT_USERS = ("functions_host", "azure_functions_runtime", "azure_functions_worker", "azure.functions")


class InvocationFilter(logging.Filter):
    """Sets `invocation_id`, `function_name`, `invocation` (" [name id]" or empty) and `category` on every record.

    What an app logs in a function has the category `Function.<function>.User`: **the name of its logger is lost**, as
    it is between Azure's worker and Azure's host. Outside of functions Azure's host writes no such line at all;
    here it keeps its logger's name.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Always lets the record through."""
        found = current_invocation()
        invocation_id, function_name = found or ("", "")
        record.__dict__["invocation_id"] = invocation_id
        record.__dict__["function_name"] = function_name
        record.__dict__["invocation"] = f" [{function_name} {invocation_id}]" if found else ""
        is_users = found is not None and not record.name.startswith(_NOT_USERS)
        record.__dict__["category"] = f"Function.{function_name}.User" if is_users else record.name
        return True


_LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "information": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "none": logging.CRITICAL + 10,
}


def configure_logging(level: str) -> None:
    """Sends the process's log to standard error; `level` is a .NET log level as host.json writes it."""
    handler = logging.StreamHandler()
    handler.addFilter(InvocationFilter())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(category)s%(invocation)s: %(message)s"))
    logging.basicConfig(level=_LEVELS.get(level.lower(), logging.INFO), handlers=[handler], force=True)
    # Libraries of the host that write a line for each request.
    for chatty in ("azure.core", "azure.durable_functions", "azure.functions", "aiohttp.access", "durabletask", "grpc"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
