"""The checks of the image: each reason alone, and all of them together."""

from typing import Any

import pytest

from contracts.error_codes import RefusalCode
from contracts.facts import (
    DiskFacts,
    ImageDefinition,
    ImageFacts,
    ImageVersionListed,
    OsType,
    Permission,
    Plan,
    VmShape,
)
from contracts.recycle_bin import RecycleBin
from contracts.run import VmJob
from policy.image_checks import check_image
from policy.image_fit import hibernation_note
from policy.rights import needed_actions, needed_for_gallery, needed_for_managed_image
from tests.support.requests import GROUP, job
from tests.support.rows import rows

DEFINITION = f"{GROUP}/providers/Microsoft.Compute/galleries/golden/images/ubuntu"
IMAGE = f"{GROUP}/providers/Microsoft.Compute/images/one"
ELSEWHERE = GROUP.replace("rg-images", "rg-other")
PLAN = Plan(name="p", publisher="pub", product="prod")


def asked(mode: str = "clone", data_disks: str = "refuse", **image: Any) -> VmJob:
    options = {"kind": "galleryImageVersion", "imageDefinitionId": DEFINITION, **image}
    return job(target={"mode": mode, "image": options, "dataDisks": data_disks})


def managed(mode: str = "clone", **image: Any) -> VmJob:
    return job(target={"mode": mode, "image": {"kind": "managedImage", "imageId": IMAGE, **image}})


def os_disk(architecture: str | None = None) -> DiskFacts:
    values = {"id": "d", "location": "westeurope", "sku": "Premium_LRS", "size_gb": 30, "generation": "V2"}
    return DiskFacts.model_validate({**values, "architecture": architecture})


def shape(**more: Any) -> VmShape:
    values = {"location": "westeurope", "vm_size": "Standard_D2s_v5", "os_disk": os_disk()}
    return VmShape.model_validate({**values, **more})


def data_disk(lun: int = 0, **more: Any) -> DiskFacts:
    values = {"id": f"data{lun}", "lun": lun, "location": "westeurope", "sku": "Premium_LRS", "size_gb": 30, **more}
    return DiskFacts.model_validate(values)


def with_controllers(*names: str) -> DiskFacts:
    return data_disk(generation="V2", disk_controllers=names)


def gallery(features: dict[str, Any] | None = None, **more: Any) -> ImageFacts:
    kind = {"location": "West Europe", "os_type": "Linux", "os_state": "Generalized", "generation": "V2"}
    values: dict[str, Any] = {
        "definition": ImageDefinition.model_validate({**kind, **(features or {})}),
        "versions": (ImageVersionListed(name="1.0.0"),),
        "permissions": (Permission(actions=needed_for_gallery()),),
        "locks": (),
        "recycle_bin": RecycleBin(enabled=False),
    }
    return ImageFacts.model_validate({**values, **more})


def free(**more: Any) -> ImageFacts:
    permissions = (Permission(actions=needed_for_managed_image()),)
    return ImageFacts.model_validate({"image_exists": False, "permissions": permissions, "locks": (), **more})


def codes(
    wanted: VmJob, facts: ImageFacts, vm: VmShape | None = None, os_type: OsType | None = OsType.LINUX
) -> list[RefusalCode]:
    return [refusal.code for refusal in check_image(wanted, vm or shape(), os_type, facts)]


def test_an_image_that_fits_is_not_refused() -> None:
    assert codes(asked(), gallery()) == []
    assert codes(asked("inPlace"), gallery()) == []
    assert codes(managed(), free()) == []
    assert codes(job(), ImageFacts()) == [], "no image, no result"


