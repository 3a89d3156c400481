"""What every lane of checks receives, and how it starts a station of its own."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from emulators.azurite import AzuriteServer
from tools.demo.fleet import Expected
from tools.real_engine.report import Report
from tools.real_engine.station import Station, station


@dataclass(frozen=True)
class Ground:
    """The app's copy, a folder for logs, the storage emulator with an account a lane, and the report."""

    app: Path
    folder: Path
    azurite: AzuriteServer
    report: Report

    @asynccontextmanager
    async def station(
        self, lane: str, vms: Sequence[Expected], settings: Mapping[str, str] | None = None
    ) -> AsyncGenerator[Station]:
        """Everything but the hosts, on the lane's storage account and under a hub of the same name."""
        folder = self.folder / lane
        folder.mkdir()
        storage = self.azurite.connection_string_of(lane)
        async with station(self.app, folder, storage, f"RealEngine{lane}", vms, settings=settings) as here:
            yield here
