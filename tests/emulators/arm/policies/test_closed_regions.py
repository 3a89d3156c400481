"""A region that Azure has closed for a subscription."""

import pytest
from azure.core.exceptions import HttpResponseError

from emulators.arm import Simulator
from tests.emulators.arm.bodies import copy_body, os_disk_id, snapshot_id
from tests.emulators.arm.fleet import GROUP, SUBSCRIPTION, Raw, Sdk, code_of, vm_path

OTHER = "99999999-9999-9999-9999-999999999999"


async def test_nothing_is_created_in_a_closed_region(simulator: Simulator, client: Sdk, raw: Raw):
    source = os_disk_id(simulator, "linux1")
    policies = simulator.world.policies
    policies.close_region(OTHER, "westeurope")
    policies.close_region(SUBSCRIPTION, "northeurope")
    assert (await raw("PUT", snapshot_id("s1"), copy_body(source))).status == 202
    policies.close_region(SUBSCRIPTION, "West Europe")
    with pytest.raises(HttpResponseError) as refused:
        await client.snapshots.begin_create_or_update(GROUP, "s2", copy_body(source))
    assert (refused.value.status_code, code_of(refused)) == (403, "RequestDisallowedByAzure")
    assert "Resource 's2' was disallowed by Azure: The selected region is currently not accepting new" in str(
        refused.value
    )
    policies.open_region(SUBSCRIPTION, "westeurope")
    assert (await raw("PUT", snapshot_id("s2"), copy_body(source))).status == 202


async def test_what_exists_goes_on_and_the_control_plane_closes_and_opens(simulator: Simulator, raw: Raw):
    closed = {"subscription": SUBSCRIPTION, "region": "westeurope", "reason": "Contact support."}
    assert (await raw("POST", "/_simulator/closedRegions", closed)).body == {"closedRegions": [closed]}
    assert (await raw("GET", "/_simulator/closedRegions")).body == {"closedRegions": [closed]}
    run = {"location": "westeurope", "properties": {"source": {"script": "true"}}}
    assert (await raw("PUT", vm_path("linux1", "/runCommands/r"), run)).status == 201
    assert (await raw("PATCH", vm_path("linux1"), {"tags": {"a": "b"}})).status == 200
    answer = await raw("PUT", snapshot_id("s1"), copy_body(os_disk_id(simulator, "linux1")))
    assert answer.body["error"] == {
        "code": "RequestDisallowedByAzure",
        "message": "Resource 's1' was disallowed by Azure: Contact support.",
        "target": "s1",
    }
    opened = {"subscription": SUBSCRIPTION, "region": "West Europe"}
    assert (await raw("DELETE", "/_simulator/closedRegions", opened)).body == {"closedRegions": []}
