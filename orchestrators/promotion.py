"""Promotes a version that was verified, and retires older ones by the request's wish."""

from datetime import UTC

from durabletask import task

from contracts.facts import ImageVersionListed
from contracts.image_steps import ImageUses, ListImageVersions, ReadImageUses, ReadImageVersion, UpdateImageVersion
from contracts.made import Kind, Made, Purpose
from contracts.making_steps import DeleteMade
from contracts.reasons import Failure, FailureCode
from contracts.resource_ids import ImageDefinitionId, ImageVersionId
from contracts.results import Retired
from contracts.run import Wait
from contracts.steps import (
    DELETE_MADE,
    LIST_IMAGE_VERSIONS,
    READ_IMAGE_USES,
    READ_IMAGE_VERSION,
    UPDATE_IMAGE_VERSION,
)
from contracts.wishes import Retention
from orchestrators.calling import Story, Throttled
from orchestrators.machine_run import Failed, MachineRun
from orchestrators.waiting import ask, order, wait_for, words
from policy.image_versions import retire

# An update that changes no region takes Azure a minute or two, now and then longer.
_PROMOTION = Wait(first=15, every=60, deadline=1_800)
_RETIREMENT = Wait(first=0, every=60, deadline=900)
_AT_REST = frozenset({"succeeded", "failed"})


def promote(run: MachineRun, image_id: str, tags: dict[str, str]) -> Story[None]:
    """Put a version into latest, and believe it only when it was read; Failed (PromoteFailed) if it cannot be done.

    An order that came to nothing is given again. The version stands and is verified in any case. `tags` say on the
    version itself why it was promoted.
    """
    change = UpdateImageVersion(id=image_id, run_id=run.job.run_id, excluded=False, tags=tags)
    try:
        yield from _ordered(run, change)

        def look() -> Story[bool | None]:
            read = yield from ask(run, READ_IMAGE_VERSION, ReadImageVersion(id=image_id))
            if read.provisioning_state is not None and read.provisioning_state.lower() not in _AT_REST:
                return None
            if read.excluded is not False:
                yield from ask(run, UPDATE_IMAGE_VERSION, change)
            return True if read.excluded is False else None

        shown = yield from wait_for(run, _PROMOTION, look)
    except Failed as failed:
        trouble = failed.failure
        raise Failed(Failure.of(FailureCode.PROMOTE_FAILED, trouble.message, trouble.correlation_id)) from None
    if shown is None:
        message = f"{image_id} still shows excludeFromLatest after {_PROMOTION.deadline} s"
        raise Failed(Failure.of(FailureCode.PROMOTE_FAILED, message))


def retire_older(run: MachineRun, wish: Retention, image_id: str) -> Story[Retired]:
    """Delete the versions that the wish lets go, or tell which they are (`dry_run`); never fails the run.

    What is in use is asked of every allowed subscription and of the gallery's own; if one cannot be listed nothing is
    deleted. A delete that Azure refuses leaves that version, with the reason.
    """
    newest = ImageVersionId.parse(image_id)
    definition = newest.definition
    try:
        listed = yield from order(run, _RETIREMENT, LIST_IMAGE_VERSIONS, ListImageVersions(definition_id=definition))
        uses = yield from _uses(run, definition)
    except Failed as failed:
        message = f"not retired: {failed.failure.message}"
        run.note(message)
        return Retired(dry_run=wish.dry_run, kept={newest.name: message[:500]})
    now = run.ctx.current_utc_datetime.replace(tzinfo=UTC)
    app_name = run.job.settings.app_name
    go, kept = retire(listed.versions, uses, wish, newest.name, now, app_name=app_name)
    deleted: list[str] = []
    for version in go:
        why = None if wish.dry_run else (yield from _delete(run, definition, version))
        if why is None:
            deleted.append(version.name)
        else:
            kept[version.name] = why
    return Retired(dry_run=wish.dry_run, deleted=tuple(deleted), kept=kept)


def _ordered(run: MachineRun, change: UpdateImageVersion) -> Story[None]:
    answer = yield from order(run, _PROMOTION, UPDATE_IMAGE_VERSION, change)
    if answer.refusal is not None:
        raise Failed(Failure.of(FailureCode.PROMOTE_FAILED, answer.refusal.message))


def _uses(run: MachineRun, definition: ImageDefinitionId) -> Story[ImageUses]:
    listed = (scope.subscription_id for scope in run.job.settings.allowed_scopes)
    subscriptions = tuple(dict.fromkeys((definition.subscription_id, *listed)))
    request = ReadImageUses(definition_id=definition, subscription_ids=subscriptions)
    return (yield from order(run, _RETIREMENT, READ_IMAGE_USES, request))


def _delete(run: MachineRun, definition: ImageDefinitionId, version: ImageVersionListed) -> Story[str | None]:
    """Order the deletion under the run that made the version, whose tag it carries; None: ordered."""
    version_id = ImageVersionId.of(definition, version.name)
    run.audit("older image version deleted", image=str(version_id), madeBy=version.run_id)
    made = Made(kind=Kind.IMAGE_VERSION, id=str(version_id), purpose=Purpose.IMAGE)
    try:
        answer = yield from ask(run, DELETE_MADE, DeleteMade(made=made, run_id=version.run_id or ""))
    except (Failed, Throttled, task.TaskFailedError) as error:
        trouble = error.failure.message if isinstance(error, Failed) else words(error)
        return f"could not be deleted: {trouble}"[:500]
    return None if answer.gone or answer.why is None else answer.why
