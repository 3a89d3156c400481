"""Promotes a validated version to latest, and retires older versions as the request says."""

from datetime import UTC

from durabletask import task

from contracts.activities.image import ImageUses, ListImageVersions, ReadImageUses, ReadImageVersion, UpdateImageVersion
from contracts.activities.resources import DeleteResource
from contracts.catalog import (
    DELETE_RESOURCE,
    LIST_IMAGE_VERSIONS,
    READ_IMAGE_USES,
    READ_IMAGE_VERSION,
    UPDATE_IMAGE_VERSION,
)
from contracts.error_codes import Failure, FailureCode
from contracts.facts import ImageVersionListed
from contracts.image_options import Retention
from contracts.resource_ids import ImageDefinitionId, ImageVersionId
from contracts.resources import Kind, Purpose, Resource
from contracts.results import RetentionResult
from contracts.run import Polling
from orchestrators.polling import ask, error_text, submit, wait_for
from orchestrators.run_activity import Orchestration, Throttled
from orchestrators.vm_run import Failed, VmRun
from policy.image_versions import retire

# An update that changes no region takes Azure a minute or two, now and then longer.
_PROMOTION = Polling(initial_delay_seconds=15, interval_seconds=60, timeout_seconds=1_800)
_RETIREMENT = Polling(initial_delay_seconds=0, interval_seconds=60, timeout_seconds=900)
_AT_REST = frozenset({"succeeded", "failed"})


def promote(run: VmRun, image_id: str, tags: dict[str, str]) -> Orchestration[None]:
    """Make a version latest, and wait until the version shows it; Failed (PromoteFailed) if it does not.

    An update without effect is submitted again. The version exists and is validated in any case. `tags` record on the
    version why it was promoted.
    """
    change = UpdateImageVersion(id=image_id, run_id=run.job.run_id, excluded=False, tags=tags)
    try:
        yield from _submit(run, change)

        def poll() -> Orchestration[bool | None]:
            read = yield from ask(run, READ_IMAGE_VERSION, ReadImageVersion(id=image_id))
            if read.provisioning_state is not None and read.provisioning_state.lower() not in _AT_REST:
                return None
            if read.excluded is not False:
                yield from ask(run, UPDATE_IMAGE_VERSION, change)
            return True if read.excluded is False else None

        shown = yield from wait_for(run, _PROMOTION, poll)
    except Failed as failed:
        fault = failed.failure
        raise Failed(Failure.of(FailureCode.PROMOTE_FAILED, fault.message, fault.correlation_id)) from None
    if shown is None:
        message = f"{image_id} still shows excludeFromLatest after {_PROMOTION.timeout_seconds} s"
        raise Failed(Failure.of(FailureCode.PROMOTE_FAILED, message))


def retire_older(run: VmRun, options: Retention, image_id: str) -> Orchestration[RetentionResult]:
    """Delete the older versions that the options select, or only report them (`dry_run`); never fails the run.

    Versions in use are looked up in every allowed subscription and in the gallery's own; if one cannot be listed
    nothing is deleted. A version whose deletion Azure rejects is kept, with the reason.
    """
    newest = ImageVersionId.parse(image_id)
    definition = newest.definition
    try:
        listed = yield from submit(run, _RETIREMENT, LIST_IMAGE_VERSIONS, ListImageVersions(definition_id=definition))
        uses = yield from _uses(run, definition)
    except Failed as failed:
        message = f"no older version was deleted: {failed.failure.message}"
        run.note(message)
        return RetentionResult(dry_run=options.dry_run, kept={newest.name: message[:500]})
    now = run.ctx.current_utc_datetime.replace(tzinfo=UTC)
    app_name = run.job.settings.app_name
    go, kept = retire(listed.versions, uses, options, newest.name, now, app_name=app_name)
    deleted: list[str] = []
    for version in go:
        why = None if options.dry_run else (yield from _delete(run, definition, version))
        if why is None:
            deleted.append(version.name)
        else:
            kept[version.name] = why
    return RetentionResult(dry_run=options.dry_run, deleted=tuple(deleted), kept=kept)


def _submit(run: VmRun, change: UpdateImageVersion) -> Orchestration[None]:
    answer = yield from submit(run, _PROMOTION, UPDATE_IMAGE_VERSION, change)
    if answer.refusal is not None:
        raise Failed(Failure.of(FailureCode.PROMOTE_FAILED, answer.refusal.message))


def _uses(run: VmRun, definition: ImageDefinitionId) -> Orchestration[ImageUses]:
    listed = (scope.subscription_id for scope in run.job.settings.allowed_scopes)
    subscriptions = tuple(dict.fromkeys((definition.subscription_id, *listed)))
    request = ReadImageUses(definition_id=definition, subscription_ids=subscriptions)
    return (yield from submit(run, _RETIREMENT, READ_IMAGE_USES, request))


def _delete(run: VmRun, definition: ImageDefinitionId, version: ImageVersionListed) -> Orchestration[str | None]:
    """Request the deletion in the name of the run that created the version: it has that run's tag. None: requested."""
    version_id = ImageVersionId.of(definition, version.name)
    run.audit("older image version deleted", image=str(version_id), createdBy=version.run_id)
    resource = Resource(kind=Kind.IMAGE_VERSION, id=str(version_id), purpose=Purpose.IMAGE)
    try:
        answer = yield from ask(run, DELETE_RESOURCE, DeleteResource(resource=resource, run_id=version.run_id or ""))
    except (Failed, Throttled, task.TaskFailedError) as error:
        fault = error.failure.message if isinstance(error, Failed) else error_text(error)
        return f"the deletion failed: {fault}"[:500]
    return None if answer.gone or answer.why is None else answer.why
