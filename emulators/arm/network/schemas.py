"""Strict bodies of network interfaces and network security groups."""

from emulators.arm.http.schemas import ListOf, Members, Texts

_REFERENCE = Members("SubResource", {"id": str}, ("id",))

_IP_CONFIGURATION = Members(
    "NetworkInterfaceIPConfigurationPropertiesFormat",
    {
        "subnet": _REFERENCE, "primary": bool, "privateIPAddressVersion": str, "privateIPAllocationMethod": str,
        "publicIPAddress": _REFERENCE,
    },
    ("subnet",),
)  # fmt: skip
_NIC_PROPERTIES = Members(
    "NetworkInterfacePropertiesFormat",
    {
        "ipConfigurations": ListOf(
            Members(
                "NetworkInterfaceIPConfiguration",
                {"name": str, "properties": _IP_CONFIGURATION},
                ("name", "properties"),
            ),
        ),
        "networkSecurityGroup": _REFERENCE, "enableAcceleratedNetworking": bool, "enableIPForwarding": bool,
    },
    ("ipConfigurations",),
)  # fmt: skip
NETWORK_INTERFACE = Members(
    "NetworkInterface", {"location": str, "tags": Texts(), "properties": _NIC_PROPERTIES}, ("location", "properties")
)

_RULE_PROPERTIES = Members(
    "SecurityRulePropertiesFormat",
    {
        "description": str, "protocol": str, "access": str, "direction": str, "priority": int,
        "sourceAddressPrefix": str, "sourceAddressPrefixes": ListOf(str), "sourcePortRange": str,
        "sourcePortRanges": ListOf(str), "destinationAddressPrefix": str, "destinationAddressPrefixes": ListOf(str),
        "destinationPortRange": str, "destinationPortRanges": ListOf(str),
    },
    ("protocol", "access", "direction", "priority"),
)  # fmt: skip
_RULE = Members("SecurityRule", {"name": str, "properties": _RULE_PROPERTIES}, ("name", "properties"))
SECURITY_GROUP = Members(
    "NetworkSecurityGroup",
    {
        "location": str,
        "tags": Texts(),
        "properties": Members("NetworkSecurityGroupPropertiesFormat", {"securityRules": ListOf(_RULE)}),
    },
    ("location",),
)
