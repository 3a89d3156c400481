"""Lays the file tree of a made-up Linux machine: everything that a generalized image must not carry over is there."""

import os
import shutil
from functools import cache
from pathlib import Path

from workbench.guest_sandbox.isolation import lay_skeleton
from workbench.guest_sandbox.traits import DISTRIBUTIONS, LinuxTraits

STUBS = Path(__file__).with_name("stubs")
MACHINE_ID = "4f1c0d9be5c64ac0b9b1a0f6d6a3c7e2"
OVF = '<wa:ProvisioningSection xmlns:wa="http://schemas.microsoft.com/windowsazure"><wa:UserName>{}</wa:UserName>'


def lay_machine(root: Path, traits: LinuxTraits) -> None:
    """Lays the machine below root unless one is there; a half-laid tree of an earlier process is replaced."""
    if (root / ".machine/laid").exists():
        return
    if root.exists():
        shutil.rmtree(root)
    lay_skeleton(root)
    files = {**system_files(traits), **personal_files(traits), **agent_files(traits)}
    for folder in {path.rpartition("/")[0] for path in files}:
        (root / folder).mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        (root / path).write_text(text)
    # One file under two names: on Azure both are the same line, and both end in the serial log.
    (root / "dev/ttyS0").touch()
    os.link(root / "dev/ttyS0", root / "dev/console")
    install_stubs(root, traits)
    lay_power_on(root, traits)
    (root / ".machine/laid").touch()


def lay_power_on(root: Path, traits: LinuxTraits) -> None:
    """What a boot brings: an empty /run with what the services keep there, and a running agent."""
    shutil.rmtree(root / "run")
    (root / "run").mkdir()
    if "systemd-run" in traits.detach:
        (root / "run/systemd/system").mkdir(parents=True)
    if "at" in traits.detach:
        (root / "run/atd.pid").write_text("321\n")
    (root / ".machine/agent").write_text("stopped\n" if traits.waagent == "missing" else "running\n")
    (root / ".machine/power").write_text("on\n")


def install_stubs(root: Path, traits: LinuxTraits) -> None:
    """Puts the stand-ins for the machine's services on its PATH, according to the traits."""
    (root / ".machine/bin").mkdir()
    (root / ".machine/jobs").mkdir()
    install("record-job", root / ".machine/bin/record-job")
    places = {"poweroff": "usr/sbin/poweroff", "sleep": "usr/bin/sleep", "sync": "usr/bin/sync"}
    if traits.waagent != "missing":
        places["waagent"] = "usr/sbin/waagent"
    if DISTRIBUTIONS[traits.distribution].has_cloud_init:
        places["cloud-init"] = "usr/bin/cloud-init"
    if "systemd-run" in traits.detach:
        places |= {name: f"usr/bin/{name}" for name in ("systemd-run", "systemctl", "journalctl")}
    else:
        places["service"] = "usr/sbin/service"
    if "at" in traits.detach:
        places |= {"at": "usr/bin/at", "atrm": "usr/bin/atrm"}
    if "setsid" in traits.detach:
        places["setsid"] = "usr/bin/setsid"
    for name, place in places.items():
        install(name, root / place)
    install("poweroff", root / "usr/sbin/shutdown")
    (root / "usr/bin/date").rename(root / ".machine/bin/date")
    install("date", root / "usr/bin/date")


def install(name: str, place: Path) -> None:
    """Puts one stand-in at its place, executable."""
    place.write_bytes(stub(name))
    place.chmod(0o755)


@cache
def stub(name: str) -> bytes:
    """The text of a stand-in, read once."""
    return (STUBS / name).read_bytes()


def system_files(traits: LinuxTraits) -> dict[str, str]:
    """Identity, network leases and logs of the machine (guest path without its leading slash, text)."""
    files = {
        "etc/os-release": DISTRIBUTIONS[traits.distribution].os_release(),
        "etc/machine-id": MACHINE_ID + "\n",
        "etc/hostname": "source-vm\n",
        "etc/resolv.conf": "nameserver 168.63.129.16\n",
        "etc/sudoers.d/90-cloud-init-users": f"{traits.user} ALL=(ALL) NOPASSWD:ALL\n",
        "etc/sudoers.d/waagent": f"{traits.user} ALL=(ALL) ALL\n",
        "var/lib/dbus/machine-id": MACHINE_ID + "\n",
        "var/lib/dhcp/dhclient.eth0.leases": "lease { fixed-address 10.0.0.4; }\n",
        "var/lib/NetworkManager/internal-eth0.lease": "ADDRESS=10.0.0.4\n",
        "var/lib/systemd/random-seed": "seed\n",
        "var/lib/cloud/instances/i-1/user-data.txt": "#cloud-config\n",
        "var/lib/cloud/instance/obj.pkl": "x\n",
        "var/lib/cloud/seed/ovf-env.xml": "x\n",
        "var/log/cloud-init.log": "provisioned\n",
        "var/log/syslog": "source-vm sshd: accepted\n",
        "var/log/syslog.1": "older\n",
        "var/log/auth.log": "source-vm sudo\n",
        f"var/log/journal/{MACHINE_ID}/system.journal": "journal\n",
        "tmp/left-over": "x\n",
    }
    for algorithm in ("rsa", "ecdsa", "ed25519"):
        files[f"etc/ssh/ssh_host_{algorithm}_key"] = "private\n"
        files[f"etc/ssh/ssh_host_{algorithm}_key.pub"] = "public\n"
    return files


def personal_files(traits: LinuxTraits) -> dict[str, str]:
    """Accounts, their keys and shell histories: root, the provisioned user, and a second person (alice)."""
    user = traits.user
    people = {"root": "root", user: f"home/{user}", "alice": "home/alice"}
    files = {
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
        f"{user}:x:1000:1000::/home/{user}:/bin/bash\nalice:x:1001:1001::/home/alice:/bin/bash\n",
        "etc/shadow": f"root:$6$secret:1::::::\n{user}:!:1::::::\nalice:!:1::::::\n",
        "etc/group": f"root:x:0:\n{user}:x:1000:\nalice:x:1001:\n",
    }
    for name, home in people.items():
        files[f"{home}/.ssh/authorized_keys"] = f"ssh-ed25519 AAAA {name}\n"
        files[f"{home}/.bash_history"] = "history of " + name + "\n"
    return files


def agent_files(traits: LinuxTraits) -> dict[str, str]:
    """What the Azure Linux agent keeps, and what the stand-ins read (.machine)."""
    return {
        "var/lib/waagent/ovf-env.xml": OVF.format(traits.user),
        "var/lib/waagent/provisioned": "x\n",
        "var/lib/waagent/Certificates.pem": "certificate\n",
        "var/log/waagent.log": "INFO Daemon started\n",
        "var/log/azure/run-command-handler/handler.log": "event=enabled\n",
        ".machine/waagent": traits.waagent + "\n",
        ".machine/cloud-init": traits.cloud_init + "\n",
        ".machine/agent-service": DISTRIBUTIONS[traits.distribution].agent_service + "\n",
        ".machine/effects": "",
    }
