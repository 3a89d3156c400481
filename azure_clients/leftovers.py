"""Lists what in a scope carries a run's tag, whatever made it."""

from datetime import UTC, datetime

from azure_clients.plain_requests import Json, list_pages
from azure_clients.things import tags_of
from contracts.ids import Scope
from contracts.made import APP_TAG, KEEP_TAG, PURPOSE_TAG, RUN_TAG, Kind, Made, Purpose, tag_of
from contracts.sweep_steps import Leftover

# No $filter: under one by tag Azure gives every resource without its tags.
_QUERY = "$expand=createdTime&api-version=2021-04-01"
_MOST_PAGES = 200
_KINDS = {kind.lower(): kind for kind in Kind}


async def list_leftovers(scope: Scope) -> tuple[Leftover, ...]:
    """List them (1 request a page, at most 200; Resources - List, or List By Resource Group).

    Every resource of the scope is read; ours are chosen here, by their tag. Kinds that no run makes are left out: Run
    Commands carry the tag too, and go with their machine. Azure's list may lag behind by some seconds. Raises
    ArmRefused, ArmThrottled or ArmUnavailable.
    """
    found = [_leftover(entry) for entry in await list_pages(f"{scope}/resources", _QUERY, _MOST_PAGES)]
    return tuple(each for each in found if each is not None)


def _leftover(entry: Json) -> Leftover | None:
    kind = _KINDS.get(str(entry.get("type", "")).lower())
    tags = tags_of(entry)
    run_id, purpose = tag_of(tags, RUN_TAG), tag_of(tags, PURPOSE_TAG)
    if kind is None or run_id is None:
        return None
    return Leftover(
        made=Made(
            kind=kind,
            id=str(entry.get("id", "")),
            # What cannot be read counts as an image, which no sweep deletes.
            purpose=Purpose(purpose) if purpose in set(Purpose) else Purpose.IMAGE,
        ),
        run_id=run_id,
        app_name=tag_of(tags, APP_TAG),
        created_at=_moment(entry.get("createdTime")),
        keep_until=_moment(tag_of(tags, KEEP_TAG)),
    )


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
