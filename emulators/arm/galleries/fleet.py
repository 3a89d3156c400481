"""Galleries, image definitions and image versions of the fleet: add and find them, and find the latest version."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from emulators.arm.galleries.model import DEFINITION, GALLERY, VERSION, OsState, latest_regions, number
from emulators.arm.state.ids import SUBSCRIPTION
from emulators.arm.state.regions import REGIONS, region_key
from emulators.arm.state.store import Resource
from emulators.arm.state.world import World

if TYPE_CHECKING:
    from emulators.arm.guests.model import DiskContent


class Galleries:
    """The galleries of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store
        self.replication = world.replication
        self.recycle_bin = world.recycle_bin

    def add_gallery(
        self,
        name: str,
        *,
        resource_group: str = "golden-rg",
        location: str = "westeurope",
        subscription_id: str = SUBSCRIPTION,
        tags: Mapping[str, str] | None = None,
        soft_delete: bool = False,
        retention_days: int = 7,
        grace_days: int = 0,
    ) -> Resource:
        """Add an empty gallery, listed at once; its resource group is created if missing.

        With `soft_delete` its deleted versions stay in the recycle bin for `retention_days` and `grace_days`.
        """
        group = f"/subscriptions/{subscription_id}/resourceGroups/{resource_group}"
        self._world.add_group(group)
        gallery_id = f"{group}/providers/{GALLERY}/{name}"
        properties: dict[str, Any] = {"identifier": {"uniqueName": f"{subscription_id}-{name.upper()}"}}
        if soft_delete:
            periods = {"retentionPeriodInDays": retention_days, "gracePeriodInDays": grace_days}
            properties["softDeletePolicy"] = {"isSoftDeleteEnabled": True, **periods}
        return self._add(gallery_id, GALLERY, location, tags, properties)

    def add_definition(
        self,
        gallery: Resource | str,
        name: str,
        os_type: Literal["Linux", "Windows"] = "Linux",
        os_state: OsState = "Generalized",
        *,
        generation: Literal["V1", "V2"] = "V2",
        security_type: str | None = None,
        architecture: str = "x64",
        location: str | None = None,
        plan: Mapping[str, str] | None = None,
        features: Mapping[str, str] | None = None,
    ) -> Resource:
        """Add an image definition to a gallery (the resource, its id, or its name if that is unique).

        `security_type` is the feature's value, such as TrustedLaunchSupported; `features` are others, such as
        `{"DiskControllerTypes": "SCSI, NVMe"}`. KeyError when there is no such gallery.
        """
        parent = self._named(gallery, GALLERY)
        identifier = {"publisher": "Simulator", "offer": parent.name, "sku": name}
        properties: dict[str, Any] = {"osType": os_type, "osState": os_state, "hyperVGeneration": generation}
        properties |= {"architecture": architecture, "identifier": identifier}
        held = {**({} if security_type is None else {"SecurityType": security_type}), **(features or {})}
        if held:
            properties["features"] = [{"name": name, "value": value} for name, value in held.items()]
        if plan is not None:
            properties["purchasePlan"] = dict(plan)
        definition_id = f"{parent.id}/images/{name}"
        return self._add(definition_id, DEFINITION, location or parent.location, None, properties)

    def add_version(
        self,
        definition: Resource | str,
        name: str,
        content: "DiskContent",
        *,
        regions: Iterable[str] = (),
        excluded: bool = False,
        tags: Mapping[str, str] | None = None,
    ) -> Resource:
        """Add a version that is replicated already, to its definition's region and `regions`."""
        parent = self._named(definition, DEFINITION)
        keys = dict.fromkeys([region_key(parent.location), *(region_key(region) for region in regions)])
        targets = [
            {
                "name": REGIONS[key],
                "regionalReplicaCount": 1,
                "storageAccountType": "Standard_LRS",
                "excludeFromLatest": False,
            }
            for key in keys
        ]
        publishing = {"targetRegions": targets, "replicaCount": 1, "excludeFromLatest": excluded}
        publishing |= {"publishedDate": self._world.clock.now().isoformat(), "storageAccountType": "Standard_LRS"}
        storage: dict[str, Any] = {"osDiskImage": {"sizeInGB": 30, "hostCaching": "ReadWrite"}, "dataDiskImages": []}
        # Its source VM no longer exists, as is usual.
        gone = f"{parent.id.partition('/providers/')[0]}/providers/Microsoft.Compute/virtualMachines/gone"
        storage["source"] = {"virtualMachineId": gone}
        safety = {"allowDeletionOfReplicatedLocations": True, "reportedForPolicyViolation": False}
        properties = {"publishingProfile": publishing, "storageProfile": storage, "safetyProfile": safety}
        version = self._add(f"{parent.id}/versions/{name}", VERSION, parent.location, tags, properties)
        version.content = content
        self.replication.complete(version)
        return version

    def add_encryption_set(
        self, name: str, location: str, *, resource_group: str = "golden-rg", subscription_id: str = SUBSCRIPTION
    ) -> Resource:
        """Add a disk encryption set, which belongs to one region."""
        group = f"/subscriptions/{subscription_id}/resourceGroups/{resource_group}"
        self._world.add_group(group)
        kind = "Microsoft.Compute/diskEncryptionSets"
        return self._add(f"{group}/providers/{kind}/{name}", kind, location, None, {})

    def now(self) -> datetime:
        """The simulated moment."""
        return self._world.clock.now()

    def versions(self, definition_id: str) -> list[Resource]:
        """All versions of a definition, the lowest first."""
        return sorted(self._store.of_kind(VERSION, definition_id), key=number)

    def latest(self, definition_id: str, region: str | None = None) -> Resource | None:
        """The highest version that is not excluded and can be used, anywhere or in one region."""
        for version in reversed(self.versions(definition_id)):
            regions = latest_regions(version, self.replication)
            if regions and (region is None or region_key(region) in regions):
                return version
        return None

    def _named(self, wanted: Resource | str, kind: str) -> Resource:
        if isinstance(wanted, Resource):
            return wanted
        name = wanted.lower()
        found = [held for held in self._store.of_kind(kind) if name in (held.id.lower(), held.name.lower())]
        if len(found) != 1:
            raise KeyError(f"{len(found)} resources of type {kind} are called '{wanted}'; give a full id that exists")
        return found[0]

    def _add(
        self, resource_id: str, kind: str, location: str, tags: Mapping[str, str] | None, properties: dict[str, Any]
    ) -> Resource:
        if self._store.get(resource_id) is not None:
            raise ValueError(f"the resource '{resource_id}' already exists")
        resource = self._store.new(
            resource_id, kind, location, fresh=False, tags=dict(tags or {}), properties=properties
        )
        return self._store.add(resource, trace=False)
