"""Chooses a version's name and orders it, alone in its definition, so that two runs never choose the same."""

from typing import NoReturn

from contracts.image_steps import ImageVersionOrdered, ListImageVersions, MakeImageVersion
from contracts.publish import Phase
from contracts.reasons import FailureCode
from contracts.steps import LIST_IMAGE_VERSIONS, MAKE_IMAGE_VERSION
from orchestrators.calling import Story
from orchestrators.definition_lease import give_definition_lease_back, take_definition_lease
from orchestrators.publication import Ended, Publication
from policy.image_versions import after, explicit, next_version, number

MOST_ATTEMPTS = 3
_MOST_NAMES = 20
_BUSY_PAUSE = 20
_AGAIN_PAUSE = 60


def order_version(run: Publication) -> Story[None]:
    """Order the version under the definition's lease; what could not be done is done in the next turn.

    The lease is given back as soon as the order stands or failed for good. It is kept only while an order has no
    answer: until it is read back, nobody can tell whether its name is free.
    """
    holder = yield from take_definition_lease(run)
    if holder is not None:
        run.tell("definition is busy", holder=holder)
        yield from run.pause(_BUSY_PAUSE, _BUSY_PAUSE)
        return
    try:
        yield from _choose_and_order(run)
    except Ended:
        give_definition_lease_back(run)
        raise
    if not run.progress.unanswered:
        give_definition_lease_back(run)
    if run.progress.phase is Phase.ORDERING:
        yield from run.pause(_AGAIN_PAUSE, _AGAIN_PAUSE)


def give_up_ordering(run: Publication) -> NoReturn:
    """Give the lease back at the deadline, also one that was kept for an order without an answer."""
    give_definition_lease_back(run)
    said = "its order had no answer" if run.progress.unanswered else run.progress.why or "no version could be ordered"
    run.fail(FailureCode.PUBLISH_TIMED_OUT, f"at the deadline {said}", stands=run.progress.unanswered)


def _choose_and_order(run: Publication) -> Story[None]:
    if run.progress.version is None and not (yield from _choose(run)):
        return
    for _ in range(_MOST_NAMES):
        answer = yield from run.ask(MAKE_IMAGE_VERSION, _order(run))
        run.update(unanswered=answer is None)
        if answer is None or not _answered(run, answer):
            return
        if not answer.taken:
            run.enter(Phase.FOLLOWING, out=(), tried_again=(), dropped=(), updates=0, regions=())
            return
        name = run.progress.version or ""
        if explicit(run.job.wish.version):
            message = f"version {name} was taken by somebody else while the run was under way"
            run.fail(FailureCode.PUBLISH_FAILED, message, stands=False)
        run.tell("name taken")
        run.update(version=after(name))
    message = f"{_MOST_NAMES} names in a row were taken, the last tried {run.progress.version}"
    run.fail(FailureCode.PUBLISH_FAILED, message, stands=False)


def _answered(run: Publication, answer: ImageVersionOrdered) -> bool:
    """Whether the order was heard; one that Azure refused is given once more, and then ends the story."""
    if answer.refusal is not None:
        run.fail(FailureCode.PUBLISH_FAILED, answer.refusal.message, stands=False)
    if answer.failure is not None:
        run.update(why=answer.failure.message)
        if run.progress.refused:
            run.fail(FailureCode.PUBLISH_FAILED, answer.failure.message, answer.failure.correlation_id, stands=False)
    return not run.doubt(answer.failure)


def _choose(run: Publication) -> Story[bool]:
    """Choose the name by the definition's list, and remember it before it is asked for; False: no list now.

    A version in the list that carries this run's tag is this story's own, told before (its history was begun again):
    it is taken up. A name that could not be deleted stays out.
    """
    request = ListImageVersions(definition_id=run.job.wish.image_definition_id)
    listed = yield from run.ask(LIST_IMAGE_VERSIONS, request)
    if listed is None or run.doubt(listed.failure):
        return False
    spoiled = {left.id.rsplit("/", 1)[-1] for left in run.progress.left}
    names = [*(version.name for version in listed.versions), *spoiled]
    own = [
        version.name
        for version in listed.versions
        if version.run_id == run.job.run_id and version.app_name == run.job.app_name and version.name not in spoiled
    ]
    name = next_version(run.job.wish.version, names, run.now.date())
    if own and not explicit(run.job.wish.version):
        name = max(own, key=lambda found: number(found) or (0, 0, 0))
    run.update(version=name, attempts=run.progress.attempts + 1)
    run.tell("version chosen")
    return True


def _order(run: Publication) -> MakeImageVersion:
    job, wish = run.job, run.job.wish
    return MakeImageVersion(
        made=run.made,
        run_id=job.run_id,
        app_name=job.app_name,
        location=job.location,
        tags=job.tags,
        source_vm_id=job.source_vm_id,
        target_regions=wish.target_regions or run.wanted,
        replicas=wish.replicas,
        storage_account_type=wish.storage_account_type,
        replication_mode=wish.replication_mode,
        excluded=job.excluded,
        end_of_life=wish.end_of_life,
        data_disk_luns=job.data_disk_luns,
    )
