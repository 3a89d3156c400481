"""What an emulated Linux VM has on its disk, and how deprovisioning and a first boot change it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from emulators.arm.guests.traits import LinuxTraits

_UNNAMED = "localhost.localdomain"


def digest(text: str) -> str:
    """The sha256 of a text in hex; empty for an empty text."""
    return sha256(text.encode()).hexdigest() if text else ""


@dataclass(frozen=True)
class LinuxDisk:
    """The state of the disk at one moment. A deprovisioned disk has an empty `machine_id` and no host keys."""

    host_name: str
    machine_id: str
    host_keys: tuple[str, ...]
    #: Human accounts; the one that ovf-env.xml names is `provisioned_user` (empty without that file).
    users: tuple[str, ...]
    provisioned_user: str
    key_files: tuple[str, ...]
    rotated_logs: tuple[str, ...] = ()
    #: Logs in use: file and the host name in it.
    logs: tuple[tuple[str, str], ...] = ()
    #: How often packages were updated.
    packages: int = 0
    requested: str | None = None
    failure: str = ""
    #: The agent's state, with its run command history.
    remembers_scripts: bool = False
    deprovisioned: bool = False

    @staticmethod
    def new(traits: LinuxTraits, host_name: str, rng: random.Random) -> "LinuxDisk":
        """The disk of a VM that has been in use."""
        return LinuxDisk(
            host_name=host_name,
            machine_id=f"{rng.getrandbits(128):032x}",
            host_keys=_host_keys(rng),
            users=(traits.user, *traits.people),
            provisioned_user=traits.user,
            key_files=tuple(_key_file(user) for user in ("root", traits.user, *traits.people)),
            rotated_logs=("/var/log/syslog.1",),
            logs=(("/var/log/auth.log", host_name), ("/var/log/syslog", host_name)),
        )

    def after_waagent(self, traits: LinuxTraits, keep_user: bool, thorough: bool) -> "LinuxDisk":
        """The disk after waagent; `thorough`: also after the deprovision script. Residue that the traits name stays."""
        left: Sequence[str] = traits.leaves if thorough else (*traits.leaves, "vmId", "logs", "authorizedKeys")
        stays = self.provisioned_user if keep_user or "user" in left else ""
        gone = {self.provisioned_user} - {stays}
        kept_keys = {_key_file(self.provisioned_user)} if keep_user else set[str]()
        if "authorizedKeys" in left:
            kept_keys = set(self.key_files)
        return replace(
            self,
            host_name=self.host_name if "hostName" in left else _UNNAMED,
            machine_id=self.machine_id if "vmId" in left else "",
            host_keys=self.host_keys if "hostKeys" in left else (),
            users=tuple(user for user in self.users if user not in gone),
            provisioned_user="",
            key_files=tuple(file for file in self.key_files if file in kept_keys),
            rotated_logs=self.rotated_logs if "logs" in left else (),
            logs=self.logs if "logs" in left else (),
            requested=None,
            failure="",
            remembers_scripts=False,
            deprovisioned=True,
        )

    def provisioned(
        self, traits: LinuxTraits, host_name: str, user: str | None, key: str | None, rng: random.Random
    ) -> "LinuxDisk":
        """After the first boot of an image: what is missing is created, residue stays."""
        name = self.host_name if "hostName" in traits.leaves else host_name
        users = self.users if user is None or user in self.users else (*self.users, user)
        keys = {*self.key_files, *([_key_file(user)] if user and key else [])}
        return replace(
            self,
            host_name=name,
            machine_id=self.machine_id or f"{rng.getrandbits(128):032x}",
            host_keys=self.host_keys or _host_keys(rng),
            users=users,
            provisioned_user=user or "",
            key_files=tuple(sorted(keys)),
            logs=(*self.logs, ("/var/log/cloud-init.log", name)),
            deprovisioned=False,
        )

    def report(self, known_user: str, old_host: str, boot_id: str) -> dict[str, str]:
        """The facts of the identity script's answer."""
        # A VM with the old host name names itself in its logs; `hostName` already shows that.
        foreign = old_host and old_host != self.host_name
        named = [file for file, host in self.logs if foreign and host == old_host]
        return {
            "hostName": self.host_name,
            "identity": digest(self.machine_id),
            "sshHostKeys": ",".join(sorted(digest(key) for key in self.host_keys)),
            "users": ",".join(user for user in self.users if user != known_user),
            "authorizedKeys": ",".join(file for file in self.key_files if file != _key_file(known_user)),
            "logs": ",".join([*self.rotated_logs, *named][:5]),
            "bootId": boot_id,
        }


def _key_file(user: str) -> str:
    home = "/root" if user == "root" else f"/home/{user}"
    return f"{home}/.ssh/authorized_keys"


def _host_keys(rng: random.Random) -> tuple[str, ...]:
    kinds = ("ssh-rsa", "ecdsa-sha2-nistp256", "ssh-ed25519")
    return tuple(f"{kind} {rng.getrandbits(256):064x}\n" for kind in kinds)
