"""An image that VMs can be created from, without a gallery."""

from typing import Any

from emulators.arm import LinuxTraits, Simulator
from emulators.arm.guests.emulated_linux import EmulatedLinuxGuest
from emulators.arm.guests.model import DiskContent
from emulators.arm.state.store import ImageSource
from tests.emulators.arm.bodies import COMPUTE, REGION

LATEST = f"{COMPUTE}/galleries/g/images/d"
IMAGE = f"{LATEST}/versions/1.0.0"


def content(**traits: Any) -> DiskContent:
    """The disk content of a VM that was in use."""
    return EmulatedLinuxGuest(LinuxTraits(**traits), host_name="old-host").freeze()


def add_image(simulator: Simulator, os_state: Any = "Generalized", image: str = IMAGE, **more: Any) -> None:
    """Add an image that VMs can be created from."""
    given: dict[str, Any] = {"content": content(), "os_type": "Linux", "generation": "V2", "security_type": None}
    given |= {"regions": frozenset({REGION}), "exact_id": IMAGE, **more}
    source = ImageSource(os_state=os_state, **given)
    simulator.world.image_sources.insert(0, lambda wanted: source if wanted.lower() == image.lower() else None)
