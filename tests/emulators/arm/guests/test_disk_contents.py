"""Disks of emulated guests: copied, captured, booted again as the same VM, or provisioned as another."""

import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from emulators.arm import LinuxTraits, WindowsTraits
from emulators.arm.compute.vms.specs import VmSpec
from emulators.arm.guests.emulated_linux import EmulatedLinuxGuest
from emulators.arm.guests.emulated_windows import EmulatedWindowsGuest
from emulators.arm.guests.model import DiskContent, Guest
from emulators.arm.guests.traits import LinuxResidue, WindowsResidue
from tests.emulators.arm.identity_scripts import (
    LINUX_PARAMETERS,
    UPDATE_PS1,
    UPDATE_SH,
    WINDOWS_PARAMETERS,
    answer,
    identity,
    windows_identity,
)
from tests.emulators.arm.scripts import DEPROVISION_PS1, DEPROVISION_SH

NOWHERE = Path("nowhere")
HOMES = "/home"
KEY = "ssh-ed25519 AAAA builder"


async def deprovision(guest: Guest) -> None:
    windows = isinstance(guest, EmulatedWindowsGuest)
    script, parameters = (DEPROVISION_PS1, WINDOWS_PARAMETERS) if windows else (DEPROVISION_SH, LINUX_PARAMETERS)
    outcome = await guest.run(script, parameters, 60)
    assert answer(outcome)["outcome"] == ("deprovisioned" if windows else "requested")
    await guest.run_scheduled(guest.scheduled()[-1].id)
    assert guest.powered_off()


def guests() -> tuple[Guest, Guest]:
    return EmulatedLinuxGuest(LinuxTraits(), host_name="vm-7"), EmulatedWindowsGuest(WindowsTraits(), host_name="vm-7")


async def who(guest: Guest, known: str = "", old: str = "") -> dict[str, str]:
    return await (windows_identity if isinstance(guest, EmulatedWindowsGuest) else identity)(guest, known, old)


async def test_a_copy_of_a_running_vm_boots_as_the_same_one():
    for source in guests():
        await source.run(UPDATE_SH if isinstance(source, EmulatedLinuxGuest) else UPDATE_PS1, {}, 60)
        content = source.freeze()
        copy = content.guest(NOWHERE)
        ours, theirs = await who(source), await who(copy)
        assert ours.pop("bootId") != theirs.pop("bootId")
        assert int(ours.pop("clock")) <= int(theirs.pop("clock"))
        assert ours == theirs
        assert (ours["hostName"], ours["users"]) == ("vm-7", "azureuser")
        assert (copy.effects(), copy.scheduled(), copy.agent_running()) == ((), (), True)
        assert (content.packages, content.deprovisioned) == (1, False)
        assert copy.remembers_scripts()


async def test_a_snapshot_does_not_change_later():
    for source in guests():
        before = source.freeze()
        await deprovision(source)
        after = source.freeze()
        assert (before.deprovisioned, after.deprovisioned) == (False, True)
        assert (await who(before.guest(NOWHERE)))["hostName"] == "vm-7"
        source.boot()
        assert (source.freeze().deprovisioned, after.deprovisioned) == (False, True)


async def test_the_first_boot_of_an_image_creates_a_new_identity():
    for source in guests():
        old = await who(source)
        await deprovision(source)
        image = source.freeze()
        resource: list[dict[str, str]] = []
        for seed in (1, 2):
            guest = image.guest(NOWHERE)
            guest.provision(f"new-{seed}", "builder", key=KEY, rng=Random(seed))
            resource.append(await who(guest, "builder", "vm-7"))
            assert not guest.freeze().deprovisioned
        for facts in resource:
            assert (facts["users"], facts["authorizedKeys"], facts["logs"]) == ("", "", "")
            assert len(facts["identity"]) == 64
        assert [facts["hostName"] for facts in resource] == ["new-1", "new-2"]
        assert len({facts["identity"] for facts in (old, *resource)}) == 3


async def test_linux_has_new_host_keys_and_the_new_users_key():
    source, _ = guests()
    old = set((await identity(source))["sshHostKeys"].split(","))
    await deprovision(source)
    guest = source.freeze().guest(NOWHERE)
    guest.provision("new", "builder", key=KEY, rng=Random(1))
    facts = await identity(guest)
    new = facts["sshHostKeys"].split(",")
    assert len(new) == 3
    assert new == sorted(new)
    assert not old & set(new)
    assert facts["authorizedKeys"] == f"{HOMES}/builder/.ssh/authorized_keys"
    assert facts["users"] == "builder"


async def test_the_kept_user_keeps_the_account_and_the_keys():
    source, _ = guests()
    await source.run(DEPROVISION_SH, {**LINUX_PARAMETERS, "GOLDEN_KEEP_USER": "true"}, 60)
    await source.run_scheduled(source.scheduled()[0].id)
    guest = source.freeze().guest(NOWHERE)
    guest.provision("new", None)
    facts = await identity(guest)
    assert (facts["users"], facts["authorizedKeys"]) == ("azureuser", f"{HOMES}/azureuser/.ssh/authorized_keys")
    assert await identity(guest, "azureuser") == {**facts, "users": "", "authorizedKeys": ""}


