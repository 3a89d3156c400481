"""Names of image versions: which comes next; and which older ones may go."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

from contracts.facts import ImageVersionListed
from contracts.image_steps import ImageUses
from contracts.wishes import BY_DATE, NEXT_PATCH, Retention

LARGEST = 2**31 - 1
"""The largest number in a version's name (Azure: three 32-bit integers)."""
_FIRST = (1, 0, 0)
_A_DAY = 100

type Number = tuple[int, int, int]


def number(name: str) -> Number | None:
    """Give a version's name as numbers, by which Azure orders versions; None if it is no such name."""
    parts = name.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() for part in parts):
        return None
    major, minor, patch = (int(part) for part in parts)
    return major, minor, patch


def explicit(wish: str) -> bool:
    """Tell whether the wish is a version's own name, and not a rule to find one."""
    return wish not in {NEXT_PATCH, BY_DATE}


def next_version(wish: str, names: Iterable[str], today: date) -> str:
    """Give the name that the wish asks for, given the names that are taken.

    `nextPatch` is the patch after the highest, 1.0.0 in an empty definition. `date` is YYYY.M.P with P = day * 100 + a
    counter: 2026.11.2200 on 22 November, then 2026.11.2201. The counter is always there: Azure takes the highest
    number for the latest, so the day alone for the first of a day (2026.11.23) would lie below yesterday's second
    (2026.11.2201), and machines would go on to be made from yesterday's. It counts on from the month's highest: a
    hundred versions in a day run into the next day's numbers and still sort as they were made.
    """
    taken = sorted(found for name in names if (found := number(name)) is not None)
    if explicit(wish):
        return wish
    if wish == NEXT_PATCH:
        return after(_text(taken[-1])) if taken else _text(_FIRST)
    first = (today.year, today.month, today.day * _A_DAY)
    month = [found for found in taken if found[:2] == first[:2] and found >= first]
    return after(_text(month[-1])) if month else _text(first)


def after(version: str) -> str:
    """Give the name after this one: the next patch; after the largest patch the next minor, then the next major."""
    found = number(version)
    if found is None:
        raise ValueError(f"{version!r} is no version: expected three numbers, as in 1.4.2")
    major, minor, patch = found
    if patch < LARGEST:
        return _text((major, minor, patch + 1))
    return _text((major, minor + 1, 0) if minor < LARGEST else (major + 1, 0, 0))


def retire(
    versions: Iterable[ImageVersionListed],
    uses: ImageUses,
    wish: Retention,
    keep_name: str,
    now: datetime,
    *,
    app_name: str,
) -> tuple[tuple[ImageVersionListed, ...], dict[str, str]]:
    """Give the versions that may go, lowest first, and for each that stays the reason.

    Only a version that carries a run's tag and this app's is ours to delete; whoever made another one decides on it.
    One stays that is in use, that `latest` gives in some region, that is excluded from latest (its verification may be
    under way, or it failed and somebody should look), that is not whole (a run may be making it), that is younger than
    asked, or that is among the newest asked for. Where something follows latest all stay: its instances were made from
    whatever was the latest on their day.
    """
    listed = sorted(versions, key=lambda version: number(version.name) or (0, 0, 0))
    promoted = [version for version in listed if _whole(version) and not version.excluded_from_latest]
    newest = {version.name for version in promoted[-wish.keep :]}
    latest = _latest(promoted)
    go: list[ImageVersionListed] = []
    kept: dict[str, str] = {}
    for version in listed:
        reasons = _reasons(version, uses, wish, now, app_name)
        if version.name == keep_name:
            reasons = iter(("it is the one just published",))
        why = next(reasons, None) or latest.get(version.name)
        if why is None and version.name in newest:
            why = f"it is among the {wish.keep} newest"
        if why is None:
            go.append(version)
        else:
            kept[version.name] = why
    return tuple(go), kept


def _reasons(
    version: ImageVersionListed, uses: ImageUses, wish: Retention, now: datetime, app_name: str
) -> Iterator[str]:
    if uses.latest_used:
        yield "something follows latest of the definition and may run any version"
    if version.run_id is None or version.app_name != app_name:
        yield "no run of this app made it"
    if version.name in uses.versions:
        yield "a machine or scale set was made from it"
    if not _whole(version):
        yield f"its provisioning state is {version.provisioning_state or 'unknown'}"
    if version.excluded_from_latest:
        yield "it is excluded from latest"
    if version.published_at is None:
        yield "nobody can tell how old it is"
    elif _aware(now) - _aware(version.published_at) < timedelta(days=wish.minimum_age_days):
        yield f"it is younger than {wish.minimum_age_days} days"


def _latest(promoted: list[ImageVersionListed]) -> dict[str, str]:
    """Which versions `latest` gives: one that a region lacks, since it was dropped there, hides no older one in it."""
    latest: dict[str, str] = {}
    given = {region: version.name for version in promoted for region in version.regions}
    for region, name in sorted(given.items()):
        latest.setdefault(name, f"it is what latest gives in {region}")
    if promoted:
        latest.setdefault(promoted[-1].name, "it is the newest that is promoted")
    return latest


def _whole(version: ImageVersionListed) -> bool:
    return version.provisioning_state.lower() == "succeeded"


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _text(found: Number) -> str:
    return ".".join(str(part) for part in found)
