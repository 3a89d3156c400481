"""Names of image versions: which comes next, and which older versions may be deleted."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

from contracts.activities.image import ImageUses
from contracts.digits import read_digits
from contracts.facts import ImageVersionListed
from contracts.image_options import BY_DATE, NEXT_PATCH, Retention

LARGEST = 2**31 - 1
"""The largest number in a version's name (Azure: three 32-bit integers)."""
_FIRST = (1, 0, 0)
_A_DAY = 100

type Number = tuple[int, int, int]


def number(name: str) -> Number | None:
    """Return a version's name as numbers, by which Azure sorts versions; None if it is not a version name."""
    match [read_digits(part, 10) for part in name.split(".")]:
        case [int(major), int(minor), int(patch)]:
            return major, minor, patch
        case _:
            return None


def explicit(options: str) -> bool:
    """Return whether the option is an explicit version, and not a rule for the next one."""
    return options not in {NEXT_PATCH, BY_DATE}


def next_version(options: str, names: Iterable[str], today: date) -> str:
    """Return the version name for the option, given the names that are taken.

    `nextPatch` is the patch after the highest version, or 1.0.0 in an empty definition. `date` is YYYY.M.P with
    P = day * 100 + a counter: 2026.11.2200 on 22 November, then 2026.11.2201. The counter is always included: for Azure
    the highest number is the latest version. The day alone (2026.11.23) would be lower than the second version of the
    day before (2026.11.2201), and VMs would still be created from that one. The counter continues from the highest
    version of the month: the hundredth version of a day uses numbers of the next day, and the order is still right.
    """
    taken = sorted(found for name in names if (found := number(name)) is not None)
    if explicit(options):
        return options
    if options == NEXT_PATCH:
        return after(_text(taken[-1])) if taken else _text(_FIRST)
    first = (today.year, today.month, today.day * _A_DAY)
    month = [found for found in taken if found[:2] == first[:2] and found >= first]
    return after(_text(month[-1])) if month else _text(first)


def after(version: str) -> str:
    """Return the next name: the next patch; after the largest patch the next minor, then the next major version."""
    found = number(version)
    if found is None:
        raise ValueError(f"{version!r} is not a version: expected three numbers, as in 1.4.2")
    major, minor, patch = found
    if patch < LARGEST:
        return _text((major, minor, patch + 1))
    return _text((major, minor + 1, 0) if minor < LARGEST else (major + 1, 0, 0))


def retire(
    versions: Iterable[ImageVersionListed],
    uses: ImageUses,
    options: Retention,
    keep_name: str,
    now: datetime,
    *,
    app_name: str,
) -> tuple[tuple[ImageVersionListed, ...], dict[str, str]]:
    """Return the versions that may be deleted, lowest first, and the reason for each version that is kept.

    Only a version with the tags of a run and of this app may be deleted. Kept are versions

    - that are in use, or that `latest` resolves to in some region,
    - that are excluded from latest: their validation may be in progress, or it failed and must be examined,
    - that have not succeeded: a run may be creating them,
    - that are younger than `minimum_age_days`, or among the newest `keep`.

    If a VM or scale set refers to latest, all versions are kept: its instances come from whatever was the latest
    version when they were created.
    """
    listed = sorted(versions, key=lambda version: number(version.name) or (0, 0, 0))
    promoted = [version for version in listed if _succeeded(version) and not version.excluded_from_latest]
    newest = {version.name for version in promoted[-options.keep :]}
    latest = _latest(promoted)
    go: list[ImageVersionListed] = []
    kept: dict[str, str] = {}
    for version in listed:
        reasons = _reasons(version, uses, options, now, app_name)
        if version.name == keep_name:
            reasons = iter(("it was just published",))
        why = next(reasons, None) or latest.get(version.name)
        if why is None and version.name in newest:
            why = f"it is one of the {options.keep} newest"
        if why is None:
            go.append(version)
        else:
            kept[version.name] = why
    return tuple(go), kept


def _reasons(
    version: ImageVersionListed, uses: ImageUses, options: Retention, now: datetime, app_name: str
) -> Iterator[str]:
    if uses.latest_used:
        yield "a VM or scale set refers to the definition's latest version and may use any version"
    if version.run_id is None or version.app_name != app_name:
        yield "no run of this app created it"
    if version.name in uses.versions:
        yield "a VM or scale set was created from it"
    if not _succeeded(version):
        yield f"its provisioning state is {version.provisioning_state or 'unknown'}"
    if version.excluded_from_latest:
        yield "it is excluded from latest"
    if version.published_at is None:
        yield "its age cannot be read"
    elif _aware(now) - _aware(version.published_at) < timedelta(days=options.minimum_age_days):
        yield f"it is younger than {options.minimum_age_days} days"


def _latest(promoted: list[ImageVersionListed]) -> dict[str, str]:
    """Return the versions that `latest` resolves to, by region: a version dropped in a region is not latest there."""
    latest: dict[str, str] = {}
    given = {region: version.name for version in promoted for region in version.regions}
    for region, name in sorted(given.items()):
        latest.setdefault(name, f"it is the latest in {region}")
    if promoted:
        latest.setdefault(promoted[-1].name, "it is the newest promoted version")
    return latest


def _succeeded(version: ImageVersionListed) -> bool:
    return version.provisioning_state.lower() == "succeeded"


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _text(found: Number) -> str:
    return ".".join(str(part) for part in found)
