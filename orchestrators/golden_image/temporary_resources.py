"""Creates resources: each is remembered before it is requested, then polled until it is provisioned."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from contracts.activities.resources import NewResource, ReadResource, ResourceRead
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
from contracts.ids import VmId
from contracts.image_options import Site
from contracts.polling import Polling
from contracts.resources import Kind, Purpose, Resource, part_of
from orchestrators.golden_image.ends import Failed, Refused
from orchestrators.golden_image.polling import ask, submit, wait_for
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.golden_image.wanted import network_interface, security_group
from orchestrators.run_activity import Orchestration
from policy.azure_errors import lacks_capacity
from policy.places import Place

_SUCCEEDED = 100.0
_CREATED_BY = {
    Kind.SNAPSHOT: CREATE_SNAPSHOT,
    Kind.DISK: CREATE_DISK,
    Kind.SECURITY_GROUP: CREATE_SECURITY_GROUP,
    Kind.NETWORK_INTERFACE: CREATE_NETWORK_INTERFACE,
    Kind.MANAGED_IMAGE: CREATE_MANAGED_IMAGE,
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
    wait = run.polling.network
    rules = security_group(run, place, site, purpose, location)
    yield from create(run, wait, CREATE_SECURITY_GROUP, rules)
    yield from wait_until_succeeded(run, wait, [rules.resource], FailureCode.CLONE_FAILED)
    interface = network_interface(run, place, site, purpose, location)
    yield from create(run, wait, CREATE_NETWORK_INTERFACE, interface)
    yield from wait_until_succeeded(run, wait, [interface.resource], FailureCode.CLONE_FAILED)
    return interface.resource


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
            why = FailureCode.CAPACITY_UNAVAILABLE if lacks_capacity(vm) else code
            raise Failed(Failure.of(why, message, _correlation_id(run, CREATE_VM, vm_id.name)))
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
