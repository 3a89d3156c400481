"""Network interfaces and security groups: create, references, and what blocks their deletion."""

from typing import Any

from emulators.arm import Role, Simulator, SteppedClock, VmSpec
from tests.emulators.arm.bodies import NETWORK, REGION, SUBNET, make_network, nic_body, nic_id, nsg_body, nsg_id, rule
from tests.emulators.arm.fleet import Raw

JOIN_SUBNET = "Microsoft.Network/virtualNetworks/subnets/join/action"
JOIN_GROUP = "Microsoft.Network/networkSecurityGroups/join/action"


async def test_a_group_has_a_network_with_a_subnet_in_each_location(simulator: Simulator, raw: Raw):
    simulator.add_vm(VmSpec("far1", location="northeurope"))
    for location in (REGION, "northeurope"):
        network = f"{NETWORK}/virtualNetworks/vnet-{location}"
        shown = (await raw("GET", network)).body
        assert [subnet["name"] for subnet in shown["properties"]["subnets"]] == ["default"]
        subnet = (await raw("GET", f"{network}/subnets/default")).body
        assert set(subnet) == {"name", "id", "type", "properties"}
    assert (await raw("GET", f"{NETWORK}/virtualNetworks/vnet-moon")).status == 404
    nic = (await raw("GET", nic_id("linux1-nic"))).body["properties"]
    assert nic["virtualMachine"]["id"] == simulator.vm("linux1").id
    assert nic["ipConfigurations"][0]["properties"]["subnet"]["id"] == SUBNET


async def test_an_interface_with_its_group_is_created_and_deleted_in_order(
    simulator: Simulator, raw: Raw, clock: SteppedClock
):
    answer = await raw("PUT", nsg_id("nsg1"), nsg_body(rule(), rule("out", direction="outbound", priority=100)))
    assert (answer.status, answer.body["properties"]["provisioningState"]) == (201, "Creating")
    assert "/providers/Microsoft.Network/locations/westeurope/operations/" in answer.headers["Azure-AsyncOperation"]
    assert "Location" not in answer.headers
    early = await raw("PUT", nic_id("nic1"), nic_body("nsg1"))
    assert early.refusal == (409, "ReferencedResourceNotProvisioned")
    await clock.advance(10)
    assert (await raw("GET", answer.headers["Azure-AsyncOperation"])).body["status"] == "Succeeded"
    assert (await raw("PUT", nic_id("nic1"), nic_body("nsg1"))).status == 201
    await clock.advance(10)
    group = (await raw("GET", nsg_id("nsg1"))).body["properties"]
    assert [entry["properties"]["direction"] for entry in group["securityRules"]] == ["Inbound", "Outbound"]
    assert len(group["defaultSecurityRules"]) == 6
    assert [entry["id"] for entry in group["networkInterfaces"]] == [nic_id("nic1")]
    refused = await raw("DELETE", nsg_id("nsg1"))
    assert refused.refusal == (409, "InUseNetworkSecurityGroupCannotBeDeleted")
    assert nic_id("nic1") in refused.body["error"]["message"]
    for path in (nic_id("nic1"), nsg_id("nsg1")):
        assert (await raw("DELETE", path)).status == 202
        await clock.advance(25)
        assert (await raw("DELETE", path)).status == 204
        assert (await raw("GET", path)).status == 404
    assert [trace.id for trace in simulator.world.deleted] == [nic_id("nic1"), nsg_id("nsg1")]


async def test_an_interface_of_a_vm_cannot_be_deleted(simulator: Simulator, raw: Raw):
    answer = await raw("DELETE", nic_id("linux1-nic"))
    assert answer.refusal == (409, "NicInUse")
    assert simulator.vm("linux1").id in answer.body["error"]["message"]


async def test_the_same_put_again_is_an_update(raw: Raw, clock: SteppedClock):
    await make_network(raw, clock)
    for path, body in ((nsg_id("nsg1"), nsg_body(rule("other"))), (nic_id("nic1"), nic_body("nsg1"))):
        answer = await raw("PUT", path, {**body, "tags": {"run": "r2"}})
        assert (answer.status, answer.body["tags"]) == (200, {"run": "r2"})
        assert answer.body["properties"]["provisioningState"] == "Updating"
        moved = await raw("PUT", path, {**body, "location": "northeurope"})
        assert moved.status in (400, 409)
        await clock.advance(10)


