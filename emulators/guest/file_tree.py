"""Creates the file tree of an emulated Linux VM, with everything that a generalized image must not contain."""

import os
import shutil
import uuid
from functools import cache
from hashlib import sha256
from pathlib import Path

from emulators.guest.isolation import create_skeleton
from emulators.guest.traits import DISTRIBUTIONS, LinuxTraits

STUBS = Path(__file__).with_name("stubs")
OVF = '<wa:ProvisioningSection xmlns:wa="http://schemas.microsoft.com/windowsazure"><wa:UserName>{}</wa:UserName>'
KEY_KINDS = {"rsa": "ssh-rsa", "ecdsa": "ecdsa-sha2-nistp256", "ed25519": "ssh-ed25519"}


def create_file_tree(root: Path, traits: LinuxTraits) -> None:
    """Creates the VM below root unless one exists; an incomplete tree of an earlier process is replaced."""
    if (root / ".machine/complete").exists():
        return
    if root.exists():
        shutil.rmtree(root)
    create_skeleton(root)
    files = {**system_files(traits), **personal_files(traits), **agent_files(traits)}
    for folder in {path.rpartition("/")[0] for path in files}:
        (root / folder).mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        (root / path).write_text(text)
    (root / "var/run").symlink_to("../run")
    create_consoles(root)
    install_stubs(root, traits)
    create_boot_state(root, traits)
    (root / ".machine/complete").touch()


def create_consoles(root: Path) -> None:
    """One empty file under two names: on Azure both are the same line, and both appear in the serial log."""
    (root / "dev/ttyS0").touch()
    os.link(root / "dev/ttyS0", root / "dev/console")


def create_boot_state(root: Path, traits: LinuxTraits) -> None:
    """The state after a boot: an empty /run with the files of the services, a new boot id, and a running agent."""
    shutil.rmtree(root / "run")
    (root / "run").mkdir()
    (root / ".machine/deprovisioned").unlink(missing_ok=True)
    (root / "proc/sys/kernel/random").mkdir(parents=True, exist_ok=True)
    (root / "proc/sys/kernel/random/boot_id").write_text(f"{uuid.uuid4()}\n")
    (root / "proc/sys/kernel/hostname").write_bytes((root / "etc/hostname").read_bytes())
    if "systemd-run" in traits.detach:
        (root / "run/systemd/system").mkdir(parents=True)
    if "at" in traits.detach:
        (root / "run/atd.pid").write_text("321\n")
    (root / ".machine/agent").write_text("stopped\n" if traits.waagent == "missing" else "running\n")
    (root / ".machine/power").write_text("on\n")


def install_stubs(root: Path, traits: LinuxTraits) -> None:
    """Puts the stubs of the VM's services on its PATH, according to the traits."""
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
    places["hostname"] = "usr/bin/hostname"
    for name, place in places.items():
        install(name, root / place)
    install("poweroff", root / "usr/sbin/shutdown")
    for tool in ("date", "uname"):
        (root / "usr/bin" / tool).rename(root / ".machine/bin" / tool)
        install(tool, root / "usr/bin" / tool)
    install_packages(root, DISTRIBUTIONS[traits.distribution].packages)


def install_packages(root: Path, manager: str | None) -> None:
    """Puts the distribution's package manager on the PATH, with the tool that reports whether a reboot is needed."""
    if manager is None:
        return
    install("package-manager", root / "usr/bin" / manager)
    if manager in ("dnf", "yum"):
        install("needs-restarting", root / "usr/bin/needs-restarting")


def install(name: str, place: Path) -> None:
    """Installs one stub, executable."""
    place.write_bytes(stub(name))
    place.chmod(0o755)


@cache
def stub(name: str) -> bytes:
    """The text of a stub, read once."""
    return (STUBS / name).read_bytes()


