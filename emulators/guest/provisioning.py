"""The first boot of a VM that was created from a generalized image, as the Azure agent and cloud-init do it."""

import random
from pathlib import Path

from emulators.guest.file_tree import OVF, create_boot_state, host_key_files
from emulators.guest.traits import DISTRIBUTIONS, LinuxTraits, must_be_account, must_be_host_name


def provision(
    root: Path, traits: LinuxTraits, host_name: str, user: str | None, key: str | None, rng: random.Random
) -> None:
    """Gives the VM a name, an identity and a user, and boots it. Residue of the deprovisioning stays.

    Raises ValueError for an invalid host name or account name.
    """
    must_be_host_name(host_name)
    if user is not None:
        must_be_account(user)
    if "hostName" not in traits.leaves:
        (root / "etc/hostname").write_text(f"{host_name}\n")
    machine_id = give_identity(root, rng)
    write_logs(root, traits, host_name, machine_id)
    agent = {"provisioned": "x\n", "Certificates.pem": "certificate\n"}
    if user is not None:
        add_account(root, user, key)
        agent["ovf-env.xml"] = OVF.format(user)
    for name, text in agent.items():
        write(root / "var/lib/waagent" / name, text)
    create_boot_state(root, traits)


def give_identity(root: Path, rng: random.Random) -> str:
    """Fills an empty machine-id and creates missing SSH host keys; returns the machine-id."""
    fresh, seed = f"{rng.getrandbits(128):032x}", f"{rng.getrandbits(128):032x}"
    machine_id = text_of(root / "etc/machine-id").strip() or fresh
    for name in ("etc/machine-id", "var/lib/dbus/machine-id"):
        if not text_of(root / name).strip():
            write(root / name, f"{machine_id}\n")
    if not list((root / "etc/ssh").glob("ssh_host_*")):
        for name, text in host_key_files(text_of(root / "etc/hostname").strip(), seed).items():
            write(root / name, text)
    write(root / "var/lib/systemd/random-seed", "seed\n")
    return machine_id


def add_account(root: Path, user: str, key: str | None) -> None:
    """Adds an account with a home and sudo rights, unless it exists; `key` is its public SSH key."""
    accounts = text_of(root / "etc/passwd")
    if not any(line.startswith(f"{user}:") for line in accounts.splitlines()):
        number = max([999, *(int(line.split(":")[2]) for line in accounts.splitlines())]) + 1
        write(root / "etc/passwd", f"{accounts}{user}:x:{number}:{number}::/home/{user}:/bin/bash\n")
        write(root / "etc/shadow", f"{text_of(root / 'etc/shadow')}{user}:!:1::::::\n")
        write(root / "etc/group", f"{text_of(root / 'etc/group')}{user}:x:{number}:\n")
    (root / "home" / user).mkdir(parents=True, exist_ok=True)
    write(root / "etc/sudoers.d/waagent", f"{user} ALL=(ALL) ALL\n")
    if key is not None:
        write(root / f"home/{user}/.ssh/authorized_keys", f"{key.strip()}\n")


def write_logs(root: Path, traits: LinuxTraits, host_name: str, machine_id: str) -> None:
    """Appends the logs of the first boot to the existing logs."""
    logs = {"syslog": f"{host_name} systemd: booted\n", "waagent.log": "INFO Provisioning complete\n"}
    if DISTRIBUTIONS[traits.distribution].has_cloud_init:
        logs["cloud-init.log"] = f"{host_name} provisioned\n"
        write(root / "var/lib/cloud/instance/obj.pkl", "x\n")
    logs[f"journal/{machine_id}/system.journal"] = "journal\n"
    for name, text in logs.items():
        write(root / "var/log" / name, text_of(root / "var/log" / name) + text)


def text_of(path: Path) -> str:
    """The file's text; empty when there is none."""
    return path.read_text() if path.is_file() else ""


def write(path: Path, text: str) -> None:
    """Writes a file, and creates its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
