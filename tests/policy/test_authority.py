"""A run keeps what it was accepted under, and gains nothing: both its settings and those of now must allow a change."""

from typing import Any

import pytest

from contracts.authority import Authority
from contracts.error_codes import RefusalCode
from contracts.request import Mode
from contracts.run import Trigger
from policy.authority import why_no_cleanup, why_not
from tests.support.authority import authority, live
from tests.support.requests import GROUP, SUBSCRIPTION, vm_id

ELSEWHERE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images-2/providers/Microsoft.Compute/disks/d"
CLONE = authority(mode=Mode.CLONE, opt_in_value="anything", trigger=Trigger.HTTP)
DENIED: dict[str, tuple[Authority, dict[str, Any], RefusalCode]] = {
    "the scope was taken away": (authority(), {"allowed_scopes": ()}, RefusalCode.SCOPE_NOT_ALLOWED),
    "another group is allowed": (
        authority(),
        {"allowed_scopes": (f"{GROUP}-2",)},
        RefusalCode.SCOPE_NOT_ALLOWED,
    ),
    "the trigger was taken away": (
        authority(),
        {"in_place_triggers": (Trigger.TIMER,)},
        RefusalCode.TRIGGER_NOT_ALLOWED,
    ),
    "another opt-in tag": (authority(), {"opt_in_tag": "other"}, RefusalCode.NOT_OPTED_IN),
    "another opt-in value": (authority(), {"opt_in_value": "other"}, RefusalCode.NOT_OPTED_IN),
    "an approval is demanded": (authority(), {"approval_modes": ("inPlace",)}, RefusalCode.APPROVAL_REQUIRED),
    "an approval of clones is demanded": (CLONE, {"approval_modes": ("clone",)}, RefusalCode.APPROVAL_REQUIRED),
    "paused": (authority(), {"paused": True}, RefusalCode.APP_PAUSED),
    "gone, though past the point of no return": (
        authority(committed=True),
        {"allowed_scopes": ()},
        RefusalCode.SCOPE_NOT_ALLOWED,
    ),
}
ALLOWED: dict[str, tuple[Authority, dict[str, Any]]] = {
    "as accepted": (authority(), {}),
    "a whole subscription": (authority(), {"allowed_scopes": (f"/subscriptions/{SUBSCRIPTION}",)}),
    "a clone needs neither opt-in nor trigger": (CLONE, {"in_place_triggers": ()}),
    "approved": (authority(approved=True), {"approval_modes": ("inPlace",)}),
    "an approval of other runs": (authority(), {"approval_modes": ("clone",)}),
    "paused, past the point of no return": (authority(committed=True), {"paused": True}),
}


@pytest.mark.parametrize(("bearer", "now", "code"), DENIED.values(), ids=DENIED)
def test_a_change_is_denied(bearer: Authority, now: dict[str, Any], code: RefusalCode) -> None:
    found = why_not(bearer, (vm_id(),), live(**now))
    assert found is not None
    assert found.code is code


@pytest.mark.parametrize(("bearer", "now"), ALLOWED.values(), ids=ALLOWED)
def test_a_change_is_allowed(bearer: Authority, now: dict[str, Any]) -> None:
    assert why_not(bearer, (vm_id(), f"{GROUP.upper()}/providers/Microsoft.Compute/disks/d"), live(**now)) is None


def test_every_resource_must_be_in_an_allowed_scope() -> None:
    """A group whose name only begins like an allowed one is another group."""
    found = why_not(authority(), (vm_id(), ELSEWHERE), live())
    assert found is not None
    assert found.code is RefusalCode.SCOPE_NOT_ALLOWED
    assert ELSEWHERE in found.message


def test_a_refusal_names_nothing_but_what_the_caller_named() -> None:
    now = live(allowed_scopes=("/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups/secret-prod",))
    found = why_not(authority(), (vm_id(),), now)
    assert found is not None
    assert "secret-prod" not in found.model_dump_json()


def test_a_cleanup_needs_the_mode_delete_and_the_scope() -> None:
    disk = f"{GROUP}/providers/Microsoft.Compute/disks/d"
    assert why_no_cleanup((disk,), live()) is None
    for mode in ("off", "report"):
        found = why_no_cleanup((disk,), live(cleanup_mode=mode))
        assert found is not None
        assert found.code is RefusalCode.CLEANUP_NOT_ALLOWED
    outside = why_no_cleanup((ELSEWHERE,), live())
    assert outside is not None
    assert outside.code is RefusalCode.SCOPE_NOT_ALLOWED
