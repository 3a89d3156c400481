"""VMs of two subscriptions and two regions in one request: each in its own place, and one elsewhere is refused."""

import json
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import pytest

from contracts.error_codes import RefusalCode
from contracts.ids import Scope, VmId, vm_run_id
from contracts.resources import run_digest
from contracts.results import Outcome, VmResult
from contracts.run import RunSettings
from contracts.tags import RUN_TAG
from emulators.arm import VmSpec
from tests.support.journey import TAGS, Journey, journey
from tests.support.places import OTHER_SUBSCRIPTION, add_place, allow_scopes, group_id
from tests.support.requests import SUBSCRIPTION, accepted, settings

WEST, NORTH, UK = "westeurope", "northeurope", "uksouth"


@dataclass(frozen=True)
class At:
    """A VM of the request: where it is, and the place that it must get (a group's name, and its rollback group's)."""

    name: str
    subscription: str
    region: str
    builds: str = ""
    rollback: str = ""

    @property
    def spec(self) -> VmSpec:
        stopped: dict[str, Any] = {"power": "deallocated"} if self.name.startswith("clone") else {"tags": TAGS}
        return VmSpec(
            self.name, subscription_id=self.subscription, resource_group="prod", location=self.region, **stopped
        )

    @property
    def gallery(self) -> str:
        return f"{group_id('images', self.subscription)}/providers/Microsoft.Compute/galleries/g{self.region}"

    @property
    def run_id(self) -> str:
        return vm_run_id("r1", VmId.parse(self.spec.id))

    def target(self) -> dict[str, Any]:
        image: dict[str, Any] = {
            "kind": "galleryImageVersion",
            "imageDefinitionId": f"{self.gallery}/images/{self.name}",
            "validate": {},
        }
        mode = "clone" if self.name.startswith("clone") else "inPlace"
        return {"vmId": self.spec.id, "mode": mode, "image": image}


FLEET = (
    At("in-place-west", SUBSCRIPTION, WEST, "builds-west", "rollback-west"),
    At("clone-north", SUBSCRIPTION, NORTH, "builds-north"),
    At("clone-other", OTHER_SUBSCRIPTION, WEST, "builds-west"),
    At("in-place-other", OTHER_SUBSCRIPTION, NORTH, "builds-north", "builds-north"),
)
ELSEWHERE = At("in-place-uk", SUBSCRIPTION, UK)
SCOPES = (f"/subscriptions/{SUBSCRIPTION}", f"/subscriptions/{OTHER_SUBSCRIPTION}")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Generator[Journey]:
    with journey(*(vm.spec for vm in (*FLEET, ELSEWHERE)), emulate_linux=True) as reported:
        emulated = reported.simulator.world
        galleries: dict[str, Any] = {}
        for vm in (*FLEET, ELSEWHERE):
            if vm.gallery not in galleries:
                galleries[vm.gallery] = emulated.add_gallery(
                    f"g{vm.region}", resource_group="images", subscription_id=vm.subscription, location=vm.region
                )
            emulated.add_definition(galleries[vm.gallery], vm.name, "Linux")
        allow_scopes(monkeypatch, *SCOPES)
        yield reported


def stamped(reported: Journey) -> RunSettings:
    places = (
        add_place(reported, "builds-west", region=WEST, rollback="rollback-west"),
        add_place(reported, "builds-north", region=NORTH),
        add_place(reported, "builds-west", region=WEST, subscription=OTHER_SUBSCRIPTION),
        add_place(reported, "builds-north", region=NORTH, subscription=OTHER_SUBSCRIPTION),
    )
    return settings(build_places=places, allowed_scopes=tuple(Scope.parse(scope) for scope in SCOPES))


def results_of(reported: Journey) -> dict[str, VmResult]:
    documents = [json.loads(text) for text in reported.sent]
    found = [VmResult.model_validate(each) for each in documents if each["kind"] == "vm"]
    return {result.vm_id.name: result for result in found}


def groups_used(reported: Journey, vm: At) -> set[str]:
    """Return the groups in which the run of a VM created something by a name of its own."""
    digest = f"/golden-image-{run_digest(vm.run_id)}-"
    made = [r.path for r in reported.simulator.requests() if r.method == "PUT" and digest in r.path]
    return {path.partition("/providers/")[0] for path in made if "/runCommands/" not in path}


