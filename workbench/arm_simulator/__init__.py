"""A simulator of Azure Resource Manager: VMs over HTTPS, for the unmodified Azure SDK and its credentials."""

from workbench.arm_simulator.clock import Clock, RealClock, ScaledClock, SteppedClock
from workbench.arm_simulator.durations import Durations
from workbench.arm_simulator.effects import Effect
from workbench.arm_simulator.faults import Fault, Injected
from workbench.arm_simulator.locks import Lock
from workbench.arm_simulator.request_log import RequestRecord
from workbench.arm_simulator.roles import Role
from workbench.arm_simulator.simulator import Simulator
from workbench.arm_simulator.specs import ForeignStop, LinuxTraits, VmSpec, WindowsTraits
from workbench.arm_simulator.vm import Vm

__all__ = [
    "Clock",
    "Durations",
    "Effect",
    "Fault",
    "ForeignStop",
    "Injected",
    "LinuxTraits",
    "Lock",
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
