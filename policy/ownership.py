"""Whose a thing is: nothing is taken over, changed or deleted that does not carry this run's own mark."""

from collections.abc import Mapping

from contracts.facts import MachineState
from contracts.machine_steps import Ordered
from contracts.made import APP_TAG, PURPOSE_TAG, RUN_TAG, Made, bears_our_name, tag_of
from contracts.making_steps import NewThing
from contracts.reasons import Failure, FailureCode, Refusal, RefusalCode

type Tags = Mapping[str, str]


def tags_for(wanted: NewThing) -> dict[str, str]:
    """Give all the tags that a new thing is made with; the run's own cannot be overruled."""
    own = {APP_TAG: wanted.app_name, RUN_TAG: wanted.run_id, PURPOSE_TAG: str(wanted.made.purpose)}
    return {**wanted.tags, **own}


def standing(wanted: NewThing, tags: Tags) -> Ordered:
    """Judge a thing that has the wanted name already: this run's own, or somebody else's.

    The app counts too: two apps that were asked under one request id for one machine give their run one name.
    """
    if tag_of(tags, RUN_TAG) == wanted.run_id and tag_of(tags, APP_TAG) == wanted.app_name:
        return Ordered(already=True)
    return Ordered(refusal=name_taken(wanted.made, tags))


def name_taken(made: Made, tags: Tags) -> Refusal:
    """Say that a thing of this name is not this run's."""
    owner = tag_of(tags, RUN_TAG)
    words = f"carries the tag of run {owner}" if owner else "carries no run's tag"
    return Refusal.of(RefusalCode.NAME_TAKEN, f"{made.id} is there and {words}")


def why_not_ours(made: Made, run_id: str, tags: Tags, managed_by: str) -> str | None:
    """Say why a thing is not this run's; None: it is.

    A thing that Azure made along with a machine of ours (`made.implied`) carries no tag until it is adopted: then its
    name must be ours, and if it is attached, the machine's.
    """
    owner = tag_of(tags, RUN_TAG)
    if owner == run_id:
        return None
    if owner is not None or not made.implied:
        return f"not deleted: it carries the tag of run {owner}" if owner else "not deleted: it carries no run's tag"
    if not bears_our_name(made.name, run_id):
        return "not deleted: it carries no run's tag, and its name is not of this run"
    machine = managed_by.rstrip("/").rsplit("/", 1)[-1]
    if machine and not bears_our_name(machine, run_id):
        return f"not deleted: it is attached to {machine}, a machine that is not of this run"
    return None


def not_temporary(name: str, tags: Tags) -> Failure | None:
    """Give a failure unless the machine is one that some run made: a run's tag, and that run's name."""
    owner = tag_of(tags, RUN_TAG)
    if owner is not None and bears_our_name(name, owner):
        return None
    message = f"{name} is no temporary machine of a run: it is neither restarted nor stopped while it runs"
    return Failure.of(FailureCode.UNEXPECTED, message)


def made_by_run(machine: MachineState, run_id: str, app_name: str | None = None) -> Failure | None:
    """Give a failure unless this run (of this app, if it is named) made the machine: by its tags, and by its name."""
    app = app_name is None or tag_of(machine.tags, APP_TAG) == app_name
    if app and tag_of(machine.tags, RUN_TAG) == run_id and bears_our_name(machine.vm_id.name, run_id):
        return None
    message = f"{machine.vm_id.name} is no machine that run {run_id} made; nothing was put on it"
    return Failure.of(FailureCode.MACHINE_REPLACED, message)
