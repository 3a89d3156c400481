"""A simulator of Azure Resource Manager: virtual machines over HTTPS, for the unmodified SDK and credential."""

from workbench.arm_simulator.clock import Clock, RealClock, ScaledClock, SteppedClock
from workbench.arm_simulator.durations import Durations
from workbench.arm_simulator.effects import Effect
from workbench.arm_simulator.faults import Fault, Injected
from workbench.arm_simulator.locks import Lock
from workbench.arm_simulator.machine import Machine
from workbench.arm_simulator.request_log import RequestRecord
from workbench.arm_simulator.roles import Role
from workbench.arm_simulator.simulator import Simulator
from workbench.arm_simulator.specs import ForeignStop, LinuxTraits, MachineSpec, WindowsTraits

__all__ = [
    "Clock",
    "Durations",
    "Effect",
    "Fault",
    "ForeignStop",
    "Injected",
    "LinuxTraits",
    "Lock",
    "Machine",
    "MachineSpec",
    "RealClock",
    "RequestRecord",
    "Role",
    "ScaledClock",
    "Simulator",
    "SteppedClock",
    "WindowsTraits",
]
