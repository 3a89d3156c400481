"""What an emulated Windows VM has on its disk, and how deprovisioning and a first boot change it."""

import random
from dataclasses import dataclass, replace

from emulators.arm.guests.linux_disk import digest
from emulators.arm.guests.traits import WindowsTraits

COMPLETE = "IMAGE_STATE_COMPLETE"
UNDEPLOYABLE = "IMAGE_STATE_UNDEPLOYABLE"
DEPROVISIONED = "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"


@dataclass(frozen=True)
class WindowsDisk:
    """The state of the disk at one moment. `sid` (the machine SID) is empty on a deprovisioned disk."""

    host_name: str
    sid: str
    users: tuple[str, ...]
    #: Residue of the source VM: a file and the host name in it.
    logs: tuple[tuple[str, str], ...] = ()
    #: How often packages were updated.
    packages: int = 0
    image_state: str = COMPLETE
    sysprep_exit_code: int | None = None
    deprovisioned: bool = False

    @staticmethod
    def new(traits: WindowsTraits, host_name: str, rng: random.Random) -> "WindowsDisk":
        """The disk of a VM that has been in use."""
        logs = ((r"C:\Windows\Panther\setupact.log", host_name),)
        return WindowsDisk(host_name, _sid(rng), tuple(dict.fromkeys((traits.user, *traits.administrators))), logs)

    def syspreped(self, traits: WindowsTraits) -> "WindowsDisk":
        """The disk after Sysprep; residue that the traits name stays."""
        left = traits.leaves
        return replace(
            self,
            host_name=self.host_name if "hostName" in left else "",
            sid=self.sid if "sid" in left else "",
            users=self.users if "user" in left else (),
            logs=self.logs if "logs" in left else (),
            image_state=DEPROVISIONED,
            sysprep_exit_code=0,
            deprovisioned=True,
        )

    def provisioned(
        self, traits: WindowsTraits, host_name: str, user: str | None, rng: random.Random
    ) -> "WindowsDisk":  # fmt: skip
        """After the first boot of an image: what is missing is created, residue stays."""
        return replace(
            self,
            host_name=self.host_name if "hostName" in traits.leaves else host_name,
            sid=self.sid or _sid(rng),
            users=self.users if user is None or user in self.users else (*self.users, user),
            image_state=COMPLETE,
            sysprep_exit_code=None,
            deprovisioned=False,
        )

    def report(self, known_user: str, old_host: str, boot_id: str) -> dict[str, str]:
        """The facts of the identity script's answer."""
        # A VM with the old host name names itself in its logs; `hostName` already shows that.
        foreign = old_host and old_host != self.host_name
        return {
            "hostName": self.host_name,
            "identity": digest(self.sid),
            "sshHostKeys": "",
            "users": ",".join(user for user in self.users if user.lower() != known_user.lower()),
            "authorizedKeys": "",
            "logs": ",".join([file for file, host in self.logs if foreign and host == old_host][:5]),
            "bootId": boot_id,
        }


def _sid(rng: random.Random) -> str:
    return "S-1-5-21-" + "-".join(str(rng.getrandbits(31)) for _ in range(3))
