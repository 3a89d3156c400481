"""The Linux script on VMs where everything succeeds."""

from pathlib import Path

import pytest

from emulators.guest import LinuxTraits
from emulators.guest.traits import DISTRIBUTIONS
from tests.guest.vms import NONCE, OTHER_SHELLS, RUN_ID, Vm, needs_sandbox

pytestmark = needs_sandbox

SUPPORTED = [name for name in DISTRIBUTIONS if name not in ("unknown-1", "ubuntu-14.04")]
DEPROVISIONED = f"GOLDEN-IMAGE-DEPROVISIONED {RUN_ID} {NONCE}"


@pytest.mark.parametrize("distribution", SUPPORTED)
async def test_requests_then_deprovisions_and_powers_off(tmp_path: Path, distribution: str):
    vm = Vm.create(tmp_path, LinuxTraits(distribution=distribution))
    result, answer = await vm.request()
    assert (result.exit_code, answer["outcome"], answer["code"]) == (0, "requested", "")
    assert (answer["runId"], answer["nonce"]) == (RUN_ID, NONCE)
    system = DISTRIBUTIONS[distribution]
    assert answer["facts"]["distribution"] == f"{system.identity} {system.version}"
    assert (answer["facts"]["method"], answer["facts"]["delaySeconds"]) == ("systemd-run", "60")
    assert vm.calls("waagent") == []
    assert vm.guest.agent_running()
    await vm.deprovision()
    assert vm.guest.powered_off()
    steps = ("cloud-init ", "waagent ", "sync", "systemctl ")  # this order keeps the agent longest
    clean = ["cloud-init clean --logs --seed"] if system.has_cloud_init else []
    effects = [line for line in vm.guest.effects() if line.startswith(steps)]
    assert effects == [*clean, "waagent -deprovision+user -force", "sync", "systemctl poweroff"]
    assert vm.guest.effects()[-1] == effects[-1]
    assert [line for line in vm.guest.effects() if NONCE in line or RUN_ID in line] == []
    lines = [line for line in vm.guest.serial_log().splitlines() if line]
    assert lines == [DEPROVISIONED, DEPROVISIONED]  # once for ttyS0, once for the console: here both are one line
    assert_clean(vm)


def assert_clean(vm: Vm) -> None:
    """Checks that nothing is left that an image must not contain."""
    flatcar = "flatcar" in vm.text("etc/os-release")
    assert not list((vm.guest.files / "etc/ssh").glob("ssh_host_*"))
    if flatcar:
        assert not vm.exists("etc/machine-id")
    else:
        assert vm.text("etc/machine-id") == ""
    gone = (
        "var/lib/golden-image var/lib/dbus/machine-id var/lib/dhcp/dhclient.eth0.leases var/lib/systemd/random-seed "
        "var/lib/NetworkManager/internal-eth0.lease var/lib/cloud/instance var/lib/cloud/instances var/lib/cloud/seed "
        "var/log/waagent.log var/log/cloud-init.log var/log/syslog.1 root/.bash_history home/alice/.bash_history "
        "home/azureuser etc/sudoers.d/90-cloud-init-users root/.ssh/authorized_keys home/alice/.ssh/authorized_keys "
        "tmp/left-over"
    )
    assert [path for path in gone.split() if vm.exists(path)] == []
    for folder in ("var/lib/waagent", "var/log/azure", "var/log/journal"):
        assert list((vm.guest.files / folder).iterdir()) == []
    assert [file for file in (vm.guest.files / "var/log").rglob("*") if file.is_file() and file.stat().st_size] == []
    assert "azureuser" not in vm.text("etc/passwd")
    assert "$6$" not in vm.text("etc/shadow")
    traces = [name for name, content in vm.snapshot().items() if RUN_ID.encode() in content]
    assert [name for name in traces if not name.startswith(("dev/", "run/"))] == []


