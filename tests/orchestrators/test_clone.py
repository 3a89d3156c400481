"""The story of a machine that is cloned, prepared, captured and verified: what is made, and that all of it goes."""

from typing import Any

import pytest

from contracts.facts import DiskFacts, GuestIdentity, PowerState
from contracts.guest_report import GuestOutcome
from contracts.reasons import FailureCode, RefusalCode
from contracts.results import Outcome
from contracts.run import MachineJob
from contracts.stages import Stage
from tests.support.fake_azure import FakeAzure
from tests.support.fake_things import GROUP, identity, image_facts, shape
from tests.support.requests import job, machine, seldom, settings
from tests.support.telling import failure_of, tell

DEFINITION = f"{GROUP}/providers/Microsoft.Compute/galleries/images/images/web"
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/default"
TEMPORARY = ["os-snapshot", "os-disk", "nsg", "nic", "clone"]


def asked(*, target: dict[str, Any] | None = None, image: dict[str, Any] | None = None, **more: Any) -> MachineJob:
    wish = {"kind": "galleryImageVersion", "imageDefinitionId": DEFINITION, **(image or {})}
    wanted = {"mode": "clone", "clone": {"subnetId": SUBNET}, "image": wish, **(target or {})}
    more.setdefault("settings", settings(waits=seldom()))
    return job(target=wanted, **more)


def source(azure: FakeAzure) -> None:
    azure.add("vm1", machine(power_state=PowerState.DEALLOCATED))


def test_a_clone_is_made_sealed_published_and_all_of_it_goes_but_the_image() -> None:
    result, azure = tell(source, asked())

    assert result.outcome is Outcome.PUBLISHED, result
    assert [timing.stage for timing in result.timings] == [
        "accepted", "inspecting", "cloning", "preparing", "deprovisioning", "stopping", "deallocating", "generalizing",
        "publishing", "cleaningUp",
    ]  # fmt: skip
    assert sorted(azure.deleted) == sorted(TEMPORARY)
    assert azure.deleted.index("clone") < azure.deleted.index("nic") < azure.deleted.index("nsg")
    assert azure.deleted.index("nsg") < azure.deleted.index("os-disk") < azure.deleted.index("os-snapshot")
    assert result.image is not None
    assert result.made == (result.image.id,)
    assert result.left == ()
    assert list(azure.things) == [result.image.id]


def test_the_source_is_only_read() -> None:
    _, azure = tell(source, asked())
    assert set(azure.steps_of("vm1")) == {"inspect_vm", "inspect_disks"}


def test_the_image_says_where_it_comes_from() -> None:
    result, azure = tell(source, asked(target={"prepare": [{"script": "linux-packages-update"}]}))
    assert result.image is not None
    tags = azure.things[result.image.id]
    assert tags["golden-image-source"].endswith("/virtualMachines/vm1")
    assert tags["golden-image-request"] == "r1"
    assert tags["golden-image-evidence"] == "guestReported"
    assert tags["golden-image-script-01"] == "linux-packages-update sha256:hash-linux-packages-update"
    assert tags["golden-image-script-deprovision"] == "deprovision sha256:hash-own"


def test_data_disks_come_along_where_the_request_says_so() -> None:
    data = DiskFacts(
        id=f"{GROUP}/providers/Microsoft.Compute/disks/d", lun=3, location="westeurope", sku="P", size_gb=9
    )

    def prepare(azure: FakeAzure) -> None:
        source(azure)
        azure.shape = shape(data_disks=(data,))

    result, azure = tell(prepare, asked(target={"dataDisks": "include"}))
    assert result.outcome is Outcome.PUBLISHED, result
    assert {"data-3-snapshot", "data-3-disk"} <= set(azure.deleted)
    result, azure = tell(prepare, asked(target={"dataDisks": "leaveOut"}))
    assert result.outcome is Outcome.PUBLISHED, result
    assert sorted(azure.deleted) == sorted(TEMPORARY)
    result, azure = tell(prepare, asked())
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.DATA_DISKS]
    assert azure.deleted == []


