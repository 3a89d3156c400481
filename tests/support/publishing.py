"""Runs the orchestration of publishing to its end, for tests."""

import time
from collections.abc import Callable
from typing import Any

from contracts.authority import Authority
from contracts.catalog import PUBLISH_IMAGE
from contracts.error_codes import Failure
from contracts.ids import VmId
from contracts.image_options import GalleryImageVersion
from contracts.polling import Polling, PollingSettings
from contracts.publish import PublishEnd, PublishJob
from contracts.request import Mode
from contracts.results import PublishedImage
from contracts.run import Trigger
from emulators.task_hub import VirtualClock
from tests.support.engine import RunningEngine, engine
from tests.support.fake_gallery import HOME, FakeGallery
from tests.support.requests import GROUP, vm_id

DEFINITION = f"{GROUP}/providers/Microsoft.Compute/galleries/golden/images/ubuntu"
TWO = [{"name": HOME}, {"name": "eastus"}]


def publish_job(run_id: str = "vm-r1-a", *, excluded: bool = False, deadline: int = 28_800, **image: Any) -> PublishJob:
    options = {"kind": "galleryImageVersion", "imageDefinitionId": DEFINITION, "targetRegions": TWO, **image}
    return PublishJob(
        run_id=run_id,
        request_id="r1",
        app_name="tests",
        options=GalleryImageVersion.model_validate(options),
        source_vm_id=vm_id("clone"),
        location="West Europe",
        authority=Authority(
            run_id=run_id,
            trigger=Trigger.QUEUE,
            mode=Mode.CLONE,
            vm_id=VmId.parse(vm_id()),
            opt_in_tag="a",
            opt_in_value="b",
            committed=True,
        ),
        tags={"golden-image-source": vm_id()},
        polling=PollingSettings(
            publish=Polling(initial_delay_seconds=240, interval_seconds=120, timeout_seconds=deadline)
        ),
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
    customize: Callable[[FakeGallery], Any] = lambda gallery: None, job: PublishJob | None = None
) -> tuple[PublishEnd, FakeGallery]:
    clock = VirtualClock()
    gallery = FakeGallery(now=clock.now)
    customize(gallery)
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
    """Wait until a condition is met by another thread (real seconds: 20 at most)."""
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline, "condition not met in time"
        time.sleep(0.01)
