"""What the worker indexed: each function with its trigger and bindings, settings resolved."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from emulators.functions_host.app_settings import AppSettings
from emulators.functions_host.errors import ConfigurationError
from emulators.functions_host.worker_protocol import RpcFunctionMetadata

type Value = object

# Prefix of the names of the functions that Durable Functions adds.
BUILT_IN = "BuiltIn__"


@dataclass(frozen=True)
class Binding:
    """One binding of a function: its kind (as in function.json), parameter name, direction and other attributes."""

    kind: str
    name: str
    is_output: bool
    attributes: Mapping[str, Value]

    def text(self, name: str) -> str | None:
        """A string attribute, or None when it is absent or empty."""
        value = self.attributes.get(name)
        return value if isinstance(value, str) and value else None

    def flag(self, name: str, default: bool) -> bool:
        """A boolean attribute."""
        value = self.attributes.get(name)
        return value if isinstance(value, bool) else default

    def texts(self, name: str) -> tuple[str, ...]:
        """An attribute that is a list of strings."""
        value = self.attributes.get(name)
        return tuple(str(item) for item in cast(list[object], value)) if isinstance(value, list) else ()


@dataclass(frozen=True)
class Function:
    """One function of the app."""

    name: str
    function_id: str
    bindings: tuple[Binding, ...]

    @property
    def trigger(self) -> Binding | None:
        """The binding that starts it; every function that the worker accepts has one."""
        return next((b for b in self.bindings if b.kind.endswith("Trigger")), None)

    @property
    def kind(self) -> str:
        """The trigger's kind, for example "queueTrigger"."""
        return self.trigger.kind if self.trigger else ""

    def inputs(self) -> tuple[Binding, ...]:
        """Inputs besides the trigger."""
        return tuple(b for b in self.bindings if not b.is_output and b is not self.trigger)

    def outputs(self) -> tuple[Binding, ...]:
        """Output bindings, `$return` included."""
        return tuple(b for b in self.bindings if b.is_output)


@dataclass(frozen=True)
class FunctionCatalog:
    """All functions of the app, in the worker's order."""

    functions: tuple[Function, ...]

    def find(self, name: str) -> Function | None:
        """A function by name; the Functions host ignores case."""
        folded = name.casefold()
        return next((f for f in self.functions if f.name.casefold() == folded), None)

    def only(self, names: Iterable[str]) -> "FunctionCatalog":
        """The functions of these names, and those that Durable Functions adds; all without a name.

        Raises:
            ConfigurationError: the app has no function of one of the names.
        """
        wanted = {name.casefold(): name for name in names}
        for folded, name in wanted.items():
            if all(f.name.casefold() != folded for f in self.functions):
                raise ConfigurationError(f"--functions: the app has no function {name!r}")
        kept = (f for f in self.functions if not wanted or f.name.casefold() in wanted or f.name.startswith(BUILT_IN))
        return FunctionCatalog(tuple(kept))

    def of_kind(self, kind: str) -> tuple[Function, ...]:
        """The functions that one kind of trigger starts."""
        return tuple(f for f in self.functions if f.kind == kind)

    def durable(self, kind: str, attribute: str) -> dict[str, Function]:
        """Durable functions by case-folded task name: the trigger's attribute, else the function's name."""
        found: dict[str, Function] = {}
        for function in self.of_kind(kind):
            trigger = function.trigger
            name = (trigger.text(attribute) if trigger else None) or function.name
            found[name.casefold()] = function
        return found


def read_catalog(metadata: Iterable[RpcFunctionMetadata], settings: AppSettings) -> FunctionCatalog:
    """Reads the worker's answer, resolves `%SETTING%` in every binding, leaves out disabled functions.

    A function is disabled by the setting `AzureWebJobs.NAME.Disabled` (or `AzureWebJobs__NAME__Disabled`).

    Raises:
        ConfigurationError: a binding names a setting that is not set, or a function has a retry policy.
    """
    enabled = (item for item in metadata if not _is_disabled(item.name, settings))
    return FunctionCatalog(tuple(_function(item, settings) for item in enabled))


def _is_disabled(name: str, settings: AppSettings) -> bool:
    value = settings.get(f"AzureWebJobs.{name}.Disabled") or settings.get(f"AzureWebJobs__{name}__Disabled") or ""
    return value.strip().lower() in ("true", "1")


def _function(item: RpcFunctionMetadata, settings: AppSettings) -> Function:
    if item.retry_options is not None:
        raise ConfigurationError(f"function {item.name}: this host has no retry policies (@app.retry)")
    bindings = tuple(_binding(cast(dict[str, Value], json.loads(raw)), settings) for raw in item.raw_bindings)
    return Function(item.name, item.function_id, bindings)


def _binding(raw: dict[str, Value], settings: AppSettings) -> Binding:
    resolved = {key: settings.resolve(value) if isinstance(value, str) else value for key, value in raw.items()}
    return Binding(
        kind=str(raw["type"]),
        name=str(raw["name"]),
        is_output=str(raw.get("direction", "in")).lower() == "out",
        attributes=resolved,
    )
