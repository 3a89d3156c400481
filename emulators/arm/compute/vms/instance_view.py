"""The instance view: status codes and their order, what deallocation removes, and the stale agent status."""

from datetime import datetime
from typing import Any

from emulators.arm.compute.vms.vm import Vm

_SERVERS = {
    build: f"Windows Server {year} Datacenter"
    for build, year in ((14393, 2016), (17763, 2019), (20348, 2022), (26100, 2025))
}
_OS_NAMES = {"almalinux": "almalinux", "oracle": "ol", "suse": "sles", "unknown": "unknown"}


def statuses(vm: Vm) -> list[dict[str, Any]]:
    """OSState (only when generalized) first, then provisioning, power, and hibernation (only when hibernated)."""
    listed: list[dict[str, Any]] = []
    if vm.generalized:
        listed.append(_status("OSState/generalized", "VM generalized"))
    elif vm.specialized:
        listed.append(_status("OSState/specialized", "VM specialized"))
    state = vm.provisioning_state
    shown = {"Succeeded": "Provisioning succeeded", "Failed": "Provisioning failed"}.get(state, state)
    if state == "Failed" and vm.failure is not None:
        code, message = vm.failure
        listed.append(_status(f"ProvisioningState/failed/{code}", shown, vm.power_changed, message, "Error"))
    else:
        listed.append(_status(f"ProvisioningState/{state.lower()}", shown, vm.power_changed))
    listed.append(_status(f"PowerState/{vm.power}", f"VM {vm.power}"))
    if vm.hibernated:
        listed.append(_status("HibernationState/Hibernated", "VM hibernated"))
    return listed


def instance_view(vm: Vm) -> dict[str, Any]:
    """The body of GET …/instanceView."""
    view: dict[str, Any] = {}
    # The last agent status stays while the VM keeps its host, and disappears with it.
    if vm.agent is not None:
        name, version = os_names(vm)
        view |= {"computerName": _computer_name(vm), "osName": name, "osVersion": version}
        view["vmAgent"] = vm_agent(vm)
    view["disks"] = [_disk(vm), *(_data_disk(vm, entry) for entry in vm.model.storage["dataDisks"])]
    if vm.spec.boot_diagnostics:
        # With managed storage the blob URLs are not here: a client requests SAS URLs.
        view["bootDiagnostics"] = {}
    if vm.agent is not None:
        view["extensions"] = [extension.view() for extension in vm.extensions.values()]
    return {**view, "hyperVGeneration": vm.spec.hyper_v_generation, "statuses": statuses(vm)}


def shown_with(faults: frozenset[str], view: dict[str, Any]) -> dict[str, Any]:
    """An instance view as the faults of one answer show it."""
    if "powerStateMissing" in faults:
        kept = [entry for entry in view["statuses"] if not entry["code"].startswith("PowerState/")]
        view = {**view, "statuses": kept}
    if "agentNotReady" in faults and "vmAgent" in view:
        message = "VM Agent is unresponsive."
        status = _status("ProvisioningState/Unavailable", "Not Ready", message=message, level="Warning")
        view = {**view, "vmAgent": {"vmAgentVersion": "Unknown", "statuses": [status]}}
    return view


def _computer_name(vm: Vm) -> str:
    profile = vm.model.os_profile
    return vm.name[:15] if profile is None else str(profile["computerName"])


def os_names(vm: Vm) -> tuple[str, str]:
    """`osName` and `osVersion` as the agent reports them."""
    if vm.spec.os == "Windows":
        build = vm.spec.windows.build
        return _SERVERS.get(build, "Windows Server Datacenter"), f"Microsoft Windows NT 10.0.{build}.0"
    name, _, version = vm.spec.linux.distribution.partition("-")
    return _OS_NAMES.get(name, name), version or "0"


def vm_agent(vm: Vm) -> dict[str, Any]:
    """The last reported state of the agent."""
    now = vm.platform.clock.now()
    if vm.agent != "ready":
        message = "VM status blob is found but not yet populated."
        status = _status("ProvisioningState/Unavailable", "Not Ready", now, message, "Warning")
        return {"vmAgentVersion": "Unknown", "statuses": [status]}
    if vm.spec.os == "Linux":
        version, message = "2.11.1.12", "Guest Agent is running"
    else:
        version, message = "2.7.41491.1172", "GuestAgent is running and processing the extensions."
    heard = now if vm.power == "running" else vm.power_changed
    status = _status("ProvisioningState/succeeded", "Ready", heard, message)
    return {"vmAgentVersion": version, "statuses": [status], "extensionHandlers": _handlers(vm)}


def _handlers(vm: Vm) -> list[dict[str, Any]]:
    return [extension.handler() for extension in vm.extensions.values()]


def _disk(vm: Vm) -> dict[str, Any]:
    listed = [_status("ProvisioningState/succeeded", "Provisioning succeeded", vm.created)]
    if vm.spec.ade_encrypted:
        listed.append(_status("EncryptionState/encrypted", "Encryption is enabled on disk"))
    return {"name": vm.os_disk, "statuses": listed}


def _data_disk(vm: Vm, entry: dict[str, Any]) -> dict[str, Any]:
    listed = [_status("ProvisioningState/succeeded", "Provisioning succeeded", vm.created)]
    return {"name": entry["name"], "statuses": listed}


def _status(
    code: str, display: str, time: datetime | None = None, message: str | None = None, level: str = "Info"
) -> dict[str, Any]:
    status: dict[str, Any] = {"code": code, "level": level, "displayStatus": display}
    if message is not None:
        status["message"] = message
    return {**status, **({"time": time.isoformat()} if time is not None else {})}
