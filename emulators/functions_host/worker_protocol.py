"""Plain classes in place of the host's protobuf messages in the Python worker library.

The library only constructs them and reads their attributes; names and fields are those of Microsoft's
`FunctionRpc.proto`. Fields that this host never reads are left out.
"""

from dataclasses import dataclass, field
from typing import ClassVar

_KINDS = ("string", "json", "bytes", "http", "int", "double")


@dataclass(slots=True)
class RpcHttp:
    """An HTTP request, or (with `status_code`) an HTTP response."""

    method: str = ""
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: "TypedData | None" = None
    params: dict[str, str] = field(default_factory=dict[str, str])
    query: dict[str, str] = field(default_factory=dict[str, str])
    status_code: str = ""
    cookies: object = None
    enable_content_negotiation: bool = False


@dataclass(slots=True)
class TypedData:
    """A value that is passed to the worker and back; at most one field is set."""

    string: str | None = None
    json: str | None = None
    bytes: "bytes | None" = None
    http: RpcHttp | None = None
    int: "int | None" = None
    double: float | None = None

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 (protobuf's name)
        """Name of the field that is set, or None."""
        return next((kind for kind in _KINDS if getattr(self, kind) is not None), None)


@dataclass(slots=True)
class ParameterBinding:
    """One named input or output of an invocation."""

    name: str
    data: TypedData | None

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 (protobuf's name)
        """Always "data": shared memory is not used."""
        return "data"


class BindingInfo:
    """How a parameter is bound; directions and data types have the values of `azure.functions`' enumerations."""

    # The library compares these with `binding.direction` of the app's decorators, which are integers.
    undefined: ClassVar[int] = 0
    string: ClassVar[int] = 1
    out: ClassVar[int] = 1
    inout: ClassVar[int] = 2

    def __init__(self, *, type: str, data_type: object, direction: object) -> None:  # noqa: A002 (protobuf's name)
        """Stores the worker's values."""
        self.type, self.data_type, self.direction = type, data_type, direction


@dataclass(slots=True)
class RpcException:
    """An exception of the app: `message` is "TypeName: text", `stack_trace` Python's formatted traceback."""

    message: str = ""
    stack_trace: str = ""
    source: str = ""


@dataclass(slots=True)
class StatusResult:
    """Whether a request to the worker succeeded."""

    Failure: ClassVar[int] = 0
    Success: ClassVar[int] = 1

    status: int
    exception: RpcException | None = None


@dataclass(slots=True)
class RpcRetryOptions:
    """A function's retry policy as declared; the intervals are `timedelta`s."""

    max_retry_count: int
    retry_strategy: str
    delay_interval: object = None
    minimum_interval: object = None
    maximum_interval: object = None


@dataclass(slots=True)
class RpcFunctionMetadata:
    """One indexed function; `raw_bindings` holds one JSON document a binding."""

    name: str
    function_id: str
    directory: str
    script_file: str
    entry_point: str
    managed_dependency_enabled: bool
    is_proxy: bool
    language: str
    bindings: dict[str, BindingInfo]
    raw_bindings: list[str]
    retry_options: RpcRetryOptions | None
    properties: dict[str, str]


@dataclass(slots=True)
class WorkerMetadata:
    """The worker's metadata."""

    runtime_name: str
    runtime_version: str
    worker_version: str
    worker_bitness: str
    custom_properties: dict[str, str]


@dataclass(slots=True)
class WorkerInitResponse:
    """Answer to the init request; an app that cannot be indexed shows only here."""

    capabilities: dict[str, str]
    worker_metadata: WorkerMetadata
    result: StatusResult


@dataclass(slots=True)
class FunctionMetadataResponse:
    """The indexed functions; None when there is no app file."""

    use_default_metadata_indexing: bool
    function_metadata_results: list[RpcFunctionMetadata] | None
    result: StatusResult


@dataclass(slots=True)
class InvocationResponse:
    """Answer to an invocation."""

    invocation_id: str
    result: StatusResult
    output_data: list[ParameterBinding] = field(default_factory=list[ParameterBinding])
    return_value: TypedData | None = None
