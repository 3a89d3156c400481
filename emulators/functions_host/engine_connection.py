"""One gRPC connection to the durable engine, whose calls an event loop awaits without a thread for each."""

import asyncio
from typing import Any

import grpc
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.internal import orchestrator_service_pb2_grpc as stubs

UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class EngineConnection:
    """The engine's sidecar service.

    gRPC's blocking API is used on purpose: its asyncio API logs errors when two event loops of one process use it,
    and the app's durable clients use it on the worker's loop.
    """

    def __init__(self, address: str) -> None:
        """Uses the engine's "host:port"; nothing connects before the first call."""
        self._channel = grpc.insecure_channel(address, options=UNLIMITED)
        self.stub: Any = stubs.TaskHubSidecarServiceStub(self._channel)

    async def call(self, method: str, request: object) -> Any:
        """The answer to a unary call, by its name in `TaskHubSidecarService`.

        Raises:
            grpc.RpcError: as the engine answered; see `status_code`.
        """
        return await _answer_of(getattr(self.stub, method).future(request))

    async def find(self, instance_id: str) -> pb.OrchestrationState | None:
        """An instance's state with its payloads, or None."""
        request = pb.GetInstanceRequest(instanceId=instance_id, getInputsAndOutputs=True)
        answer: pb.GetInstanceResponse = await self.call("GetInstance", request)
        return answer.orchestrationState if answer.exists else None

    async def close(self) -> None:
        """Closes the connection; calls in progress fail."""
        self._channel.close()


async def _answer_of(call: Any) -> Any:
    """Awaits a unary call: gRPC's future notifies the event loop when it is done."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def finish(ended: Any) -> None:
        if ended.cancelled():
            return
        error = ended.exception()
        loop.call_soon_threadsafe(_settle, done, error, None if error else ended.result())

    call.add_done_callback(finish)
    try:
        return await done
    finally:
        # The caller was cancelled; this has no effect on a call that has ended.
        call.cancel()


def status_code(error: grpc.RpcError) -> grpc.StatusCode:
    """The status of a failed call."""
    code: grpc.StatusCode = error.code()  # pyright: ignore
    return code


def _settle(done: asyncio.Future[Any], error: BaseException | None, answer: object) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(answer)
    else:
        done.set_exception(error)
