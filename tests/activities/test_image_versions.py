"""Image versions against the simulator: requested once, read, updated, and never overwritten."""

from typing import Any

import pytest

from activities.create_image_version import create_image_version
from activities.delete_resource import delete_resource
from activities.list_image_versions import list_image_versions
from activities.update_image_version import update_image_version
from azure_clients.errors import ArmUnavailable
from contracts.activities.image import (
    ListImageVersions,
    UpdateImageVersion,
)
from contracts.activities.resources import DeleteResource
from contracts.error_codes import FailureCode, RefusalCode
from contracts.image_options import TargetRegion
from emulators.arm import Role
from tests.support.azure import azure
from tests.support.images import (
    DEFINITION,
    FAR,
    HOME,
    RUN,
    SOURCE,
    calls,
    created_resource,
    furnish,
    read,
    states,
    stored,
    wanted,
)
from tests.support.journey import spec
from tests.support.requests import GROUP, vm_id


def test_a_version_is_requested_once_and_read_by_region() -> None:
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        first = az.call(create_image_version(wanted()))
        again = az.call(create_image_version(wanted()))
        requests = calls(az)
        kept = stored(az)
        early = read(az)
        az.pass_time(4 * 3_600)
        late = read(az)
    assert requests.count("PUT galleryImageVersions.createOrUpdate 201") == 1
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


def test_the_body_holds_all_that_was_asked_for() -> None:
    regions = (HOME.model_copy(update={"replica_count": 5, "storage_account_type": "Premium_LRS"}), FAR)
    more: dict[str, Any] = {"target_regions": regions, "excluded": True, "end_of_life_date": "2030-01-01T00:00:00Z"}
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        az.call(create_image_version(wanted(**more, replication_mode="Shallow")))
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
        az.call(create_image_version(wanted(target_regions=(region,), data_disk_luns=(0, 1))))
        (target,) = stored(az).properties["publishingProfile"]["targetRegions"]
    encrypted = {"diskEncryptionSetId": key}
    assert target["encryption"]["osDiskImage"] == encrypted
    assert target["encryption"]["dataDiskImages"] == [{"lun": 0, **encrypted}, {"lun": 1, **encrypted}]


@pytest.mark.parametrize(
    "tags", [{}, {"golden-image-run": "vm-r2-b"}, {"golden-image-run": RUN, "golden-image-app": "other"}]
)
def test_a_version_of_another_run_is_taken_and_never_overwritten(tags: dict[str, str]) -> None:
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        az.simulator.world.add_version("ubuntu", "1.0.0", az.vm().guest.freeze(), tags=tags)
        answer = az.call(create_image_version(wanted()))
        requests, kept = calls(az), stored(az).tags
    assert (answer.taken, answer.already) == (True, False)
    assert not [line for line in requests if not line.startswith("GET")]
    assert kept == tags


def test_a_request_whose_answer_was_lost_is_read_back() -> None:
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        az.fault("cutAfter", "galleryImageVersions.createOrUpdate")
        with pytest.raises(ArmUnavailable):
            az.call(create_image_version(wanted()))
        again = az.call(create_image_version(wanted()))
        requests = calls(az)
    assert again.already
    assert len([line for line in requests if line.startswith("PUT")]) == 1


def test_the_list_lags_behind_and_a_read_does_not() -> None:
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        az.call(create_image_version(wanted()))
        fresh = az.call(list_image_versions(ListImageVersions(definition_id=DEFINITION)))
        seen = read(az)
        az.pass_time(60)
        later = az.call(list_image_versions(ListImageVersions(definition_id=DEFINITION)))
    assert fresh.versions == ()
    assert seen.provisioning_state == "Creating"
    assert [(version.name, version.run_id) for version in later.versions] == [("1.0.0", RUN)]


