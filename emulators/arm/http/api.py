"""Types between HTTP and the model: a call, its answer, and a route."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulators.arm.errors import invalid_parameter
from emulators.arm.http.schemas import Members
from emulators.arm.state.operations import Fate, Operation
from emulators.arm.state.store import Resource
from emulators.arm.state.world import World

if TYPE_CHECKING:
    from emulators.arm.compute.vms.vm import Vm


@dataclass(frozen=True)
class Call:
    """One request to the emulated API, with the values of its path and the faults that change its answer."""

    world: World
    endpoint: str
    path: str
    #: Path and query exactly as the client sent them.
    raw_path: str
    names: Mapping[str, str]
    query: Mapping[str, str]
    api_version: str
    body: Mapping[str, Any]
    fate: Fate | None = None
    fault_kinds: frozenset[str] = frozenset()

    @property
    def subscription(self) -> str:
        """The subscription id in the path."""
        return self.names["subscription"]

    @property
    def vm(self) -> "Vm":
        """The VM in the path. Raises 404 with the code of what is missing."""
        return self.world.vm_at(self.subscription, self.names["group"], self.names["vm"])

    @property
    def resource_id(self) -> str:
        """The id of the resource in the path."""
        return self.path.rstrip("/")

    @property
    def scope(self) -> str:
        """The id of the group in the path, or else of the subscription. Raises 404 when it does not exist."""
        if "group" not in self.names:
            self.world.require_subscription(self.subscription)
            return f"/subscriptions/{self.subscription}"
        self.require_group()
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.names['group']}"

    def require_group(self) -> None:
        """Raises 404 when the group in the path does not exist."""
        self.world.require_group(self.subscription, self.names["group"])

    @property
    def resource(self) -> Resource:
        """The resource in the path. Raises 404 with the code of what is missing."""
        self.require_group()
        return self.world.store.require(self.resource_id)

    @property
    def existing(self) -> Resource | None:
        """The resource in the path, if it exists. Raises 404 when its group does not."""
        self.require_group()
        return self.world.store.get(self.resource_id)

    def flag(self, name: str) -> bool:
        """A query parameter that is true or false."""
        value = self.query.get(name.lower(), "false").lower()
        if value not in ("true", "false"):
            raise invalid_parameter(name, f"The value '{value}' of parameter '{name}' is not a boolean.")
        return value == "true"

    def expand(self, *known: str) -> frozenset[str]:
        """The parts that `$expand` names, in lower case."""
        asked = {part.strip() for part in self.query.get("$expand", "").split(",") if part.strip()}
        for part in sorted(asked):
            if part.lower() not in {name.lower() for name in known}:
                message = f"The expand expression '{part}' is invalid or not supported."
                raise invalid_parameter("$expand", message)
        return frozenset(part.lower() for part in asked)


@dataclass(frozen=True)
class Answer:
    """The response: a JSON body or none, and the long-running operation to poll, if one started."""

    status: int = 200
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    operation: Operation | None = None
    #: PUT of a resource returns only Azure-AsyncOperation; actions and deletes return Location too.
    with_location: bool = True


type Handler = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True)
class Route:
    """A method and a path pattern (`{name}` is one segment, `{+scope}` any number), and the checks before its handler.

    `action` is the RBAC action (empty: none needed), `policy` the throttle bucket (empty: none), `queries` the
    allowed query parameters besides api-version, `filter` the only value of `$filter` ("*": the handler evaluates it).
    """

    method: str
    pattern: str
    name: str
    action: str
    handler: Handler
    policy: str = ""
    queries: tuple[str, ...] = ()
    body: Members | None = None
    filter: str | None = None
    #: A list without what the caller may not read: any right to read something in it is enough.
    filtered: bool = False
    #: Answered without a token, as Azure does.
    open: bool = False
    regex: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        """Compile the pattern."""
        text = re.sub(r"\{\+(\w+)\}", r"(?P<\1>.*?)", self.pattern)
        text = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", text)
        object.__setattr__(self, "regex", re.compile(f"^{text}/?$", re.IGNORECASE))