@pytest.mark.parametrize("part", TEMPORARY)
@pytest.mark.parametrize("how", ["failed", "never", "taken"])
def test_what_cannot_be_made_ends_the_run_and_everything_made_goes(part: str, how: str) -> None:
    def prepare(azure: FakeAzure) -> None:
        source(azure)
        azure.breaks[part] = how

    result, azure = tell(prepare, asked())
    if how == "taken":
        assert [refusal.code for refusal in result.refusals] == [RefusalCode.NAME_TAKEN]
    else:
        assert failure_of(result) is FailureCode.CLONE_FAILED
        assert part in azure.deleted
    assert azure.things == {}
    assert result.left == ()
    assert result.ended_in is Stage.CLONING


@pytest.mark.parametrize("part", TEMPORARY)
def test_what_will_not_go_is_named_and_the_rest_goes_all_the_same(part: str) -> None:
    def prepare(azure: FakeAzure) -> None:
        source(azure)
        azure.breaks[part] = "stuck"

    result, azure = tell(prepare, asked())
    assert result.outcome is Outcome.PUBLISHED
    assert [(left.id.endswith(part), left.why) for left in result.left] == [(True, "ScopeLocked: a lock is in the way")]
    assert sorted(azure.deleted) == sorted(set(TEMPORARY) - {part})


def test_what_the_verification_could_not_unmake_is_tried_again_and_named_once() -> None:
    def prepare(azure: FakeAzure) -> None:
        source(azure)
        azure.breaks["verify-nic"] = "stuck"

    result, _ = tell(prepare, asked(image={"verify": {"subnetId": SUBNET}}))
    assert result.outcome is Outcome.PUBLISHED
    assert [left.id.endswith("verify-nic") for left in result.left] == [True]


def test_a_clone_whose_guest_fails_is_unmade_and_its_evidence_kept() -> None:
    def prepare(azure: FakeAzure) -> None:
        source(azure)
        azure.add("clone", machine("clone"), outcome=GuestOutcome.FAILED, code="waagentFailed", stops_after=None)

    result, azure = tell(prepare, asked())
    assert failure_of(result) is FailureCode.GUEST_FAILED
    assert result.evidence is not None
    assert result.evidence.collected == "waagent: disk full"
    assert azure.things == {}


def test_scripts_run_in_order_before_the_clone_is_sealed_and_their_end_is_told() -> None:
    scripts = [{"script": "one", "reboot": True}, {"script": "two"}]
    result, azure = tell(source, asked(target={"prepare": scripts}))
    assert result.outcome is Outcome.PUBLISHED, result
    assert azure.ran == ["one", "restart", "two"]
    assert [(done.script, done.exit_code, done.rebooted) for done in result.prepared] == [
        ("one", 0, True),
        ("two", 0, False),
    ]
    steps = azure.steps_of("clone")
    assert steps.index("remove_run_commands") < steps.index("start_deprovision")


@pytest.mark.parametrize(("exit_code", "code"), [(7, "ScriptFailed"), (None, "ScriptFailed"), (-1, "ScriptTimedOut")])
def test_a_failing_script_ends_the_run_before_the_point_of_no_return(exit_code: int | None, code: str) -> None:
    def prepare(azure: FakeAzure) -> None:
        source(azure)
        azure.exit_codes["one"] = exit_code

    result, azure = tell(prepare, asked(target={"prepare": [{"script": "one"}, {"script": "two"}]}))
    assert failure_of(result) == code
    assert azure.ran == ["one"]
    assert "start_deprovision" not in azure.steps_of("clone")
    assert azure.things == {}


