"""Rights: wildcards, notActions and several entries, as Azure adds them up."""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from contracts.error_codes import RefusalCode
from contracts.facts import Permission
from contracts.request import Target
from policy.rights import (
    missing_actions,
    needed_actions,
    needed_for_cleanup,
    needed_for_clone,
    needed_for_customize,
    needed_for_rollback,
)
from policy.vm_checks import check_vm
from tests.support.requests import GROUP, facts, job
from tests.support.rows import rows

unhurried = hypothesis_settings(deadline=None)  # a busy VM is no fault

COMPUTE = "Microsoft.Compute/virtualMachines"
READ, GENERALIZE = f"{COMPUTE}/read", f"{COMPUTE}/generalize/action"
SERIAL = f"{COMPUTE}/retrieveBootDiagnosticsData/action"


def entry(*actions: str, but: tuple[str, ...] = ()) -> Permission:
    return Permission(actions=actions, not_actions=but)


def target(evidence: str) -> Target:
    return job(target={"deprovision": {"evidence": evidence}}).target


GRANTED: list[tuple[str, str, bool]] = [
    (READ, READ, True),
    (READ.upper(), READ, True),
    (READ.lower(), READ, True),
    ("*", GENERALIZE, True),
    ("*/read", READ, True),
    ("*/read", GENERALIZE, False),
    ("*/action", GENERALIZE, True),
    ("Microsoft.Compute/*", GENERALIZE, True),
    ("Microsoft.Compute/*/read", READ, True),
    ("Microsoft.Compute/*/read", f"{COMPUTE}/runCommands/read", True),
    (f"{COMPUTE}/*", READ, True),
    (f"{COMPUTE}/*/action", GENERALIZE, True),
    (f"{COMPUTE}/*/action", READ, False),
    (f"{COMPUTE}/gen*", GENERALIZE, True),
    ("*/virtualMachines/*/action", GENERALIZE, True),
    (f"{COMPUTE}", READ, False),
    (f"{COMPUTE}/", READ, False),
    (f"{COMPUTE}/rea", READ, False),
    (f"{READ}/more", READ, False),
    ("MicrosoftXCompute/virtualMachines/read", READ, False),
    ("Microsoft.Compute/virtualMachineScaleSets/*", READ, False),
    ("Microsoft.Storage/*", READ, False),
    ("", READ, False),
    (".*", READ, False),
    ("[a-z]*", READ, False),
]


@rows(("pattern", "action", "granted"), GRANTED)
def test_a_pattern_grants_what_it_matches(pattern: str, action: str, granted: bool) -> None:
    assert missing_actions([entry(pattern)], [action]) == (() if granted else (action,))


@rows(("pattern", "action", "denied"), GRANTED)
def test_a_not_action_takes_away_what_it_matches(pattern: str, action: str, denied: bool) -> None:
    assert missing_actions([entry("*", but=(pattern,))], [action]) == ((action,) if denied else ())


CONTRIBUTOR = entry("*", but=("Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"))
READER = entry("*/read")
NO_GENERALIZE = entry("*", but=(GENERALIZE,))

SEVERAL: dict[str, tuple[list[Permission], tuple[str, ...]]] = {
    "none": ([], (READ, GENERALIZE)),
    "an empty entry": ([entry()], (READ, GENERALIZE)),
    "Reader": ([READER], (GENERALIZE,)),
    "Contributor": ([CONTRIBUTOR], ()),
    "a notAction": ([NO_GENERALIZE], (GENERALIZE,)),
    "another entry grants what one leaves out": ([NO_GENERALIZE, entry(GENERALIZE)], ()),
    "the order of entries": ([entry(GENERALIZE), NO_GENERALIZE], ()),
    "two halves": ([entry(READ), entry(GENERALIZE)], ()),
    "both leave it out": ([NO_GENERALIZE, entry("*", but=("*/generalize/*",))], (GENERALIZE,)),
    "an action in its own notActions": ([entry(READ, but=("*",))], (READ, GENERALIZE)),
    "several patterns in one": ([entry("Microsoft.Storage/*", "*/read", f"{COMPUTE}/gen*")], ()),
}


@rows(("permissions", "missing"), SEVERAL.values(), ids=SEVERAL.keys())
def test_entries_add_up(permissions: list[Permission], missing: tuple[str, ...]) -> None:
    assert missing_actions(permissions, [READ, GENERALIZE]) == missing


def test_a_generator_of_entries_is_asked_for_every_action() -> None:
    assert missing_actions(iter([READER, entry(GENERALIZE)]), iter([READ, GENERALIZE])) == ()


@unhurried
@given(st.text(), st.text())
def test_no_pattern_raises(pattern: str, action: str) -> None:
    assert set(missing_actions([entry(pattern)], [action])) <= {action}


