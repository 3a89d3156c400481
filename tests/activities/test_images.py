"""The activities on images against the simulator: what they read, order once, and never write over."""

from typing import Any

import pytest

from activities.delete_made import delete_made
from activities.inspect_image import inspect_image
from activities.list_image_versions import list_image_versions
from activities.make_image_version import make_image_version
from activities.make_managed_image import make_managed_image
from activities.read_image_uses import read_image_uses
from activities.read_image_version import read_image_version
from activities.read_made import read_made
from activities.update_image_version import update_image_version
from azure_clients.errors import ArmRefused, ArmThrottled, ArmUnavailable
from contracts.facts import OsType
from contracts.image_steps import (
    ImageVersionRead,
    InspectImage,
    ListImageVersions,
    MakeImageVersion,
    MakeManagedImage,
    ReadImageUses,
    ReadImageVersion,
    UpdateImageVersion,
)
from contracts.made import Kind, Made, Purpose
from contracts.making_steps import DeleteMade, ReadMade
from contracts.reasons import FailureCode, RefusalCode
from contracts.resource_ids import ImageDefinitionId, ManagedImageId
from contracts.wishes import TargetRegion
from policy.rights import needed_for_gallery, needed_for_managed_image
from tests.support.azure import Azure, azure
from tests.support.journey import spec
from tests.support.requests import GROUP, SUBSCRIPTION, vm_id
from workbench.arm_simulator import MachineSpec, Role

DEFINITION = ImageDefinitionId.parse(f"{GROUP}/providers/Microsoft.Compute/galleries/golden/images/ubuntu")
IMAGE = ManagedImageId.parse(f"{GROUP}/providers/Microsoft.Compute/images/one")
RUN = "vm-r1-a"
SOURCE = spec("vm1", power="deallocated", generalized=True, data_disks=1)
HOME, FAR = TargetRegion(name="westeurope"), TargetRegion(name="East US")


def furnish(az: Azure, **more: Any) -> None:
    az.simulator.world.add_gallery("golden", resource_group="rg-images", subscription_id=SUBSCRIPTION)
    az.simulator.world.add_definition("golden", "ubuntu", **more)


def made(name: str = "1.0.0") -> Made:
    return Made(kind=Kind.IMAGE_VERSION, id=f"{DEFINITION}/versions/{name}", purpose=Purpose.IMAGE)


def wanted(name: str = "1.0.0", **more: Any) -> MakeImageVersion:
    values: dict[str, Any] = {
        "made": made(name),
        "run_id": RUN,
        "app_name": "tests",
        "location": "westeurope",
        "tags": {"golden-image-source": vm_id()},
        "source_vm_id": vm_id(),
        "target_regions": (HOME, FAR),
        "replicas": 2,
        "storage_account_type": "Standard_ZRS",
        "replication_mode": "Full",
        "excluded": False,
        **more,
    }
    return MakeImageVersion.model_validate(values)


def read(az: Azure, name: str = "1.0.0") -> ImageVersionRead:
    return az.call(read_image_version(ReadImageVersion(id=made(name).id)))


def states(found: ImageVersionRead) -> dict[str, str]:
    return {region.name: region.state for region in found.regions}


def stored(az: Azure, name: str = "1.0.0") -> Any:
    return az.simulator.world.store.require(made(name).id)


def calls(az: Azure) -> list[str]:
    return [f"{r.method} {r.operation} {r.status}" for r in az.simulator.requests()]


