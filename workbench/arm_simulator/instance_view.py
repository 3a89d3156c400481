"""The instance view: codes and their order, what vanishes on deallocate, and the stale agent."""

from datetime import datetime
from typing import Any

from workbench.arm_simulator.machine import Machine

_SERVERS = {
    build: f"Windows Server {year} Datacenter"
    for build, year in ((14393, 2016), (17763, 2019), (20348, 2022), (26100, 2025))
}
_OS_NAMES = {"almalinux": "almalinux", "oracle": "ol", "suse": "sles", "unknown": "unknown"}


def statuses(machine: Machine) -> list[dict[str, Any]]:
    """OSState (only when generalized) first, then provisioning, then power."""
    listed: list[dict[str, Any]] = []
    if machine.generalized:
        listed.append(_status("OSState/generalized", "VM generalized"))
    elif machine.specialized:
        listed.append(_status("OSState/specialized", "VM specialized"))
    state = machine.provisioning_state
    shown = {"Succeeded": "Provisioning succeeded", "Failed": "Provisioning failed"}.get(state, state)
    listed.append(_status(f"ProvisioningState/{state.lower()}", shown, machine.power_changed))
    listed.append(_status(f"PowerState/{machine.power}", f"VM {machine.power}"))
    return listed


def instance_view(machine: Machine) -> dict[str, Any]:
    """The body of GET …/instanceView."""
    view: dict[str, Any] = {}
    # What only the agent knows stays, stale, while the machine keeps its host, and vanishes with it.
    if machine.agent is not None:
        name, version = os_names(machine)
        view |= {"computerName": _computer_name(machine), "osName": name, "osVersion": version}
        view["vmAgent"] = vm_agent(machine)
    view["disks"] = [_disk(machine), *(_data_disk(machine, entry) for entry in machine.model.storage["dataDisks"])]
    if machine.spec.boot_diagnostics:
        # With managed storage the addresses are not here: they are asked for, signed.
        view["bootDiagnostics"] = {}
    if machine.agent is not None:
        view["extensions"] = []
    return {**view, "hyperVGeneration": machine.spec.hyper_v_generation, "statuses": statuses(machine)}


def _computer_name(machine: Machine) -> str:
    profile = machine.model.os_profile
    return machine.name[:15] if profile is None else str(profile["computerName"])


def os_names(machine: Machine) -> tuple[str, str]:
    """`osName` and `osVersion` as the agent reports them."""
    if machine.spec.os == "Windows":
        build = machine.spec.windows.build
        return _SERVERS.get(build, "Windows Server Datacenter"), f"Microsoft Windows NT 10.0.{build}.0"
    name, _, version = machine.spec.linux.distribution.partition("-")
    return _OS_NAMES.get(name, name), version or "0"


def vm_agent(machine: Machine) -> dict[str, Any]:
    """The agent as it was last heard of."""
    now = machine.platform.clock.now()
    if machine.agent != "ready":
        message = "VM status blob is found but not yet populated."
        status = _status("ProvisioningState/Unavailable", "Not Ready", now, message, "Warning")
        return {"vmAgentVersion": "Unknown", "statuses": [status]}
    if machine.spec.os == "Linux":
        version, message = "2.11.1.12", "Guest Agent is running"
    else:
        version, message = "2.7.41491.1172", "GuestAgent is running and processing the extensions."
    heard = now if machine.power == "running" else machine.power_changed
    status = _status("ProvisioningState/succeeded", "Ready", heard, message)
    return {"vmAgentVersion": version, "statuses": [status], "extensionHandlers": []}


def _disk(machine: Machine) -> dict[str, Any]:
    listed = [_status("ProvisioningState/succeeded", "Provisioning succeeded", machine.created)]
    if machine.spec.ade_encrypted:
        listed.append(_status("EncryptionState/encrypted", "Encryption is enabled on disk"))
    return {"name": machine.os_disk, "statuses": listed}


def _data_disk(machine: Machine, entry: dict[str, Any]) -> dict[str, Any]:
    listed = [_status("ProvisioningState/succeeded", "Provisioning succeeded", machine.created)]
    return {"name": entry["name"], "statuses": listed}


def _status(
    code: str, display: str, time: datetime | None = None, message: str | None = None, level: str = "Info"
) -> dict[str, Any]:
    status: dict[str, Any] = {"code": code, "level": level, "displayStatus": display}
    if message is not None:
        status["message"] = message
    return {**status, **({"time": time.isoformat()} if time is not None else {})}
