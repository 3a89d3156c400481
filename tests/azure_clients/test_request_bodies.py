"""Request bodies: what traffic they allow, what they keep of the source, and what they never contain."""

from typing import Any

import pytest

from azure_clients.request_bodies import disk, network_interface, security_group, snapshot
from azure_clients.vm_request_body import vm
from contracts.activities.resources import CreateDisk, CreateSnapshot, CreateVm, DataDisk
from contracts.facts import DiskFacts, OsType, Plan, VmShape
from tests.support.creating import CLONE, DISK, INTERFACE, RULES, SNAPSHOT, VM, interface_request, new, rules_request
from tests.support.requests import GROUP, SUBSCRIPTION

TAGS = {"golden-image-run": "r"}
SHUT = {"networkAccessPolicy": "DenyAll", "publicNetworkAccess": "Disabled"}
SET = f"{GROUP}/providers/Microsoft.Compute/diskEncryptionSets/des1"
IMAGE = f"{GROUP}/providers/Microsoft.Compute/galleries/g/images/d/versions/1.0.0"


def disk_facts(**more: Any) -> DiskFacts:
    return DiskFacts.model_validate(
        {"id": f"{GROUP}/disks/os", "location": "westeurope", "sku": "Premium_LRS", "size_gb": 30, **more}
    )


def shape(**more: Any) -> VmShape:
    return VmShape.model_validate(
        {"location": "westeurope", "vm_size": "Standard_D2s_v5", "os_disk": disk_facts(caching="ReadWrite"), **more}
    )


def new_request(**more: Any) -> CreateVm:
    values = {
        **new(VM), "shape": shape(), "os_type": OsType.LINUX, "vm_size": "Standard_D4s_v5",
        "network_interface_id": INTERFACE.id, "os_disk_id": DISK.id,
    }  # fmt: skip
    return CreateVm.model_validate({**values, **more})


def from_image(**more: Any) -> CreateVm:
    return new_request(os_disk_id=None, image_id=IMAGE, os_disk_name="the-disk", **more)


def body(request: CreateVm) -> dict[str, Any]:
    return vm(request, TAGS)["properties"]


def rules(*service_tags: str) -> list[tuple[str, str, int, str, str, str]]:
    """Return direction, access, priority, destination, protocol and ports of each rule."""
    members = ("direction", "access", "priority", "destinationAddressPrefix", "protocol")
    found = [
        rule["properties"] for rule in security_group(rules_request(*service_tags), TAGS)["properties"]["securityRules"]
    ]
    ports = [" ".join(rule.get("destinationPortRanges") or [rule["destinationPortRange"]]) for rule in found]
    return [(*(rule[member] for member in members), port) for rule, port in zip(found, ports, strict=True)]  # pyright: ignore[reportReturnType]


def test_only_the_platform_and_the_requested_service_tags_are_allowed() -> None:
    platform = ("Outbound", "Allow", 100, "168.63.129.16/32", "*", "*")
    closed = [("Outbound", "Deny", 4096, "*", "*", "*"), ("Inbound", "Deny", 100, "*", "*", "*")]
    assert rules() == [platform, *closed]
    asked = [
        ("Outbound", "Allow", 200, "AzureMonitor", "Tcp", "80 443"),
        ("Outbound", "Allow", 201, "Storage.WestEurope", "Tcp", "80 443"),
    ]
    assert rules("AzureMonitor", "Storage.WestEurope") == [platform, *asked, *closed]


def test_as_many_service_tags_as_a_request_may_hold_come_before_the_denial() -> None:
    found = rules(*(f"Storage.Region{number}" for number in range(20)))
    outbound = [priority for direction, _, priority, *_ in found if direction == "Outbound"]
    assert outbound == sorted(set(outbound))
    assert outbound[-1] == 4096


def test_the_interface_has_one_private_address_behind_its_own_group() -> None:
    properties = network_interface(interface_request(), TAGS)["properties"]
    assert len(properties["ipConfigurations"]) == 1
    assert "publicIPAddress" not in str(properties)
    assert properties["networkSecurityGroup"] == {"id": RULES.id}
    assert properties["enableAcceleratedNetworking"] is False


