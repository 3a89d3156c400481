"""VMs as the API shows them, one by one and in lists."""

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from emulators.arm import Simulator, SteppedClock, VmSpec
from tests.emulators.arm.fleet import FLEET, GROUP, SUBSCRIPTION, Raw, Sdk, vm_path


async def test_the_model_describes_the_vm(simulator: Simulator, client: Sdk):
    spec = VmSpec(
        "big1",
        scale_set="vmss",
        ephemeral_os_disk=True,
        zones=("1",),
        license_type="RHEL_BYOS",
        security_type="TrustedLaunch",
        user_data="aGk=",
        data_disks=2,
    )
    simulator.add_vm(spec)
    vm = await client.virtual_machines.get(GROUP, "BIG1", expand="userData")
    assert (vm.name, vm.location, vm.zones, vm.license_type) == ("big1", "westeurope", ["1"], "RHEL_BYOS")
    assert vm.virtual_machine_scale_set.id.endswith("/virtualMachineScaleSets/vmss")
    assert vm.storage_profile.os_disk.diff_disk_settings.option == "Local"
    assert vm.security_profile.security_type == "TrustedLaunch"
    assert vm.user_data == "aGk="
    assert len(vm.storage_profile.data_disks) == 2
    assert vm.instance_view is None


VIEWS = [
    ("linux1", ["ProvisioningState/succeeded", "PowerState/running"], "Ready"),
    ("guestoff1", ["ProvisioningState/succeeded", "PowerState/stopped"], "Ready"),
    ("dealloc1", ["ProvisioningState/succeeded", "PowerState/deallocated"], None),
    ("dark1", ["ProvisioningState/succeeded", "PowerState/running"], "Not Ready"),
]


async def test_the_instance_view(client: Sdk):
    for name, codes, agent in VIEWS:
        view = await client.virtual_machines.instance_view(GROUP, name)
        assert [status.code for status in view.statuses] == codes
        shown = None if view.vm_agent is None else view.vm_agent.statuses[0].display_status
        assert (name, shown) == (name, agent)


async def test_the_os_name_is_as_the_agent_reports_it(client: Sdk):
    linux = await client.virtual_machines.instance_view(GROUP, "linux1")
    windows = await client.virtual_machines.instance_view(GROUP, "windows1")
    assert (linux.os_name, linux.os_version) == ("ubuntu", "22.04")
    assert windows.os_name == "Windows Server 2022 Datacenter"
    assert windows.os_version == "Microsoft Windows NT 10.0.20348.0"


async def test_lists_are_paged_and_status_only_has_no_model(simulator: Simulator, client: Sdk):
    for number in range(120):
        simulator.add_vm(VmSpec(f"many{number}", resource_group="other-rg"))
    every = [vm async for vm in client.virtual_machines.list_all()]
    assert len(every) == 120 + len(FLEET)
    assert len({vm.name for vm in every}) == len(every)
    assert len([vm async for vm in client.virtual_machines.list(GROUP)]) == len(FLEET)
    statuses = [vm async for vm in client.virtual_machines.list_all(status_only="true")]
    assert len(statuses) == len(every)
    assert statuses[0].instance_view.statuses[-1].code == "PowerState/running"
    assert statuses[0].tags is None
    assert statuses[0].storage_profile is None


async def test_what_does_not_exist_is_404_with_the_gateways_message(raw: Raw):
    answer = await raw("GET", vm_path("nobody"))
    assert answer.refusal == (404, "ResourceNotFound")
    assert "'Microsoft.Compute/virtualMachines/nobody' under resource group 'golden-rg'" in answer.text
    assert answer.headers["x-ms-failure-cause"] == "gateway"
    group = await raw("GET", vm_path("linux1").replace(GROUP, "no-rg"))
    assert group.body["error"]["code"] == "ResourceGroupNotFound"
    other = await raw("GET", vm_path("linux1").replace(SUBSCRIPTION, "0" * 8))
    assert other.body["error"]["code"] == "SubscriptionNotFound"


async def test_paths_and_queries_are_case_insensitive_and_any_api_version_works(raw: Raw):
    answer = await raw("GET", f"{vm_path('linux1').upper()}?API-VERSION=2019-01-01&$EXPAND=INSTANCEVIEW")
    assert answer.status == 200
    assert answer.body["properties"]["instanceView"]["statuses"]
    assert answer.headers["ETag"] == '"2"'


async def test_only_tags_can_be_changed(client: Sdk, raw: Raw):
    poller = await client.virtual_machines.begin_update(GROUP, "linux1", {"tags": {"new": "1"}})
    assert (await poller.result()).tags == {"new": "1"}
    answer = await raw("PATCH", vm_path("linux1"), {"properties": {"licenseType": "x"}})
    assert answer.status == 400
    assert (await raw("PUT", vm_path("linux1"), {"location": "westeurope"})).status == 400


async def test_deleting_takes_its_time_and_a_second_one_is_204(client: Sdk, clock: SteppedClock, raw: Raw):
    poller = await client.virtual_machines.begin_delete(GROUP, "linux1", force_deletion=True)
    vm = await client.virtual_machines.get(GROUP, "linux1")
    assert vm.provisioning_state == "Deleting"
    with pytest.raises(HttpResponseError, match="marked for deletion"):
        await client.virtual_machines.begin_power_off(GROUP, "linux1")
    await clock.advance(40)
    await poller.result()
    with pytest.raises(ResourceNotFoundError):
        await client.virtual_machines.get(GROUP, "linux1")
    assert (await raw("DELETE", vm_path("linux1"))).status == 204


async def test_disks_say_whether_they_are_encrypted_and_reserved(simulator: Simulator, raw: Raw):
    vm = simulator.add_vm(VmSpec("ade1", ade_encrypted=True, power="deallocated"))
    disk = (await raw("GET", f"{vm.spec.group_id}/providers/Microsoft.Compute/disks/{vm.os_disk}")).body
    assert disk["properties"]["encryptionSettingsCollection"]["enabled"] is True
    assert (disk["properties"]["osType"], disk["properties"]["diskState"]) == ("Linux", "Reserved")
    assert disk["managedBy"] == vm.id
    view = (await raw("GET", vm_path("ade1", "/instanceView"))).body
    assert view["disks"][0]["statuses"][-1]["code"] == "EncryptionState/encrypted"
    assert (await raw("GET", f"{vm.spec.group_id}/providers/Microsoft.Compute/disks/none")).status == 404


async def test_subscriptions_groups_and_the_cloud_can_be_read(simulator: Simulator, raw: Raw):
    listed = (await raw("GET", "/subscriptions")).body["value"]
    assert [entry["subscriptionId"] for entry in listed] == [SUBSCRIPTION]
    group = (await raw("GET", f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}")).body
    assert group["properties"]["provisioningState"] == "Succeeded"
    cloud = (await raw("GET", "/metadata/endpoints", bearer="")).body
    assert cloud["resourceManager"] == simulator.endpoint