DEFINITIONS: dict[str, tuple[dict[str, Any], dict[str, Any], list[RefusalCode]]] = {
    "another OS": ({"os_type": "Windows"}, {}, [RefusalCode.DEFINITION_UNFIT]),
    "another generation": ({"generation": "V1"}, {}, [RefusalCode.DEFINITION_UNFIT]),
    "another architecture": (
        {"architecture": "Arm64"},
        {
            "os_disk": DiskFacts(
                id="d", location="westeurope", sku="Premium_LRS", size_gb=30, generation="V2", architecture="x64"
            )
        },
        [RefusalCode.DEFINITION_UNFIT],
    ),
    "an architecture that the disk does not report": ({"architecture": "Arm64"}, {}, []),
    "in another region": ({"location": "eastus"}, {}, [RefusalCode.DEFINITION_REGION_MISMATCH]),
    "trusted source, standard definition": ({}, {"security_type": "TrustedLaunch"}, [RefusalCode.DEFINITION_UNFIT]),
    "trusted source and definition": ({"security_type": "TrustedLaunch"}, {"security_type": "TrustedLaunch"}, []),
    **{
        f"{security} into a definition that takes no VM, {kind}, {state}": (
            {"security_type": kind, "os_state": state},
            {"security_type": security},
            [RefusalCode.DEFINITION_TAKES_NO_VM],
        )
        for security in ("TrustedLaunch", "Standard", None)
        for kind in ("TrustedLaunchSupported", "TrustedLaunchAndConfidentialVmSupported", "ConfidentialVmSupported")
        for state in ("Generalized", "Specialized")
    },
    "standard source, trusted definition": ({"security_type": "TrustedLaunch"}, {}, [RefusalCode.DEFINITION_UNFIT]),
    "standard by name": ({"security_type": "Standard"}, {"security_type": "Standard"}, []),
    "confidential source": (
        {"security_type": "ConfidentialVM"},
        {"security_type": "ConfidentialVM"},
        [RefusalCode.DEFINITION_UNFIT],
    ),
    "a plan that the definition lacks": ({}, {"plan": PLAN}, [RefusalCode.PLAN_MISMATCH]),
    "a plan that the VM lacks": ({"plan": PLAN}, {}, [RefusalCode.PLAN_MISMATCH]),
    "another plan": (
        {"plan": PLAN.model_copy(update={"name": "other"})},
        {"plan": PLAN},
        [RefusalCode.PLAN_MISMATCH],
    ),
    "Arm64": ({}, {"os_disk": os_disk("Arm64")}, [RefusalCode.DEFINITION_UNFIT]),
    "Arm64 on both sides": ({"architecture": "Arm64"}, {"os_disk": os_disk("arm64")}, []),
    "NVMe where only SCSI is": ({}, {"disk_controller": "NVMe"}, [RefusalCode.DISK_CONTROLLER_UNFIT]),
    "NVMe where both are": ({"disk_controllers": ("SCSI", "NVMe")}, {"disk_controller": "nvme"}, []),
    "SCSI where only NVMe is": (
        {"disk_controllers": ("NVMe",)},
        {"disk_controller": "SCSI"},
        [RefusalCode.DISK_CONTROLLER_UNFIT],
    ),
    "a disk for NVMe alone": ({}, {"os_disk": with_controllers("NVMe")}, [RefusalCode.DISK_CONTROLLER_UNFIT]),
    "a disk for both": ({}, {"os_disk": with_controllers("NVMe", "SCSI")}, []),
    "a VM that may hibernate, a definition whose VMs may not": ({}, {"hibernation_enabled": True}, []),
    "the same plan": ({"plan": PLAN.model_copy(update={"name": "P"})}, {"plan": PLAN}, []),
}


@rows(("definition", "vm", "wanted"), DEFINITIONS.values(), ids=DEFINITIONS.keys())
def test_the_definition_must_fit(definition: dict[str, Any], vm: dict[str, Any], wanted: list[RefusalCode]) -> None:
    assert codes(asked(), gallery(definition), shape(**vm)) == wanted