def system_files(traits: LinuxTraits) -> dict[str, str]:
    """Identity, network leases and logs of the VM (guest path without its leading slash, text)."""
    host, machine_id = traits.host_name, vm_id_of(traits)
    files = {
        "etc/os-release": DISTRIBUTIONS[traits.distribution].os_release(),
        "etc/machine-id": machine_id + "\n",
        "etc/hostname": f"{host}\n",
        "etc/resolv.conf": "nameserver 168.63.129.16\n",
        "etc/sudoers.d/90-cloud-init-users": f"{traits.user} ALL=(ALL) NOPASSWD:ALL\n",
        "etc/sudoers.d/waagent": f"{traits.user} ALL=(ALL) ALL\n",
        "var/lib/dbus/machine-id": machine_id + "\n",
        "var/lib/dhcp/dhclient.eth0.leases": "lease { fixed-address 10.0.0.4; }\n",
        "var/lib/NetworkManager/internal-eth0.lease": "ADDRESS=10.0.0.4\n",
        "var/lib/systemd/random-seed": "seed\n",
        "var/lib/cloud/instances/i-1/user-data.txt": "#cloud-config\n",
        "var/lib/cloud/instance/obj.pkl": "x\n",
        "var/lib/cloud/seed/ovf-env.xml": "x\n",
        "var/log/cloud-init.log": "provisioned\n",
        "var/log/syslog": f"{host} sshd: accepted\n",
        "var/log/syslog.1": "older\n",
        "var/log/auth.log": f"{host} sudo\n",
        f"var/log/journal/{machine_id}/system.journal": "journal\n",
        "tmp/left-over": "x\n",
    }
    return {**files, **host_key_files(host, machine_id)}


def vm_id_of(traits: LinuxTraits) -> str:
    """The machine-id of a VM that was created without provisioning; it depends on the host name."""
    return sha256(f"machine-id of {traits.host_name}".encode()).hexdigest()[:32]


def host_key_files(host: str, seed: str) -> dict[str, str]:
    """Private and public SSH host keys, unique for the seed; the public key ends with its comment."""
    files: dict[str, str] = {}
    for algorithm, kind in KEY_KINDS.items():
        public = sha256(f"{seed} {kind}".encode()).hexdigest()
        files[f"etc/ssh/ssh_host_{algorithm}_key"] = f"private {kind}\n"
        files[f"etc/ssh/ssh_host_{algorithm}_key.pub"] = f"{kind} {public} root@{host}\n"
    return files


def personal_files(traits: LinuxTraits) -> dict[str, str]:
    """Accounts, their keys and shell histories: root, the provisioned user, and other people."""
    numbered = list(enumerate((traits.user, *traits.people), 1000))
    accounts = [f"{name}:x:{number}:{number}::/home/{name}:/bin/bash\n" for number, name in numbered]
    system = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
    files = {
        "etc/passwd": system + "".join(accounts),
        "etc/shadow": "root:$6$secret:1::::::\n" + "".join(f"{name}:!:1::::::\n" for _, name in numbered),
        "etc/group": "root:x:0:\n" + "".join(f"{name}:x:{number}:\n" for number, name in numbered),
    }
    people = {"root": "root", **{name: f"home/{name}" for _, name in numbered}}
    for name, home in people.items():
        files[f"{home}/.ssh/authorized_keys"] = f"ssh-ed25519 AAAA {name}\n"
        files[f"{home}/.bash_history"] = "history of " + name + "\n"
    return files


def agent_files(traits: LinuxTraits) -> dict[str, str]:
    """The files of the Azure Linux agent, and the files that the stubs read (.machine)."""
    return {
        "var/lib/waagent/ovf-env.xml": OVF.format(traits.user),
        "var/lib/waagent/provisioned": "x\n",
        "var/lib/waagent/Certificates.pem": "certificate\n",
        "var/log/waagent.log": "INFO Daemon started\n",
        "var/log/azure/run-command-handler/handler.log": "event=enabled\n",
        ".machine/waagent": traits.waagent + "\n",
        ".machine/cloud-init": traits.cloud_init + "\n",
        ".machine/packages": traits.packages + "\n",
        ".machine/agent-service": DISTRIBUTIONS[traits.distribution].agent_service + "\n",
        ".machine/effects": "",
    }
