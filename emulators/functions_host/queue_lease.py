"""Keeps a queue message hidden while its function runs."""

import asyncio
import logging
from datetime import timedelta
from types import TracebackType
from typing import Self

from azure.core.exceptions import AzureError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

_log = logging.getLogger("functions_host.queue")


class MessageLease:
    """Hides the message for another `length` each time that half of it has passed."""

    def __init__(self, queue: QueueClient, message: QueueMessage, length: timedelta) -> None:
        """Starts with the pop receipt of the delivery."""
        self.pop_receipt = str(message.pop_receipt)
        self._queue = queue
        self._message = message
        self._seconds = length.total_seconds()
        self._renewer: asyncio.Task[None] | None = None
        self._extending: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begins to renew."""
        self._renewer = asyncio.create_task(self._renew())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends renewing; `pop_receipt` is then the one of the last renewal."""
        if self._renewer is not None:
            self._renewer.cancel()
            await asyncio.gather(self._renewer, return_exceptions=True)
        # A renewal changes the receipt: once sent its answer is awaited, or the message could not be settled.
        if self._extending is not None:
            await self._extending

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._seconds / 2)
            self._extending = asyncio.create_task(self._extend())
            await asyncio.shield(self._extending)

    async def _extend(self) -> None:
        try:
            updated = await self._queue.update_message(
                self._message.id, pop_receipt=self.pop_receipt, visibility_timeout=round(self._seconds)
            )
            self.pop_receipt = str(updated.pop_receipt)
        except AzureError as error:
            _log.warning("message %s could not be kept hidden: %s", self._message.id, error)