OPTIONS: dict[str, tuple[dict[str, Any], list[RefusalCode]]] = {
    "regions with the source's": ({"targetRegions": [{"name": "East US"}, {"name": "West Europe"}]}, []),
    "regions without the source's": ({"targetRegions": [{"name": "eastus"}]}, [RefusalCode.REGIONS_WITHOUT_SOURCE]),
    "a version that is free": ({"version": "1.0.1"}, []),
    "a version that is taken": ({"version": "1.0.0"}, [RefusalCode.VERSION_TAKEN]),
    "a version that is too large": ({"version": "1.0.2147483648"}, [RefusalCode.INVALID_IMAGE_OPTIONS]),
    "an end of life that has passed": ({"endOfLifeDate": "2020-01-01T00:00:00"}, [RefusalCode.INVALID_IMAGE_OPTIONS]),
    "an end of life to come": ({"endOfLifeDate": "2126-01-01T00:00:00Z"}, []),
    "a key in one region only": (
        {
            "targetRegions": [
                {"name": "westeurope"},
                {
                    "name": "eastus",
                    "diskEncryptionSetId": f"{GROUP}/providers/Microsoft.Compute/diskEncryptionSets/e",
                },
            ]
        },
        [RefusalCode.INVALID_IMAGE_OPTIONS],
    ),
    "a gallery elsewhere": (
        {"imageDefinitionId": DEFINITION.replace(GROUP, ELSEWHERE)},
        [RefusalCode.SCOPE_NOT_ALLOWED],
    ),
    "the allowed group in another case": ({"imageDefinitionId": DEFINITION.replace("rg-images", "RG-Images")}, []),
}


@rows(("image", "wanted"), OPTIONS.values(), ids=OPTIONS.keys())
def test_the_options_must_be_accepted_by_azure(image: dict[str, Any], wanted: list[RefusalCode]) -> None:
    assert codes(asked(**image), gallery()) == wanted


def test_a_specialized_image_needs_a_clone() -> None:
    specialized = gallery({"os_state": "Specialized"})
    assert codes(asked("inPlace"), specialized) == [RefusalCode.SPECIALIZED_IN_PLACE]
    assert codes(asked(), specialized) == []


@pytest.mark.parametrize(
    ("mode", "data_disks", "wanted"),
    [
        ("inPlace", "refuse", [RefusalCode.DATA_DISKS]),
        ("inPlace", "exclude", [RefusalCode.DATA_DISKS_IN_PLACE]),
        ("inPlace", "include", []),
        ("clone", "refuse", []),
        ("clone", "exclude", []),
    ],
)
def test_data_disks_are_never_included_silently(mode: str, data_disks: str, wanted: list[RefusalCode]) -> None:
    assert codes(asked(mode, data_disks), gallery(), shape(data_disks=(data_disk(),))) == wanted


@pytest.mark.parametrize("kind", [{"sku": "UltraSSD_LRS"}, {"sku": "PremiumV2_LRS"}, {"max_shares": 2}])
def test_a_data_disk_that_no_image_may_contain_is_refused_in_place(kind: dict[str, Any]) -> None:
    vm = shape(data_disks=(data_disk(), data_disk(1, **kind)))
    (refusal,) = check_image(asked("inPlace", "include"), vm, OsType.LINUX, gallery())
    assert (refusal.code, "data1 at LUN 1" in refusal.message) == (RefusalCode.DISK_CANNOT_BE_COPIED, True)
    assert "clone" in refusal.remediation
    assert codes(asked("clone", "exclude"), gallery(), vm) == []


def test_hibernation_and_managed_images_exclude_each_other() -> None:
    assert codes(managed("inPlace"), free(), shape(hibernation_enabled=True)) == [RefusalCode.IMAGE_UNFIT]
    assert codes(asked("inPlace"), gallery(), shape(hibernation_enabled=True)) == []


def test_that_vms_of_the_image_cannot_hibernate_is_only_said() -> None:
    able, plain = gallery({"hibernation": True}).definition, gallery().definition
    assert hibernation_note(plain, shape()) is None
    assert hibernation_note(None, shape(hibernation_enabled=True)) is None
    assert hibernation_note(able, shape(hibernation_enabled=True)) is None
    assert "IsHibernateSupported" in (hibernation_note(plain, shape(hibernation_enabled=True)) or "")


