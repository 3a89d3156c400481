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
        ("azure_clients", "contracts", "guest", "policy", "settings"),
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
EMULATORS = {
    "emulators": Package(never=()),
    "emulators.arm": Package(("emulators.guest",), ("aiohttp", "trustme"), never=()),
    "emulators.azurite": Package(never=()),
    "emulators.functions_host": Package(
        ("emulators.task_hub",),
        (
            *("aiohttp", "azure.core", "azure.storage.queue", "azure_functions_runtime", "cronsim", "multidict"),
            *("yarl", *_ENGINE),
        ),
        never=(),
    ),
    "emulators.guest": Package(never=()),
    "emulators.task_hub": Package((), _ENGINE, never=()),
}
TOOLS = {
    "tools": Package(never=()),
    "tools.rig": Package(
        (
            *("activities", "azure_clients", "contracts", "orchestrators", "settings"),
            *("emulators.arm", "emulators.functions_host", "emulators.task_hub"),
        ),
        (
            *("aiohttp", "azure.core", "azure.durable_functions", "azure.functions", "azure.storage.queue"),
            *_ENGINE,
        ),
        never=(),
    ),
    "tools.crash_test": Package(
        ("contracts", "emulators.arm", "emulators.task_hub", "tools.rig"),
        ("azure.durable_functions", *_ENGINE),
        never=(),
    ),
    "tools.fault_injection": Package(
        ("contracts", "emulators.arm", "emulators.task_hub", "tools.crash_test", "tools.rig"),
        ("durabletask",),
        never=(),
    ),
    "tools.mutants": Package(never=()),
    "tools.docgen": Package(("contracts", "guest", "policy", "settings"), (), never=()),
    "tools.demo": Package(
        ("contracts", "emulators.arm", "emulators.azurite", "emulators.guest", "tools.rig"),
        ("aiohttp", "rich"),
        never=(),
    ),
    "tools.conformance": Package(
        ("emulators.azurite", "emulators.functions_host", "emulators.task_hub"),
        ("aiohttp", "azure.durable_functions", "azure.functions", *_ENGINE),
        never=(),
    ),
    "tools.real_engine": Package(
        (
            *("emulators.arm", "emulators.azurite", "tools.conformance", "tools.demo", "tools.rig"),
            *("emulators.functions_host", "contracts"),
        ),
        ("aiohttp", "azure.core", "azure.durable_functions", "azure.functions", *_ENGINE),
        never=(),
    ),
}
PACKAGES = PRODUCT | EMULATORS | TOOLS
FREE = ("benchmarks", "tests")
"""Packages that may use everything, and that no other package may use."""


def room_of(module: str) -> str:
    """Return the package of a module (dotted) or file (with "/") of the project; it need not have a rule."""
    parts = module.removesuffix(".py").replace("/", ".").split(".")
    if parts[0] in {"emulators", "tools"} and len(parts) > 1 and parts[1] != "__init__":
        return ".".join(parts[:2])
    return parts[0]


def in_product(file: str) -> bool:
    """Return whether a file is deployed to Azure."""
    return room_of(file) in PRODUCT


def under(module: str, names: tuple[str, ...]) -> str | None:
    """Return the name that is the module or one of its parents."""
    return next((name for name in names if module == name or module.startswith(name + ".")), None)
