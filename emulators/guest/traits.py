"""The traits of an emulated Linux VM: its distribution, its agent and its tools to detach work."""

import re
from dataclasses import dataclass
from typing import Literal

DETACH_TOOLS = ("systemd-run", "at", "setsid")
ORPHANS = ("user", "authorizedKeys", "hostKeys", "vmId", "logs", "hostName")


@dataclass(frozen=True)
class Distribution:
    """One distribution as the guest sees it: os-release fields, the agent's service, its package manager (or none)."""

    identity: str
    version: str
    like: str = ""
    agent_service: str = "waagent"
    has_cloud_init: bool = True
    packages: Literal["apt-get", "dnf", "yum", "zypper", "tdnf"] | None = "dnf"

    def os_release(self) -> str:
        """The text of /etc/os-release, quoted the way distributions do (values may or may not be quoted)."""
        like = f'ID_LIKE="{self.like}"\n' if self.like else ""
        return f'NAME="{self.identity} Linux"\nID={self.identity}\n{like}VERSION_ID="{self.version}"\n'


DISTRIBUTIONS = {
    "ubuntu-22.04": Distribution("ubuntu", "22.04", "debian", "walinuxagent", packages="apt-get"),
    "ubuntu-24.04": Distribution("ubuntu", "24.04", "debian", "walinuxagent", packages="apt-get"),
    "debian-12": Distribution("debian", "12", agent_service="walinuxagent", packages="apt-get"),
    "rhel-9": Distribution("rhel", "9.4", "fedora"),
    "centos-7": Distribution("centos", "7", "rhel fedora", packages="yum"),
    "almalinux-9": Distribution("almalinux", "9.4", "rhel centos fedora"),
    "rocky-9": Distribution("rocky", "9.4", "rhel centos fedora"),
    "oracle-9": Distribution("ol", "9.4", "fedora"),
    "sles-15": Distribution("sles", "15.6", "suse", packages="zypper"),
    "azurelinux-3": Distribution("azurelinux", "3.0", "mariner", packages="tdnf"),
    "flatcar": Distribution("flatcar", "3975.2.0", "coreos", has_cloud_init=False, packages=None),
    "ubuntu-14.04": Distribution("ubuntu", "14.04", "debian", "walinuxagent", packages="apt-get"),
    "unknown-1": Distribution("homemade", "1", "rhel"),
}


@dataclass(frozen=True)
class LinuxTraits:
    """How an emulated VM behaves.

    distribution is a key of DISTRIBUTIONS; detach names the tools that can schedule work (DETACH_TOOLS;
    systemd-run includes systemctl). people have accounts in addition to user. packages: an update works, fails, or
    finds the lock held permanently. leaves names the residue of a deprovisioning that reports success (ORPHANS).
    Raises ValueError for other values.
    """

    distribution: str = "ubuntu-22.04"
    waagent: Literal["ok", "fails", "missing"] = "ok"
    detach: tuple[str, ...] = ("systemd-run", "at")
    user: str = "azureuser"
    cloud_init: Literal["ok", "fails"] = "ok"
    people: tuple[str, ...] = ("alice",)
    packages: Literal["ok", "fails", "locked"] = "ok"
    leaves: tuple[str, ...] = ()
    host_name: str = "source-vm"

    def __post_init__(self) -> None:
        if self.distribution not in DISTRIBUTIONS:
            raise ValueError(f"distribution {self.distribution!r} is not one of {', '.join(DISTRIBUTIONS)}")
        if unknown := set(self.detach) - set(DETACH_TOOLS):
            raise ValueError(f"detach: {sorted(unknown)} are not among {', '.join(DETACH_TOOLS)}")
        if unknown := set(self.leaves) - set(ORPHANS):
            raise ValueError(f"leaves: {sorted(unknown)} are not among {', '.join(ORPHANS)}")
        for user in (self.user, *self.people):
            must_be_account(user)
        must_be_host_name(self.host_name)


def must_be_account(name: str) -> None:
    """Raises ValueError for an invalid Linux account name."""
    if not re.fullmatch(r"[a-z_][a-z0-9_-]{0,31}", name):
        raise ValueError(f"user {name!r} is not a Linux account name")


def must_be_host_name(name: str) -> None:
    """Raises ValueError for an invalid host name."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}", name):
        raise ValueError(f"{name!r} is not a host name")
