"""Deny assignments: to whom they apply, where they apply, and which of the needed actions they deny."""

import pytest

from contracts.activities.governance import DenyAssignment, DenyAssignmentsAt, Party
from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import Permission
from policy.deny_assignments import Need, below, check_deny_assignments, may_apply
from tests.support.requests import GROUP, SUBSCRIPTION, vm_id

OWN = "44444444-4444-4444-4444-444444444444"
EVERYONE = Party(id="00000000-0000-0000-0000-000000000000", type="SystemDefined")
ME, OTHER = Party(id=OWN.upper(), type="ServicePrincipal"), Party(id="o", type="ServicePrincipal")
PERSON, CREW = Party(id="p", type="User"), Party(id="g", type="Group")
VM, WRITE = vm_id(), "Microsoft.Compute/virtualMachines/write"
ROOT = "/providers/Microsoft.Management/managementGroups/root"

WHOM: dict[str, tuple[tuple[Party, ...], tuple[Party, ...], str | None, bool]] = {
    "everyone": ((EVERYONE,), (), OWN, True),
    "everyone but the app": ((EVERYONE,), (ME,), OWN, False),
    "everyone but a group that may contain the app": ((EVERYONE,), (CREW,), OWN, True),
    "the app": ((OTHER, ME), (), OWN, True),
    "another application": ((OTHER,), (), OWN, False),
    "a person": ((PERSON,), (), OWN, False),
    "a group": ((PERSON, CREW), (), OWN, True),
    "a type that is not known": ((Party(id="x", type="Device"),), (), OWN, True),
    "no type": ((Party(id="x"),), (), OWN, True),
    "nobody named": ((), (), OWN, True),
    "another application, but who the app is is not known": ((OTHER,), (), None, True),
    "everyone but others, and who the app is is not known": ((EVERYONE,), (ME,), None, True),
}


@pytest.mark.parametrize(("principals", "excluded", "own", "applies"), WHOM.values(), ids=WHOM.keys())
def test_it_applies_unless_the_app_is_excluded_or_only_others_are_named(
    principals: tuple[Party, ...], excluded: tuple[Party, ...], own: str | None, applies: bool
) -> None:
    held = DenyAssignment(id="d", name="n", scope=GROUP, principals=principals, excluded=excluded)
    assert may_apply(held, own) is applies


def refusals(need: Need, *, scope: str = GROUP, inside: bool = True, denied: Permission | None = None) -> list[Refusal]:
    permissions = denied or Permission(actions=("*",), not_actions=("*/read",))
    held = DenyAssignment(id="/d/1", name="stack", scope=scope, below=inside, denied=(permissions,))
    return list(check_deny_assignments([need], [DenyAssignmentsAt(scope=need.at, found=(held,))]))


WHERE: dict[str, tuple[str, str, bool, bool]] = {
    "the same scope": (VM, VM, True, True),
    "the same scope, in another case": (VM.upper(), VM, True, True),
    "the same scope, not below it": (VM, VM, False, True),
    "the group above": (GROUP, VM, True, True),
    "the group above, not below it": (GROUP, VM, False, False),
    "the subscription above": (f"/subscriptions/{SUBSCRIPTION}", VM, True, True),
    "a management group": (ROOT, VM, True, True),
    "a management group, not below it": (ROOT, VM, False, False),
    "the tenant": ("/", VM, True, True),
    "a child of it": (f"{VM}/runCommands/x", VM, True, False),
    "what is inside": (VM, below(VM), True, True),
    "what is inside, not below it": (VM, below(VM), False, False),
    "a VM of a similar name": (f"{VM}2", VM, True, False),
    "another group": (f"{GROUP}2", VM, True, False),
}


@pytest.mark.parametrize(("scope", "target", "inside", "applies"), WHERE.values(), ids=WHERE.keys())
def test_it_applies_at_its_scope_and_inside_it(scope: str, target: str, inside: bool, applies: bool) -> None:
    assert bool(refusals(Need(VM, target, (WRITE,)), scope=scope, inside=inside)) is applies


def test_it_is_named_with_the_actions_that_it_denies() -> None:
    need = Need(VM, VM, (WRITE, "Microsoft.Compute/virtualMachines/read", "a/b/action"))
    (refusal,) = refusals(need)
    assert refusal.code is RefusalCode.DENY_ASSIGNMENT
    assert refusal.message == f"deny assignment 'stack' (/d/1) denies at {VM}: {WRITE}, a/b/action"
    assert refusals(need, denied=Permission(actions=("*/delete",))) == []


def test_a_long_list_of_actions_is_shortened() -> None:
    (refusal,) = refusals(Need(VM, VM, tuple(f"a/{n}/write" for n in range(9))))
    assert refusal.message.endswith("a/4/write, …")


def test_a_scope_that_was_not_read_is_a_refusal() -> None:
    need = Need(GROUP, below(GROUP), (WRITE,))
    for places in ([], [DenyAssignmentsAt(scope=GROUP)], [DenyAssignmentsAt(scope=f"{GROUP}2", found=())]):
        (refusal,) = check_deny_assignments([need], places)
        assert refusal.code is RefusalCode.DENY_ASSIGNMENTS_UNREADABLE
    assert check_deny_assignments([need], [DenyAssignmentsAt(scope=VM, found=())]) == (), "read inside it"