def test_inspect_reads_definition_versions_and_rights() -> None:
    plan = {"name": "p", "publisher": "pub", "product": "prod"}
    with azure(SOURCE, role=Role()) as az:
        furnish(az, security_type="TrustedLaunchSupported", plan=plan)
        content = az.machine().guest.freeze()
        tags = {"golden-image-run": "vm-r0-a", "Golden-Image-App": "tests"}
        az.simulator.world.add_version("ubuntu", "1.0.0", content, regions=["eastus"], tags=tags, excluded=True)
        found = az.call(inspect_image(InspectImage(definition_id=DEFINITION)))
        requests = len(az.simulator.requests())
    facts = found.facts
    assert facts is not None
    assert facts.definition is not None
    assert (facts.definition.os_type, facts.definition.os_state) == (OsType.LINUX, "Generalized")
    assert (facts.definition.generation, facts.definition.location) == ("V2", "westeurope")
    assert (facts.definition.security_type, facts.definition.architecture) == ("TrustedLaunchSupported", "x64")
    assert facts.definition.plan is not None
    assert facts.definition.plan.product == "prod"
    assert facts.versions is not None
    (version,) = facts.versions
    assert (version.name, version.run_id, version.app_name) == ("1.0.0", "vm-r0-a", "tests")
    assert (version.excluded_from_latest, version.provisioning_state) == (True, "Succeeded")
    assert version.regions == ("westeurope", "eastus")
    assert version.published_at is not None
    assert facts.permissions is not None
    assert facts.permissions[0].actions == ("*",)
    assert requests == 3


def test_a_definition_that_is_not_there_is_a_refusal_and_one_that_is_unreadable_is_none() -> None:
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        missing = ImageDefinitionId.parse(str(DEFINITION).replace("ubuntu", "debian"))
        gone = az.call(inspect_image(InspectImage(definition_id=missing)))
        az.simulator.role = Role(("Microsoft.Authorization/*/read",))
        closed = az.call(inspect_image(InspectImage(definition_id=DEFINITION)))
        az.simulator.role = Role(("Microsoft.Compute/galleries/images/read",))
        half = az.call(inspect_image(InspectImage(definition_id=DEFINITION)))
    assert gone.refusal is not None
    assert gone.refusal.code is RefusalCode.DEFINITION_NOT_FOUND
    assert closed.refusal is None
    assert closed.facts is not None
    assert closed.facts.definition is None
    assert half.facts is not None
    assert half.facts.definition is not None
    assert (half.facts.versions, half.facts.permissions) == (None, None)


def test_inspect_of_a_managed_image_tells_whether_its_name_is_free() -> None:
    with azure(SOURCE, role=Role()) as az:
        free = az.call(inspect_image(InspectImage(image_id=IMAGE)))
        az.call(make_managed_image(managed()))
        there = az.call(inspect_image(InspectImage(image_id=IMAGE)))
        az.simulator.role = Role(("Microsoft.Authorization/*/read",))
        closed = az.call(inspect_image(InspectImage(image_id=IMAGE)))
    seen = [found.facts.image_exists if found.facts else "no facts" for found in (free, there, closed)]
    assert seen == [False, True, None]
    assert free.facts is not None
    assert free.facts.permissions is not None


def test_a_version_is_ordered_once_and_followed_by_region() -> None:
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        first = az.call(make_image_version(wanted()))
        again = az.call(make_image_version(wanted()))
        orders = calls(az)
        kept = stored(az)
        early = read(az)
        az.pass_time(4 * 3_600)
        late = read(az)
    assert orders.count("PUT galleryImageVersions.createOrUpdate 201") == 1
    assert (first.already, first.taken, again.already, again.taken) == (False, False, True, False)
    assert first.correlation_id
    assert kept.tags["golden-image-run"] == RUN
    assert kept.tags["golden-image-app"] == "tests"
    assert kept.tags["golden-image-purpose"] == "image"
    assert kept.tags["golden-image-source"] == vm_id()
    assert kept.properties["storageProfile"]["source"] == {"virtualMachineId": vm_id()}
    assert (early.provisioning_state, early.run_id, early.excluded) == ("Creating", RUN, False)
    assert states(early) == {"westeurope": "Replicating", "eastus": "Replicating"}
    assert late.provisioning_state == "Succeeded"
    assert states(late) == {"westeurope": "Completed", "eastus": "Completed"}


