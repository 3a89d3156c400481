"""The preflight checks of the resource group of a rollback snapshot."""

from collections.abc import Iterator

from contracts.error_codes import Refusal, RefusalCode
from contracts.facts import NetworkFacts
from contracts.ids import Scope
from contracts.run import VmJob
from policy.places import group_not_allowed, own_group, rollback_group_of
from policy.rights import missing_actions, needed_for_rollback

_FREE_THE_GROUP = (
    "Remove the lock from the rollback snapshot's group, name another rollbackResourceGroupId in GOLDEN_BUILD_PLACES, "
    "or set rollbackSnapshot to false: a run that ends before the point of no return must be able to delete it."
)
_GRANT_THERE = "Grant the missing actions to the app's identity on the rollback snapshot's resource group."


def check_rollback_scope(job: VmJob, group: Scope) -> tuple[Refusal, ...]:
    """Check that the group is in an allowed scope; otherwise it is not even read, and no cleanup would search it."""
    return tuple(group_not_allowed(job, group))


def check_rollback_group(group: Scope, facts: NetworkFacts) -> tuple[Refusal, ...]:
    """Check what was read about the group.

    A CanNotDelete lock is refused too. It would not harm a snapshot that is kept, but the run deletes the snapshot when
    it ends before the point of no return, and a cleanup when its days have passed.
    """
    return tuple(_refusals(group, facts))


def rollback_note(job: VmJob, region: str) -> str | None:
    """Return what the result must say about the snapshot's group; None if it is another group than the VM's own."""
    group = rollback_group_of(job, region)
    if group != own_group(job):
        return None
    return (
        f"the rollback snapshot's group is the VM's own, {group}: the snapshot is lost when that group is deleted; a "
        "place for the VM's subscription and region in GOLDEN_BUILD_PLACES gives it another group"
    )


def _refusals(group: Scope, facts: NetworkFacts) -> Iterator[Refusal]:
    if facts.group_permissions is None:
        message = f"the app's own permissions on {group} could not be read, or it does not exist"
        yield Refusal.of(RefusalCode.ROLLBACK_GROUP_UNREADABLE, message)
    elif missing := missing_actions(facts.group_permissions, needed_for_rollback()["group"]):
        message = f"not granted on {group}: {', '.join(missing)}"
        yield Refusal(code=RefusalCode.ACTION_NOT_GRANTED, message=message, remediation=_GRANT_THERE)
    if facts.group_locks is None:
        yield Refusal.of(RefusalCode.ROLLBACK_GROUP_UNREADABLE, f"the locks on {group} could not be read")
    for lock in facts.group_locks or ():
        message = f"lock {lock.name} ({lock.level}) on {lock.scope}"
        yield Refusal(code=RefusalCode.RESOURCE_LOCKED, message=message, remediation=_FREE_THE_GROUP)
