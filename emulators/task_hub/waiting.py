"""Clients that wait for an instance to start or to end, without a thread for each."""

import asyncio
from collections import defaultdict


class Waiting:
    """Wakes the clients that wait for an instance whenever its status changes."""

    def __init__(self) -> None:
        """Start with no client."""
        self._waiting: dict[str, set[asyncio.Future[None]]] = defaultdict(set)

    def __len__(self) -> int:
        """Return the number of instances with waiting clients."""
        return len(self._waiting)

    def changed(self, instance_id: str) -> None:
        """Wake the clients that wait for an instance."""
        for future in self._waiting.get(instance_id, ()):
            if not future.done():
                future.set_result(None)

    async def change(self, instance_id: str, seconds: float | None) -> bool:
        """Wait for the next change; False after the timeout."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[instance_id].add(future)
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            return False
        finally:
            waiting = self._waiting[instance_id]
            waiting.discard(future)
            if not waiting:
                del self._waiting[instance_id]
        return True
