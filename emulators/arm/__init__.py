"""An emulator of Azure Resource Manager: VMs over HTTPS, for the unmodified Azure SDK and its credentials."""

from emulators.arm.authorization.deny_assignments import DenyAssignment
from emulators.arm.authorization.locks import Lock
from emulators.arm.authorization.roles import Role
from emulators.arm.compute.vms.specs import ExtensionSpec, ForeignStop, VmSpec
from emulators.arm.compute.vms.vm import Vm
from emulators.arm.guests.traits import LinuxTraits, WindowsTraits
from emulators.arm.http.faults import Fault, Injected
from emulators.arm.http.request_log import RequestRecord
from emulators.arm.policies.assignments import PolicyAssignment
from emulators.arm.simulator import Simulator
from emulators.arm.state.clock import Clock, RealClock, ScaledClock, SteppedClock
from emulators.arm.state.durations import Durations
from emulators.arm.state.effects import Effect

__all__ = [
    "Clock",
    "DenyAssignment",
    "Durations",
    "Effect",
    "ExtensionSpec",
    "Fault",
    "ForeignStop",
    "Injected",
    "LinuxTraits",
    "Lock",
    "PolicyAssignment",
    "RealClock",
    "RequestRecord",
    "Role",
    "ScaledClock",
    "Simulator",
    "SteppedClock",
    "Vm",
    "VmSpec",
    "WindowsTraits",
]
