"""Runs the emulator on its own: `python -m emulators.arm --speed 20 --fleet fleet.json`."""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from emulators.arm.authorization.roles import Role
from emulators.arm.compute.vms.specs import VmSpec
from emulators.arm.simulator import Simulator
from emulators.arm.state.clock import Clock, RealClock, ScaledClock, SteppedClock


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m emulators.arm", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="HTTPS port; 0 selects a free port")
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds per real second")
    parser.add_argument("--stepped", action="store_true", help="the clock moves only through the control plane")
    parser.add_argument("--fleet", type=Path, help='JSON: {"vms": [{"name": …, "os": "Linux"}]}')
    parser.add_argument("--role", type=Path, help="role definition JSON; without it everything is allowed")
    parser.add_argument("--state-dir", type=Path, help="folder for the CA file and the guests' files")
    parser.add_argument("--ready-file", type=Path, help="written as JSON once the emulator listens")
    parser.add_argument("--no-throttling", action="store_true", help="never return 429")
    parser.add_argument("--emulate-linux", action="store_true", help="emulate Linux guests, without a sandbox")
    parser.add_argument("--seed", type=int, default=0, help="seed for random durations")
    return parser.parse_args(given)


def _clock(arguments: argparse.Namespace) -> Clock:
    if arguments.stepped:
        return SteppedClock()
    return RealClock() if arguments.speed == 1.0 else ScaledClock(arguments.speed)


def load_fleet(path: Path) -> list[VmSpec]:
    """VMs of a fleet file, `{"vms": […]}`. Raises ValueError with the reason."""
    document: Any = json.loads(path.read_text(encoding="utf-8"))
    entries = cast(list[dict[str, Any]], document["vms"])
    return [VmSpec.from_json(entry) for entry in entries]


async def _serve(arguments: argparse.Namespace) -> None:
    simulator = Simulator(
        vms=load_fleet(arguments.fleet) if arguments.fleet else (),
        clock=_clock(arguments),
        role=Role.from_file(arguments.role) if arguments.role else None,
        state_dir=arguments.state_dir,
        throttling=not arguments.no_throttling,
        seed=arguments.seed,
        port=arguments.port,
        emulate_linux=arguments.emulate_linux,
    )
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with simulator:
        ready = {"endpoint": simulator.endpoint, "caFile": str(simulator.ca_file), "pid": os.getpid()}
        ready |= {"identityEndpoint": simulator.identity_endpoint, "identityHeader": simulator.identity_header}
        if arguments.ready_file:
            _write_atomically(arguments.ready_file, json.dumps(ready))
        print(f"emulating Azure Resource Manager at {simulator.endpoint}", flush=True)
        await stopped.wait()


def _write_atomically(path: Path, text: str) -> None:
    """Write the file atomically: a reader sees the complete file or none."""
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.chmod(0o600)
    partial.replace(path)


def main(given: Sequence[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM."""
    arguments = _arguments(sys.argv[1:] if given is None else given)
    try:
        asyncio.run(_serve(arguments))
    except (OSError, ValueError, KeyError) as error:
        print(f"emulators.arm: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
