"""The table of rooms: which rooms and third-party doors each may use, and what none of its lines may name."""

from dataclasses import dataclass

# What gives the same answer on every replay: everything else of the standard library is closed to a pure room.
PURE = frozenset(
    {
        *("abc", "collections", "contextlib", "dataclasses", "datetime", "enum", "functools", "hashlib", "itertools"),
        *("json", "logging", "math", "operator", "re", "string", "textwrap", "types", "typing"),
    }
)
CLOCK_AND_CHANCE = (
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"),
    *("time", "random", "secrets", "uuid.uuid1", "uuid.uuid4", "os"),
)
HIDDEN_DOORS = ("open", "exec", "eval", "compile", "__import__", "importlib", "breakpoint", "input")
SLEEP = ("time.sleep", "asyncio.sleep")
ENVIRONMENT = ("os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "os.unsetenv")


@dataclass(frozen=True)
class Room:
    """One room: the rooms and third-party modules it may import, its standard library, the names it may not use."""

    rooms: tuple[str, ...] = ()
    doors: tuple[str, ...] = ()
    standard: frozenset[str] | None = None
    never: tuple[str, ...] = ENVIRONMENT


PRODUCT = {
    "function_app": Room(("activities", "orchestrators", "triggers"), ("azure.durable_functions", "azure.functions")),
    "settings": Room(("contracts",), ("pydantic",), never=()),
    "triggers": Room(
        ("contracts", "settings"), ("azure.durable_functions", "azure.functions", "cronsim", "durabletask", "grpc")
    ),
    "orchestrators": Room(
        ("contracts", "policy"), ("azure.durable_functions", "durabletask"), PURE, (*CLOCK_AND_CHANCE, *HIDDEN_DOORS)
    ),
    "activities": Room(
        ("azure_clients", "contracts", "guest", "policy"),
        ("azure.durable_functions", "azure.functions", "durabletask"),
        never=(*ENVIRONMENT, *SLEEP, "__import__", "importlib"),
    ),
    "azure_clients": Room(
        ("contracts", "settings"),
        ("aiohttp", "azure.core", "azure.identity", "azure.keyvault.secrets", "azure.mgmt.compute"),
        never=(*ENVIRONMENT, *SLEEP),
    ),
    "policy": Room(("contracts",), (), PURE, (*CLOCK_AND_CHANCE, *HIDDEN_DOORS)),
    "contracts": Room((), ("pydantic", "pydantic_core"), never=(*ENVIRONMENT, *HIDDEN_DOORS)),
    "guest": Room(),
}
_ENGINE = ("durabletask", "google.protobuf", "grpc")
WORKBENCH = {
    "workbench": Room(never=()),
    "workbench.arm_simulator": Room(("workbench.guest_sandbox",), ("aiohttp", "trustme"), never=()),
    "workbench.azurite_server": Room(never=()),
    "workbench.functions_host": Room(
        ("workbench.task_hub", "workbench.timed_engine"),
        (
            *("aiohttp", "azure.core", "azure.storage.queue", "azure_functions_runtime", "cronsim", "multidict"),
            *("yarl", *_ENGINE),
        ),
        never=(),
    ),
    "workbench.guest_sandbox": Room(never=()),
    "workbench.task_hub": Room(("workbench.timed_engine",), _ENGINE, never=()),
    "workbench.timed_engine": Room((), _ENGINE, never=()),
    "workbench.kill_test": Room(
        (
            *("activities", "azure_clients", "contracts", "orchestrators", "settings"),
            *("workbench.arm_simulator", "workbench.task_hub", "workbench.timed_engine"),
        ),
        ("azure.durable_functions", "azure.functions", *_ENGINE),
        never=(),
    ),
    "workbench.fault_matrix": Room(
        (
            *("azure_clients", "contracts", "settings"),
            *("workbench.arm_simulator", "workbench.kill_test", "workbench.task_hub", "workbench.timed_engine"),
        ),
        ("durabletask",),
        never=(),
    ),
    "workbench.published": Room(("contracts", "guest", "policy", "settings"), (), never=()),
    "workbench.demo": Room(
        (
            *("contracts", "workbench.arm_simulator", "workbench.azurite_server", "workbench.functions_host"),
            *("workbench.guest_sandbox", "workbench.task_hub", "workbench.timed_engine"),
        ),
        ("aiohttp", "azure.core", "azure.storage.queue", "rich"),
        never=(),
    ),
}
REAL_ENGINE = {
    "workbench.conformance": Room(
        ("workbench.azurite_server", "workbench.functions_host", "workbench.task_hub", "workbench.timed_engine"),
        ("aiohttp", "azure.durable_functions", "azure.functions", *_ENGINE),
        never=(),
    ),
    "workbench.real_engine": Room(
        (
            *("workbench.arm_simulator", "workbench.azurite_server", "workbench.conformance", "workbench.demo"),
            *("workbench.functions_host", "contracts"),
        ),
        (
            *("aiohttp", "azure.core", "azure.durable_functions", "azure.functions", "azure.storage.queue"),
            *_ENGINE,
        ),
        never=(),
    ),
}
ROOMS = PRODUCT | WORKBENCH | REAL_ENGINE
FREE = ("benchmarks", "tests")
"""Rooms that may use everything, and that no room may use."""


def room_of(module: str) -> str:
    """Give the room in which a module (dotted) or file (with "/") of ours stands; it need not be in the table."""
    parts = module.removesuffix(".py").replace("/", ".").split(".")
    if parts[0] == "workbench" and len(parts) > 1 and parts[1] != "__init__":
        return ".".join(parts[:2])
    return parts[0]


def in_product(file: str) -> bool:
    """Say whether a file belongs to what Azure runs."""
    return room_of(file) in PRODUCT


def under(module: str, names: tuple[str, ...]) -> str | None:
    """Give the name that is the module or one of its parents."""
    return next((name for name in names if module == name or module.startswith(name + ".")), None)
