"""PUT of a VM: checked completely, then created, booted and provisioned in the background."""

import copy
import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from emulators.arm.authorization.linked_rights import require_linked
from emulators.arm.compute.sizes.quota import check_quota
from emulators.arm.compute.sizes.table import find_size
from emulators.arm.compute.vms.birth import begin_birth
from emulators.arm.compute.vms.checks import check_choices, check_interfaces, check_zones, security_type
from emulators.arm.compute.vms.model import VmModel
from emulators.arm.compute.vms.os_profile import first_key, shown_profile
from emulators.arm.compute.vms.power import DELETING, operation_not_allowed
from emulators.arm.compute.vms.size_checks import check_capabilities, check_size, check_zonal_disks, choose_controller
from emulators.arm.compute.vms.source import Origin, find_origin
from emulators.arm.compute.vms.specs import VmSpec
from emulators.arm.compute.vms.vm import Vm
from emulators.arm.errors import ArmError
from emulators.arm.guests.model import DiskContent
from emulators.arm.guests.traits import LinuxTraits, WindowsTraits
from emulators.arm.state.operations import Fate, Operation
from emulators.arm.state.world import World

_WRITE = "Microsoft.Compute/virtualMachines/write"


def put(world: World, vm_id: str, body: Mapping[str, Any], fate: Fate | None) -> tuple[Vm, Operation, bool]:
    """Create a VM (True), or accept the same PUT again (False). Raises ArmError and then creates nothing."""
    known = world.vms.get(vm_id.lower())
    given = _comparable(body)
    _check_rights(world, vm_id, body)
    if known is not None:
        return known, _again(world, known, body, given, fate), False
    check_choices(body)
    size, location = find_size(body["properties"]["hardwareProfile"]["vmSize"]), body["location"]
    zones = check_zones(vm_id, body)
    world.platform.capacity.check_allowed(vm_id, size.name, location, zones)
    nics = check_interfaces(world, vm_id, body)
    origin = find_origin(world, vm_id, body)
    controller = choose_controller(size, body["properties"]["storageProfile"].get("diskControllerType"))
    check_size(size, origin, security_type(body), controller)
    wanted = body["properties"].get("additionalCapabilities", {})
    check_capabilities(size, origin, wanted)
    check_zonal_disks(origin, zones, wanted)
    origin.storage["diskControllerType"] = controller
    check_quota(world, vm_id.split("/")[2], location, size)
    world.platform.capacity.check_at_once(size.name, location, zones)
    vm = _new(world, _spec(vm_id, body, origin), _model(body, origin, given), origin.content)
    vm.resumed = origin.hibernated
    vm.specialized = not origin.generalized and "imageReference" in origin.storage
    for disk in origin.fresh:
        world.store.add(disk)
    for resource in (*origin.fresh, *origin.attached, *nics):
        resource.owners.append(vm.id)
    return vm, begin_birth(vm, _provisioning(body, origin), fate), True


def _new(world: World, spec: VmSpec, model: VmModel, content: DiskContent) -> Vm:
    """A VM that has not booted, with a guest whose disk starts as `content`."""
    vm = Vm(world.platform, spec, content.guest(world.guest_root(spec.name)), model)
    vm.guest_boots = content.boots
    vm.created_hooks = world.vm_created
    vm.listed_from += timedelta(seconds=world.platform.dice.draw("listing_lag"))
    world.vms[vm.id.lower()] = vm
    world.store.trace_created("Microsoft.Compute/virtualMachines", vm.id, vm.tags)
    return vm


def _check_rights(world: World, vm_id: str, body: Mapping[str, Any]) -> None:
    properties = body["properties"]
    linked = [
        ("Microsoft.Network/networkInterfaces/join/action", nic["id"])
        for nic in properties["networkProfile"]["networkInterfaces"]
    ]
    storage = properties["storageProfile"]
    for entry in (storage["osDisk"], *storage.get("dataDisks", [])):
        managed = entry.get("managedDisk", {})
        if "id" in managed:
            linked.append(("Microsoft.Compute/disks/read", managed["id"]))
        if "diskEncryptionSet" in managed:
            linked.append(("Microsoft.Compute/diskEncryptionSets/read", managed["diskEncryptionSet"]["id"]))
    if "imageReference" in storage:
        image = storage["imageReference"]["id"]
        kind = "galleries/images/versions" if "/galleries/" in image.lower() else "images"
        linked.append((f"Microsoft.Compute/{kind}/read", image))
    require_linked(world, _WRITE, vm_id, linked)


