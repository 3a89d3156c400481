"""Creates resources: each is remembered before it is requested, then polled until it is provisioned."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from contracts.activities.resources import (
    CreateNetworkInterface,
    CreateSecurityGroup,
    NewResource,
    ReadResource,
    ResourceRead,
)
from contracts.activities.vm import Submitted, TemporaryVm
from contracts.catalog import (
    CREATE_DISK,
    CREATE_MANAGED_IMAGE,
    CREATE_NETWORK_INTERFACE,
    CREATE_SECURITY_GROUP,
    CREATE_SNAPSHOT,
    CREATE_VM,
    READ_RESOURCE,
    READ_TEMPORARY_VM,
    Activity,
)
from contracts.error_codes import Failure, FailureCode, RefusalCode
from contracts.facts import PowerState, VmState
from contracts.ids import Scope, VmId
from contracts.image_options import Site
from contracts.polling import Polling
from contracts.resources import Kind, Purpose, Resource, part_of, resource_id, resource_name
from orchestrators.golden_image.ends import Failed, Refused
from orchestrators.golden_image.plan import Place
from orchestrators.golden_image.polling import ask, submit, wait_for
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration

_SUCCEEDED = 100.0
_CREATED_BY = {
    Kind.SNAPSHOT: CREATE_SNAPSHOT,
    Kind.DISK: CREATE_DISK,
    Kind.SECURITY_GROUP: CREATE_SECURITY_GROUP,
    Kind.NETWORK_INTERFACE: CREATE_NETWORK_INTERFACE,
    Kind.MANAGED_IMAGE: CREATE_MANAGED_IMAGE,
}


def resource_of(
    run: VmRun, group: Scope, kind: Kind, part: str, purpose: Purpose, *, implied: bool = False
) -> Resource:
    """Return a resource of this run; its name is the same every time."""
    name = resource_name(run.job.run_id, part)
    return Resource(kind=kind, id=resource_id(group, kind, name), purpose=purpose, implied=implied)


def common_fields(run: VmRun, resource: Resource, location: str, tags: dict[str, str] | None = None) -> dict[str, Any]:
    """Return the fields that every request to create a resource has in common; `tags` are added to the job's."""
    return {
        "resource": resource,
        "run_id": run.job.run_id,
        "app_name": run.settings.app_name,
        "location": location,
        "tags": {**run.job.tags, **(tags or {})},
    }


def create[I: NewResource, O: Submitted](
    run: VmRun, wait: Polling, activity: Activity[I, O], wanted: I
) -> Orchestration[O]:
    """Request a resource. It is remembered first: from here on it may exist, even if Azure does not answer.

    If another resource has that name the run ends, and that resource is not deleted.
    """
    run.created.remember(wanted.resource)
    answer = yield from submit(run, wait, activity, wanted)
    if answer.refusal is not None:
        if answer.refusal.code is RefusalCode.NAME_TAKEN:
            run.created.forget(wanted.resource)
        raise Refused(answer.refusal)
    return answer


def create_network_interface(
    run: VmRun, place: Place, site: Site, purpose: Purpose, location: str
) -> Orchestration[Resource]:
    """Create a network interface and its security group, which denies all traffic but to the requested service tags."""
    group, subnet_id = place.group, place.subnet_id
    assert subnet_id is not None
    part = "" if purpose is Purpose.CLONE else f"{purpose}-"
    wait = run.polling.network
    rules = resource_of(run, group, Kind.SECURITY_GROUP, f"{part}nsg", purpose)
    wanted = CreateSecurityGroup(**common_fields(run, rules, location), service_tags=site.service_tags)
    yield from create(run, wait, CREATE_SECURITY_GROUP, wanted)
    yield from wait_until_succeeded(run, wait, [rules], FailureCode.CLONE_FAILED)
    interface = resource_of(run, group, Kind.NETWORK_INTERFACE, f"{part}nic", purpose)
    request = CreateNetworkInterface(
        **common_fields(run, interface, location), subnet_id=subnet_id, security_group_id=rules.id
    )
    yield from create(run, wait, CREATE_NETWORK_INTERFACE, request)
    yield from wait_until_succeeded(run, wait, [interface], FailureCode.CLONE_FAILED)
    return interface


def wait_until_succeeded(
    run: VmRun, wait: Polling, resources: Sequence[Resource], code: FailureCode
) -> Orchestration[None]:
    """Wait until each resource is provisioned; one that failed, or is not ready at the deadline, is a failure."""
    pending = list(resources)

    def poll(until: datetime) -> Orchestration[bool | None]:
        for resource in list(pending):
            request = ReadResource(resource=resource, run_id=run.job.run_id)
            read = yield from ask(run, READ_RESOURCE, request, until)
            if read.refusal is not None:
                raise Refused(read.refusal)
            if read.provisioning_state is not None:
                run.created.saw(resource.id)
            if _is_provisioned(run, read, resource, code):
                pending.remove(resource)
        return None if pending else True

    if (yield from wait_for(run, wait, poll)) is None:
        names = ", ".join(resource.name for resource in pending)
        raise Failed(Failure.of(code, f"not provisioned at the deadline: {names}"))


def _is_provisioned(run: VmRun, read: ResourceRead, resource: Resource, code: FailureCode) -> bool:
    state = (read.provisioning_state or "").lower()
    if state in {"failed", "canceled"}:
        message = f"{resource.kind} {resource.name}: provisioning state {read.provisioning_state}"
        raise Failed(Failure.of(code, message, _correlation_id(run, _CREATED_BY[resource.kind], resource.name)))
    return state == "succeeded" and (read.progress is None or read.progress >= _SUCCEEDED)


def wait_until_ready(run: VmRun, wait: Polling, vm_id: VmId, code: FailureCode) -> Orchestration[VmState]:
    """Wait until a temporary VM runs, is provisioned and its VM agent reports ready."""
    request = TemporaryVm(vm_id=vm_id, run_id=run.job.run_id)
    last = "Azure did not return it"

    def poll(until: datetime) -> Orchestration[VmState | None]:
        nonlocal last
        vm = (yield from ask(run, READ_TEMPORARY_VM, request, until)).vm
        if vm is None:
            return None
        state = vm.provisioning_state.lower()
        run.created.saw(str(vm_id))
        if state == "failed":
            message = f"{vm_id.name}: provisioning state {vm.provisioning_state} {vm.fault}".rstrip()
            raise Failed(Failure.of(code, message, _correlation_id(run, CREATE_VM, vm_id.name)))
        agent = "ready" if vm.agent_ready else "not ready"
        last = f"provisioning state {vm.provisioning_state}, power state {vm.power_state}, agent {agent}"
        ready = state == "succeeded" and vm.power_state is PowerState.RUNNING and vm.agent_ready
        return vm if ready else None

    found = yield from wait_for(run, wait, poll)
    if found is None:
        raise Failed(Failure.of(code, f"{vm_id.name} was not ready at the deadline: {last}"))
    return found


def _correlation_id(run: VmRun, activity: Activity[Any, Any], name: str) -> str | None:
    """Return the correlation id of an activity's request for this resource."""
    return run.journal.correlation_ids.get(f"{activity.name}/{part_of(name)}")
