"""Publishing with the real activities against the simulator: every activity runs twice, and faults are injected."""

from typing import Any

import pytest

from contracts.catalog import PUBLISH_IMAGE
from contracts.publish import PublishEnd
from contracts.resources import Kind
from emulators.arm import Fault, Role
from tests.support.images import DEFINITION, SOURCE
from tests.support.journey import Journey, journey
from tests.support.publishing import image_of, publish_job
from tests.support.requests import SUBSCRIPTION, vm_id

_VERSIONS = "galleryImageVersions"
PUT, PATCH, DELETE = f"{_VERSIONS}.createOrUpdate", f"{_VERSIONS}.update", f"{_VERSIONS}.delete"


def furnish(running: Journey) -> None:
    world = running.simulator.world
    world.add_gallery("golden", resource_group="rg-images", subscription_id=SUBSCRIPTION)
    world.add_definition("golden", "ubuntu")


def report(running: Journey, **options: Any) -> PublishEnd:
    job = publish_job(**options).model_copy(update={"source_vm_id": vm_id()})
    state = running.engine.run(PUBLISH_IMAGE, job.model_dump(mode="json", exclude_none=True), "vm-r1-a-publish")
    assert state.serialized_output is not None, state.failure_details
    return PublishEnd.model_validate_json(state.serialized_output)


def accepted(running: Journey, operation: str) -> int:
    """How many requests of this kind Azure accepted."""
    return len([r for r in running.simulator.requests() if r.operation == operation and r.status in {200, 201, 202}])


def test_a_version_in_two_regions_although_every_activity_runs_twice() -> None:
    with journey(SOURCE, role=Role(), twice=True) as running:
        furnish(running)
        end = report(running)
        assert accepted(running, PUT) == 1
        assert accepted(running, PATCH) == 0
    image = image_of(end)
    assert image.id == f"{DEFINITION}/versions/1.0.0"
    assert {region.name: region.state for region in image.regions} == {"westeurope": "Completed", "eastus": "Completed"}


def test_a_region_that_fails_twice_is_dropped() -> None:
    with journey(SOURCE, role=Role(), twice=True) as running:
        furnish(running)
        running.simulator.world.replication.fail_region("ubuntu/*", "eastus", "no capacity", times=None)
        end = report(running)
    image = image_of(end)
    assert [region.name for region in image.regions] == ["westeurope"]
    (dropped,) = image.dropped_regions
    assert dropped.name == "eastus"
    assert "no capacity" in dropped.details


def test_a_version_that_fails_as_a_succeeded_is_created_again() -> None:
    with journey(SOURCE, role=Role()) as running:
        furnish(running)
        running.simulator.world.replication.fail_region("ubuntu/*", "westeurope", "disk broke")
        end = report(running)
        assert (accepted(running, PUT), accepted(running, DELETE)) == (2, 1)
    assert (image_of(end).attempts, image_of(end).version) == (2, "1.0.0")
    assert end.left == ()


FAULTS: dict[str, dict[str, Any]] = {
    "cut before": {"kind": "cutBefore"},
    "cut after it was accepted": {"kind": "cutAfter"},
    "server error": {"kind": "status", "status": 500, "code": "InternalError"},
    "throttled": {"kind": "status", "status": 429, "code": "TooManyRequests", "headers": {"Retry-After": "30"}},
    "operation fails": {"kind": "operationFails"},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_in_the_request_ends_in_one_succeeded_version(fault: dict[str, Any]) -> None:
    with journey(SOURCE, role=Role()) as running:
        furnish(running)
        running.simulator.inject(Fault(operation=PUT, **fault))
        end = report(running)
        kept = running.simulator.world.galleries.versions(str(DEFINITION))
    image_of(end)
    assert [version.provisioning_state for version in kept] == ["Succeeded"]
    assert end.left == ()


def test_a_request_that_is_not_allowed_fails_and_creates_nothing() -> None:
    with journey(SOURCE, role=Role(("*",), ("Microsoft.Compute/galleries/images/versions/write",))) as running:
        furnish(running)
        end = report(running)
        assert running.simulator.world.galleries.versions(str(DEFINITION)) == []
    assert end.failure is not None
    assert "AuthorizationFailed" in end.failure.message
    assert end.left == ()


def test_a_replication_that_never_ends_is_named() -> None:
    with journey(SOURCE, role=Role()) as running:
        furnish(running)
        running.simulator.world.replication.never_ends("eastus")
        end = report(running, deadline=3_600)
    assert [(left.kind, left.id) for left in end.left] == [(Kind.IMAGE_VERSION, f"{DEFINITION}/versions/1.0.0")]
