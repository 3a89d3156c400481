"""Durations of operations in simulated seconds, taken from recordings of Azure."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Durations:
    """Ranges in seconds; each use takes a random value of the range."""

    power_off: tuple[float, float] = (5, 10)
    deallocate: tuple[float, float] = (31, 37)
    start: tuple[float, float] = (3, 5)
    restart: tuple[float, float] = (15, 25)
    delete: tuple[float, float] = (15, 30)
    nothing_to_do: tuple[float, float] = (1, 2)
    script_delivery: tuple[float, float] = (4, 7)
    script_report: tuple[float, float] = (10, 13)
    script_removal: tuple[float, float] = (4, 8)
    extension_install: tuple[float, float] = (30, 90)
    extension_removal: tuple[float, float] = (15, 60)
    guest_shutdown: tuple[float, float] = (5, 10)
    agent_start: tuple[float, float] = (20, 30)
    #: Delay between a write of the guest and its appearance in the serial log of boot diagnostics.
    serial_log_lag: tuple[float, float] = (5, 20)
    #: How long a new resource is missing from lists.
    listing_lag: tuple[float, float] = (2, 15)
    #: How long the parent of a deleted resource still counts it.
    parent_lag: tuple[float, float] = (2, 15)
    disk_write: tuple[float, float] = (0.4, 0.9)
    snapshot_write: tuple[float, float] = (1, 2)
    #: The data of a snapshot of an Ultra disk or a Premium SSD v2.
    background_copy: tuple[float, float] = (60, 300)
    disk_delete: tuple[float, float] = (1, 3)
    network_write: tuple[float, float] = (1, 4)
    network_delete: tuple[float, float] = (3, 10)
    vm_create: tuple[float, float] = (25, 45)
    vm_update: tuple[float, float] = (3, 8)
    #: From the VM's creation to the end of a generalized image's first boot.
    first_boot: tuple[float, float] = (10, 25)
    gallery_write: tuple[float, float] = (2, 6)
    gallery_delete: tuple[float, float] = (10, 30)
    #: The copy of an image version in its own region, and in another.
    replicate_home: tuple[float, float] = (480, 540)
    replicate_region: tuple[float, float] = (600, 1500)
    image_write: tuple[float, float] = (5, 25)


#: A platform operation ends after 90 minutes without a report of the agent.
PLATFORM_TIMEOUT = 90 * 60.0
#: The `Retry-After` value between polls of an operation.
RETRY_AFTER = 10.0


class Dice:
    """Random durations from a seeded generator."""

    def __init__(self, rng: random.Random, durations: Durations | None = None) -> None:
        self._rng = rng
        self.durations = durations or Durations()

    def draw(self, name: str) -> float:
        """One duration in seconds of the kind `name` (a field of `Durations`)."""
        low, high = getattr(self.durations, name)
        return self._rng.uniform(low, high)
