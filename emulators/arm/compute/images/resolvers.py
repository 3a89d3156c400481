"""Finds what a VM can be created from: an image version, the latest of a definition, or a managed image."""

from typing import Literal

from emulators.arm.galleries.galleries import (
    DEFINITION,
    VERSION,
    DefinitionFacts,
    Galleries,
    latest_regions,
    usable_regions,
)
from emulators.arm.galleries.regions import region_key
from emulators.arm.state.store import ImageResolver, ImageSource, Resource, Store

MANAGED_IMAGE = "Microsoft.Compute/images"


def resolvers(store: Store, galleries: Galleries) -> list[ImageResolver]:
    """The default value of `World.image_sources`."""

    def version(image_id: str) -> ImageSource | None:
        found = store.get(image_id)
        if found is None or found.kind != VERSION:
            return None
        return _version_source(store, galleries, found, usable_regions(found, galleries.replication))

    def latest(image_id: str) -> ImageSource | None:
        definition_id = image_id.lower().rstrip("/").removesuffix("/versions/latest")
        definition = store.get(definition_id)
        if definition is None or definition.kind != DEFINITION:
            return None
        found = galleries.latest(definition_id)
        return (
            None
            if found is None
            else _version_source(store, galleries, found, latest_regions(found, galleries.replication))
        )

    def managed(image_id: str) -> ImageSource | None:
        found = store.get(image_id)
        return _managed_source(galleries, found) if found is not None and found.kind == MANAGED_IMAGE else None

    return [version, latest, managed]


def _version_source(
    store: Store, galleries: Galleries, version: Resource, regions: frozenset[str]
) -> ImageSource | None:
    definition = store.get(version.id.rpartition("/versions/")[0])
    if definition is None or version.content is None:
        return None
    parent, storage = DefinitionFacts.of(definition), version.properties["storageProfile"]
    return ImageSource(
        content=version.content,
        os_type=parent.os_type,
        os_state=parent.os_state,
        generation=parent.generation,
        security_type=parent.security,
        regions=regions,
        data_disks=galleries.data_disks.get(version.id.lower(), ()),
        exact_id=version.id,
        size_gb=storage["osDiskImage"]["sizeInGB"],
        plan=parent.plan,
    )


def _managed_source(galleries: Galleries, image: Resource) -> ImageSource | None:
    if image.content is None:
        return None
    usable = image.provisioning_state == "Succeeded" and not image.deleting
    os_disk = image.properties["storageProfile"]["osDisk"]
    state: Literal["Generalized"] = "Generalized"
    return ImageSource(
        content=image.content,
        os_type=os_disk["osType"],
        os_state=state,
        generation=image.properties["hyperVGeneration"],
        security_type=None,
        regions=frozenset({region_key(image.location)}) if usable else frozenset(),
        data_disks=galleries.data_disks.get(image.id.lower(), ()),
        size_gb=os_disk["diskSizeGB"],
    )
