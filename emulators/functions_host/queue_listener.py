"""The storage-queue trigger: polls one queue, runs its function for each message, settles the message."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from emulators.functions_host.errors import ConfigurationError
from emulators.functions_host.function_catalog import Function
from emulators.functions_host.host_config import QueueOptions
from emulators.functions_host.invoker import Invoker
from emulators.functions_host.queue_lease import MessageLease
from emulators.functions_host.queue_messages import (
    NotBase64Error,
    NotUtf8Error,
    decode_body,
    trigger_metadata,
    trigger_value,
)
from emulators.functions_host.queue_storage import QueueStorage, create_when_missing

_log = logging.getLogger("functions_host.queue")
_FIRST_WAIT = 0.1


@dataclass(frozen=True)
class QueueTrigger:
    """A function and the queue that starts it."""

    function: Function
    queue_name: str
    connection: str | None
    takes_bytes: bool = False

    @staticmethod
    def of(function: Function) -> "QueueTrigger":
        """Reads the trigger binding.

        Raises:
            ConfigurationError: it has no queue name.
        """
        trigger = function.trigger
        name = trigger.text("queueName") if trigger else None
        if trigger is None or name is None:
            raise ConfigurationError(f"function {function.name}: its queue trigger has no queueName")
        takes_bytes = (trigger.text("dataType") or "").upper() == "BINARY"
        return QueueTrigger(function, name.lower(), trigger.text("connection"), takes_bytes)


class QueueListener:
    """One queue.

    A message stays hidden for `lease` and is hidden again while its function runs. After a failure it is visible
    again after host.json's visibilityTimeout; at the last allowed delivery it moves to `<queue>-poison`, and one that
    is not base64 at the first.
    Source: QueueProcessor of the WebJobs storage-queues extension.
    """

    def __init__(
        self,
        trigger: QueueTrigger,
        storage: QueueStorage,
        invoker: Invoker,
        options: QueueOptions,
        *,
        lease: timedelta = timedelta(minutes=10),
    ) -> None:
        """Starts nothing yet."""
        self._trigger = trigger
        self._storage = storage
        self._invoker = invoker
        self._options = options
        self._lease = lease
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._loop_task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Creates the queue when it is missing, and begins to poll."""
        queue = await self._storage.open(self._trigger.connection, self._trigger.queue_name)
        self._loop_task = asyncio.create_task(self._poll(queue), name=f"queue {self._trigger.queue_name}")

    async def stop(self, limit: float) -> None:
        """Receives no more messages and waits up to `limit` seconds for running functions.

        What still runs then loses its message: it is delivered again when its lease ends.
        """
        self._stopping.set()
        if self._loop_task is not None:
            await self._loop_task
        if self._running:
            _, left = await asyncio.wait(set(self._running), timeout=limit)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _poll(self, queue: QueueClient) -> None:
        wait = _FIRST_WAIT
        while not self._stopping.is_set():
            if len(self._running) > self._options.new_batch_threshold:
                await self._wait_for_capacity()
                continue
            try:
                messages = await self._receive(queue)
            except AzureError as error:
                _log.warning("queue %s could not be read: %s", self._trigger.queue_name, error)
                messages = []
            for message in messages:
                task = asyncio.create_task(self._handle(queue, message))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            if messages:
                wait = _FIRST_WAIT
            else:
                await self._pause(wait)
                wait = min(wait * 2, self._options.max_polling_interval.total_seconds())

    async def _receive(self, queue: QueueClient) -> list[QueueMessage]:
        size = self._options.batch_size
        pages = queue.receive_messages(
            messages_per_page=size, max_messages=size, visibility_timeout=round(self._lease.total_seconds())
        )
        try:
            return [message async for message in pages]
        except ResourceNotFoundError:
            # The queue was deleted externally; storage refuses its name for a while, and polling tries again.
            await create_when_missing(queue)
            return []

    async def _wait_for_capacity(self) -> None:
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({stopping, *self._running}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), max(seconds, 0.01))
        except TimeoutError:
            return

    async def _handle(self, queue: QueueClient, message: QueueMessage) -> None:
        """Settles one message after any error, so that no message blocks another."""
        try:
            body = decode_body(str(message.content), is_base64=self._options.base64)
        except NotBase64Error as error:
            _log.error("message %s of queue %s: %s", message.id, self._trigger.queue_name, error)
            await self._settling(message, self._discard(queue, message, str(message.pop_receipt)))
            return
        await self._settling(message, self._run_and_settle(queue, message, body))

    async def _settling(self, message: QueueMessage, work: Coroutine[object, object, None]) -> None:
        try:
            await work
        except AzureError as error:
            _log.warning("message %s could not be settled and will be delivered again: %s", message.id, error)
        except Exception:
            _log.exception("message %s could not be handled and will be delivered again after its lease", message.id)

    async def _run_and_settle(self, queue: QueueClient, message: QueueMessage, body: bytes) -> None:
        async with MessageLease(queue, message, self._lease) as lease:
            succeeded = await self._run(message, body)
        if succeeded:
            await queue.delete_message(message.id, pop_receipt=lease.pop_receipt)
        elif (message.dequeue_count or 0) < self._options.max_dequeue_count:
            delay = round(self._options.visibility_timeout.total_seconds())
            await queue.update_message(message.id, pop_receipt=lease.pop_receipt, visibility_timeout=delay)
        else:
            await self._discard(queue, message, lease.pop_receipt)

    async def _run(self, message: QueueMessage, body: bytes) -> bool:
        if (message.dequeue_count or 0) > self._options.max_dequeue_count:
            return False
        try:
            value = trigger_value(body, as_bytes=self._trigger.takes_bytes)
        except NotUtf8Error as error:
            # As on Azure the function never receives it: it counts as failed, and is delivered again until it is moved.
            _log.error("message %s of queue %s: %s", message.id, self._trigger.queue_name, error)
            return False
        outcome = await self._invoker.run(
            self._trigger.function,
            value,
            metadata=trigger_metadata(message, body),
            reason=f"New queue message detected on '{self._trigger.queue_name}'.",
        )
        return outcome.failure is None

    async def _discard(self, queue: QueueClient, message: QueueMessage, receipt: str) -> None:
        """Moves a message to the poison queue."""
        poison = f"{self._trigger.queue_name}-poison"
        target = await self._storage.open(self._trigger.connection, poison)
        await target.send_message(message.content)
        _log.error(
            "Message has reached MaxDequeueCount of %s. Moving message to queue '%s'. (message %s, delivery %s)",
            *(self._options.max_dequeue_count, poison, message.id, message.dequeue_count),
        )
        await queue.delete_message(message.id, pop_receipt=receipt)
