"""The Python worker library of Azure Functions: indexes one app and invokes its functions."""

import os
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar, Protocol, cast

from emulators.functions_host import worker_protocol
from emulators.functions_host.errors import AppLoadError, HostError
from emulators.functions_host.imported_modules import ImportedModules
from emulators.functions_host.invocation_log import in_invocation
from emulators.functions_host.load_failure import explain_load_failure
from emulators.functions_host.worker_protocol import (
    FunctionMetadataResponse,
    InvocationResponse,
    ParameterBinding,
    RpcException,
    RpcFunctionMetadata,
    StatusResult,
    TypedData,
    WorkerInitResponse,
)
from emulators.functions_host.worker_thread import AppExitError, WorkerThread


class _Library(Protocol):
    """The functions of `azure_functions_runtime` that this host calls."""

    async def worker_init_request(self, request: object) -> WorkerInitResponse: ...
    async def functions_metadata_request(self, request: object) -> FunctionMetadataResponse: ...
    async def invocation_request(self, request: object) -> InvocationResponse: ...
    def start_threadpool_executor(self) -> None: ...
    def get_threadpool_executor(self) -> Any: ...


@dataclass(frozen=True)
class Invocation:
    """One call of a function: inputs by parameter name, and the trigger's metadata."""

    invocation_id: str
    function_id: str
    function_name: str
    inputs: Mapping[str, TypedData]
    trigger_metadata: Mapping[str, TypedData] = field(default_factory=dict[str, TypedData])
    trace_parent: str = ""


class PythonWorker:
    """One app's worker.

    The library's state (registry, thread pool, imported app) is global: one worker at a time in a process.
    """

    _in_use: ClassVar[bool] = False

    def __init__(self, app_dir: Path) -> None:
        """Sets the folder of `function_app.py`."""
        self._app_dir = app_dir.resolve()
        self._thread: WorkerThread | None = None
        self._modules = ImportedModules(self._app_dir)
        self._library = _load_library()

    async def start(self) -> list[RpcFunctionMetadata]:
        """Imports and indexes the app.

        Returns:
            Metadata of each function, in the order of the app.

        Raises:
            HostError: another worker runs in this process.
            AppLoadError: the app has no `function_app.py`, raises on import, or declares something invalid.
        """
        script = self._app_dir / os.environ.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")
        if not script.exists():
            raise AppLoadError(f"no {script.name} in {self._app_dir}: start the host with --app FOLDER", None, "")
        if PythonWorker._in_use:
            raise HostError("another host runs in this process: stop it first, or start this one as a HostProcess")
        PythonWorker._in_use = True
        self._thread = WorkerThread()
        self._modules.enter()
        self._library.start_threadpool_executor()
        try:
            answer = await self._thread.run(self._library.worker_init_request(self._init_request()))
        except AppExitError as error:
            failure = RpcException(str(error), "".join(traceback.format_exception(error)))
            raise explain_load_failure(failure, self._app_dir) from error
        # Failures of indexing are reported only here; the metadata request that follows reports success.
        if answer.result.status != StatusResult.Success:
            raise explain_load_failure(answer.result.exception or RpcException("no reason reported"), self._app_dir)
        metadata = await self._thread.run(self._library.functions_metadata_request(SimpleNamespace()))
        return metadata.function_metadata_results or []

    async def invoke(self, invocation: Invocation) -> InvocationResponse:
        """Runs a function; an exception of the app is in the answer's `result`, never raised."""
        assert self._thread is not None, "the worker is not started"
        return await self._thread.run(self._invoke(invocation))

    async def stop(self) -> None:
        """Ends the worker's threads and removes the app's modules, so that another app can be loaded."""
        if self._thread is None:
            return
        await self._thread.stop()
        executor = self._library.get_threadpool_executor()
        if executor is not None:
            executor.shutdown(wait=False, cancel_futures=True)
        self._modules.leave()
        PythonWorker._in_use = False

    async def _invoke(self, invocation: Invocation) -> InvocationResponse:
        with in_invocation(invocation.invocation_id, invocation.function_name):
            return await self._library.invocation_request(_invocation_request(invocation))

    def _init_request(self) -> SimpleNamespace:
        body = SimpleNamespace(
            host_version="4", capabilities={}, function_app_directory=str(self._app_dir), log_categories={}
        )
        return SimpleNamespace(
            request=SimpleNamespace(worker_init_request=body),
            properties={"host": "127.0.0.1", "protos": worker_protocol},
        )


def _invocation_request(invocation: Invocation) -> SimpleNamespace:
    body = SimpleNamespace(
        invocation_id=invocation.invocation_id,
        function_id=invocation.function_id,
        input_data=[ParameterBinding(name, value) for name, value in invocation.inputs.items()],
        trigger_metadata=dict(invocation.trigger_metadata),
        trace_context=SimpleNamespace(trace_parent=invocation.trace_parent, trace_state="", attributes={}),
        retry_context=SimpleNamespace(retry_count=0, max_retry_count=0, exception=None),
    )
    return SimpleNamespace(request=SimpleNamespace(invocation_request=body))


def _load_library() -> _Library:
    import azure_functions_runtime  # pyright: ignore[reportMissingTypeStubs]

    return cast(_Library, cast(ModuleType, azure_functions_runtime))
