"""Clones of another kind, and those that do not come to their end: what was made for them goes all the same."""

from typing import Any

from contracts.ids import Scope
from contracts.made import Kind, made_id, made_name
from contracts.reasons import FailureCode, RefusalCode
from contracts.results import Outcome
from contracts.run import MachineJob
from contracts.stages import Stage
from contracts.steps import CANCEL_EVENT
from tests.support.golden import (
    SUBNET,
    add_definition,
    begin,
    clone_job,
    definition_id,
    end_of,
    former,
    standing,
    version_wish,
)
from tests.support.journey import Journey, journey, spec
from tests.support.requests import GROUP
from workbench.arm_simulator import Fault, WindowsTraits

PLAN = {"name": "ent", "publisher": "contoso", "product": "server"}


def test_a_specialized_definition_gets_the_machine_as_it_is() -> None:
    source = spec("vm1", os="Windows", tags={}, windows=WindowsTraits(build=26100))
    with journey(source) as told:
        add_definition(told, "web", "Windows", os_state="Specialized")
        job = clone_job(image=version_wish(), clone={"subnetId": SUBNET, "allowRunningSource": True})
        result = told.tell(job)
        latest = told.simulator.world.galleries.latest(definition_id())
        clone, left = former(told, "clone"), standing(told, result)
    assert result.outcome is Outcome.PUBLISHED, result.failure
    assert latest is not None
    assert left == [latest.id]
    assert not clone.generalized
    assert "sysprep" not in [effect.kind for effect in clone.effects]


def test_a_managed_image_that_fails_leaves_nothing_and_a_second_run_makes_it() -> None:
    image_id = f"{GROUP}/providers/Microsoft.Compute/images/golden"
    image = {"kind": "managedImage", "imageId": image_id}
    with journey(spec("vm1", tags={}, power="deallocated"), emulate_linux=True) as told:
        world = told.simulator.world
        told.simulator.inject(Fault(kind="operationFails", operation="images.createOrUpdate"))
        failed = told.tell(clone_job(image=image))
        rest = standing(told, failed), world.store.get(image_id)
        done = told.tell(clone_job(image=image, request_id="r2"))
        made = world.image_source(image_id)
        left = standing(told, done)
    assert failed.failure is not None
    assert (failed.failure.code, failed.left, rest) == (FailureCode.PUBLISH_FAILED, (), ([], None))
    assert done.outcome is Outcome.PUBLISHED, done.failure
    assert made is not None
    assert (left, made.content.sealed) == ([image_id], True)


def test_a_cancel_while_cloning_unmakes_the_clone() -> None:
    with journey(spec("vm1", tags={}, power="deallocated"), emulate_linux=True) as told:
        add_definition(told)
        job = clone_job(image=version_wish())
        begin(told, job, Stage.CLONING)
        held = standing(told, job)
        told.engine.client.raise_orchestration_event(job.run_id, CANCEL_EVENT)
        result = end_of(told, job)
        left = standing(told, job)
    assert held, "something was there"
    assert (result.outcome, result.left, left) == (Outcome.CANCELED, (), [])


def stranger(told: Journey, job: MachineJob) -> str:
    """Put somebody else's interface under the name that the run needs."""
    taken = made_id(Scope.parse(GROUP), Kind.NETWORK_INTERFACE, made_name(job.run_id, "nic"))
    store = told.simulator.world.store
    store.add(store.new(taken, str(Kind.NETWORK_INTERFACE), "westeurope", fresh=False), trace=False)
    return taken


def test_a_name_that_somebody_else_has_taken_is_left_to_him() -> None:
    with journey(spec("vm1", tags={}, power="deallocated"), emulate_linux=True) as told:
        add_definition(told)
        job = clone_job(image=version_wish())
        taken = stranger(told, job)
        result = told.tell(job)
        kept, left = told.simulator.world.store.get(taken), standing(told, result)
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.NAME_TAKEN]
    assert kept is not None
    assert (result.left, left) == ((), [])


def test_a_quota_that_is_used_up_ends_the_run_in_azures_words() -> None:
    with journey(spec("vm1", tags={}, power="deallocated"), emulate_linux=True) as told:
        add_definition(told)
        world = told.simulator.world
        world.quota["westeurope"] = world.cores_used("westeurope")
        result = told.tell(clone_job(image=version_wish()))
        left = standing(told, result)
    assert result.failure is not None
    assert result.failure.code is FailureCode.ORDER_REFUSED
    assert "quota" in result.failure.message.lower()
    assert (result.left, left) == ((), [])


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], RefusalCode]] = {
    "runs": ({"power": "running"}, {}, RefusalCode.SOURCE_RUNNING),
    "generalized": ({"generalized": True}, {}, RefusalCode.SOURCE_GENERALIZED),
    "confidential": ({"security_type": "ConfidentialVM"}, {}, RefusalCode.CONFIDENTIAL_MACHINE),
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


def test_a_machine_that_cannot_be_cloned_is_refused_before_anything_is_made() -> None:
    specs = [
        spec(name.replace(" ", ""), **{"tags": {}, "power": "deallocated", **more})
        for name, (more, _, _) in REFUSED.items()
    ]
    with journey(*specs, emulate_linux=True) as told:
        add_definition(told)
        found = {
            name: told.tell(clone_job(name.replace(" ", ""), image=version_wish(), **target)).refusals
            for name, (_, target, _) in REFUSED.items()
        }
        changes = told.changes()
    assert changes == []
    for name, (_, _, code) in REFUSED.items():
        assert code in [refusal.code for refusal in found[name]], name
