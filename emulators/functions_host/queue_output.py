"""The storage-queue output binding."""

from emulators.functions_host.errors import ConfigurationError
from emulators.functions_host.function_catalog import Binding
from emulators.functions_host.queue_messages import encode_body, output_message
from emulators.functions_host.queue_storage import QueueStorage
from emulators.functions_host.worker_protocol import TypedData


class QueueOutput:
    """Sends what a function set on its output to the binding's queue."""

    def __init__(self, storage: QueueStorage, *, is_base64: bool) -> None:
        """`is_base64` is host.json's messageEncoding; it applies to both directions."""
        self._storage = storage
        self._is_base64 = is_base64

    async def write(self, binding: Binding, data: TypedData) -> None:
        """Sends the message, if there is one; the queue is created when it is missing.

        Raises:
            ConfigurationError: the binding has no queue name, or its connection has no setting.
            RewrittenTextError: Azure's host would not send the text as it is.
        """
        name = binding.text("queueName")
        if name is None:
            raise ConfigurationError(f"queue output {binding.name} has no queueName")
        queue = await self._storage.open(binding.text("connection"), name)
        message = output_message(data)
        if message is not None:
            await queue.send_message(encode_body(message, is_base64=self._is_base64))
