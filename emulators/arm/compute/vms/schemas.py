"""The strict body of a VM's PUT: only members that this emulator uses."""

from emulators.arm.http.schemas import ListOf, Members, Texts

_REFERENCE = Members("SubResource", {"id": str}, ("id",))
_MANAGED = Members("ManagedDiskParameters", {"id": str, "storageAccountType": str, "diskEncryptionSet": _REFERENCE})
_OS_DISK = Members(
    "OSDisk",
    {
        "osType": str, "name": str, "caching": str, "createOption": str, "deleteOption": str, "diskSizeGB": int,
        "managedDisk": _MANAGED,
    },
    ("createOption",),
)  # fmt: skip
_DATA_DISK = Members(
    "DataDisk",
    {
        "lun": int, "name": str, "caching": str, "createOption": str, "deleteOption": str, "diskSizeGB": int,
        "managedDisk": _MANAGED,
    },
    ("lun", "createOption"),
)  # fmt: skip
_STORAGE = Members(
    "StorageProfile",
    {"imageReference": _REFERENCE, "osDisk": _OS_DISK, "dataDisks": ListOf(_DATA_DISK), "diskControllerType": str},
    ("osDisk",),
)  # fmt: skip
_KEY = Members("SshPublicKey", {"path": str, "keyData": str}, ("keyData",))
_PATCHES = Members("PatchSettings", {"patchMode": str, "assessmentMode": str})
_LINUX = Members(
    "LinuxConfiguration",
    {
        "disablePasswordAuthentication": bool, "provisionVMAgent": bool,
        "ssh": Members("SshConfiguration", {"publicKeys": ListOf(_KEY)}), "patchSettings": _PATCHES,
    },
)  # fmt: skip
_WINDOWS = Members(
    "WindowsConfiguration",
    {"provisionVMAgent": bool, "enableAutomaticUpdates": bool, "timeZone": str, "patchSettings": _PATCHES},
)
_OS_PROFILE = Members(
    "OSProfile",
    {
        "computerName": str, "adminUsername": str, "adminPassword": str, "linuxConfiguration": _LINUX,
        "windowsConfiguration": _WINDOWS, "allowExtensionOperations": bool,
    },
    ("computerName", "adminUsername"),
)  # fmt: skip
_INTERFACE = Members(
    "NetworkInterfaceReference",
    {"id": str, "properties": Members("NetworkInterfaceReferenceProperties", {"primary": bool, "deleteOption": str})},
    ("id",),
)  # fmt: skip
_UEFI = Members("UefiSettings", {"secureBootEnabled": bool, "vTpmEnabled": bool})
_PROPERTIES = Members(
    "VirtualMachineProperties",
    {
        "hardwareProfile": Members("HardwareProfile", {"vmSize": str}, ("vmSize",)),
        "storageProfile": _STORAGE,
        "osProfile": _OS_PROFILE,
        "networkProfile": Members("NetworkProfile", {"networkInterfaces": ListOf(_INTERFACE)}, ("networkInterfaces",)),
        "securityProfile": Members(
            "SecurityProfile", {"securityType": str, "uefiSettings": _UEFI, "encryptionAtHost": bool}
        ),
        "diagnosticsProfile": Members(
            "DiagnosticsProfile", {"bootDiagnostics": Members("BootDiagnostics", {"enabled": bool})}
        ),
        "licenseType": str,
        "priority": str,
        "additionalCapabilities": Members(
            "AdditionalCapabilities", {"hibernationEnabled": bool, "ultraSSDEnabled": bool}
        ),
    },
    ("hardwareProfile", "storageProfile", "networkProfile"),
)

VIRTUAL_MACHINE = Members(
    "VirtualMachine",
    {
        "location": str, "zones": ListOf(str),
        "plan": Members(
            "Plan",
            {"name": str, "publisher": str, "product": str, "promotionCode": str},
            ("name", "publisher", "product"),
        ),
        "tags": Texts(), "identity": Members("VirtualMachineIdentity", {"type": str}), "properties": _PROPERTIES,
    },
    ("location", "properties"),
)  # fmt: skip


VM_UPDATE = Members("VirtualMachineUpdate", {"tags": Texts()})