async def test_the_record_of_a_run_is_on_the_disk():
    source, _ = guests()
    await source.run(DEPROVISION_SH, LINUX_PARAMETERS, 60)
    copy = source.freeze().guest(NOWHERE)
    refused = answer(await copy.run(DEPROVISION_SH, {**LINUX_PARAMETERS, "GOLDEN_RUN_ID": "run-2"}, 60))
    assert refused["code"] == "requestedByAnotherRun"
    assert copy.scheduled() == ()


LINUX_SHOWN: dict[LinuxResidue, tuple[str, str]] = {
    "user": ("users", "azureuser"),
    "authorizedKeys": ("authorizedKeys", f"/root/.ssh/authorized_keys,{HOMES}/azureuser/.ssh/authorized_keys"),
    "hostKeys": ("sshHostKeys", ""),
    "vmId": ("identity", ""),
    "logs": ("logs", "/var/log/syslog.1,/var/log/auth.log,/var/log/syslog"),
    "hostName": ("hostName", "vm-7"),
}
WINDOWS_SHOWN: dict[WindowsResidue, tuple[str, str]] = {
    "sid": ("identity", ""),
    "user": ("users", "azureuser"),
    "logs": ("logs", r"C:\Windows\Panther\setupact.log"),
    "hostName": ("hostName", "vm-7"),
}


async def assert_residue(source: Guest, fact: str, shown: str) -> None:
    """Deprovisions, provisions, and expects one fact of the old VM and no other."""
    old = await who(source)
    await deprovision(source)
    guest = source.freeze().guest(NOWHERE)
    guest.provision("new", "builder", rng=Random(1))
    new = await who(guest, "builder", "vm-7")
    lists = {"users", "authorizedKeys", "logs"}
    assert set(new[fact].split(",")) == set((shown or old[fact]).split(","))
    others = new.keys() - {fact, "clock"}
    assert [new[name] for name in others & lists] == [""] * len(others & lists)
    assert [name for name in others - lists if new[name] == old[name] != ""] == []


@pytest.mark.parametrize("left", LINUX_SHOWN)
async def test_incomplete_deprovisioning_of_linux_is_visible(left: LinuxResidue):
    await assert_residue(EmulatedLinuxGuest(LinuxTraits(leaves=(left,)), host_name="vm-7"), *LINUX_SHOWN[left])


@pytest.mark.parametrize("left", WINDOWS_SHOWN)
async def test_incomplete_deprovisioning_of_windows_is_visible(left: WindowsResidue):
    await assert_residue(EmulatedWindowsGuest(WindowsTraits(leaves=(left,)), host_name="vm-7"), *WINDOWS_SHOWN[left])


async def test_bare_waagent_cleans_less_than_the_deprovision_script():
    source, _ = guests()
    old = await identity(source)
    await source.run("waagent -deprovision+user -force", {}, 60)
    guest = source.freeze().guest(NOWHERE)
    guest.provision("new", "builder")
    facts = await identity(guest, "builder", "vm-7")
    assert facts["identity"] == old["identity"]
    assert facts["logs"].startswith("/var/log/syslog.1")
    assert (facts["hostName"], facts["users"]) == ("new", "")


async def test_a_deprovision_that_failed_leaves_a_disk_that_is_not_deprovisioned():
    linux = EmulatedLinuxGuest(LinuxTraits(waagent="fails"))
    await linux.run(DEPROVISION_SH, LINUX_PARAMETERS, 60)
    await linux.run_scheduled("job-0")
    windows = EmulatedWindowsGuest(WindowsTraits(sysprep="fails"))
    await windows.run(DEPROVISION_PS1, WINDOWS_PARAMETERS, 60)
    for guest in (linux, windows):
        assert not guest.freeze().deprovisioned


def test_a_snapshot_costs_nothing():
    source, _ = guests()
    began = time.perf_counter()
    pictures = [source.freeze() for _ in range(200)]
    assert time.perf_counter() - began < 200 * 0.03
    assert pictures[0] == pictures[-1]


@pytest.mark.parametrize("boots", ["ok", "agentNeverReady", "neverProvisions"])
def test_how_a_vm_of_it_boots_is_on_the_disk(boots: Any):
    contents: list[DiskContent] = [
        EmulatedLinuxGuest(LinuxTraits(boots=boots)).freeze(),
        EmulatedWindowsGuest(WindowsTraits(boots=boots)).freeze(),
    ]
    assert [(content.boots, content.system) for content in contents] == [(boots, "Linux"), (boots, "Windows")]
    assert contents[0].guest(NOWHERE).freeze().boots == boots


def test_traits_come_from_json_too():
    linux = {"leaves": ["logs", "hostName"], "people": ["bob"], "customize": {"a": 3}, "boots": "neverProvisions"}
    spec = VmSpec.from_json({"name": "a", "linux": linux, "windows": {"leaves": ["sid"]}})
    assert spec.linux == LinuxTraits(
        leaves=("logs", "hostName"), people=("bob",), customize={"a": 3}, boots="neverProvisions"
    )
    assert spec.windows.leaves == ("sid",)
    for document in ({"linux": {"leaves": ["sid"]}}, {"windows": {"leaves": ["hostKeys"]}}):
        with pytest.raises(ValueError, match="is not a known kind of residue"):
            VmSpec.from_json({"name": "a", **document})
