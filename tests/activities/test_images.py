"""What is read before an image is published, managed images, and uses: against the simulator."""

import pytest

from activities.create_image_version import create_image_version
from activities.create_managed_image import create_managed_image
from activities.delete_resource import delete_resource
from activities.inspect_image import inspect_image
from activities.read_image_uses import read_image_uses
from activities.read_resource import read_resource
from activities.update_image_version import update_image_version
from azure_clients.errors import ArmRefused, ArmThrottled
from contracts.activities.image import (
    InspectImage,
    ReadImageUses,
    UpdateImageVersion,
)
from contracts.activities.resources import DeleteResource, ReadResource
from contracts.error_codes import RefusalCode
from contracts.facts import OsType
from contracts.recycle_bin import RecycleBin
from contracts.resource_ids import ImageDefinitionId
from emulators.arm import Role, VmSpec
from policy.rights import (
    READ_GALLERY,
    READ_RIGHTS_AND_LOCKS,
    needed_for_gallery,
    needed_for_managed_image,
    needed_to_see_uses,
)
from tests.support.azure import azure
from tests.support.images import DEFINITION, IMAGE, RUN, SOURCE, calls, created_resource, furnish, managed, wanted
from tests.support.journey import spec
from tests.support.requests import GROUP, SUBSCRIPTION


def test_inspect_reads_definition_versions_and_rights() -> None:
    plan = {"name": "p", "publisher": "pub", "product": "prod"}
    with azure(SOURCE, role=Role()) as az:
        furnish(az, security_type="TrustedLaunchSupported", plan=plan)
        content = az.vm().guest.freeze()
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
    assert (facts.locks, facts.recycle_bin) == ((), RecycleBin(enabled=False))
    assert requests == 5


def test_locks_where_the_image_goes_are_read_and_not_those_on_what_is_there_already() -> None:
    gallery = str(DEFINITION).rpartition("/images/")[0]
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        version = az.simulator.world.add_version("ubuntu", "1.0.0", az.vm().guest.freeze())
        for scope, name in ((GROUP, "group"), (gallery, "gallery"), (str(DEFINITION), "here"), (version.id, "version")):
            az.simulator.lock(scope, "CanNotDelete", name)
        of_gallery = az.call(inspect_image(InspectImage(definition_id=DEFINITION))).facts
        of_image = az.call(inspect_image(InspectImage(image_id=IMAGE))).facts
        az.simulator.role = Role(not_actions=("Microsoft.Authorization/locks/read", "Microsoft.Compute/galleries/read"))
        unread = az.call(inspect_image(InspectImage(definition_id=DEFINITION))).facts
    assert of_gallery is not None
    assert of_image is not None
    assert unread is not None
    assert {lock.name for lock in of_gallery.locks or ()} == {"group", "gallery", "here"}
    assert [lock.name for lock in of_image.locks or ()] == ["group"]
    assert (unread.locks, unread.recycle_bin) == (None, None)


def test_a_definition_says_for_which_disk_controllers_it_is_and_whether_its_vms_may_hibernate() -> None:
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        properties = az.simulator.world.store.require(str(DEFINITION)).properties
        plain = az.call(inspect_image(InspectImage(definition_id=DEFINITION))).facts
        properties["features"] = [
            {"name": "diskControllerTypes", "value": "SCSI, NVMe"},
            {"name": "IsHibernateSupported", "value": "True"},
        ]
        able = az.call(inspect_image(InspectImage(definition_id=DEFINITION))).facts
    shown = [found.definition for found in (plain, able) if found is not None and found.definition is not None]
    assert [(each.disk_controllers, each.hibernation) for each in shown] == [
        (("SCSI",), False),
        (("SCSI", "NVMe"), True),
    ]


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


def test_inspect_of_a_managed_image_reports_whether_its_name_is_free() -> None:
    with azure(SOURCE, role=Role()) as az:
        free = az.call(inspect_image(InspectImage(image_id=IMAGE)))
        az.call(create_managed_image(managed()))
        there = az.call(inspect_image(InspectImage(image_id=IMAGE)))
        az.simulator.role = Role(("Microsoft.Authorization/*/read",))
        closed = az.call(inspect_image(InspectImage(image_id=IMAGE)))
    seen = [found.facts.image_exists if found.facts else "no facts" for found in (free, there, closed)]
    assert seen == [False, True, None]
    assert free.facts is not None
    assert free.facts.permissions is not None


def test_rejections_throttling_and_missing_values_are_translated() -> None:
    with azure(spec("vm1", power="deallocated"), role=Role()) as az:
        furnish(az)
        with pytest.raises(ArmRefused, match="OS State"):
            az.call(create_image_version(wanted()))
        az.fault("status", "galleryImageVersions.createOrUpdate", status=429, headers={"Retry-After": "17"})
        with pytest.raises(ArmThrottled) as throttled:
            az.call(create_image_version(wanted()))
    assert throttled.value.seconds == 17