@unhurried
@given(st.text(st.sampled_from("ab/.")), st.integers(0, 8), st.integers(0, 8))
def test_a_star_matches_anything_in_the_middle(action: str, start: int, length: int) -> None:
    pattern = f"{action[:start]}*{action[start + length :]}"
    assert missing_actions([entry(pattern)], [action]) == ()


CUSTOMIZE = {READ, *(f"{COMPUTE}/runCommands/{verb}" for verb in ("read", "write", "delete"))}
ALWAYS = {
    READ,
    f"{COMPUTE}/runCommands/read",
    f"{COMPUTE}/runCommands/write",
    f"{COMPUTE}/runCommands/delete",
    f"{COMPUTE}/deallocate/action",
    GENERALIZE,
}


@pytest.mark.parametrize(
    ("evidence", "linux", "more"),
    [
        ("guestReported", True, {SERIAL}),
        ("powerStateOnly", True, set[str]()),
        ("guestReported", False, set[str]()),
        ("powerStateOnly", False, set[str]()),
    ],
)
def test_the_orchestration_needs_these_actions_and_no_other(evidence: str, linux: bool, more: set[str]) -> None:
    needed = needed_actions(target(evidence), linux=linux)
    assert set(needed) == ALWAYS | more
    assert len(needed) == len(set(needed))


@pytest.mark.parametrize(
    ("uses", "needed"),
    [
        ([], set[str]()),
        ([False], CUSTOMIZE),
        ([False, True], {*CUSTOMIZE, f"{COMPUTE}/restart/action"}),
    ],
)
def test_scripts_need_run_commands_and_a_reboot_the_right_to_restart(uses: list[bool], needed: set[str]) -> None:
    image = {"kind": "managedImage", "imageId": f"{GROUP}/providers/Microsoft.Compute/images/i"}
    customize = [{"script": "linux-packages-update", "reboot": reboot} for reboot in uses]
    asked = job(target={"mode": "clone", "image": image, "customize": customize}).target
    found = needed_for_customize(asked)
    assert set(found) == needed
    assert len(found) == len(set(found))


def test_a_clone_needs_no_write_on_its_source() -> None:
    needed = needed_for_clone(job(target={"mode": "inPlace"}).target)
    written = [action for action in needed["vm"] if action.endswith(("/write", "/delete"))]
    assert written == []
    assert "Microsoft.Compute/disks/beginGetAccess/action" in needed["vm"]
    assert needed["subnet"] == ("Microsoft.Network/virtualNetworks/subnets/join/action",)


def test_a_clone_may_delete_everything_that_it_creates() -> None:
    needed = needed_for_clone(job().target)["group"]
    resource = [action.removesuffix("/write") for action in needed if action.endswith("/write")]
    assert len(resource) == 6
    assert [kind for kind in resource if f"{kind}/delete" not in needed] == []
    rollback = needed_for_rollback()
    assert {"Microsoft.Compute/snapshots/write", "Microsoft.Compute/snapshots/delete"} < set(rollback["group"])
    assert not [action for action in rollback["group"] if "snapshots" not in action]
    assert rollback["disk"] == ("Microsoft.Compute/disks/read", "Microsoft.Compute/disks/beginGetAccess/action")


def test_a_clone_that_stays_specialized_is_not_generalized() -> None:
    succeeded, specialized = (
        needed_for_clone(job().target, deprovisioned=deprovisioned)["group"] for deprovisioned in (True, False)
    )
    assert set(succeeded) - set(specialized) == {
        GENERALIZE, SERIAL, *(f"{COMPUTE}/runCommands/{verb}" for verb in ("read", "write", "delete")),
    }  # fmt: skip


@pytest.mark.parametrize("subscription", [True, False])
def test_a_cleanup_reads_and_deletes_and_never_writes(subscription: bool) -> None:
    needed = needed_for_cleanup(subscription=subscription)
    level = "subscriptions" if subscription else "subscriptions/resourceGroups"
    assert needed[0] == f"Microsoft.Resources/{level}/resources/read"
    assert not [action for action in needed if action.endswith("/write") or "images" in action]
    clone = needed_for_clone(job().target)["group"]
    gone_with_the_vm = ("runCommands", "extensions")
    deletes = {action for action in clone if action.endswith("/delete")}
    assert {action for action in deletes if not any(part in action for part in gone_with_the_vm)} <= set(needed)


def test_an_rollback_snapshot_needs_rights_only_if_it_is_wanted() -> None:
    seen = facts(permissions=(Permission(actions=(f"{COMPUTE}/*",)),))
    refusal = check_vm(job(), seen).refusals[0]
    assert refusal.code is RefusalCode.ACTION_NOT_GRANTED
    assert "Microsoft.Compute/disks/beginGetAccess/action" in refusal.message
    assert "snapshots" not in refusal.message, "that is needed in the snapshot's own group only"
    assert check_vm(job(target={"rollbackSnapshot": False}), seen).refusals == ()
