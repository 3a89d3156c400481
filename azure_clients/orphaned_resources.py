"""Lists the resources in a scope that have a run's tag."""

from datetime import UTC, datetime

from azure_clients.resources import tags_of
from azure_clients.rest import Json, list_pages
from contracts.activities.cleanup import Orphan
from contracts.ids import Scope
from contracts.resources import Kind, Purpose, Resource
from contracts.tags import APP_TAG, KEEP_TAG, PURPOSE_TAG, RUN_TAG, tag_of

# No $filter: with a filter by tag Azure returns the resources without their tags.
_QUERY = "$expand=createdTime&api-version=2021-04-01"
_MOST_PAGES = 200
_KINDS = {kind.lower(): kind for kind in Kind}


async def list_orphaned_resources(scope: Scope) -> tuple[Orphan, ...]:
    """List them (1 request for each page, at most 200; Resources - List, or List By Resource Group).

    All resources of the scope are read, and selected by their tag. Kinds that no run creates are left out: Run
    Commands have the tag too, and are deleted with their VM. Azure's list may lag behind by some seconds. Raises
    ArmRefused, ArmThrottled or ArmUnavailable.
    """
    found = [_orphan(entry) for entry in await list_pages(f"{scope}/resources", _QUERY, _MOST_PAGES)]
    return tuple(each for each in found if each is not None)


def _orphan(entry: Json) -> Orphan | None:
    kind = _KINDS.get(str(entry.get("type", "")).lower())
    tags = tags_of(entry)
    run_id, purpose = tag_of(tags, RUN_TAG), tag_of(tags, PURPOSE_TAG)
    if kind is None or run_id is None:
        return None
    return Orphan(
        resource=Resource(
            kind=kind,
            id=str(entry.get("id", "")),
            # An unknown purpose counts as an image, which no cleanup deletes.
            purpose=Purpose(purpose) if purpose in set(Purpose) else Purpose.IMAGE,
        ),
        run_id=run_id,
        app_name=tag_of(tags, APP_TAG),
        created_at=_datetime(entry.get("createdTime")),
        keep_until=_datetime(tag_of(tags, KEEP_TAG)),
    )


def _datetime(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