@pytest.mark.parametrize("dry", [True, False], ids=["dry", "real"])
def test_each_vm_gets_the_place_of_its_subscription_and_region(world: Journey, dry: bool) -> None:
    targets = [vm.target() for vm in (*FLEET, ELSEWHERE)]
    document = {"version": 1, "requestId": "r1", "dryRun": dry, "targets": targets}
    result = world.send_batch(accepted(document, settings=stamped(world)))
    ended = Outcome.WOULD_PUBLISH if dry else Outcome.PUBLISHED
    found = results_of(world)
    assert result.counts == {ended: len(FLEET), Outcome.REFUSED: 1}, {
        n: r.refusals or r.failure for n, r in found.items()
    }
    _the_vm_elsewhere_is_refused_with_the_places(found[ELSEWHERE.name])
    if dry:
        assert world.changes() == []
        return
    for vm in FLEET:
        wanted = {group_id(name, vm.subscription) for name in (vm.builds, vm.rollback) if name}
        assert groups_used(world, vm) == wanted, vm
        _only_what_is_named_is_left(world, vm, found[vm.name])
    assert groups_used(world, ELSEWHERE) == set()


def _the_vm_elsewhere_is_refused_with_the_places(result: VmResult) -> None:
    (refusal,) = result.refusals
    assert refusal.code is RefusalCode.BUILD_PLACE_MISSING
    listed = refusal.message.partition("places: ")[2]
    assert listed == ", ".join(
        f"subscription {subscription} in {region}"
        for subscription in (SUBSCRIPTION, OTHER_SUBSCRIPTION)
        for region in (NORTH, WEST)
    )
    assert "builds" not in refusal.message


def _only_what_is_named_is_left(world: Journey, vm: At, result: VmResult) -> None:
    kept = world.simulator.world.tagged(RUN_TAG, vm.run_id)
    assert sorted(kept) == sorted(result.created_resources)
    assert result.orphaned_resources == ()
    if vm.rollback:
        assert result.rollback_snapshot is not None
        assert result.rollback_snapshot.id.startswith(f"{group_id(vm.rollback, vm.subscription)}/")
    assert result.image is not None
    assert result.image.validation is not None
    assert result.image.validation.passed


KEY = RefusalCode.ENCRYPTION_SET_SUBSCRIPTION_MISMATCH
THERE = {
    "resourceGroupId": group_id("builds-west", OTHER_SUBSCRIPTION),
    "subnetId": f"{group_id('builds-west', OTHER_SUBSCRIPTION)}/providers/Microsoft.Network/virtualNetworks/"
    f"vnet-{WEST}/subnets/default",
}
"""A place in another subscription than the VM's, in its region."""


def ask(world: Journey, source: VmSpec, request_id: str, *, dry: bool, clone: dict[str, Any] | None = None) -> VmResult:
    """Clone a VM and validate its image in the other subscription."""
    image = {**FLEET[0].target()["image"], "validate": THERE}
    target = {"vmId": source.id, "mode": "clone", "image": image, "clone": clone or {}}
    document = {"version": 1, "targets": [target], "dryRun": dry}
    world.send_batch(accepted(document, request_id=request_id, settings=stamped(world)))
    return results_of(world)[source.name]


def source_vm(world: Journey, **more: Any) -> VmSpec:
    spec = VmSpec("clone-source", subscription_id=SUBSCRIPTION, resource_group="prod", power="deallocated", **more)
    world.simulator.add_vm(spec)
    return spec


@pytest.mark.parametrize("dry", [True, False], ids=["dry", "real"])
def test_a_clone_in_another_subscription_and_a_key_used_in_another_one_are_refused(world: Journey, dry: bool) -> None:
    source = source_vm(world, disk_encryption_set="keys")
    before = world.simulator.world.picture(world.simulator.vm(source.name))
    both = ask(world, source, "k1", dry=dry, clone=THERE)
    assert {refusal.code for refusal in both.refusals} == {RefusalCode.GROUP_SUBSCRIPTION_MISMATCH, KEY}
    validation = ask(world, source, "k2", dry=dry)
    assert {refusal.code for refusal in validation.refusals} == {KEY}
    assert "image.validate.resourceGroupId" in validation.refusals[0].remediation
    assert world.changes() == []
    assert world.simulator.world.picture(world.simulator.vm(source.name)) == before


def test_without_a_key_the_image_may_be_validated_in_another_subscription(world: Journey) -> None:
    result = ask(world, source_vm(world), "p1", dry=False)
    assert result.outcome is Outcome.PUBLISHED, result
    digest = run_digest(result.run_id)
    made = [r.path for r in world.simulator.requests() if r.method == "PUT" and digest in r.path]
    validating = {path.partition("/providers/")[0] for path in made if f"{digest}-validate" in path}
    assert validating == {THERE["resourceGroupId"]}
    assert world.simulator.world.tagged(RUN_TAG, result.run_id) == list(result.created_resources)