UNREADABLE: dict[str, tuple[dict[str, Any], list[RefusalCode]]] = {
    "the definition": ({"definition": None}, [RefusalCode.IMAGE_UNREADABLE]),
    "the versions": ({"versions": None}, [RefusalCode.IMAGE_UNREADABLE]),
    "the permissions": ({"permissions": None}, [RefusalCode.IMAGE_UNREADABLE]),
    "the locks": ({"locks": None}, [RefusalCode.IMAGE_UNREADABLE]),
    "the gallery": ({"recycle_bin": None}, [RefusalCode.RECYCLE_BIN_UNREADABLE]),
    "the recycle bin": (
        {"recycle_bin": RecycleBin(enabled=True, versions=None)},
        [RefusalCode.RECYCLE_BIN_UNREADABLE],
    ),
}


@pytest.mark.parametrize(("more", "wanted"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_could_not_be_read_is_a_refusal(more: dict[str, Any], wanted: list[RefusalCode]) -> None:
    assert codes(asked(), gallery(**more)) == wanted


@pytest.mark.parametrize("action", needed_for_gallery())
def test_every_action_on_the_definition_is_needed(action: str) -> None:
    some = Permission(actions=tuple(one for one in needed_for_gallery() if one != action))
    refusals = check_image(asked(), shape(), OsType.LINUX, gallery(permissions=(some,)))
    assert [refusal.code for refusal in refusals] == [RefusalCode.ACTION_NOT_GRANTED]
    assert action in refusals[0].message


MANAGED: dict[str, tuple[dict[str, Any], dict[str, Any], list[RefusalCode]]] = {
    "exists": ({"image_exists": True}, {}, [RefusalCode.IMAGE_EXISTS]),
    "unreadable": ({"image_exists": None}, {}, [RefusalCode.IMAGE_UNREADABLE]),
    "no permissions read": ({"permissions": None}, {}, [RefusalCode.IMAGE_UNREADABLE]),
    "no rights": ({"permissions": ()}, {}, [RefusalCode.ACTION_NOT_GRANTED]),
    "trusted launch": ({}, {"security_type": "TrustedLaunch"}, [RefusalCode.IMAGE_UNFIT]),
    "Arm64": ({}, {"os_disk": os_disk("Arm64")}, [RefusalCode.IMAGE_UNFIT]),
    "NVMe": ({}, {"disk_controller": "NVMe"}, [RefusalCode.IMAGE_UNFIT]),
    "a plan": ({}, {"plan": PLAN}, []),
    "a clone of a VM that may hibernate": ({}, {"hibernation_enabled": True}, []),
}


@pytest.mark.parametrize(("facts", "vm", "wanted"), MANAGED.values(), ids=MANAGED.keys())
def test_a_managed_image(facts: dict[str, Any], vm: dict[str, Any], wanted: list[RefusalCode]) -> None:
    assert codes(managed(), free(**facts), shape(**vm)) == wanted


def test_a_managed_image_elsewhere() -> None:
    assert codes(managed(imageId=IMAGE.replace(GROUP, ELSEWHERE)), free()) == [RefusalCode.SCOPE_NOT_ALLOWED]


def test_every_reason_is_reported() -> None:
    wanted = asked("inPlace", version="1.0.0", targetRegions=[{"name": "eastus"}])
    facts = gallery({"os_type": "Windows", "generation": "V1", "os_state": "Specialized"}, permissions=())
    found = codes(wanted, facts, shape(data_disks=(data_disk(),), location="ukwest"))
    assert found == [
        RefusalCode.DATA_DISKS,
        RefusalCode.REGIONS_WITHOUT_SOURCE,
        RefusalCode.DEFINITION_UNFIT,
        RefusalCode.DEFINITION_UNFIT,
        RefusalCode.SPECIALIZED_IN_PLACE,
        RefusalCode.DEFINITION_REGION_MISMATCH,
        RefusalCode.VERSION_TAKEN,
        RefusalCode.ACTION_NOT_GRANTED,
    ]


def test_publishing_the_vm_itself_needs_write_on_it() -> None:
    write = "Microsoft.Compute/virtualMachines/write"
    assert write in needed_actions(asked("inPlace").target, linux=True)
    assert write not in needed_actions(job().target, linux=True)