async def test_keep_user_keeps_the_account_and_its_keys_and_nobody_elses(tmp_path: Path):
    vm = Vm.create(tmp_path)
    _, answer = await vm.request(GOLDEN_KEEP_USER="true")
    assert answer["facts"]["keyAccountsCleared"] == "root alice"
    await vm.deprovision()
    assert vm.guest.powered_off()
    assert vm.calls("waagent") == ["waagent -deprovision -force"]
    assert "azureuser" in vm.text("etc/passwd")
    assert vm.exists("home/azureuser/.ssh/authorized_keys")
    assert vm.exists("etc/sudoers.d/90-cloud-init-users")
    assert not vm.exists("home/azureuser/.bash_history")
    assert not vm.exists("home/alice/.ssh/authorized_keys")
    assert not vm.exists("root/.ssh/authorized_keys")


async def test_keep_user_without_a_known_user_touches_no_keys(tmp_path: Path):
    vm = Vm.create(tmp_path)
    (vm.guest.files / "var/lib/waagent/ovf-env.xml").unlink()
    _, answer = await vm.request(GOLDEN_KEEP_USER="true")
    assert answer["facts"]["keyAccountsCleared"] == ""
    await vm.deprovision()
    assert vm.guest.powered_off()
    assert vm.exists("home/alice/.ssh/authorized_keys")


@pytest.mark.parametrize(
    ("detach", "method", "delay"),
    [
        (("systemd-run", "at", "setsid"), "systemd-run", 90.0),
        (("at", "setsid"), "at", 180.0),
        (("setsid",), "setsid", 90.0),
    ],
)
async def test_the_first_way_to_detach_that_works_is_used(
    tmp_path: Path, detach: tuple[str, ...], method: str, delay: float
):
    vm = Vm.create(tmp_path, LinuxTraits(detach=detach))
    _, answer = await vm.request(GOLDEN_DELAY_SECONDS="90")
    assert (answer["outcome"], answer["facts"]["method"]) == ("requested", method)
    (job,) = vm.guest.scheduled()
    assert job.delay_seconds == delay
    await vm.deprovision()
    assert method != "setsid" or vm.calls("sleep") == ["sleep 90"]
    assert vm.guest.powered_off()
    assert vm.guest.serial_log().count(DEPROVISIONED) == 2
    assert [path for path in (vm.guest.files / "var").glob("spool/cron/atjobs/*") if path.is_file()] == []


async def test_at_without_its_daemon_is_not_trusted(tmp_path: Path):
    vm = Vm.create(tmp_path, LinuxTraits(detach=("at", "setsid")))
    (vm.guest.files / "run/atd.pid").unlink()
    _, answer = await vm.request()
    assert answer["facts"]["method"] == "setsid"
    assert vm.calls("atrm") == ["atrm 1"]
    assert len(vm.guest.scheduled()) == 1


async def test_resolv_conf_of_systemd_resolved_comes_back(tmp_path: Path):
    vm = Vm.create(tmp_path, LinuxTraits(distribution="debian-12"))
    link = vm.guest.files / "etc/resolv.conf"
    link.unlink()
    link.symlink_to("../run/systemd/resolve/stub-resolv.conf")
    await vm.request()
    await vm.deprovision()
    assert str(link.readlink()) == "../run/systemd/resolve/stub-resolv.conf"


async def test_kickstart_files_and_the_subscription_of_red_hat(tmp_path: Path):
    vm = Vm.create(tmp_path, LinuxTraits(distribution="rhel-9"))
    (vm.guest.files / "root/anaconda-ks.cfg").write_text("rootpw --iscrypted $6$x\n")
    (vm.guest.files / "etc/pki/consumer").mkdir(parents=True)
    (vm.guest.files / "etc/pki/consumer/cert.pem").write_text("consumer\n")
    _, answer = await vm.request()
    assert answer["facts"]["subscriptionRegistered"] == "true"
    await vm.deprovision()
    assert not vm.exists("root/anaconda-ks.cfg")


@pytest.mark.parametrize("shell", OTHER_SHELLS, ids=lambda path: path.name)
async def test_any_bin_sh_will_do(tmp_path: Path, shell: Path):
    vm = Vm.create(tmp_path, LinuxTraits(distribution="rhel-9"))
    sh = vm.guest.files / "usr/bin/sh"
    sh.unlink()
    sh.symlink_to(f"/.host{shell}")
    result, answer = await vm.request()
    assert (answer["outcome"], result.stderr) == ("requested", "")
    await vm.deprovision()
    assert vm.guest.powered_off()
    assert_clean(vm)