def test_a_managed_image_is_created_once() -> None:
    with azure(SOURCE, role=Role()) as az:
        first = az.call(create_managed_image(managed()))
        again = az.call(create_managed_image(managed()))
        az.pass_time(60)
        read_back = az.call(read_resource(ReadResource(resource=managed().resource, run_id=RUN)))
        kept = az.simulator.world.store.require(str(IMAGE))
        requests = calls(az)
        other = az.call(create_managed_image(managed(run_id="vm-r2-b")))
    assert (first.already, again.already) == (False, True)
    assert requests.count("PUT images.createOrUpdate 201") == 1
    assert read_back.provisioning_state == "Succeeded"
    assert kept.properties["hyperVGeneration"] == "V2"
    assert kept.properties["storageProfile"]["zoneResilient"] is True
    assert kept.tags["golden-image-run"] == RUN
    assert other.refusal is not None
    assert other.refusal.code is RefusalCode.NAME_TAKEN


def test_the_rights_that_the_policy_asks_for_are_enough() -> None:
    source = ("Microsoft.Compute/virtualMachines/read", "Microsoft.Compute/virtualMachines/write")
    needed = (*needed_for_gallery(), READ_GALLERY, *needed_for_managed_image())
    role = Role((*needed, *source, "Microsoft.Authorization/*/read"))
    with azure(SOURCE, role=role) as az:
        furnish(az)
        az.call(inspect_image(InspectImage(definition_id=DEFINITION)))
        az.call(create_image_version(wanted()))
        az.call(create_managed_image(managed()))
        az.pass_time(4 * 3_600)
        az.call(update_image_version(UpdateImageVersion(id=created_resource().id, run_id=RUN, excluded=True)))
        az.pass_time(600)
        az.call(delete_resource(DeleteResource(resource=created_resource(), run_id=RUN)))
        refused = [call for call in calls(az) if call.endswith("403")]
    assert refused == []


def test_uses_are_found_in_vms_and_scale_sets() -> None:
    vms = (VmSpec(name="far", subscription_id="22222222-2222-3333-4444-555555555555"), SOURCE)
    with azure(*vms, role=Role()) as az:
        furnish(az)
        uses = ReadImageUses(definition_id=DEFINITION, subscription_ids=(SUBSCRIPTION, vms[0].subscription_id))
        none = az.call(read_image_uses(uses))
        reference = az.vm("vm1").model.storage
        reference["imageReference"] = {"id": f"{str(DEFINITION).upper()}/VERSIONS/1.0.0"}
        az.vm("far").model.storage["imageReference"] = {"id": str(DEFINITION), "exactVersion": "1.0.3"}
        az.simulator.world.add_scale_set("set1", GROUP, f"{DEFINITION}/versions/1.0.1")
        some = az.call(read_image_uses(uses))
        az.simulator.world.add_scale_set("set2", GROUP, str(DEFINITION).lower())
        az.simulator.world.add_scale_set("set3", GROUP, f"{DEFINITION}er/versions/9.9.9")
        latest = az.call(read_image_uses(uses))
    assert (none.versions, none.latest_used) == ((), False)
    assert (some.versions, some.latest_used) == (("1.0.0", "1.0.1", "1.0.3"), False)
    assert (latest.versions, latest.latest_used) == (("1.0.0", "1.0.1", "1.0.3"), True)


def test_a_subscription_that_cannot_be_listed_is_no_empty_one() -> None:
    with azure(SOURCE, role=Role(("Microsoft.Compute/virtualMachines/read", READ_RIGHTS_AND_LOCKS[0]))) as az:
        furnish(az)
        with pytest.raises(ArmRefused, match="virtualMachineScaleSets/read"):
            az.call(read_image_uses(ReadImageUses(definition_id=DEFINITION, subscription_ids=(SUBSCRIPTION,))))


@pytest.mark.parametrize(
    ("scope", "rights", "seen"),
    [
        (f"/subscriptions/{SUBSCRIPTION}", (READ_RIGHTS_AND_LOCKS[0], *needed_to_see_uses()), True),
        (f"/subscriptions/{SUBSCRIPTION}", needed_to_see_uses(), False),
        (GROUP, (READ_RIGHTS_AND_LOCKS[0], *needed_to_see_uses()), False),
    ],
)
def test_uses_count_only_if_the_whole_subscription_can_be_read(scope: str, rights: tuple[str, ...], seen: bool) -> None:
    uses = ReadImageUses(definition_id=DEFINITION, subscription_ids=(SUBSCRIPTION,))
    with azure(SOURCE, role=Role(rights, scopes=(scope,))) as az:
        furnish(az)
        if seen:
            assert az.call(read_image_uses(uses)).versions == ()
        else:
            with pytest.raises(ArmRefused, match=r"may be missed; grant: Microsoft\.Compute/virtualMachines/read"):
                az.call(read_image_uses(uses))
        listed = [call for call in calls(az) if "listAll" in call]
    assert bool(listed) is seen


def test_a_scale_set_follows_latest_whatever_azure_resolved_for_it() -> None:
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        added = az.simulator.world.add_scale_set("set1", GROUP, str(DEFINITION))
        profile = added.properties["virtualMachineProfile"]["storageProfile"]
        profile["imageReference"] = {"id": str(DEFINITION), "exactVersion": "1.0.3"}
        found = az.call(read_image_uses(ReadImageUses(definition_id=DEFINITION, subscription_ids=(SUBSCRIPTION,))))
    assert found.latest_used
