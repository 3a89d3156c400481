"""The storage-queue trigger: polls one queue, runs its function for each message, settles the message."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from workbench.functions_host.errors import ConfigurationError
from workbench.functions_host.function_catalog import Function
from workbench.functions_host.host_config import QueueOptions
from workbench.functions_host.invoker import Invoker
from workbench.functions_host.queue_lease import MessageLease
from workbench.functions_host.queue_messages import UndecodableMessageError, decode_body, trigger_metadata
from workbench.functions_host.queue_storage import QueueStorage, create_when_missing

_log = logging.getLogger("functions_host.queue")
_FIRST_WAIT = 0.1


@dataclass(frozen=True)
class QueueTrigger:
    """A function and the queue that starts it."""

    function: Function
    queue_name: str
    connection: str | None

    @staticmethod
    def of(function: Function) -> "QueueTrigger":
        """Reads the trigger binding.

        Raises:
            ConfigurationError: it names no queue.
        """
        trigger = function.trigger
        name = trigger.text("queueName") if trigger else None
        if trigger is None or name is None:
            raise ConfigurationError(f"function {function.name}: its queue trigger has no queueName")
        return QueueTrigger(function, name.lower(), trigger.text("connection"))


class QueueListener:
    """One queue.

    A message stays hidden for `lease` and is hidden again while its function runs. After a failure it is visible
    again after host.json's visibilityTimeout; at the last allowed delivery it moves to `<queue>-poison`.
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
        """Takes no more messages and waits up to `limit` seconds for running functions.

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
                await self._wait_for_room()
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
            # Somebody deleted the queue; storage refuses its name for a while, and polling tries again.
            await create_when_missing(queue)
            return []

    async def _wait_for_room(self) -> None:
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({stopping, *self._running}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), max(seconds, 0.01))
        except TimeoutError:
            return

    async def _handle(self, queue: QueueClient, message: QueueMessage) -> None:
        """Settles one message whatever happens, so that no message holds up another."""
        try:
            async with MessageLease(queue, message, self._lease) as lease:
                succeeded = await self._run(message)
            await self._settle(queue, message, lease.pop_receipt, succeeded=succeeded)
        except AzureError as error:
            _log.warning("message %s could not be settled and will come again: %s", message.id, error)
        except Exception:
            _log.exception("message %s could not be handled and will come again after its lease", message.id)

    async def _run(self, message: QueueMessage) -> bool:
        if (message.dequeue_count or 0) > self._options.max_dequeue_count:
            return False
        try:
            body = decode_body(str(message.content), is_base64=self._options.base64)
        except UndecodableMessageError as error:
            _log.error("message %s of queue %s: %s", message.id, self._trigger.queue_name, error)
            return False
        outcome = await self._invoker.run(
            self._trigger.function,
            body,
            metadata=trigger_metadata(message),
            reason=f"New queue message detected on '{self._trigger.queue_name}'.",
        )
        return outcome.failure is None

    async def _settle(self, queue: QueueClient, message: QueueMessage, receipt: str, *, succeeded: bool) -> None:
        if not succeeded and (message.dequeue_count or 0) < self._options.max_dequeue_count:
            delay = round(self._options.visibility_timeout.total_seconds())
            await queue.update_message(message.id, pop_receipt=receipt, visibility_timeout=delay)
            return
        if not succeeded:
            poison = f"{self._trigger.queue_name}-poison"
            target = await self._storage.open(self._trigger.connection, poison)
            await target.send_message(message.content)
            _log.error("message %s failed %s times and was moved to %s", message.id, message.dequeue_count, poison)
        await queue.delete_message(message.id, pop_receipt=receipt)