def _again(world: World, vm: Vm, body: Mapping[str, Any], given: Mapping[str, Any], fate: Fate | None) -> Operation:
    """The same PUT again: only tags may differ. A creation in progress continues; a failed one is retried."""
    if vm.deleting:
        raise operation_not_allowed("update", vm.name, DELETING)
    had = vm.model.given
    changed = "properties" if had is None else next((k for k in {**had, **given} if had.get(k) != given.get(k)), None)
    if changed is not None:
        message = f"Changing property '{changed}' is not allowed."
        raise ArmError(409, "PropertyChangeNotAllowed", message, target=changed)
    vm.tags = dict(body.get("tags", {}))
    if vm.creation is not None:
        return vm.creation
    operations, location = vm.platform.operations, vm.spec.location
    if vm.provisioning_state == "Failed" and vm.boot_number == 0:
        vm.platform.capacity.check_at_once(vm.spec.vm_size, location, vm.spec.zones)
        vm.provisioning_state = "Creating"
        return begin_birth(vm, vm.provisioning, fate)
    operation = operations.begin("write", vm.id, location, fate)
    vm.provisioning_state = "Updating"

    def end() -> None:
        if fate is None or fate.ends == "fails":
            vm.provisioning_state = "Succeeded" if fate is None else "Failed"
        operations.settle(operation)

    world.clock.call_in(vm.platform.dice.draw("vm_update"), end)
    return operation


def _comparable(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body by its paths, without tags and with hashed passwords, to store and compare it."""
    flat: dict[str, Any] = {}

    def walk(value: Any, path: str) -> None:
        if isinstance(value, dict):
            for name, member in value.items():  # pyright: ignore[reportUnknownVariableType]
                walk(member, f"{path}.{name}".removeprefix(".properties").lstrip("."))
        elif path.endswith("adminPassword"):
            flat[path] = hashlib.sha256(str(value).encode()).hexdigest()
        else:
            flat[path] = copy.deepcopy(value)

    walk({name: value for name, value in body.items() if name != "tags"}, "")
    return flat


def _spec(vm_id: str, body: Mapping[str, Any], origin: Origin) -> VmSpec:
    parts, properties = vm_id.split("/"), body["properties"]
    traits: object = getattr(origin.content, "traits", None)
    security = security_type(body)
    return VmSpec(
        name=parts[8],
        os="Windows" if origin.os_type == "Windows" else "Linux",
        subscription_id=parts[2],
        resource_group=parts[4],
        location=body["location"],
        tags=dict(body.get("tags", {})),
        agent_ready=origin.content.boots != "agentNeverReady",
        boot_diagnostics=bool(properties.get("diagnosticsProfile", {}).get("bootDiagnostics", {}).get("enabled")),
        linux=traits if isinstance(traits, LinuxTraits) else LinuxTraits(),
        windows=traits if isinstance(traits, WindowsTraits) else WindowsTraits(),
        zones=tuple(body.get("zones", ())),
        license_type=properties.get("licenseType"),
        security_type=None if security == "Standard" else security,  # pyright: ignore[reportArgumentType]
        hyper_v_generation="V1" if origin.generation == "V1" else "V2",
        vm_size=properties["hardwareProfile"]["vmSize"],
        plan=body.get("plan"),
        hibernation_enabled=bool(properties.get("additionalCapabilities", {}).get("hibernationEnabled")),
    )


def _model(body: Mapping[str, Any], origin: Origin, given: Mapping[str, Any]) -> VmModel:
    properties = body["properties"]
    interfaces: list[dict[str, Any]] = copy.deepcopy(properties["networkProfile"]["networkInterfaces"])
    for number, entry in enumerate(interfaces):
        entry["properties"] = {"primary": number == 0, "deleteOption": "Detach", **entry.get("properties", {})}
    identity = body.get("identity")
    return VmModel(
        storage=origin.storage,
        network={"networkInterfaces": interfaces},
        os_profile=shown_profile(properties.get("osProfile"), origin.os_type),
        security=properties.get("securityProfile"),
        plan=body.get("plan"),
        identity=None if identity is None or identity.get("type") == "None" else identity,
        priority=properties.get("priority"),
        capabilities=properties.get("additionalCapabilities"),
        given=given,
    )


def _provisioning(body: Mapping[str, Any], origin: Origin) -> Mapping[str, str | None] | None:
    """The values for the first boot; None for a VM that is not provisioned. The password is not passed on."""
    if not origin.generalized:
        return None
    profile = body["properties"]["osProfile"]
    return {"host": profile["computerName"], "user": profile["adminUsername"], "key": first_key(profile)}