def test_the_body_holds_all_that_was_wished() -> None:
    regions = (HOME.model_copy(update={"replicas": 5, "storage_account_type": "Premium_LRS"}), FAR)
    more: dict[str, Any] = {"target_regions": regions, "excluded": True, "end_of_life": "2030-01-01T00:00:00Z"}
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        az.call(make_image_version(wanted(**more, replication_mode="Shallow")))
        publishing = stored(az).properties["publishingProfile"]
        excluded = read(az).excluded
    home, far = publishing["targetRegions"]
    assert (home["regionalReplicaCount"], home["storageAccountType"]) == (5, "Premium_LRS")
    assert (far["regionalReplicaCount"], far["storageAccountType"]) == (2, "Standard_ZRS")
    assert (home["excludeFromLatest"], publishing["excludeFromLatest"], excluded) == (True, True, True)
    assert (publishing["replicaCount"], publishing["replicationMode"]) == (2, "Shallow")
    assert publishing["endOfLifeDate"].startswith("2030-01-01")


def test_a_disk_encryption_set_covers_every_disk() -> None:
    source = spec("vm1", power="deallocated", generalized=True, data_disks=2, disk_encryption_set="des1")
    key = f"{GROUP}/providers/Microsoft.Compute/diskEncryptionSets/des1"
    region = TargetRegion.model_validate({"name": "westeurope", "diskEncryptionSetId": key})
    with azure(source, role=Role()) as az:
        furnish(az)
        az.call(make_image_version(wanted(target_regions=(region,), data_disk_luns=(0, 1))))
        (target,) = stored(az).properties["publishingProfile"]["targetRegions"]
    encrypted = {"diskEncryptionSetId": key}
    assert target["encryption"]["osDiskImage"] == encrypted
    assert target["encryption"]["dataDiskImages"] == [{"lun": 0, **encrypted}, {"lun": 1, **encrypted}]


@pytest.mark.parametrize(
    "tags", [{}, {"golden-image-run": "vm-r2-b"}, {"golden-image-run": RUN, "golden-image-app": "other"}]
)
def test_a_version_that_is_not_this_run_s_is_taken_and_never_written_over(tags: dict[str, str]) -> None:
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        az.simulator.world.add_version("ubuntu", "1.0.0", az.machine().guest.freeze(), tags=tags)
        answer = az.call(make_image_version(wanted()))
        orders, kept = calls(az), stored(az).tags
    assert (answer.taken, answer.already) == (True, False)
    assert not [order for order in orders if not order.startswith("GET")]
    assert kept == tags


def test_an_order_cut_after_it_was_taken_is_read_back() -> None:
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        az.trouble("cutAfter", "galleryImageVersions.createOrUpdate")
        with pytest.raises(ArmUnavailable):
            az.call(make_image_version(wanted()))
        again = az.call(make_image_version(wanted()))
        orders = calls(az)
    assert again.already
    assert len([order for order in orders if order.startswith("PUT")]) == 1


def test_what_azure_refuses_throttles_and_leaves_open() -> None:
    with azure(spec("vm1", power="deallocated"), role=Role()) as az:
        furnish(az)
        with pytest.raises(ArmRefused, match="OS State"):
            az.call(make_image_version(wanted()))
        az.trouble("status", "galleryImageVersions.createOrUpdate", status=429, headers={"Retry-After": "17"})
        with pytest.raises(ArmThrottled) as throttled:
            az.call(make_image_version(wanted()))
    assert throttled.value.seconds == 17


def test_the_list_lags_behind_and_a_read_does_not() -> None:
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        az.call(make_image_version(wanted()))
        fresh = az.call(list_image_versions(ListImageVersions(definition_id=DEFINITION)))
        seen = read(az)
        az.pass_time(60)
        later = az.call(list_image_versions(ListImageVersions(definition_id=DEFINITION)))
    assert fresh.versions == ()
    assert seen.provisioning_state == "Creating"
    assert [(version.name, version.run_id) for version in later.versions] == [("1.0.0", RUN)]