def test_a_region_that_failed_is_removed_and_added_again() -> None:
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        az.simulator.world.replication.fail_region("ubuntu/*", "eastus", "no capacity")
        az.call(create_image_version(wanted()))
        az.pass_time(4 * 3_600)
        failed = read(az)
        request = UpdateImageVersion(id=created_resource().id, run_id=RUN, target_regions=(HOME,), replica_count=2)
        az.call(update_image_version(request.model_copy(update={"storage_account_type": "Standard_ZRS"})))
        az.pass_time(600)
        without = read(az)
        back = request.model_copy(update={"target_regions": (HOME, FAR), "storage_account_type": "Standard_ZRS"})
        az.call(update_image_version(back))
        az.pass_time(4 * 3_600)
        succeeded = read(az)
    assert (failed.provisioning_state, states(failed)) == ("Failed", {"westeurope": "Completed", "eastus": "Failed"})
    assert "no capacity" in failed.regions[1].details
    assert (without.provisioning_state, states(without)) == ("Succeeded", {"westeurope": "Completed"})
    assert (succeeded.provisioning_state, states(succeeded)) == (
        "Succeeded",
        {"westeurope": "Completed", "eastus": "Completed"},
    )


def test_promotion_shows_and_tags_are_added_to_those_there() -> None:
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        az.call(create_image_version(wanted(excluded=True)))
        az.pass_time(4 * 3_600)
        az.call(
            update_image_version(
                UpdateImageVersion(id=created_resource().id, run_id=RUN, tags={"golden-image-validated": "x"})
            )
        )
        az.pass_time(600)
        marked, tags = read(az), dict(stored(az).tags)
        az.call(update_image_version(UpdateImageVersion(id=created_resource().id, run_id=RUN, excluded=False)))
        az.pass_time(600)
        promoted, kept = read(az), stored(az)
        nothing = az.call(update_image_version(UpdateImageVersion(id=created_resource().id, run_id=RUN)))
    assert marked.excluded is True
    assert tags["golden-image-validated"] == "x"
    assert tags["golden-image-run"] == RUN
    assert (promoted.excluded, promoted.provisioning_state) == (False, "Succeeded")
    assert kept.tags == tags
    assert nothing.already


def test_a_version_of_another_run_is_not_changed_and_one_that_is_gone_is_a_failure() -> None:
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        az.simulator.world.add_version("ubuntu", "1.0.0", az.vm().guest.freeze(), tags={"golden-image-run": "b"})
        other = az.call(update_image_version(UpdateImageVersion(id=created_resource().id, run_id=RUN, excluded=True)))
        gone = az.call(
            update_image_version(UpdateImageVersion(id=created_resource("2.0.0").id, run_id=RUN, excluded=True))
        )
        requests = calls(az)
    assert other.refusal is not None
    assert other.refusal.code is RefusalCode.NAME_TAKEN
    assert gone.failure is not None
    assert gone.failure.code is FailureCode.PUBLISH_FAILED
    assert not [line for line in requests if not line.startswith("GET")]


def test_an_update_during_another_update_is_tried_again() -> None:
    message = "The request failed due to conflict with a concurrent request."
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        az.call(create_image_version(wanted()))
        az.fault("status", "galleryImageVersions.update", status=409, code="Conflict", message=message)
        with pytest.raises(ArmUnavailable):
            az.call(update_image_version(UpdateImageVersion(id=created_resource().id, run_id=RUN, excluded=True)))


def test_a_version_that_is_not_there_has_no_state() -> None:
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        assert read(az).provisioning_state is None


def test_a_failed_version_can_be_deleted_and_created_again() -> None:
    with azure(SOURCE, role=Role()) as az:
        furnish(az)
        az.simulator.world.replication.fail_region("ubuntu/*", "westeurope", "disk broke")
        az.call(create_image_version(wanted()))
        az.pass_time(4 * 3_600)
        failed = read(az)
        first = az.call(delete_resource(DeleteResource(resource=created_resource(), run_id=RUN)))
        az.pass_time(3_600)
        gone = az.call(delete_resource(DeleteResource(resource=created_resource(), run_id=RUN)))
        again = az.call(create_image_version(wanted()))
    assert failed.provisioning_state == "Failed"
    assert (first.gone, first.why, gone.gone) == (False, None, True)
    assert (again.already, again.taken) == (False, False)
