"""Clients that wait for an instance to start or to end, without a thread for any."""

import asyncio
from collections import defaultdict


class Waiting:
    """Wakes those who wait for an instance whenever its status is new."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._waiting: dict[str, set[asyncio.Future[None]]] = defaultdict(set)

    def __len__(self) -> int:
        """Count the instances that somebody waits for."""
        return len(self._waiting)

    def changed(self, instance_id: str) -> None:
        """Wake those who wait for an instance."""
        for future in self._waiting.get(instance_id, ()):
            if not future.done():
                future.set_result(None)

    async def change(self, instance_id: str, seconds: float | None) -> bool:
        """Wait for the next change; False when the time is over."""
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