def test_a_region_that_failed_is_taken_out_and_brought_back() -> None:
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        az.simulator.world.replication.fail_region("ubuntu/*", "eastus", "no capacity")
        az.call(make_image_version(wanted()))
        az.pass_time(4 * 3_600)
        failed = read(az)
        order = UpdateImageVersion(id=made().id, run_id=RUN, target_regions=(HOME,), replicas=2)
        az.call(update_image_version(order.model_copy(update={"storage_account_type": "Standard_ZRS"})))
        az.pass_time(600)
        without = read(az)
        back = order.model_copy(update={"target_regions": (HOME, FAR), "storage_account_type": "Standard_ZRS"})
        az.call(update_image_version(back))
        az.pass_time(4 * 3_600)
        whole = read(az)
    assert (failed.provisioning_state, states(failed)) == ("Failed", {"westeurope": "Completed", "eastus": "Failed"})
    assert "no capacity" in failed.regions[1].details
    assert (without.provisioning_state, states(without)) == ("Succeeded", {"westeurope": "Completed"})
    assert (whole.provisioning_state, states(whole)) == (
        "Succeeded",
        {"westeurope": "Completed", "eastus": "Completed"},
    )


def test_promotion_shows_and_tags_are_added_to_those_there() -> None:
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        az.call(make_image_version(wanted(excluded=True)))
        az.pass_time(4 * 3_600)
        az.call(update_image_version(UpdateImageVersion(id=made().id, run_id=RUN, tags={"golden-image-verified": "x"})))
        az.pass_time(600)
        marked, tags = read(az), dict(stored(az).tags)
        az.call(update_image_version(UpdateImageVersion(id=made().id, run_id=RUN, excluded=False)))
        az.pass_time(600)
        promoted, kept = read(az), stored(az)
        nothing = az.call(update_image_version(UpdateImageVersion(id=made().id, run_id=RUN)))
    assert marked.excluded is True
    assert tags["golden-image-verified"] == "x"
    assert tags["golden-image-run"] == RUN
    assert (promoted.excluded, promoted.provisioning_state) == (False, "Succeeded")
    assert kept.tags == tags
    assert nothing.already


def test_a_version_of_another_run_is_not_changed_and_one_that_is_gone_is_a_failure() -> None:
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        az.simulator.world.add_version("ubuntu", "1.0.0", az.machine().guest.freeze(), tags={"golden-image-run": "b"})
        other = az.call(update_image_version(UpdateImageVersion(id=made().id, run_id=RUN, excluded=True)))
        gone = az.call(update_image_version(UpdateImageVersion(id=made("2.0.0").id, run_id=RUN, excluded=True)))
        orders = calls(az)
    assert other.refusal is not None
    assert other.refusal.code is RefusalCode.NAME_TAKEN
    assert gone.failure is not None
    assert gone.failure.code is FailureCode.PUBLISH_FAILED
    assert not [order for order in orders if not order.startswith("GET")]


def test_a_change_that_meets_another_is_asked_for_again() -> None:
    message = "The request failed due to conflict with a concurrent request."
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        az.call(make_image_version(wanted()))
        az.trouble("status", "galleryImageVersions.update", status=409, code="Conflict", message=message)
        with pytest.raises(ArmUnavailable):
            az.call(update_image_version(UpdateImageVersion(id=made().id, run_id=RUN, excluded=True)))


def test_a_version_that_is_not_there_has_no_state() -> None:
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        assert read(az).provisioning_state is None


def test_a_failed_version_can_be_deleted_and_made_again() -> None:
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        az.simulator.world.replication.fail_region("ubuntu/*", "westeurope", "disk broke")
        az.call(make_image_version(wanted()))
        az.pass_time(4 * 3_600)
        failed = read(az)
        first = az.call(delete_made(DeleteMade(made=made(), run_id=RUN)))
        az.pass_time(3_600)
        gone = az.call(delete_made(DeleteMade(made=made(), run_id=RUN)))
        again = az.call(make_image_version(wanted()))
    assert failed.provisioning_state == "Failed"
    assert (first.gone, first.why, gone.gone) == (False, None, True)
    assert (again.already, again.taken) == (False, False)


