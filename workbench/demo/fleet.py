"""The five machines of the demo, and how each must end."""

import json
from dataclasses import dataclass

from workbench.arm_simulator import LinuxTraits, MachineSpec, WindowsTraits

SUBSCRIPTION = "6f1d2c3b-4a59-4e68-9d7c-8b0a1f2e3d4c"
GROUP = "golden-demo"
SCOPE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
TAGS = {"golden-image-in-place": "allowed"}


@dataclass(frozen=True)
class Expected:
    """A machine, what it is for the eye, and the outcome that the demo demands of it."""

    spec: MachineSpec
    system: str
    outcome: str


def _linux(name: str, distribution: str, system: str) -> Expected:
    spec = MachineSpec(
        name=name,
        subscription_id=SUBSCRIPTION,
        resource_group=GROUP,
        tags=TAGS,
        linux=LinuxTraits(distribution=distribution),
    )
    return Expected(spec, system, "generalized")


def _windows(name: str, build: int, system: str, outcome: str) -> Expected:
    spec = MachineSpec(
        name=name,
        os="Windows",
        subscription_id=SUBSCRIPTION,
        resource_group=GROUP,
        tags=TAGS,
        windows=WindowsTraits(build=build),
    )
    return Expected(spec, system, outcome)


FLEET = (
    _linux("web-01", "ubuntu-22.04", "Ubuntu 22.04"),
    _linux("db-01", "rhel-9", "RHEL 9"),
    _linux("job-01", "debian-12", "Debian 12"),
    _windows("app-01", 20348, "Windows Server 2022", "generalized"),
    _windows("app-02", 26100, "Windows Server 2025", "refused"),
)


def request_message(request_id: str) -> str:
    """Give the queue message that asks for the whole fleet."""
    targets = [{"vmId": machine.spec.id, "mode": "inPlace"} for machine in FLEET]
    return json.dumps({"version": 1, "requestId": request_id, "targets": targets})
