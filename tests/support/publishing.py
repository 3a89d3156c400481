"""Tells the story of publishing to its end, for tests."""

import time
from collections.abc import Callable
from typing import Any

from contracts.publish import PublishEnd, PublishJob
from contracts.reasons import Failure
from contracts.results import PublishedImage
from contracts.run import Wait, Waits
from contracts.steps import PUBLISH_IMAGE
from contracts.wishes import GalleryImageVersion
from tests.support.engine import RunningEngine, engine
from tests.support.fake_gallery import HOME, FakeGallery
from tests.support.requests import GROUP, vm_id
from workbench.timed_engine import VirtualClock

DEFINITION = f"{GROUP}/providers/Microsoft.Compute/galleries/golden/images/ubuntu"
TWO = [{"name": HOME}, {"name": "eastus"}]


def publish_job(run_id: str = "vm-r1-a", *, excluded: bool = False, deadline: int = 28_800, **image: Any) -> PublishJob:
    wish = {"kind": "galleryImageVersion", "imageDefinitionId": DEFINITION, "targetRegions": TWO, **image}
    return PublishJob(
        run_id=run_id,
        request_id="r1",
        app_name="tests",
        wish=GalleryImageVersion.model_validate(wish),
        source_vm_id=vm_id("clone"),
        location="West Europe",
        tags={"golden-image-source": vm_id()},
        waits=Waits(publish=Wait(first=240, every=120, deadline=deadline)),
        excluded=excluded,
    )


def begin(running: RunningEngine, job: PublishJob) -> str:
    payload = job.model_dump(mode="json", exclude_none=True)
    instance = f"{job.run_id}-publish"
    running.client.schedule_new_orchestration(PUBLISH_IMAGE, input=payload, instance_id=instance)
    return instance


def end_of(running: RunningEngine, instance: str) -> PublishEnd:
    state = running.end_of(instance)
    assert state.serialized_output is not None, state.failure_details
    return PublishEnd.model_validate_json(state.serialized_output)


def publish(
    prepare: Callable[[FakeGallery], Any] = lambda gallery: None, job: PublishJob | None = None
) -> tuple[PublishEnd, FakeGallery]:
    clock = VirtualClock()
    gallery = FakeGallery(now=clock.now)
    prepare(gallery)
    with engine(gallery.activities(), clock) as running:
        return end_of(running, begin(running, job or publish_job())), gallery


def image_of(end: PublishEnd) -> PublishedImage:
    assert end.failure is None, end.failure
    assert end.image is not None
    return end.image


def failure_of(end: PublishEnd) -> Failure:
    assert end.image is None
    assert end.failure is not None
    return end.failure


def wait_until(happened: Callable[[], bool]) -> None:
    """Wait for something that another thread does (real seconds: 20 at most)."""
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
