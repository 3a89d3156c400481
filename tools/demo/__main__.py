"""`python -m tools.demo`: VMs generalized in place or cloned and published; exit 0 only if all is as expected."""

import asyncio
import contextlib
import signal
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from tools.demo.fleet import FLEET, Expected, read_arguments
from tools.demo.performance import perform


def main() -> int:
    """Run the demo; 0: as expected, 1: not, 130: interrupted."""
    speed, fleet = read_arguments("python -m tools.demo", __doc__, 50.0, FLEET)
    try:
        return asyncio.run(_run(speed, fleet))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("demo: interrupted, everything stopped", flush=True)
        return 130


async def _run(speed: float, fleet: tuple[Expected, ...]) -> int:
    loop, me = asyncio.get_running_loop(), asyncio.current_task()
    assert me is not None
    with contextlib.suppress(NotImplementedError):
        loop.add_signal_handler(signal.SIGTERM, me.cancel)
    console = Console()
    with tempfile.TemporaryDirectory(prefix="golden-demo-") as folder:
        log = Path(folder) / "host.log"
        try:
            return 0 if await perform(console, speed, Path(folder), fleet) else 1
        except Exception:
            console.print_exception()
            if log.exists():
                console.print("last lines of the host's log:", *log.read_text("utf-8").splitlines()[-30:], sep="\n")
            return 1


if __name__ == "__main__":
    sys.exit(main())
