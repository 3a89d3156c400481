"""Runs an Azure Functions app (Python v2 model, durable 2.x) without the .NET host."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulators.functions_host.clock import ManualClock
    from emulators.functions_host.engines import Engine, SqliteEngine
    from emulators.functions_host.errors import AppLoadError, ConfigurationError, HostError
    from emulators.functions_host.extension_engine import ExtensionEngine
    from emulators.functions_host.host import FunctionsHost
    from emulators.functions_host.host_options import HostOptions
    from emulators.functions_host.host_process import HostProcess

# Imported on first use: a program that only starts a `HostProcess` does not load gRPC and the storage SDK (1.5 s).
_HOMES = {
    "AppLoadError": "errors",
    "ConfigurationError": "errors",
    "Engine": "engines",
    "ExtensionEngine": "extension_engine",
    "FunctionsHost": "host",
    "HostError": "errors",
    "HostOptions": "host_options",
    "HostProcess": "host_process",
    "ManualClock": "clock",
    "SqliteEngine": "engines",
}

__all__ = [
    "AppLoadError",
    "ConfigurationError",
    "Engine",
    "ExtensionEngine",
    "FunctionsHost",
    "HostError",
    "HostOptions",
    "HostProcess",
    "ManualClock",
    "SqliteEngine",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
