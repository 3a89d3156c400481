"""Other kinds of clones, and clones that fail: their temporary resources are always deleted."""

from typing import Any

from contracts.catalog import CANCEL_EVENT
from contracts.error_codes import FailureCode, RefusalCode
from contracts.ids import Scope
from contracts.resources import Kind, resource_id, resource_name
from contracts.results import Outcome
from contracts.run import VmJob
from contracts.stages import Stage
from emulators.arm import Fault, WindowsTraits
from tests.support.golden import (
    SUBNET,
    add_definition,
    begin,
    clone_job,
    definition_id,
    end_of,
    former,
    standing,
    version_options,
)
from tests.support.journey import Journey, journey, spec
from tests.support.requests import GROUP

PLAN = {"name": "ent", "publisher": "contoso", "product": "server"}


def test_a_specialized_definition_gets_the_vm_as_it_is() -> None:
    source = spec("vm1", os="Windows", tags={}, windows=WindowsTraits(build=26100))
    with journey(source) as reported:
        add_definition(reported, "web", "Windows", os_state="Specialized")
        job = clone_job(image=version_options(), clone={"subnetId": SUBNET, "allowRunningSource": True})
        result = reported.report(job)
        latest = reported.simulator.world.galleries.latest(definition_id())
        clone, left = former(reported, "clone"), standing(reported, result)
    assert result.outcome is Outcome.PUBLISHED, result.failure
    assert latest is not None
    assert left == [latest.id]
    assert not clone.generalized
    assert "sysprep" not in [effect.kind for effect in clone.effects]


def test_a_managed_image_that_fails_leaves_nothing_and_a_second_run_makes_it() -> None:
    image_id = f"{GROUP}/providers/Microsoft.Compute/images/golden"
    image = {"kind": "managedImage", "imageId": image_id}
    with journey(spec("vm1", tags={}, power="deallocated"), emulate_linux=True) as reported:
        world = reported.simulator.world
        reported.simulator.inject(Fault(kind="operationFails", operation="images.createOrUpdate"))
        failed = reported.report(clone_job(image=image))
        rest = standing(reported, failed), world.store.get(image_id)
        done = reported.report(clone_job(image=image, request_id="r2"))
        resource = world.image_source(image_id)
        left = standing(reported, done)
    assert failed.failure is not None
    assert (failed.failure.code, failed.orphaned_resources, rest) == (FailureCode.PUBLISH_FAILED, (), ([], None))
    assert done.outcome is Outcome.PUBLISHED, done.failure
    assert resource is not None
    assert (left, resource.content.deprovisioned) == ([image_id], True)


def test_a_cancel_while_cloning_deletes_the_clone() -> None:
    with journey(spec("vm1", tags={}, power="deallocated"), emulate_linux=True) as reported:
        add_definition(reported)
        job = clone_job(image=version_options())
        begin(reported, job, Stage.CLONING)
        held = standing(reported, job)
        reported.engine.client.raise_orchestration_event(job.run_id, CANCEL_EVENT)
        result = end_of(reported, job)
        left = standing(reported, job)
    assert held, "the run had created resources"
    assert (result.outcome, result.orphaned_resources, left) == (Outcome.CANCELED, (), [])


def add_external_interface(reported: Journey, job: VmJob) -> str:
    """Add another caller's network interface with the name that the run needs."""
    taken = resource_id(Scope.parse(GROUP), Kind.NETWORK_INTERFACE, resource_name(job.run_id, "nic"))
    store = reported.simulator.world.store
    store.add(store.new(taken, str(Kind.NETWORK_INTERFACE), "westeurope", fresh=False), trace=False)
    return taken


def test_a_name_that_another_caller_uses_is_refused_and_its_resource_kept() -> None:
    with journey(spec("vm1", tags={}, power="deallocated"), emulate_linux=True) as reported:
        add_definition(reported)
        job = clone_job(image=version_options())
        taken = add_external_interface(reported, job)
        result = reported.report(job)
        kept, left = reported.simulator.world.store.get(taken), standing(reported, result)
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.NAME_TAKEN]
    assert kept is not None
    assert (result.orphaned_resources, left) == ((), [])


def test_an_exhausted_quota_ends_the_run_with_azures_message() -> None:
    with journey(spec("vm1", tags={}, power="deallocated"), emulate_linux=True) as reported:
        add_definition(reported)
        world = reported.simulator.world
        world.quota["westeurope"] = world.cores_used("westeurope")
        result = reported.report(clone_job(image=version_options()))
        left = standing(reported, result)
    assert result.failure is not None
    assert result.failure.code is FailureCode.CAPACITY_UNAVAILABLE
    assert "quota" in result.failure.message.lower()
    assert (result.orphaned_resources, left) == ((), [])


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], RefusalCode]] = {
    "runs": ({"power": "running"}, {}, RefusalCode.SOURCE_RUNNING),
    "generalized": ({"generalized": True}, {}, RefusalCode.SOURCE_GENERALIZED),
    "confidential": ({"security_type": "ConfidentialVM"}, {}, RefusalCode.CONFIDENTIAL_VM),
    "ephemeral": ({"ephemeral_os_disk": True}, {}, RefusalCode.EPHEMERAL_OS_DISK),
    "data disks": ({"data_disks": 1}, {}, RefusalCode.DATA_DISKS),
    "ultra": (
        {"data_disks": 1, "data_disk_skus": ("UltraSSD_LRS",)},
        {"dataDisks": "include"},
        RefusalCode.DISK_CANNOT_BE_COPIED,
    ),
    "shared": (
        {"data_disks": 1, "shared_data_disk": True},
        {"dataDisks": "include"},
        RefusalCode.DISK_CANNOT_BE_COPIED,
    ),
    "encrypted": ({"ade_encrypted": True}, {}, RefusalCode.DISK_ENCRYPTION),
    "trusted launch": ({"security_type": "TrustedLaunch"}, {}, RefusalCode.DEFINITION_UNFIT),
    "generation": ({"hyper_v_generation": "V1"}, {}, RefusalCode.DEFINITION_UNFIT),
    "plan": ({"plan": PLAN}, {}, RefusalCode.DEFINITION_UNFIT),
}


def test_a_vm_that_cannot_be_cloned_is_refused_before_anything_is_created() -> None:
    specs = [
        spec(name.replace(" ", ""), **{"tags": {}, "power": "deallocated", **more})
        for name, (more, _, _) in REFUSED.items()
    ]
    with journey(*specs, emulate_linux=True) as reported:
        add_definition(reported)
        found = {
            name: reported.report(clone_job(name.replace(" ", ""), image=version_options(), **target)).refusals
            for name, (_, target, _) in REFUSED.items()
        }
        changes = reported.changes()
    assert changes == []
    for name, (_, _, code) in REFUSED.items():
        assert code in [refusal.code for refusal in found[name]], name
