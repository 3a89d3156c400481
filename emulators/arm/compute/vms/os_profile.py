"""The osProfile of a new VM: names and passwords that Azure accepts, and what GET returns of it."""

import re
from typing import Any

from emulators.arm.errors import ArmError, invalid_parameter, missing_parameter

_FORBIDDEN_USERS = frozenset({
    "1", "123", "a", "actuser", "adm", "admin", "admin1", "admin2", "administrator", "aspnet", "backup", "console",
    "david", "guest", "john", "owner", "root", "server", "sql", "support", "support_388945a0", "sys", "test", "test1",
    "test2", "test3", "user", "user1", "user2", "user3", "user4", "user5",
})  # fmt: skip
_WINDOWS_NAME = re.compile(r"[^`~!@#$%^&*()=+_\[\]{}\\|;:.'\",<>/?\s]{1,15}")
_LINUX_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,63}")
_KINDS = (r"[A-Z]", r"[a-z]", r"\d", r"[^A-Za-z0-9]")
_LONGEST = {"Linux": 72, "Windows": 123}


def check_absent(profile: dict[str, Any] | None) -> None:
    """Raises 400 when an osProfile is set for a disk or image that is not provisioned."""
    if profile is not None:
        raise invalid_parameter("osProfile", "Parameter 'osProfile' is not allowed.")


def check_profile(profile: dict[str, Any] | None, os_type: str) -> None:
    """Raises 400 for an osProfile that Azure does not accept for a generalized image."""
    if profile is None:
        raise missing_parameter("osProfile")
    _check_name(profile["computerName"], os_type)
    if profile["adminUsername"].lower() in _FORBIDDEN_USERS or profile["adminUsername"].endswith("."):
        raise invalid_parameter("adminUsername", "The Admin Username specified is not allowed.")
    other = "windowsConfiguration" if os_type == "Linux" else "linuxConfiguration"
    if other in profile:
        raise invalid_parameter(other, f"Parameter '{other}' is not allowed.")
    password = profile.get("adminPassword")
    if password is not None:
        _check_password(password, os_type)
    if os_type == "Windows":
        if password is None:
            raise missing_parameter("adminPassword")
        return
    linux = profile.get("linuxConfiguration", {})
    keys = linux.get("ssh", {}).get("publicKeys", [])
    if not keys and (password is None or linux.get("disablePasswordAuthentication")):
        message = "Authentication using either SSH or by user name and password must be enabled in Linux profile."
        raise invalid_parameter("linuxConfiguration", message)
    home = f"/home/{profile['adminUsername']}/.ssh/authorized_keys"
    for key in keys:
        _check_key(key, home)


def _check_name(name: str, os_type: str) -> None:
    if os_type == "Windows" and (not _WINDOWS_NAME.fullmatch(name) or name.isdigit()):
        message = (
            "Windows computer name cannot be more than 15 characters long, be entirely numeric, or contain the "
            "following characters: ` ~ ! @ # $ % ^ & * ( ) = + _ [ ] { } \\ | ; : . ' \" , < > / ?."
        )
        raise invalid_parameter("computerName", message)
    if os_type == "Linux" and not _LINUX_NAME.fullmatch(name):
        message = (
            "Linux host name cannot exceed 64 characters in length or contain the following characters: "
            "` ~ ! @ # $ % ^ & * ( ) = + _ [ ] { } \\ | ; : ' \" , < > / ?."
        )
        raise invalid_parameter("computerName", message)


def _check_password(password: str, os_type: str) -> None:
    longest = _LONGEST[os_type]
    kinds = sum(re.search(kind, password) is not None for kind in _KINDS)
    if not 12 <= len(password) <= longest or kinds < 3 or re.search(r"[\x00-\x1f]", password):
        message = (
            f"The supplied password must be between 12-{longest} characters long and must satisfy at least 3 of "
            "password complexity requirements from the following:\r\n1) Contains an uppercase character\r\n"
            "2) Contains a lowercase character\r\n3) Contains a numeric digit\r\n"
            "4) Contains a special character\r\n5) Control characters are not allowed"
        )
        raise invalid_parameter("adminPassword", message)


def _check_key(key: dict[str, Any], home: str) -> None:
    if key.get("path", home) != home:
        message = f"Destination path for SSH public keys is currently limited to its default value '{home}'."
        raise invalid_parameter("linuxConfiguration.ssh.publicKeys.path", message)
    if not re.match(r"(ssh-rsa|ssh-ed25519) [A-Za-z0-9+/=]{16,}", key["keyData"]):
        message = "The value of parameter linuxConfiguration.ssh.publicKeys.keyData is invalid."
        raise ArmError(400, "InvalidParameter", message, target="linuxConfiguration.ssh.publicKeys.keyData")


def shown_profile(profile: dict[str, Any] | None, os_type: str) -> dict[str, Any] | None:
    """The osProfile as GET returns it, without the password."""
    if profile is None:
        return None
    kept = {name: value for name, value in profile.items() if name != "adminPassword"}
    defaults: dict[str, Any] = {"provisionVMAgent": True}
    if os_type == "Linux":
        defaults = {"disablePasswordAuthentication": False, **defaults}
        kept["linuxConfiguration"] = {**defaults, **kept.get("linuxConfiguration", {})}
    else:
        defaults["enableAutomaticUpdates"] = True
        kept["windowsConfiguration"] = {**defaults, **kept.get("windowsConfiguration", {})}
    return {"secrets": [], "allowExtensionOperations": True, "requireGuestProvisionSignal": True, **kept}


def first_key(profile: dict[str, Any]) -> str | None:
    """The first public SSH key of the profile's user."""
    keys = profile.get("linuxConfiguration", {}).get("ssh", {}).get("publicKeys", [])
    return str(keys[0]["keyData"]) if keys else None
