"""Token buckets per VM and per subscription."""

import json

import pytest
from azure.core.exceptions import HttpResponseError

from emulators.arm import Simulator, SteppedClock
from tests.emulators.arm.fleet import GROUP, Raw, Sdk, vm_path


async def test_36_reads_of_one_vm_at_once_and_then_12_a_minute(raw: Raw, clock: SteppedClock):
    statuses = [(await raw("GET", vm_path("linux1"))).status for _ in range(38)]
    assert statuses == [200] * 36 + [429] * 2
    assert (await raw("GET", vm_path("windows1"))).status == 200
    await clock.advance(60)
    assert [(await raw("GET", vm_path("linux1", "/instanceView"))).status for _ in range(13)] == [200] * 12 + [429]


@pytest.mark.parametrize(
    ("method", "child", "burst"),
    [("POST", "/powerOff", 12), ("POST", "/deallocate", 12), ("GET", "/runCommands", 36), ("PATCH", "", 12)],
)
async def test_each_policy_has_its_published_burst(raw: Raw, method: str, child: str, burst: int):
    statuses = [(await raw(method, vm_path("linux1", child))).status for _ in range(burst + 1)]
    assert statuses.index(429) == burst


async def test_operations_have_a_bucket_of_their_own(raw: Raw):
    url = (await raw("POST", vm_path("linux1", "/deallocate"))).headers["Azure-AsyncOperation"]
    statuses = [(await raw("GET", url)).status for _ in range(46)]
    assert statuses == [200] * 45 + [429]


async def test_the_refusal_has_a_retry_time_and_a_reason(client: Sdk, raw: Raw):
    first = await raw("GET", vm_path("linux1"))
    left = "Microsoft.Compute/LowCostGetSubscriptionMaximum;23999,Microsoft.Compute/LowCostGetResource;35"
    assert first.headers["x-ms-ratelimit-remaining-resource"] == left
    for _ in range(35):
        await raw("GET", vm_path("linux1"))
    with pytest.raises(HttpResponseError) as refused:
        await client.virtual_machines.get(GROUP, "linux1")
    assert refused.value.status_code == 429
    answer = await raw("GET", vm_path("linux1"))
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["x-ms-ratelimit-remaining-resource"] == "Microsoft.Compute/LowCostGetResource;0"
    error = answer.body["error"]
    assert error["code"] == "OperationNotAllowed"
    assert (error["details"][0]["code"], error["details"][0]["target"]) == ("TooManyRequests", "LowCostGet")
    assert json.loads(error["details"][0]["message"])["allowedRequestCount"] == 36


async def test_only_the_control_plane_turns_it_off(simulator: Simulator, raw: Raw):
    assert (await raw("PUT", "/_simulator/throttling", {"enabled": False})).body == {"enabled": False}
    assert {(await raw("GET", vm_path("linux1"))).status for _ in range(50)} == {200}
