"""Serves the durabletask sidecar protocol: finds each call's method, and turns refusals into gRPC statuses."""

import inspect
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import grpc.aio
from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from emulators.task_hub.errors import HubError

_SERVICE = "TaskHubSidecarService"
_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),
    # A worker whose machine or process hangs is found within seconds, and its work items are sent again.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.http2.max_ping_strikes", 0),
]


def _without_trace(record: logging.LogRecord) -> bool:
    """Drop the traceback of an answer that its client refused, for example above 4 MiB: the client has the error."""
    if "ExecuteBatchError" in record.getMessage():
        record.exc_info = None
    return True


def create_server(*services: object) -> grpc.aio.Server:
    """Build a server whose calls are the methods of the services."""
    logging.getLogger("grpc._cython.cygrpc").addFilter(_without_trace)
    server = grpc.aio.server(options=_OPTIONS)
    methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
    for method in pb.DESCRIPTOR.services_by_name[_SERVICE].methods:
        function = next(getattr(one, method.name) for one in services if hasattr(one, method.name))
        request: Any = GetMessageClass(method.input_type)
        if method.server_streaming:
            make, guarded = grpc.unary_stream_rpc_method_handler, _stream(function)
        else:
            make, guarded = grpc.unary_unary_rpc_method_handler, _unary(function)
        methods[method.name] = make(guarded, request_deserializer=request.FromString, response_serializer=_serialized)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, methods),))
    return server


def _serialized(answer: Message | bytes) -> bytes:
    return answer if isinstance(answer, bytes) else answer.SerializeToString()


def _unary(function: Callable[..., Any]) -> Callable[..., Any]:
    async def call(request: Message, context: Any) -> Message:
        try:
            return await function(request, context)
        except HubError as refusal:
            await context.abort(refusal.status, refusal.message)
            raise

    return call


def _stream(function: Callable[..., Any]) -> Callable[..., Any]:
    if not inspect.isasyncgenfunction(function):
        return function

    async def call(request: Message, context: Any) -> AsyncIterator[bytes]:
        try:
            async for answer in function(request, context):
                yield answer
        except HubError as refusal:
            await context.abort(refusal.status, refusal.message)

    return call