def test_a_specialized_definition_needs_no_deprovisioning() -> None:
    def prepare(azure: FakeAzure) -> None:
        source(azure)
        azure.image_facts = image_facts(os_state="Specialized")

    result, azure = tell(prepare, asked())
    assert result.outcome is Outcome.PUBLISHED, result
    assert "start_deprovision" not in azure.steps_of("clone")
    assert "generalize_vm" not in azure.steps_of("clone")
    assert "deallocate_vm" in azure.steps_of("clone")
    assert list(azure.things) == list(result.made)


def test_a_version_is_promoted_only_after_a_machine_made_from_it_answered() -> None:
    result, azure = tell(source, asked(image={"verify": {}}, settings=settings(subnet_id=SUBNET, waits=seldom())))
    assert result.outcome is Outcome.PUBLISHED, result
    assert result.image is not None
    assert result.image.verified is not None
    assert result.image.verified.passed
    assert result.image.excluded_from_latest is False
    assert azure.excluded[result.image.id] is False
    assert azure.marks["golden-image-verified"] == "passed"
    assert {"verify", "verify-nic", "verify-nsg"} <= set(azure.deleted)
    assert list(azure.things) == [result.image.id]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"identity": "id-vm1"}, "machine-id"),
        ({"ssh_host_keys": ("key-vm1",)}, "SSH host key"),
        ({"users": ("alice",)}, "alice"),
        ({"authorized_keys": ("root",)}, "let somebody log on were left in it: root"),
        ({"logs": ("syslog.1",)}, "syslog.1"),
    ],
)
def test_a_version_that_carries_over_its_source_stays_excluded_and_marked(change: dict[str, Any], word: str) -> None:
    def answer(host: str) -> GuestIdentity:
        return identity(host, **change)

    def prepare(azure: FakeAzure) -> None:
        source(azure)
        azure.after = answer

    result, azure = tell(prepare, asked(image={"verify": {"subnetId": SUBNET}}))
    assert failure_of(result) is FailureCode.VERIFY_FAILED
    assert result.failure is not None
    assert word in result.failure.message
    assert result.image is not None
    assert azure.excluded[result.image.id] is True
    assert azure.marks["golden-image-verified"] == "failed"
    assert list(azure.things) == [result.image.id]


@pytest.mark.parametrize("part", ["verify", "verify-nic", "verify-nsg"])
def test_a_verification_that_cannot_be_made_fails_and_leaves_nothing(part: str) -> None:
    def prepare(azure: FakeAzure) -> None:
        source(azure)
        azure.breaks[part] = "never"

    result, azure = tell(prepare, asked(image={"verify": {"subnetId": SUBNET}}))
    assert failure_of(result) is FailureCode.VERIFY_FAILED
    assert list(azure.things) == list(result.made)


def test_a_dry_run_of_a_clone_makes_nothing() -> None:
    result, azure = tell(source, asked(dry_run=True))
    assert result.outcome is Outcome.WOULD_PUBLISH, result
    assert azure.things == {}
    assert set(azure.steps_of("vm1")) == {"inspect_vm", "inspect_disks"}


def test_temporary_machines_have_a_ceiling_on_their_life() -> None:
    def prepare(azure: FakeAzure) -> None:
        source(azure)
        azure.exit_codes["one"] = -1

    scripts = [{"script": "one", "deadlineMinutes": 240}]
    result, azure = tell(
        prepare, asked(target={"prepare": scripts}, settings=settings(temporary_hours=2, waits=seldom()))
    )
    assert failure_of(result) is FailureCode.TEMPORARY_TOO_OLD
    assert azure.things == {}


def test_a_managed_image_is_made_of_the_clone() -> None:
    image = {"kind": "managedImage", "imageId": f"{GROUP}/providers/Microsoft.Compute/images/web"}
    result, azure = tell(source, job(target={"mode": "clone", "clone": {"subnetId": SUBNET}, "image": image}))
    assert result.outcome is Outcome.PUBLISHED, result
    assert result.made == (image["imageId"],)
    assert list(azure.things) == [image["imageId"]]