#: Members of a rule, the code of the refusal, and a part of its message.
WRONG_RULES: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"priority": 99}, "SecurityRuleInvalidPriority", "100-4096"),
    ({"priority": 4097}, "SecurityRuleInvalidPriority", "4097"),
    ({"protocol": "Carrier"}, "InvalidRequestFormat", "Carrier"),
    ({"access": "Maybe"}, "InvalidRequestFormat", "Maybe"),
    ({"direction": "Up"}, "InvalidRequestFormat", "Up"),
    ({"sourceAddressPrefix": "Narnia"}, "SecurityRuleInvalidAddressPrefix", "Narnia"),
    ({"destinationAddressPrefix": "10.0.0.1/8"}, "SecurityRuleInvalidAddressPrefix", "10.0.0.1/8"),
    ({"destinationPortRange": "70000"}, "SecurityRuleInvalidPortRange", "70000"),
    ({"destinationPortRange": "9-1"}, "SecurityRuleInvalidPortRange", "9-1"),
    ({"destinationPortRanges": ["1"]}, "SecurityRuleParameterContainsConflictingValues", "plural"),
    ({"sourcePortRange": None}, "InvalidParameter", "sourcePortRange"),
    ({"colour": "red"}, "BadRequest", "colour"),
    ({"priority": True}, "BadRequest", "priority"),
)


async def test_rules_are_checked(simulator: Simulator, raw: Raw):
    for members, code, says in WRONG_RULES:
        answer = await raw("PUT", nsg_id("nsg1"), nsg_body(rule(**members)))
        assert answer.refusal == (400, code), members
        assert says in answer.body["error"]["message"]
    for second in (rule("other"), rule("deny", priority=200)):
        answer = await raw("PUT", nsg_id("nsg1"), nsg_body(rule(), second))
        assert answer.body["error"]["code"] == "SecurityRuleConflict"
    assert simulator.world.resource == []
    fine = (
        rule("a", sourceAddressPrefix="AzureCloud.WestEurope", destinationPortRange="80-90"),
        rule("b", priority=300, destinationAddressPrefix="168.63.129.16/32"),
        rule("c", priority=300, direction="Outbound", destinationAddressPrefix="Storage"),
    )
    assert (await raw("PUT", nsg_id("nsg1"), nsg_body(*fine))).status == 201


async def test_what_an_interface_references_must_exist_in_its_region(simulator: Simulator, raw: Raw):
    simulator.add_vm(VmSpec("far1", location="northeurope"))
    public = nic_body()
    configuration: dict[str, Any] = public["properties"]["ipConfigurations"][0]["properties"]
    configuration["publicIPAddress"] = {"id": f"{NETWORK}/publicIPAddresses/p"}
    for body in (
        nic_body(subnet=f"{SUBNET}2"),
        nic_body("nobody"),
        nic_body(location="northeurope"),
        nic_body(subnet=nic_id("linux1-nic")),
        public,
    ):
        answer = await raw("PUT", nic_id("nic1"), body)
        assert answer.refusal == (400, "InvalidResourceReference")
    empty: dict[str, Any] = {"location": REGION, "properties": {"ipConfigurations": []}}
    assert (await raw("PUT", nic_id("nic1"), empty)).body["error"]["code"] == "InvalidParameter"
    assert simulator.world.resource == []


async def test_joining_needs_permissions_on_the_joined_resources(simulator: Simulator, raw: Raw, clock: SteppedClock):
    await raw("PUT", nsg_id("nsg1"), nsg_body(rule()))
    await clock.advance(10)
    for needed, scope in ((JOIN_SUBNET, SUBNET), (JOIN_GROUP, nsg_id("nsg1"))):
        simulator.role = Role(("*",), (needed,))
        answer = await raw("PUT", nic_id("nic1"), nic_body("nsg1"))
        assert answer.refusal == (403, "LinkedAuthorizationFailed")
        assert f"action(s) '{needed}' on the linked scope(s) '{scope}'" in answer.body["error"]["message"]
