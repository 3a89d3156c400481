"""The VMs of a station, the requests that name them, and the expected outcome of each."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from emulators.arm import LinuxTraits, VmSpec, WindowsTraits
from tools.demo.fleet import GROUP, SUBSCRIPTION, TAGS, Expected

_SOURCE: dict[str, Any] = {"tags": {}, "power": "deallocated"}


def in_place(name: str, outcome: str = "generalized", **more: Any) -> Expected:
    """A Linux VM that is generalized in place."""
    return Expected(_spec(name, **more), "Ubuntu 22.04", outcome)


def old_windows(name: str) -> Expected:
    """A Windows VM that is generalized in place."""
    return Expected(_spec(name, os="Windows", windows=WindowsTraits(build=20348)), "Windows 2022", "generalized")


def new_windows(name: str) -> Expected:
    """A Windows VM that must be refused: its Sysprep may not run as SYSTEM, and the request names no user."""
    return Expected(_spec(name, os="Windows", windows=WindowsTraits(build=26100)), "Windows 2025", "refused")


def clone(name: str, definition: str | None = None, outcome: str = "published") -> Expected:
    """A Linux VM that is cloned; the clone is customized and published, and its image is validated."""
    spec = _spec(name, linux=LinuxTraits(distribution="debian-12"), **_SOURCE)
    return Expected(spec, "Debian 12", outcome, definition or f"image-{name}", "linux-packages-update")


def request(request_id: str, vms: Iterable[Expected], **more: Any) -> str:
    """The text of a request for these VMs; `more` are its other members."""
    targets = [vm.target() for vm in vms]
    return json.dumps({"version": 1, "requestId": request_id, "targets": targets, **more})


def definitions(vms: Sequence[Expected]) -> dict[str, Literal["Linux", "Windows"]]:
    """Name to operating system of each image definition that is published to."""
    return {vm.definition: vm.spec.os for vm in vms if vm.definition is not None}


def _spec(name: str, **more: Any) -> VmSpec:
    values: dict[str, Any] = {"name": name, "subscription_id": SUBSCRIPTION, "resource_group": GROUP, "tags": TAGS}
    return VmSpec(**{**values, **more})