@pytest.mark.parametrize(
    ("sku", "zone", "zones"),
    [("Premium_LRS", "2", ["2"]), ("Premium_LRS", None, None), ("StandardSSD_ZRS", "2", None)],
)
def test_a_disk_is_in_the_zone_of_its_vm_unless_it_is_zone_redundant(
    sku: str, zone: str | None, zones: list[str] | None
) -> None:
    request = CreateDisk(**new(DISK), snapshot_id=SNAPSHOT.id, like=disk_facts(sku=sku), zone=zone)
    assert disk(request, TAGS).get("zones") == zones


def test_a_data_disk_names_no_system() -> None:
    request = CreateDisk(**new(DISK), snapshot_id=SNAPSHOT.id, like=disk_facts(lun=0))
    assert set(disk(request, TAGS)["properties"]) == {"creationData", *SHUT}


def test_a_disk_keeps_generation_security_and_key() -> None:
    like = disk_facts(
        os_type="Windows", generation="V2", security_type="TrustedLaunch", disk_encryption_set_id="/des",
        encryption_type="EncryptionAtRestWithPlatformAndCustomerKeys",
    )  # fmt: skip
    properties = disk(CreateDisk(**new(DISK), snapshot_id=SNAPSHOT.id, like=like), TAGS)["properties"]
    assert properties == {
        "creationData": {"createOption": "Copy", "sourceResourceId": SNAPSHOT.id},
        "osType": "Windows",
        "hyperVGeneration": "V2",
        "securityProfile": {"securityType": "TrustedLaunch"},
        "encryption": {"type": "EncryptionAtRestWithPlatformAndCustomerKeys", "diskEncryptionSetId": "/des"},
        **SHUT,
    }


KEYED: dict[str, Any] = {"disk_encryption_set_id": SET, "encryption_type": "EncryptionAtRestWithCustomerKey"}


