"""The layer rules: which packages and libraries each package may import, and which names it may not use."""

from dataclasses import dataclass

# Modules with the same results on every replay; a pure package may use nothing else of the standard library.
PURE = frozenset(
    {
        *("abc", "collections", "contextlib", "dataclasses", "datetime", "enum", "functools", "hashlib", "itertools"),
        *("json", "logging", "math", "operator", "re", "string", "textwrap", "types", "typing"),
    }
)
CLOCK_AND_RANDOM = (
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"),
    *("time", "random", "secrets", "uuid.uuid1", "uuid.uuid4", "os"),
)
HIDDEN_IMPORTS = ("open", "exec", "eval", "compile", "__import__", "importlib", "breakpoint", "input")
SLEEP = ("time.sleep", "asyncio.sleep")
ENVIRONMENT = ("os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "os.unsetenv")


@dataclass(frozen=True)
class Package:
    """A package: our packages and the libraries it may import, its standard library, the names it may not use."""

    imports: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    standard: frozenset[str] | None = None
    never: tuple[str, ...] = ENVIRONMENT


PRODUCT = {
    "function_app": Package(
        ("activities", "orchestrators", "triggers"), ("azure.durable_functions", "azure.functions")
    ),
    "settings": Package(("contracts",), ("pydantic",), never=()),
    "triggers": Package(
        ("contracts", "settings"), ("azure.durable_functions", "azure.functions", "cronsim", "durabletask", "grpc")
    ),
    "orchestrators": Package(
        ("contracts", "policy"), ("azure.durable_functions", "durabletask"), PURE, (*CLOCK_AND_RANDOM, *HIDDEN_IMPORTS)
    ),
    "activities": Package(
        ("azure_clients", "contracts", "guest", "policy"),
        ("azure.durable_functions", "azure.functions", "durabletask"),
        never=(*ENVIRONMENT, *SLEEP, "__import__", "importlib"),
    ),
    "azure_clients": Package(
        ("contracts", "settings"),
        ("aiohttp", "azure.core", "azure.identity", "azure.keyvault.secrets", "azure.mgmt.compute"),
        never=(*ENVIRONMENT, *SLEEP),
    ),
    "policy": Package(("contracts",), (), PURE, (*CLOCK_AND_RANDOM, *HIDDEN_IMPORTS)),
    "contracts": Package((), ("pydantic", "pydantic_core"), never=(*ENVIRONMENT, *HIDDEN_IMPORTS)),
    "guest": Package(),
}
_ENGINE = ("durabletask", "google.protobuf", "grpc")
WORKBENCH = {
    "workbench": Package(never=()),
    "workbench.arm_simulator": Package(("workbench.guest_sandbox",), ("aiohttp", "trustme"), never=()),
    "workbench.azurite_server": Package(never=()),
    "workbench.functions_host": Package(
        ("workbench.task_hub", "workbench.timed_engine"),
        (
            *("aiohttp", "azure.core", "azure.storage.queue", "azure_functions_runtime", "cronsim", "multidict"),
            *("yarl", *_ENGINE),
        ),
        never=(),
    ),
    "workbench.guest_sandbox": Package(never=()),
    "workbench.task_hub": Package(("workbench.timed_engine",), _ENGINE, never=()),
    "workbench.timed_engine": Package((), _ENGINE, never=()),
    "workbench.kill_test": Package(
        (
            *("activities", "azure_clients", "contracts", "orchestrators", "settings"),
            *("workbench.arm_simulator", "workbench.task_hub", "workbench.timed_engine"),
        ),
        ("azure.durable_functions", "azure.functions", *_ENGINE),
        never=(),
    ),
    "workbench.fault_matrix": Package(
        (
            *("azure_clients", "contracts", "settings"),
            *("workbench.arm_simulator", "workbench.kill_test", "workbench.task_hub", "workbench.timed_engine"),
        ),
        ("durabletask",),
        never=(),
    ),
    "workbench.published": Package(("contracts", "guest", "policy", "settings"), (), never=()),
    "workbench.demo": Package(
        (
            *("contracts", "workbench.arm_simulator", "workbench.azurite_server", "workbench.functions_host"),
            *("workbench.guest_sandbox", "workbench.task_hub", "workbench.timed_engine"),
        ),
        ("aiohttp", "azure.core", "azure.storage.queue", "rich"),
        never=(),
    ),
}
REAL_ENGINE = {
    "workbench.conformance": Package(
        ("workbench.azurite_server", "workbench.functions_host", "workbench.task_hub", "workbench.timed_engine"),
        ("aiohttp", "azure.durable_functions", "azure.functions", *_ENGINE),
        never=(),
    ),
    "workbench.real_engine": Package(
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
PACKAGES = PRODUCT | WORKBENCH | REAL_ENGINE
FREE = ("benchmarks", "tests")
"""Packages that may use everything, and that no other package may use."""


def room_of(module: str) -> str:
    """Return the package of a module (dotted) or file (with "/") of the project; it need not have a rule."""
    parts = module.removesuffix(".py").replace("/", ".").split(".")
    if parts[0] == "workbench" and len(parts) > 1 and parts[1] != "__init__":
        return ".".join(parts[:2])
    return parts[0]


def in_product(file: str) -> bool:
    """Return whether a file is deployed to Azure."""
    return room_of(file) in PRODUCT


def under(module: str, names: tuple[str, ...]) -> str | None:
    """Return the name that is the module or one of its parents."""
    return next((name for name in names if module == name or module.startswith(name + ".")), None)
