"""The emulator of the tests of galleries: sources of images, and a gallery for them."""

from collections.abc import AsyncIterator

import pytest

from emulators.arm import Simulator, SteppedClock
from tests.emulators.arm.gallery_fleet import SOURCES, add_gallery


@pytest.fixture
async def simulator(clock: SteppedClock) -> AsyncIterator[Simulator]:
    async with Simulator(vms=SOURCES, clock=clock, emulate_linux=True) as running:
        add_gallery(running)
        yield running
