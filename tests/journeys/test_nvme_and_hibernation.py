"""Sources that hibernate or use NVMe: refused in a dry run and in a real one where an image of them would not work."""

from typing import Any

from contracts.error_codes import RefusalCode
from contracts.results import Outcome, VmResult
from contracts.run import VmJob
from tests.support.golden import add_definition, clone_job, definition_id, version_options
from tests.support.journey import Journey, journey, spec
from tests.support.requests import GROUP, job

NVME = {"vm_size": "Standard_D2s_v6"}
MANAGED = {"kind": "managedImage", "imageId": f"{GROUP}/providers/Microsoft.Compute/images/golden"}
FEATURE = "DiskControllerTypes"


def define(reported: Journey, **features: str) -> None:
    """Add the definition if it is the first time, and give it these features."""
    if reported.simulator.world.store.get(definition_id()) is None:
        add_definition(reported)
    held = [{"name": name, "value": value} for name, value in features.items()]
    reported.simulator.world.store.require(definition_id()).properties["features"] = held


def both(reported: Journey, asked: VmJob) -> list[VmResult]:
    dry = asked.model_copy(update={"dry_run": True, "run_id": f"{asked.run_id}-dry"})
    return [reported.report(dry), reported.report(asked)]


def refused(reported: Journey, asked: VmJob) -> list[RefusalCode]:
    """Return the codes, the same of both runs; nothing was changed."""
    dry, real = ([refusal.code for refusal in result.refusals] for result in both(reported, asked))
    assert dry == real
    assert reported.changes() == []
    return real


def in_place(image: dict[str, Any]) -> VmJob:
    return job(target={"image": image, "rollbackSnapshot": False})


def test_an_nvme_vm_does_not_fit_a_definition_for_scsi_or_a_managed_image() -> None:
    with journey(spec("vm1", **NVME)) as reported:
        define(reported)
        assert refused(reported, in_place(version_options(validated=False))) == [RefusalCode.DISK_CONTROLLER_UNFIT]
        (refusal,) = reported.report(job(request_id="r2", target={"image": MANAGED})).refusals
        assert (refusal.code, "NVMe" in refusal.message) == (RefusalCode.IMAGE_UNFIT, True)
        assert reported.changes() == []


def test_an_nvme_vm_is_published_into_a_definition_with_nvme() -> None:
    with journey(spec("vm1", **NVME)) as reported:
        define(reported, **{FEATURE: "SCSI, NVMe"})
        result = reported.report(in_place(version_options()))
    assert result.outcome is Outcome.PUBLISHED, result


def test_a_hibernated_vm_is_refused_in_place_and_as_the_source_of_a_clone() -> None:
    with journey(spec("vm1", power="hibernated", hibernation_enabled=True)) as reported:
        define(reported)
        assert refused(reported, job()) == [RefusalCode.HIBERNATED]
        cloned = clone_job(request_id="r2", image=version_options())
        assert refused(reported, cloned) == [RefusalCode.HIBERNATED]


def test_a_vm_that_may_hibernate_and_does_not_is_cloned_and_the_result_says_what_its_image_cannot() -> None:
    with journey(spec("vm1", power="deallocated", hibernation_enabled=True)) as reported:
        define(reported)
        first = reported.report(clone_job(image=version_options()))
        define(reported, IsHibernateSupported="True")
        second = reported.report(clone_job(request_id="r2", image=version_options()))
        third = reported.report(clone_job(request_id="r3", image=MANAGED))
    assert [result.outcome for result in (first, second, third)] == [Outcome.PUBLISHED] * 3
    said = [" ".join(each.evidence.notes if each.evidence else ()) for each in (first, second, third)]
    assert ["IsHibernateSupported" in notes for notes in said] == [True, False, False]


def test_hibernation_in_place_excludes_a_managed_image_only() -> None:
    with journey(spec("vm1", hibernation_enabled=True)) as reported:
        define(reported)
        assert refused(reported, in_place(MANAGED)) == [RefusalCode.IMAGE_UNFIT]
        result = reported.report(job(request_id="r2", target={"image": version_options()}))
    assert result.outcome is Outcome.PUBLISHED, result