@pytest.mark.parametrize(
    ("like", "encryption"),
    [
        ({}, {}),
        ({"encryption_type": "EncryptionAtRestWithPlatformKey"}, {}),
        (KEYED, {"encryption": {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": SET}}),
    ],
)
def test_a_snapshot_is_encrypted_like_its_disk_and_cannot_be_exported(
    like: dict[str, Any], encryption: dict[str, Any]
) -> None:
    request = CreateSnapshot(**new(SNAPSHOT), vm_id=CLONE, source_disk_id="/disk")
    copied = {"creationData": {"createOption": "Copy", "sourceResourceId": "/disk"}, "incremental": True}
    assert snapshot(request, TAGS, disk_facts(**like))["properties"] == {**copied, **SHUT, **encryption}


def test_the_disks_of_a_vm_from_an_image_are_encrypted_like_the_source() -> None:
    keyed = shape(os_disk=disk_facts(**KEYED), data_disks=(disk_facts(lun=1), disk_facts(lun=2, **KEYED)))
    data = tuple(DataDisk(id=f"/d{lun}", lun=lun) for lun in (1, 2))
    storage = body(from_image(shape=keyed, data_disks=data))["storageProfile"]
    assert storage["osDisk"]["managedDisk"] == {"diskEncryptionSet": {"id": SET}}
    assert [entry.get("managedDisk") for entry in storage["dataDisks"]] == [None, storage["osDisk"]["managedDisk"]]


def test_an_encryption_set_is_never_dropped_without_a_word() -> None:
    """One of another subscription is refused by the preflight; if it were not, Azure would refuse it."""
    elsewhere = SET.replace(SUBSCRIPTION, "99999999-2222-3333-4444-555555555555")
    keyed = shape(os_disk=disk_facts(disk_encryption_set_id=elsewhere))
    managed = body(from_image(shape=keyed))["storageProfile"]["osDisk"]["managedDisk"]
    assert managed == {"diskEncryptionSet": {"id": elsewhere}}


def test_a_clone_attaches_its_disks_and_has_no_os_profile() -> None:
    properties = body(new_request(data_disks=(DataDisk(id="/d0", lun=3, caching="ReadOnly"),)))
    storage = properties["storageProfile"]
    assert storage["osDisk"] == {
        "createOption": "Attach",
        "osType": "Linux",
        "managedDisk": {"id": DISK.id},
        "deleteOption": "Detach",
        "caching": "ReadWrite",
    }
    assert storage["dataDisks"] == [
        {
            "lun": 3, "createOption": "Attach", "caching": "ReadOnly", "managedDisk": {"id": "/d0"},
            "deleteOption": "Detach",
        },
    ]  # fmt: skip
    assert "osProfile" not in properties
    assert "securityProfile" not in properties
    assert properties["hardwareProfile"] == {"vmSize": "Standard_D4s_v5"}
    assert properties["diagnosticsProfile"] == {"bootDiagnostics": {"enabled": True}}
    interface = properties["networkProfile"]["networkInterfaces"][0]
    assert interface == {"id": INTERFACE.id, "properties": {"primary": True, "deleteOption": "Detach"}}


def test_a_vm_has_no_identity_and_every_tag() -> None:
    succeeded = vm(new_request(), TAGS)
    assert set(succeeded) == {"location", "tags", "properties"}
    assert succeeded["tags"] == TAGS


def test_a_vm_is_as_its_source() -> None:
    plan = Plan(name="n", publisher="p", product="o", promotion_code="c")
    like = shape(
        zones=("3",), plan=plan, license_type="Windows_Server", security_type="TrustedLaunch", secure_boot=False,
        v_tpm=True, encryption_at_host=True, disk_controller="NVMe",
    )  # fmt: skip
    succeeded = vm(new_request(shape=like, zone="3"), TAGS)
    assert succeeded["zones"] == ["3"]
    assert succeeded["plan"] == {"name": "n", "publisher": "p", "product": "o", "promotionCode": "c"}
    assert succeeded["properties"]["licenseType"] == "Windows_Server"
    assert succeeded["properties"]["storageProfile"]["diskControllerType"] == "NVMe"
    assert succeeded["properties"]["securityProfile"] == {
        "securityType": "TrustedLaunch",
        "uefiSettings": {"secureBootEnabled": False, "vTpmEnabled": True},
        "encryptionAtHost": True,
    }


def test_a_vm_from_an_image_deletes_the_disks_that_azure_creates() -> None:
    storage = body(from_image(data_disks=(DataDisk(id=f"{GROUP}/disks/data-0", lun=0),)))["storageProfile"]
    assert storage["imageReference"] == {"id": IMAGE}
    assert storage["osDisk"] == {"createOption": "FromImage", "deleteOption": "Delete", "name": "the-disk"}
    assert storage["dataDisks"] == [
        {"lun": 0, "createOption": "FromImage", "name": "data-0", "caching": "None", "deleteOption": "Delete"},
    ]


def test_a_vm_from_a_specialized_image_has_no_os_profile() -> None:
    assert "osProfile" not in body(from_image())


@pytest.mark.parametrize("system", list(OsType))
def test_the_password_of_the_first_boot_is_random_and_not_kept(system: OsType) -> None:
    profiles = [body(from_image(computer_name="gold1", os_type=system))["osProfile"] for _ in range(2)]
    passwords = {profile["adminPassword"] for profile in profiles}
    assert len(passwords) == 2
    for password in passwords:
        assert 12 <= len(password) <= 72
        assert all(any(test(letter) for letter in password) for test in (str.islower, str.isupper, str.isdigit))
    assert profiles[0]["computerName"] == "gold1"
    assert profiles[0]["adminUsername"] == "goldencheck"
    assert ("linuxConfiguration" in profiles[0]) == (system is OsType.LINUX)
    assert ("windowsConfiguration" in profiles[0]) == (system is OsType.WINDOWS)


@pytest.mark.parametrize("more", [{"os_disk_id": None}, {"image_id": IMAGE}])
def test_a_vm_is_created_from_a_disk_or_an_image(more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="either from a disk or from an image"):
        body(new_request(**more))
