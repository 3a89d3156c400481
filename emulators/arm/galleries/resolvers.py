"""Image versions as sources of VMs and disks: a version by its id, and the latest of a definition."""

from emulators.arm.galleries.fleet import Galleries
from emulators.arm.galleries.model import DEFINITION, VERSION, DefinitionFacts, latest_regions, usable_regions
from emulators.arm.state.store import ImageResolver, ImageSource, Resource, Store


def gallery_images(store: Store, galleries: Galleries) -> list[ImageResolver]:
    """Their entries of `World.image_sources`."""

    def version(image_id: str) -> ImageSource | None:
        found = store.get(image_id) or _in_bin(galleries, image_id)
        if found is None or found.kind != VERSION:
            return None
        return _version_source(store, found, usable_regions(found, galleries.replication))

    def latest(image_id: str) -> ImageSource | None:
        definition_id = image_id.lower().rstrip("/").removesuffix("/versions/latest")
        definition = store.get(definition_id)
        if definition is None or definition.kind != DEFINITION:
            return None
        found = galleries.latest(definition_id)
        return None if found is None else _version_source(store, found, latest_regions(found, galleries.replication))

    return [version, latest]


def _in_bin(galleries: Galleries, image_id: str) -> Resource | None:
    """A soft-deleted version is usable by its number, never as the latest, until its retention has ended."""
    held = galleries.recycle_bin.find(image_id)
    return held.version if held is not None and galleries.now() < held.consumable_until else None


def _version_source(store: Store, version: Resource, regions: frozenset[str]) -> ImageSource | None:
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
        data_disks=version.data_disks,
        exact_id=version.id,
        size_gb=storage["osDiskImage"]["sizeInGB"],
        plan=parent.plan,
        architecture=parent.architecture,
        controllers=parent.controllers,
    )
