"""Long-running operations: signed URLs, status bodies, and how each kind ends."""

import asyncio

from emulators.arm import Role, ScaledClock, Simulator, SteppedClock, VmSpec
from tests.emulators.arm.fleet import GROUP, Connect, Raw, Sdk, vm_path


async def test_urls_are_as_long_as_on_azure_and_polled_without_a_permission(
    simulator: Simulator, raw: Raw, clock: SteppedClock
):
    answer = await raw("POST", vm_path("linux1", "/deallocate"))
    url = answer.headers["Azure-AsyncOperation"]
    assert 2500 < len(url) < 4000
    assert answer.headers["x-ms-request-id"] in url
    simulator.role = Role(())
    status = await raw("GET", url)
    assert status.status == 200
    assert set(status.body) == {"startTime", "status", "name"}
    await clock.advance(40)
    assert set((await raw("GET", url)).body) == {"startTime", "endTime", "status", "name"}
    result = await raw("GET", answer.headers["Location"])
    assert (result.status, result.text) == (200, "")


CHANGES = [("p=", "p=0"), ("&h=", "&h=x"), ("api-version=2", "api-version=3"), ("&c=", "&c=y")]


async def test_a_changed_url_is_refused(raw: Raw):
    url = (await raw("POST", vm_path("linux1", "/deallocate"))).headers["Azure-AsyncOperation"]
    for change in CHANGES:
        assert (await raw("GET", url.replace(*change, 1))).refusal == (400, "InvalidParameter"), change


async def test_a_url_without_its_signature_needs_the_permission_to_read_operations(simulator: Simulator, raw: Raw):
    url = (await raw("POST", vm_path("linux1", "/deallocate"))).headers["Azure-AsyncOperation"]
    bare = f"{url.split('?')[0]}?api-version=2024-07-01"
    assert (await raw("GET", bare)).status == 200
    simulator.role = Role(("Microsoft.Compute/virtualMachines/*",))
    assert (await raw("GET", bare)).status == 403
    assert (await raw("GET", bare.replace("operations/", "operations/0"))).status == 403


async def test_an_unknown_operation_is_404(raw: Raw):
    url = (await raw("POST", vm_path("linux1", "/deallocate"))).headers["Azure-AsyncOperation"]
    answer = await raw("GET", f"{url.split('/operations/')[0]}/operations/none?api-version=2024-07-01")
    assert answer.refusal == (404, "NotFound")


async def test_a_poller_can_be_resumed_from_its_token(client: Sdk, clock: SteppedClock):
    poller = await client.virtual_machines.begin_deallocate(GROUP, "linux1")
    token = poller.continuation_token()
    await clock.advance(40)
    resumed = await client.virtual_machines.begin_deallocate("ignored", "ignored", continuation_token=token)
    await resumed.result()
    assert resumed.status() == "Succeeded"


async def test_on_a_scaled_clock_the_unmodified_poller_is_done_in_a_moment(connect: Connect):
    fast = Simulator(vms=[VmSpec("fast1")], clock=ScaledClock(speed=500), emulate_linux=True)
    async with fast, connect(fast) as client, asyncio.timeout(10):
        poller = await client.virtual_machines.begin_deallocate(GROUP, "fast1")
        await poller.result()
        await client.virtual_machines.generalize(GROUP, "fast1")
    assert fast.vm("fast1").generalized


async def test_every_answer_has_the_common_headers(raw: Raw):
    answer = await raw("GET", vm_path("linux1"), headers={"x-ms-correlation-request-id": "mine"})
    assert answer.headers["x-ms-correlation-request-id"] == "mine"
    for name in ("x-ms-request-id", "x-ms-routing-request-id", "x-ms-ratelimit-remaining-subscription-reads"):
        assert answer.headers[name]
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    refused = await raw("GET", vm_path("nobody"))
    assert refused.headers["x-ms-correlation-request-id"]
