"""The resources that a run created, from before each is requested until it is deleted, kept or reported."""

from contracts.resources import OrphanedResource, Purpose, Resource


class Created:
    """Which resources of the run may exist, which of them are kept, and which could not be deleted.

    A resource is remembered before it is requested: from then on it may exist, even if Azure does not answer.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._temporary: list[Resource] = []
        self._kept: list[Resource] = []
        self._seen: set[str] = set()
        self._orphaned: list[OrphanedResource] = []

    def remember(self, *resources: Resource) -> None:
        """Remember resources that are about to be requested; the run deletes them when it ends."""
        self._temporary += resources

    def forget(self, *resources: Resource) -> None:
        """Forget resources that do not exist: they are deleted, or were never created by this run."""
        self._temporary = [each for each in self._temporary if each not in resources]

    def keep(self, *resources: Resource) -> None:
        """Keep resources when the run ends; they are named in its result."""
        self.forget(*resources)
        self._kept += resources

    def saw(self, resource_id: str) -> None:
        """Note that Azure returned the resource: a later 404 then proves that it is gone."""
        self._seen.add(resource_id)

    def was_seen(self, resource_id: str) -> bool:
        """Return whether Azure ever returned the resource."""
        return resource_id in self._seen

    def temporary(self, purpose: Purpose | None = None) -> list[Resource]:
        """Return the temporary resources, of one purpose or all."""
        return [each for each in self._temporary if purpose in {None, each.purpose}]

    def keeps(self, resource_id: str) -> bool:
        """Return whether the resource is kept."""
        return any(each.id == resource_id for each in self._kept)

    @property
    def kept_ids(self) -> tuple[str, ...]:
        """The ids of the resources that are kept."""
        return tuple(each.id for each in self._kept)

    def orphan(self, *orphans: OrphanedResource) -> None:
        """Report resources that could not be deleted; one reported again is listed once, with the last why."""
        ids = {each.id for each in orphans}
        self._orphaned = [*(each for each in self._orphaned if each.id not in ids), *orphans]

    def try_again(self, resources: list[Resource]) -> None:
        """Take resources off the report while they are deleted again."""
        ids = {each.id for each in resources}
        self._orphaned = [each for each in self._orphaned if each.id not in ids]

    @property
    def orphaned(self) -> tuple[OrphanedResource, ...]:
        """What could not be deleted."""
        return tuple(self._orphaned)
