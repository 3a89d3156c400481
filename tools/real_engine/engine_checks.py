"""The conformance suite on the extension, in a process of its own: a Functions host needs one."""

import asyncio
import sys

from tools.real_engine.lanes import Ground
from tools.rig.environment import ROOT

LANE = "engine"


async def run_engine_checks(ground: Ground) -> None:
    """Runs `python -m tools.conformance` on this lane's storage account, and adopts its lines."""
    with (ground.folder / "engine.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tools.conformance", ground.azurite.connection_string_of(LANE)),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
        try:
            assert process.stdout is not None
            async for line in process.stdout:
                name, seconds, seen = line.decode().rstrip("\n").split("\t")
                ground.report.add(f"engine: {name.replace('_', ' ')}", float(seconds), seen or None)
            status = await process.wait()
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()
    if status not in (0, 1):
        raise RuntimeError(f"the conformance suite ended with status {status}")
