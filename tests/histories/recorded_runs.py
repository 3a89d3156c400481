"""The recorded runs: together they use every activity, every kind of wait and every kind of end."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from contracts.answer import Answer
from contracts.catalog import APPROVAL_EVENT, CANCEL_EVENT
from contracts.cleanup import CleanupMode
from contracts.facts import DiskFacts, ImageVersionListed, PowerState, VmExtension
from contracts.guest_report import GuestOutcome
from contracts.image_options import Approval
from contracts.run import Decision, VmJob
from contracts.stages import Stage
from tests.histories.running import RecordedRun, a_cleanup, batch, interrupted, one_vm, publication
from tests.support.fake_azure import FakeAzure
from tests.support.fake_gallery import HOME, FakeGallery
from tests.support.fake_resources import GROUP, image_facts, shape
from tests.support.requests import job, settings, vm_state, windows

_DEFINITION = f"{GROUP}/providers/Microsoft.Compute/galleries/images/images/web"
_SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/default"
_OPTIONS = {"kind": "galleryImageVersion", "imageDefinitionId": _DEFINITION}
_APPROVAL = Approval(timeout_minutes=60)
_YES = Decision(approved=True, principal="boss@example.org", comment="seen").model_dump(mode="json")
_NO_ROLLBACK = {"rollbackSnapshot": False}
_SCRIPTS = [{"script": "linux-packages-update", "reboot": True}, {"script": "two"}]
_CREDENTIAL = {"user": "imagemaker", "secretId": "https://builds.vault.azure.net/secrets/sysprep"}
_WITH_VAULT = settings(allowed_secrets=("https://builds.vault.azure.net/secrets/sysprep",))
_MANAGED = {"kind": "managedImage", "imageId": f"{GROUP}/providers/Microsoft.Compute/images/web"}


def _clone(*, image: dict[str, Any] | None = None, **more: Any) -> VmJob:
    target = {"mode": "clone", "clone": {"subnetId": _SUBNET}, "image": {**_OPTIONS, **(image or {})}}
    return job(target={**target, **more.pop("target", {})}, **more)


def _vm(**guest: Any) -> Callable[[FakeAzure], Any]:
    return lambda azure: azure.add("vm1", **guest)


def _source(**model: Any) -> Callable[[FakeAzure], None]:
    """Set up a deallocated source; `model` has further attributes of the model of Azure."""

    def customize(azure: FakeAzure) -> None:
        azure.add("vm1", vm_state(power_state=PowerState.DEALLOCATED))
        for name, value in model.items():
            setattr(azure, name, value)

    return customize


def _clone_guest_fails(azure: FakeAzure) -> None:
    _source()(azure)
    azure.add("clone", vm_state("clone"), outcome=GuestOutcome.FAILED, code="waagentFailed", stops_after=None)


def _older_versions(azure: FakeAzure) -> None:
    _source()(azure)
    old = datetime(2025, 6, 1, tzinfo=UTC)
    azure.image_facts = image_facts().model_copy(
        update={
            "versions": tuple(
                ImageVersionListed(
                    name=f"1.0.{n}",
                    run_id=f"vm-old-{n}",
                    app_name="tests",
                    published_at=old,
                    provisioning_state="Succeeded",
                )
                for n in range(3)
            )
        }
    )


def _with_fault(fault: Callable[[str, int], Answer | None]) -> Callable[[FakeAzure], None]:
    def customize(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.fault = lambda activity, vm, nth: fault(activity, nth)

    return customize


def _throttle(activity: str, nth: int) -> Answer | None:
    return Answer(try_again_after=60) if activity in {"inspect_vm", "deallocate_vm"} and nth <= 2 else None


def _break(activity: str, nth: int) -> Answer | None:
    if (activity == "inspect_vm" and nth <= 2) or (activity in {"start_deprovision", "read_power_state"} and nth <= 5):
        raise ConnectionError("no answer")
    return None


def _lost(activity: str, nth: int) -> Answer | None:
    if activity == "inspect_vm":
        raise ConnectionError("no answer")
    return None


def _fails(**regions: list[str | None]) -> Callable[[FakeGallery], None]:
    return lambda gallery: gallery.fails.update(
        {HOME if name == "home" else name: how for name, how in regions.items()}
    )


def _slow_and_failing(gallery: FakeGallery) -> None:
    gallery.seconds.update(eastus=2 * 3_600)
    gallery.fails.update(eastus=["Failed"])


_DATA = DiskFacts(
    id=f"{GROUP}/providers/Microsoft.Compute/disks/d", lun=3, location="westeurope", sku="Premium_LRS", size_gb=9
)
_AGENT = VmExtension(
    name="ama",
    publisher="Microsoft.Azure.Monitor",
    type="AzureMonitorLinuxAgent",
    provisioning_state="Succeeded",
)

IN_PLACE: dict[str, RecordedRun] = {
    "in-place-linux": one_vm("generalized", _vm(), job(target=_NO_ROLLBACK)),
    "in-place-windows": one_vm(
        "generalized",
        _vm(state=windows(), outcome=GuestOutcome.DEPROVISIONED, stops_after=300),
        job(target=_NO_ROLLBACK),
    ),
    "in-place-windows-as-a-user": one_vm(
        "generalized",
        _vm(state=windows(), outcome=GuestOutcome.DEPROVISIONED, stops_after=300),
        job(target={**_NO_ROLLBACK, "deprovision": {"sysprepCredential": _CREDENTIAL}}, settings=_WITH_VAULT),
    ),
    "in-place-with-undo": one_vm("generalized", _vm()),
    "in-place-published": one_vm("published", _vm(), job(target={"image": _OPTIONS})),
    "not-opted-in": one_vm("refused", lambda azure: azure.add("vm1", vm_state(tags={}))),
    "guest-refused": one_vm("refused", _vm(outcome=GuestOutcome.REFUSED, code="agentMissing", stops_after=None)),
    "guest-failed": one_vm("failed", _vm(outcome=GuestOutcome.FAILED, code="waagentFailed", stops_after=None)),
    "stopped-without-proof": one_vm("failed", _vm(marks=False)),
    "never-stopped": one_vm("failed", _vm(stops_after=None)),
    "canceled-in-time": interrupted(
        "canceled", Stage.AWAITING_APPROVAL, CANCEL_EVENT, {}, _vm(), job(approval=_APPROVAL, target=_NO_ROLLBACK)
    ),
    "canceled-too-late": interrupted(
        "generalized", Stage.DEPROVISIONING, CANCEL_EVENT, {}, _vm(), job(target=_NO_ROLLBACK)
    ),
    "approved": interrupted(
        "generalized",
        Stage.AWAITING_APPROVAL,
        APPROVAL_EVENT,
        _YES,
        _vm(),
        job(approval=_APPROVAL, target=_NO_ROLLBACK),
    ),
    "approval-timed-out": one_vm("refused", _vm(), job(approval=_APPROVAL)),
    "dry-run": one_vm("wouldGeneralize", _vm(), job(dry_run=True)),
    "throttled": one_vm("generalized", _with_fault(_throttle), job(target=_NO_ROLLBACK)),
    "retried": one_vm("generalized", _with_fault(_break), job(target=_NO_ROLLBACK)),
    "azure-away": one_vm("failed", _with_fault(_lost), job(target=_NO_ROLLBACK)),
}

CLONES: dict[str, RecordedRun] = {
    "clone-verified-promoted-retained": one_vm(
        "published",
        _older_versions,
        _clone(
            image={"validate": {"subnetId": _SUBNET}, "retention": {"keep": 1, "dryRun": False}},
            target={"customize": _SCRIPTS},
        ),
    ),
    "clone-with-data-disks": one_vm(
        "published", _source(shape=shape(data_disks=(_DATA,))), _clone(target={"dataDisks": "include"})
    ),
    "clone-specialized": one_vm("published", _source(image_facts=image_facts(os_state="Specialized")), _clone()),
    "clone-with-an-agent": one_vm(
        "published",
        _source(extensions={_AGENT.name: _AGENT}),
        _clone(settings=settings(removable_extensions=(_AGENT.kind,))),
    ),
    "clone-managed-image": one_vm("published", _source(), _clone(target={"image": _MANAGED})),
    "clone-dry-run": one_vm("wouldPublish", _source(), _clone(dry_run=True)),
    "clone-that-fails-is-deleted": one_vm("failed", _source(breaks={"clone": "failed"}), _clone()),
    "clone-canceled-is-deleted": interrupted("canceled", Stage.CLONING, CANCEL_EVENT, {}, _source(), _clone()),
    "clone-whose-guest-fails": one_vm("failed", _clone_guest_fails, _clone()),
    "script-failed": one_vm("failed", _source(exit_codes={"two": 7}), _clone(target={"customize": _SCRIPTS})),
}

OTHERS: dict[str, RecordedRun] = {
    "publication-with-region-failure": publication(_slow_and_failing),
    "publication-made-again": publication(_fails(home=["Failed"])),
    "publication-that-fails": publication(_fails(eastus=["Failed", "Failed"]), onRegionFailure="fail"),
    "cleanup-dry-run": a_cleanup(CleanupMode.REPORT),
    "cleanup-delete": a_cleanup(CleanupMode.DELETE),
    "batch-of-three": batch("a", "b", "c", maxParallel=2, target=_NO_ROLLBACK),
    "batch-approved": batch(
        "a",
        "b",
        event=APPROVAL_EVENT,
        payload=_YES,
        maxParallel=1,
        approval={"timeoutMinutes": 60},
        target=_NO_ROLLBACK,
    ),
    "batch-with-a-terminated-vm": batch("a", terminate=True, approval={"timeoutMinutes": 60}, target=_NO_ROLLBACK),
    "batch-canceled": batch(
        "a", "b", event=CANCEL_EVENT, payload={}, maxParallel=1, approval={"timeoutMinutes": 60}, target=_NO_ROLLBACK
    ),
}

RECORDED_RUNS = IN_PLACE | CLONES | OTHERS
