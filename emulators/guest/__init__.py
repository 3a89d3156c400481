"""Runs the real Linux guest scripts against an emulated VM, isolated from this computer."""

from emulators.guest.isolation import sandbox_kind
from emulators.guest.linux_guest import LinuxGuest, ScheduledJob, ScriptResult
from emulators.guest.traits import LinuxTraits

__all__ = ["LinuxGuest", "LinuxTraits", "ScheduledJob", "ScriptResult", "sandbox_kind"]