def managed(**more: Any) -> MakeManagedImage:
    values: dict[str, Any] = {
        "made": Made(kind=Kind.MANAGED_IMAGE, id=str(IMAGE), purpose=Purpose.IMAGE),
        "run_id": RUN,
        "app_name": "tests",
        "location": "westeurope",
        "source_vm_id": vm_id(),
        "generation": "V2",
        "zone_resilient": True,
        **more,
    }
    return MakeManagedImage.model_validate(values)


def test_a_managed_image_is_made_once() -> None:
    with azure(SOURCE, role=Role()) as az:
        first = az.call(make_managed_image(managed()))
        again = az.call(make_managed_image(managed()))
        az.pass_time(60)
        read_back = az.call(read_made(ReadMade(made=managed().made, run_id=RUN)))
        kept = az.simulator.world.store.require(str(IMAGE))
        orders = calls(az)
        other = az.call(make_managed_image(managed(run_id="vm-r2-b")))
    assert (first.already, again.already) == (False, True)
    assert orders.count("PUT images.createOrUpdate 201") == 1
    assert read_back.provisioning_state == "Succeeded"
    assert kept.properties["hyperVGeneration"] == "V2"
    assert kept.properties["storageProfile"]["zoneResilient"] is True
    assert kept.tags["golden-image-run"] == RUN
    assert other.refusal is not None
    assert other.refusal.code is RefusalCode.NAME_TAKEN


def test_the_rights_that_the_policy_asks_for_are_enough() -> None:
    source = ("Microsoft.Compute/virtualMachines/read", "Microsoft.Compute/virtualMachines/write")
    role = Role((*needed_for_gallery(), *needed_for_managed_image(), *source, "Microsoft.Authorization/*/read"))
    with azure(SOURCE, role=role) as az:
        furnish(az)
        az.call(inspect_image(InspectImage(definition_id=DEFINITION)))
        az.call(make_image_version(wanted()))
        az.call(make_managed_image(managed()))
        az.pass_time(4 * 3_600)
        az.call(update_image_version(UpdateImageVersion(id=made().id, run_id=RUN, excluded=True)))
        az.pass_time(600)
        az.call(delete_made(DeleteMade(made=made(), run_id=RUN)))
        refused = [call for call in calls(az) if call.endswith("403")]
    assert refused == []


def test_uses_are_found_in_machines_and_scale_sets() -> None:
    machines = (MachineSpec(name="far", subscription_id="22222222-2222-3333-4444-555555555555"), SOURCE)
    with azure(*machines, role=Role()) as az:
        furnish(az)
        uses = ReadImageUses(definition_id=DEFINITION, subscription_ids=(SUBSCRIPTION, machines[0].subscription_id))
        none = az.call(read_image_uses(uses))
        reference = az.machine("vm1").model.storage
        reference["imageReference"] = {"id": f"{str(DEFINITION).upper()}/VERSIONS/1.0.0"}
        az.machine("far").model.storage["imageReference"] = {"id": str(DEFINITION), "exactVersion": "1.0.3"}
        az.simulator.world.add_scale_set("set1", GROUP, f"{DEFINITION}/versions/1.0.1")
        some = az.call(read_image_uses(uses))
        az.simulator.world.add_scale_set("set2", GROUP, str(DEFINITION).lower())
        az.simulator.world.add_scale_set("set3", GROUP, f"{DEFINITION}er/versions/9.9.9")
        latest = az.call(read_image_uses(uses))
    assert (none.versions, none.latest_used) == ((), False)
    assert (some.versions, some.latest_used) == (("1.0.0", "1.0.1", "1.0.3"), False)
    assert (latest.versions, latest.latest_used) == (("1.0.0", "1.0.1", "1.0.3"), True)


def test_a_subscription_that_cannot_be_listed_is_no_empty_one() -> None:
    with azure(SOURCE, role=Role(("Microsoft.Compute/virtualMachines/read",))) as az:
        furnish(az)
        with pytest.raises(ArmRefused):
            az.call(read_image_uses(ReadImageUses(definition_id=DEFINITION, subscription_ids=(SUBSCRIPTION,))))
