"""The steps of stopping the host."""

import pytest

from emulators.functions_host.shutdown import Shutdown


async def test_listening_ends_first_then_work_then_releases_backwards_and_a_failed_step_stops_none(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[str] = []

    async def listener() -> None:
        seen.append("listener")
        raise RuntimeError("cannot stop")

    async def drain(limit: float) -> int:
        seen.append(f"drain {limit:g}")
        return 2

    shutdown = Shutdown(3)
    shutdown.finally_do(lambda: seen.append("engine"))
    shutdown.finally_do(lambda: seen.append("worker"))
    shutdown.first_await(listener)
    shutdown.drain_with(drain)
    assert await shutdown.run() == 2
    assert seen == ["listener", "drain 3", "worker", "engine"]
    assert "2 functions did not end within 3 s" in caplog.text
    assert await shutdown.run() == 0, "a second stop has nothing left to do"
    assert len(seen) == 4
