"""Runs the real Linux guest scripts against an emulated VM, isolated from this computer."""

from workbench.guest_sandbox.isolation import sandbox_kind
from workbench.guest_sandbox.linux_guest import LinuxGuest, ScheduledJob, ScriptResult
from workbench.guest_sandbox.traits import LinuxTraits

__all__ = ["LinuxGuest", "LinuxTraits", "ScheduledJob", "ScriptResult", "sandbox_kind"]
