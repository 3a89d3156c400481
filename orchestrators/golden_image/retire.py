"""Retires older image versions, as the request's retention says."""

from datetime import timedelta

from contracts.activities.image import ImageUses, ListImageVersions, ReadImageUses
from contracts.activities.resources import DeleteResource
from contracts.catalog import DELETE_RESOURCE, LIST_IMAGE_VERSIONS, READ_IMAGE_USES
from contracts.facts import ImageVersionListed
from contracts.image_options import Retention
from contracts.polling import RETIREMENT
from contracts.recycle_bin import RecycleBin
from contracts.resource_ids import ImageDefinitionId, ImageVersionId
from contracts.resources import Kind, Purpose, Resource
from contracts.results import RetentionResult
from orchestrators.golden_image.ends import Failed
from orchestrators.golden_image.polling import ask, submit
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import NO_ANSWER, Orchestration, error_text
from orchestrators.waiting import deadline_of
from policy.image_versions import retire


def retire_older(run: VmRun, options: Retention, image_id: str) -> Orchestration[RetentionResult]:
    """Delete the older versions that the options select, or only report them (`dry_run`); never fails the run.

    Versions in use are looked up in every allowed subscription and in the gallery's own; if one cannot be listed
    nothing is deleted. A version whose deletion Azure rejects is kept, with the reason.
    """
    newest = ImageVersionId.parse(image_id)
    definition = newest.definition
    try:
        request = ListImageVersions(definition_id=definition, deleted=True)
        listed = yield from submit(run, RETIREMENT, LIST_IMAGE_VERSIONS, request)
        uses = yield from _uses(run, definition)
    except Failed as failed:
        message = f"no older version was deleted: {failed.failure.message}"
        run.note(message)
        return RetentionResult(dry_run=options.dry_run, kept={newest.name: message[:500]})
    go, kept = retire(listed.versions, uses, options, newest.name, run.now, app_name=run.settings.app_name)
    deleted: list[str] = []
    for version in go:
        why = None if options.dry_run else (yield from _delete(run, definition, version))
        if why is None:
            deleted.append(version.name)
        else:
            kept[version.name] = why
    result = RetentionResult(dry_run=options.dry_run, deleted=tuple(deleted), kept=kept)
    return _in_recycle_bin(run, result, listed.recycle_bin) if deleted else result


def _in_recycle_bin(run: VmRun, result: RetentionResult, kept: RecycleBin | None) -> RetentionResult:
    """Say of deleted versions that they are only in the recycle bin, if the gallery has soft delete."""
    if kept is None or not kept.enabled:
        return result
    days = kept.retention_days
    until = run.now + timedelta(days=days) if days is not None else None
    return result.model_copy(update={"soft_deleted": True, "restorable_until": until})


def _uses(run: VmRun, definition: ImageDefinitionId) -> Orchestration[ImageUses]:
    listed = (scope.subscription_id for scope in run.settings.allowed_scopes)
    subscriptions = tuple(dict.fromkeys((definition.subscription_id, *listed)))
    request = ReadImageUses(definition_id=definition, subscription_ids=subscriptions)
    return (yield from submit(run, RETIREMENT, READ_IMAGE_USES, request))


def _delete(run: VmRun, definition: ImageDefinitionId, version: ImageVersionListed) -> Orchestration[str | None]:
    """Request the deletion in the name of the run that created the version: it has that run's tag. None: requested."""
    version_id = ImageVersionId.of(definition, version.name)
    run.audit("older image version deleted", image=str(version_id), createdBy=version.run_id)
    resource = Resource(kind=Kind.IMAGE_VERSION, id=str(version_id), purpose=Purpose.IMAGE)
    request = DeleteResource(resource=resource, run_id=version.run_id or "")
    try:
        answer = yield from ask(run, DELETE_RESOURCE, request, deadline_of(run.ctx, RETIREMENT))
    except (Failed, *NO_ANSWER) as error:
        fault = error.failure.message if isinstance(error, Failed) else error_text(error)
        return f"the deletion failed: {fault}"[:500]
    return None if answer.gone or answer.why is None else answer.why
