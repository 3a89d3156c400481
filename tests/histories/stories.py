"""The stories that are recorded: between them they take every step, every kind of wait and every kind of end."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from contracts.answer import Answer
from contracts.facts import DiskFacts, ImageVersionListed, PowerState
from contracts.guest_report import GuestOutcome
from contracts.run import Decision, MachineJob
from contracts.stages import Stage
from contracts.steps import APPROVAL_EVENT, CANCEL_EVENT
from contracts.sweep import SweepMode
from contracts.wishes import Approval
from tests.histories.telling import Told, a_sweep, batch, interrupted, one_machine, publication
from tests.support.fake_azure import FakeAzure
from tests.support.fake_gallery import HOME, FakeGallery
from tests.support.fake_things import GROUP, image_facts, shape
from tests.support.requests import job, machine, settings, windows

_DEFINITION = f"{GROUP}/providers/Microsoft.Compute/galleries/images/images/web"
_SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/default"
_WISH = {"kind": "galleryImageVersion", "imageDefinitionId": _DEFINITION}
_APPROVAL = Approval(timeout_minutes=60)
_YES = Decision(approved=True, principal="boss@example.org", comment="seen").model_dump(mode="json")
_NO_UNDO = {"undoSnapshot": False}
_SCRIPTS = [{"script": "linux-packages-update", "reboot": True}, {"script": "two"}]
_CREDENTIAL = {"user": "imagemaker", "secretId": "https://builds.vault.azure.net/secrets/sysprep"}
_WITH_VAULT = settings(key_vaults=("https://builds.vault.azure.net/secrets/sysprep",))
_MANAGED = {"kind": "managedImage", "imageId": f"{GROUP}/providers/Microsoft.Compute/images/web"}


def _clone(*, image: dict[str, Any] | None = None, **more: Any) -> MachineJob:
    target = {"mode": "clone", "clone": {"subnetId": _SUBNET}, "image": {**_WISH, **(image or {})}}
    return job(target={**target, **more.pop("target", {})}, **more)


def _machine(**guest: Any) -> Callable[[FakeAzure], Any]:
    return lambda azure: azure.add("vm1", **guest)


def _source(**model: Any) -> Callable[[FakeAzure], None]:
    """Prepare a deallocated source; `model` is further set on the model of Azure."""

    def prepare(azure: FakeAzure) -> None:
        azure.add("vm1", machine(power_state=PowerState.DEALLOCATED))
        for name, value in model.items():
            setattr(azure, name, value)

    return prepare


def _clone_guest_fails(azure: FakeAzure) -> None:
    _source()(azure)
    azure.add("clone", machine("clone"), outcome=GuestOutcome.FAILED, code="waagentFailed", stops_after=None)


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


def _troubled(trouble: Callable[[str, int], Answer | None]) -> Callable[[FakeAzure], None]:
    def prepare(azure: FakeAzure) -> None:
        azure.add("vm1")
        azure.trouble = lambda step, vm, nth: trouble(step, nth)

    return prepare


def _throttle(step: str, nth: int) -> Answer | None:
    return Answer(try_again_after=60) if step in {"inspect_vm", "deallocate_vm"} and nth <= 2 else None


def _break(step: str, nth: int) -> Answer | None:
    if (step == "inspect_vm" and nth <= 2) or (step in {"start_deprovision", "read_power_state"} and nth <= 5):
        raise ConnectionError("no answer")
    return None


def _lost(step: str, nth: int) -> Answer | None:
    if step == "inspect_vm":
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

IN_PLACE: dict[str, Told] = {
    "in-place-linux": one_machine("generalized", _machine(), job(target=_NO_UNDO)),
    "in-place-windows": one_machine(
        "generalized", _machine(state=windows(), outcome=GuestOutcome.SEALED, stops_after=300), job(target=_NO_UNDO)
    ),
    "in-place-windows-as-a-user": one_machine(
        "generalized",
        _machine(state=windows(), outcome=GuestOutcome.SEALED, stops_after=300),
        job(target={**_NO_UNDO, "deprovision": {"sysprepCredential": _CREDENTIAL}}, settings=_WITH_VAULT),
    ),
    "in-place-with-undo": one_machine("generalized", _machine()),
    "in-place-published": one_machine("published", _machine(), job(target={"image": _WISH})),
    "not-opted-in": one_machine("refused", lambda azure: azure.add("vm1", machine(tags={}))),
    "guest-refused": one_machine(
        "refused", _machine(outcome=GuestOutcome.REFUSED, code="agentMissing", stops_after=None)
    ),
    "guest-failed": one_machine(
        "failed", _machine(outcome=GuestOutcome.FAILED, code="waagentFailed", stops_after=None)
    ),
    "stopped-without-proof": one_machine("failed", _machine(marks=False)),
    "never-stopped": one_machine("failed", _machine(stops_after=None)),
    "canceled-in-time": interrupted(
        "canceled", Stage.AWAITING_APPROVAL, CANCEL_EVENT, {}, _machine(), job(approval=_APPROVAL, target=_NO_UNDO)
    ),
    "canceled-too-late": interrupted(
        "generalized", Stage.DEPROVISIONING, CANCEL_EVENT, {}, _machine(), job(target=_NO_UNDO)
    ),
    "approved": interrupted(
        "generalized",
        Stage.AWAITING_APPROVAL,
        APPROVAL_EVENT,
        _YES,
        _machine(),
        job(approval=_APPROVAL, target=_NO_UNDO),
    ),
    "approval-timed-out": one_machine("refused", _machine(), job(approval=_APPROVAL)),
    "dry-run": one_machine("wouldGeneralize", _machine(), job(dry_run=True)),
    "throttled": one_machine("generalized", _troubled(_throttle), job(target=_NO_UNDO)),
    "retried": one_machine("generalized", _troubled(_break), job(target=_NO_UNDO)),
    "azure-away": one_machine("failed", _troubled(_lost), job(target=_NO_UNDO)),
}

CLONES: dict[str, Told] = {
    "clone-verified-promoted-retained": one_machine(
        "published",
        _older_versions,
        _clone(
            image={"verify": {"subnetId": _SUBNET}, "retention": {"keep": 1, "dryRun": False}},
            target={"prepare": _SCRIPTS},
        ),
    ),
    "clone-with-data-disks": one_machine(
        "published", _source(shape=shape(data_disks=(_DATA,))), _clone(target={"dataDisks": "include"})
    ),
    "clone-specialized": one_machine("published", _source(image_facts=image_facts(os_state="Specialized")), _clone()),
    "clone-managed-image": one_machine("published", _source(), _clone(target={"image": _MANAGED})),
    "clone-dry-run": one_machine("wouldPublish", _source(), _clone(dry_run=True)),
    "clone-that-fails-is-unmade": one_machine("failed", _source(breaks={"clone": "failed"}), _clone()),
    "clone-canceled-is-unmade": interrupted("canceled", Stage.CLONING, CANCEL_EVENT, {}, _source(), _clone()),
    "clone-whose-guest-fails": one_machine("failed", _clone_guest_fails, _clone()),
    "script-failed": one_machine("failed", _source(exit_codes={"two": 7}), _clone(target={"prepare": _SCRIPTS})),
}

OTHERS: dict[str, Told] = {
    "publication-with-region-failure": publication(_slow_and_failing),
    "publication-made-again": publication(_fails(home=["Failed"])),
    "publication-that-fails": publication(_fails(eastus=["Failed", "Failed"]), onRegionFailure="fail"),
    "sweep-dry-run": a_sweep(SweepMode.DRY_RUN),
    "sweep-delete": a_sweep(SweepMode.DELETE),
    "batch-of-three": batch("a", "b", "c", maxParallel=2, target=_NO_UNDO),
    "batch-approved": batch(
        "a", "b", event=APPROVAL_EVENT, payload=_YES, maxParallel=1, approval={"timeoutMinutes": 60}, target=_NO_UNDO
    ),
    "batch-canceled": batch(
        "a", "b", event=CANCEL_EVENT, payload={}, maxParallel=1, approval={"timeoutMinutes": 60}, target=_NO_UNDO
    ),
}

STORIES = IN_PLACE | CLONES | OTHERS
