"""Which version comes next, and which older versions may be deleted."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from contracts.activities.image import ImageUses
from contracts.facts import ImageVersionListed
from contracts.image_options import Retention
from policy.image_versions import LARGEST, after, explicit, next_version, number, retire
from tests.support.rows import rows

unhurried = hypothesis_settings(deadline=None)  # a busy VM is no fault

DAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

NEXT: dict[str, tuple[str, list[str], str]] = {
    "first patch": ("nextPatch", [], "1.0.0"),
    "after the only one": ("nextPatch", ["1.4.2"], "1.4.3"),
    "highest by number, not by letter": ("nextPatch", ["1.9.0", "1.10.0"], "1.10.1"),
    "names that are none": ("nextPatch", ["latest", "1.0", "1.0.0.0", "1.0.-1", "1.0.1"], "1.0.2"),
    "the largest patch": ("nextPatch", [f"1.0.{LARGEST}"], "1.1.0"),
    "the largest minor": ("nextPatch", [f"1.{LARGEST}.{LARGEST}"], "2.0.0"),
    "first of a day": ("date", [], "2026.11.2200"),
    "second of a day": ("date", ["2026.11.2200"], "2026.11.2201"),
    "after yesterday's": ("date", ["2026.11.2100", "2026.11.2101"], "2026.11.2200"),
    "a day without a counter is ignored": ("date", ["2026.11.22"], "2026.11.2200"),
    "other months and schemes": ("date", ["2026.10.3100", "1.0.5000", "2025.11.2250"], "2026.11.2200"),
    "a hundred in a day": ("date", [f"2026.11.{2200 + n}" for n in range(100)], "2026.11.2300"),
    "after a day that ran over": ("date", ["2026.11.2300"], "2026.11.2301"),
    "explicit": ("3.2.1", ["9.9.9"], "3.2.1"),
}


@rows(("options", "names", "wanted"), NEXT.values(), ids=NEXT.keys())
def test_the_next_version(options: str, names: list[str], wanted: str) -> None:
    assert next_version(options, names, DAY) == wanted


@unhurried
@given(st.lists(st.sampled_from([date(2026, 11, 1) + timedelta(days=n) for n in range(70)]), max_size=40))
def test_versions_by_date_sort_as_they_were_created(days: list[date]) -> None:
    names: list[str] = []
    for day in sorted(days):
        names.append(next_version("date", names, day))
    numbers = [number(name) for name in names]
    assert numbers == sorted(set(numbers), key=lambda found: found or (0, 0, 0))


@unhurried
@given(st.lists(st.tuples(*[st.integers(0, LARGEST)] * 3), min_size=1))
def test_the_next_patch_is_the_highest_and_not_taken(taken: list[tuple[int, ...]]) -> None:
    names = [".".join(str(part) for part in found) for found in taken]
    if max(taken) != (LARGEST,) * 3:
        found = number(next_version("nextPatch", names, DAY))
        assert found is not None
        assert found > max(taken)


def test_an_invalid_version_has_no_next() -> None:
    with pytest.raises(ValueError, match="three numbers"):
        after("latest")


def test_what_is_explicit() -> None:
    assert [explicit(options) for options in ("nextPatch", "date", "1.0.0")] == [False, False, True]


def version(name: str, **more: Any) -> ImageVersionListed:
    values: dict[str, Any] = {
        "name": name,
        "run_id": f"vm-{name}",
        "app_name": "tests",
        "regions": ("westeurope",),
        "published_at": NOW - timedelta(days=30),
        "provisioning_state": "Succeeded",
        **more,
    }
    return ImageVersionListed.model_validate(values)


def checked(
    *versions: ImageVersionListed, keep: int = 1, uses: ImageUses | None = None, **more: Any
) -> tuple[list[str], dict[str, str]]:
    options = Retention(keep=keep, **more)
    go, kept = retire(versions, uses or ImageUses(), options, "1.0.9", NOW, app_name="tests")
    return [one.name for one in go], kept


NEWEST = version("1.0.9", published_at=NOW)


def test_older_versions_are_deleted_lowest_first() -> None:
    go, kept = checked(version("1.0.10", excluded_from_latest=True), version("1.0.2"), version("1.0.1"), NEWEST)
    assert go == ["1.0.1", "1.0.2"]
    assert set(kept) == {"1.0.9", "1.0.10"}


def test_the_newest_versions_are_kept() -> None:
    go, kept = checked(version("1.0.1"), version("1.0.2"), version("1.0.8"), NEWEST, keep=3)
    assert go == ["1.0.1"]
    assert kept["1.0.2"] == "it is one of the 3 newest"


KEPT: dict[str, tuple[dict[str, Any], str]] = {
    "without a run": ({"run_id": None}, "no run of this app"),
    "another app's": ({"app_name": "other"}, "no run of this app"),
    "no app's": ({"app_name": None}, "no run of this app"),
    "being created": ({"provisioning_state": "Creating"}, "Creating"),
    "being changed": ({"provisioning_state": "Updating"}, "Updating"),
    "failed": ({"provisioning_state": "Failed"}, "Failed"),
    "excluded": ({"excluded_from_latest": True}, "excluded from latest"),
    "of unknown age": ({"published_at": None}, "age cannot be read"),
    "too young": ({"published_at": NOW - timedelta(days=6, hours=23)}, "younger than 7 days"),
    "latest in a region that the newest lacks": ({"regions": ("eastus",)}, "the latest in eastus"),
}


@rows(("more", "why"), KEPT.values(), ids=KEPT.keys())
def test_one_reason_is_enough_to_keep_a_version(more: dict[str, Any], why: str) -> None:
    assert checked(version("1.0.1"), NEWEST)[0] == ["1.0.1"], "else it would go"
    go, kept = checked(version("1.0.1", **more), NEWEST)
    assert go == []
    assert why in kept["1.0.1"]


def test_a_version_in_use_is_kept() -> None:
    go, kept = checked(version("1.0.1"), NEWEST, uses=ImageUses(versions=("1.0.1",)))
    assert go == []
    assert "was created from it" in kept["1.0.1"]


def test_a_reference_to_latest_keeps_all_versions() -> None:
    versions = (version("1.0.1"), version("1.0.2"), NEWEST)
    assert checked(*versions)[0] == ["1.0.1", "1.0.2"], "else they would go"
    go, kept = checked(*versions, uses=ImageUses(latest_used=True))
    assert go == []
    assert (
        kept["1.0.1"]
        == kept["1.0.2"]
        == "a VM or scale set refers to the definition's latest version and may use any version"
    )


def test_the_newest_promoted_version_is_kept_if_the_published_one_is_older_or_excluded() -> None:
    go, kept = checked(version("1.0.1"), version("2.0.0"), version("1.0.9", excluded_from_latest=True))
    assert go == ["1.0.1"]
    assert kept["2.0.0"] == "it is the latest in westeurope"
    assert kept["1.0.9"] == "it was just published"


def test_without_a_minimum_age_new_versions_may_be_deleted() -> None:
    assert checked(version("1.0.1", published_at=NOW), NEWEST, minimum_age_days=0)[0] == ["1.0.1"]


def test_versions_whose_regions_are_unknown_keep_the_newest() -> None:
    go, kept = checked(version("1.0.1", regions=()), version("1.1.0", regions=()), NEWEST)
    assert go == ["1.0.1"]
    assert kept["1.1.0"] == "it is the newest promoted version"


@unhurried
@given(st.lists(st.tuples(st.integers(0, 30), st.booleans(), st.integers(0, 60)), unique_by=lambda one: one[0]))
def test_never_fewer_versions_than_requested_are_kept(shape: list[tuple[int, bool, int]]) -> None:
    listed = [
        version(f"1.0.{patch}", excluded_from_latest=out, published_at=NOW - timedelta(days=age))
        for patch, out, age in shape
    ]
    go, kept = checked(*listed, keep=3)
    promoted = [one.name for one in listed if not one.excluded_from_latest]
    assert len(set(promoted) - set(go)) >= min(3, len(promoted))
    assert len(go) + len(kept) == len(listed)
