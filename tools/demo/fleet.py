"""The six VMs of the demo: the request for each, and its expected outcome."""

import argparse
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from contracts.ids import VmId, batch_run_id, vm_run_id
from contracts.resources import run_digest
from contracts.tags import OPT_IN_TAG, OPT_IN_VALUE
from emulators.arm import LinuxTraits, VmSpec, WindowsTraits

SUBSCRIPTION = "6f1d2c3b-4a59-4e68-9d7c-8b0a1f2e3d4c"
GROUP = "golden-demo"
SCOPE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
BUILDS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/golden-builds"
"""The group of temporary VMs and rollback snapshots."""
GALLERY = "goldenimages"
REGIONS = ("westeurope", "northeurope")
TAGS = {OPT_IN_TAG: OPT_IN_VALUE}


@dataclass(frozen=True)
class Expected:
    """A VM, its label in the output, and its expected outcome.

    `definition` is the image definition that a clone of it is published to; without one it is generalized in place.
    """

    spec: VmSpec
    system: str
    outcome: str
    definition: str | None = None
    customize: str | None = None

    @property
    def name(self) -> str:
        """The VM's name."""
        return self.spec.name

    @property
    def definition_id(self) -> str:
        """The ARM id of its image definition."""
        return f"{SCOPE}/providers/Microsoft.Compute/galleries/{GALLERY}/images/{self.definition}"

    def run_id(self, request_id: str) -> str:
        """The id of its run, as the app assigns it."""
        return vm_run_id(request_id, VmId.parse(self.spec.id))

    def traces(self, request_id: str) -> str:
        """A regular expression that matches the path of a request about it, or about what its run creates."""
        definition = [f"images/{self.definition}"] if self.definition else []
        return "|".join([self.name, run_digest(self.run_id(request_id)), *definition])

    def target(self) -> dict[str, Any]:
        """Its part of the request, with required members only."""
        if self.definition is None:
            return {"vmId": self.spec.id, "mode": "inPlace"}
        image: dict[str, Any] = {
            "kind": "galleryImageVersion",
            "imageDefinitionId": self.definition_id,
            "targetRegions": [{"name": region} for region in REGIONS],
            "validate": {},
        }
        customize = [{"script": self.customize, "reboot": True}]
        return {"vmId": self.spec.id, "mode": "clone", "customize": customize, "image": image}


def _linux(name: str, distribution: str, system: str) -> Expected:
    return Expected(_spec(name, linux=LinuxTraits(distribution=distribution)), system, "generalized")


def _windows(name: str, build: int, system: str, outcome: str) -> Expected:
    return Expected(_spec(name, os="Windows", windows=WindowsTraits(build=build)), system, outcome)


def _spec(name: str, **more: Any) -> VmSpec:
    values: dict[str, Any] = {
        "name": name,
        "subscription_id": SUBSCRIPTION,
        "resource_group": GROUP,
        "tags": TAGS,
        **more,
    }
    return VmSpec(**values)


# The source of a clone needs no opt-in tag: it is read and never written.
_SOURCE: dict[str, Any] = {"tags": {}, "power": "deallocated"}
_OLD_DEBIAN = _spec("web-02", linux=LinuxTraits(distribution="debian-12"), **_SOURCE)
_OLD_WINDOWS = _spec("app-03", os="Windows", windows=WindowsTraits(build=20348), **_SOURCE)

IN_PLACE = (
    _linux("web-01", "ubuntu-22.04", "Ubuntu 22.04"),
    _linux("db-01", "rhel-9", "RHEL 9"),
    _windows("app-01", 20348, "Windows 2022", "generalized"),
    _windows("app-02", 26100, "Windows 2025", "refused"),
)
CLONES = (
    Expected(_OLD_DEBIAN, "Debian 12", "published", "linux-web", "linux-packages-update"),
    Expected(_OLD_WINDOWS, "Windows 2022", "published", "windows-app", "windows-update"),
)
FLEET = (*IN_PLACE, *CLONES)


def read_arguments(
    program: str, description: str | None, speed: float, fleet: tuple[Expected, ...]
) -> tuple[float, tuple[Expected, ...]]:
    """Return from the command line the simulated seconds in a real second (default `speed`), and the chosen VMs."""
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("--speed", type=float, default=speed, help="simulated seconds in a real one: %(default)s")
    names = [vm.name for vm in fleet]
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="these VMs (default: all)")
    given = parser.parse_args()
    return given.speed, tuple(vm for vm in fleet if vm.name in given.only)


def run_id_of(request_id: str) -> str:
    """Return the id of the run of a request."""
    return batch_run_id(request_id)


def request_message(request_id: str, fleet: Iterable[Expected] = FLEET) -> str:
    """Return the queue message that requests these VMs."""
    return json.dumps({"version": 1, "requestId": request_id, "targets": [vm.target() for vm in fleet]})
