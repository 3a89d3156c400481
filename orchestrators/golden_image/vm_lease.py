"""The lease of the VM: only one run at a time works on it."""

from contracts.entity_keys import vm_lease_key
from contracts.error_codes import Refusal, RefusalCode
from orchestrators.entities import lease_client
from orchestrators.entities.lease_client import LeaseUnavailable
from orchestrators.golden_image.ends import Refused
from orchestrators.golden_image.vm_run import VmRun
from orchestrators.run_activity import Orchestration


def take_lease(run: VmRun) -> Orchestration[None]:
    """Take the VM's lease, also from a run that has ended.

    Refused (VmBusy) names a holder that still runs; Refused (LeaseUnavailable): the lease did not answer.
    """
    key = vm_lease_key(run.job.target.vm_id)
    try:
        answer = yield from lease_client.take(run, key, holder=run.job.run_id, ticket=run.nonce)
    except LeaseUnavailable as error:
        raise Refused(Refusal.of(RefusalCode.LEASE_UNAVAILABLE, str(error))) from None
    if not answer["granted"]:
        raise Refused(_busy(answer["holder"]))


def check_lease(run: VmRun) -> Orchestration[tuple[Refusal, ...]]:
    """Check, for a dry run, whether another active run holds the VM; the lease is not taken."""
    try:
        holder = yield from lease_client.active_holder(run, vm_lease_key(run.job.target.vm_id))
    except LeaseUnavailable as error:
        raise Refused(Refusal.of(RefusalCode.LEASE_UNAVAILABLE, str(error))) from None
    return () if holder is None else (_busy(holder),)


def release_lease(run: VmRun) -> None:
    """Release the lease; a lease that another run took over stays with it."""
    lease_client.release(run.ctx, vm_lease_key(run.job.target.vm_id), run.nonce)


def _busy(holder: str | None) -> Refusal:
    return Refusal.of(RefusalCode.VM_BUSY, f"{f'run {holder}' if holder else 'another run'} holds the VM")
