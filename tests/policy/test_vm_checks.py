"""The result: for each reason a VM with exactly that one resource wrong, and many with several."""

import inspect
import itertools
import re
from typing import Any

import pytest

from contracts.error_codes import RefusalCode
from contracts.facts import FoundRunCommand, Lock, OsType, Permission, PowerState, VmFacts
from contracts.run import VmJob
from contracts.run_commands import DEPROVISION, run_command_name
from policy import identity, vm_checks
from policy.vm_checks import check_request, check_vm, earlier_deprovisioning
from tests.support.requests import GROUP, facts, job, settings, vm_state, windows
from tests.support.rows import rows

NO_TAGS: dict[str, str] = {}
COMPUTE = "Microsoft.Compute/virtualMachines"
OTHERS = FoundRunCommand(name="golden-image-deprovision-1", app_name="other", run_id="vm-9")


CREDENTIAL = {"user": "imagemaker", "secretId": "https://builds.vault.azure.net/secrets/sysprep"}


def codes(seen: VmFacts, asked: VmJob | None = None) -> list[RefusalCode]:
    return [refusal.code for refusal in check_vm(asked or job(), seen).refusals]


def wanting(**options: Any) -> VmJob:
    return job(target={"deprovision": options})


def test_a_vm_with_nothing_wrong_is_refused_for_nothing() -> None:
    for seen in (facts(), facts(windows())):
        found = check_vm(job(), seen)
        assert found.refusals == ()
        assert not found.already_generalized
    assert check_request(job()) == ()


ONE_WRONG: dict[str, tuple[VmFacts, RefusalCode]] = {
    "no unique id": (facts(vm_state(unique_id="")), RefusalCode.VM_UNREADABLE),
    "in a scale set": (facts(vm_state(in_scale_set=True)), RefusalCode.IN_SCALE_SET),
    "ephemeral OS disk": (facts(vm_state(ephemeral_os_disk=True)), RefusalCode.EPHEMERAL_OS_DISK),
    "disk encryption": (facts(vm_state(disk_encryption=True)), RefusalCode.DISK_ENCRYPTION),
    "no OS type": (facts(vm_state(os_type=None)), RefusalCode.OS_UNKNOWN),
    "no Windows build": (
        facts(windows().model_copy(update={"os_version": None})), RefusalCode.OS_UNKNOWN,
    ),
    "a Windows build that is no number": (
        facts(windows().model_copy(update={"os_version": "Windows Server"})), RefusalCode.OS_UNKNOWN,
    ),
    "Windows build 26100": (
        facts(windows().model_copy(update={"os_version": "10.0.26100.1742"})), RefusalCode.WINDOWS_BUILD,
    ),
    "a newer Windows build": (
        facts(windows().model_copy(update={"os_version": "10.0.99999.0"})), RefusalCode.WINDOWS_BUILD,
    ),
    "no opt-in tag": (facts(vm_state(tags=NO_TAGS)), RefusalCode.NOT_OPTED_IN),
    "another value of the tag": (facts(vm_state(tags={"golden-image-in-place": "no"})), RefusalCode.NOT_OPTED_IN),
    "the value in another case": (
        facts(vm_state(tags={"golden-image-in-place": "Allowed"})), RefusalCode.NOT_OPTED_IN,
    ),
    "the value on another tag": (facts(vm_state(tags={"golden-image": "allowed"})), RefusalCode.NOT_OPTED_IN),
    "generalized and running": (facts(vm_state(generalized=True)), RefusalCode.ALREADY_GENERALIZED),
    "generalized and stopped": (
        facts(vm_state(generalized=True, power_state=PowerState.STOPPED, agent_ready=False)),
        RefusalCode.ALREADY_GENERALIZED,
    ),
    "hibernated": (
        facts(vm_state(power_state=PowerState.DEALLOCATED, agent_ready=False, hibernated=True)), RefusalCode.HIBERNATED,
    ),
    **{
        f"power state {state}": (facts(vm_state(power_state=state, agent_ready=False)), RefusalCode.NOT_RUNNING)
        for state in PowerState
        if state is not PowerState.RUNNING
    },
    "a stopped Windows VM": (
        facts(windows(power_state=PowerState.STOPPED).model_copy(update={"os_version": None})), RefusalCode.NOT_RUNNING,
    ),
    "agent not ready": (facts(vm_state(agent_ready=False)), RefusalCode.AGENT_NOT_READY),
    "agent not ready, version unknown": (
        facts(vm_state(agent_ready=False, agent_version="Unknown")), RefusalCode.AGENT_NOT_READY,
    ),
    "Windows agent not ready": (facts(windows(agent_ready=False)), RefusalCode.AGENT_NOT_READY),
    **{
        f"agent {version!r}": (facts(vm_state(agent_version=version)), RefusalCode.AGENT_TOO_OLD)
        for version in ("2.4.0.1", "2.3.99.9", "1.9", "2.4.0", "Unknown", "", None, "2.x", "2.\u00b2")
    },
    **{
        f"provisioning state {state!r}": (facts(vm_state(provisioning_state=state)), RefusalCode.NOT_SETTLED)
        for state in ("Updating", "Failed", "Creating", "Deleting", "")
    },
    "no boot diagnostics": (facts(vm_state(boot_diagnostics=False)), RefusalCode.NO_PROOF_POSSIBLE),
    "permissions not read": (facts(permissions=None), RefusalCode.PERMISSIONS_UNREADABLE),
    "no permission": (facts(permissions=()), RefusalCode.ACTION_NOT_GRANTED),
    "one action not granted": (
        facts(permissions=(Permission(actions=("*",), not_actions=(f"{COMPUTE}/generalize/action",)),)),
        RefusalCode.ACTION_NOT_GRANTED,
    ),
    "locks not read": (facts(locks=None), RefusalCode.LOCKS_UNREADABLE),
    **{
        f"lock {level!r}": (
            facts(locks=(Lock(name="l", level=level, scope=GROUP),)), RefusalCode.RESOURCE_LOCKED,
        )
        for level in ("ReadOnly", "readonly", "NotSpecified", "", "SomethingNew")
    },
    "Run Commands not read": (facts(run_commands=None), RefusalCode.RUN_COMMANDS_UNREADABLE),
    "24 Run Commands": (
        facts(run_commands=tuple(FoundRunCommand(name=f"c{index}") for index in range(24))),
        RefusalCode.RUN_COMMANDS_EXHAUSTED,
    ),
    "another app's run": (facts(run_commands=(OTHERS,)), RefusalCode.MANAGED_BY_ANOTHER_APP),
    "another app's run in capitals": (
        facts(run_commands=(OTHERS.model_copy(update={"name": OTHERS.name.upper()}),)),
        RefusalCode.MANAGED_BY_ANOTHER_APP,
    ),
    "a run of no known app": (
        facts(run_commands=(FoundRunCommand(name=OTHERS.name),)), RefusalCode.MANAGED_BY_ANOTHER_APP,
    ),
}  # fmt: skip


@rows(("seen", "code"), ONE_WRONG.values(), ids=ONE_WRONG.keys())
def test_one_resource_wrong_is_refused_for_exactly_that(seen: VmFacts, code: RefusalCode) -> None:
    assert codes(seen) == [code]
    assert not check_vm(job(), seen).already_generalized


def test_every_code_of_the_checks_has_its_own_case() -> None:
    """Those that speak of the request alone are in test_result_request."""
    reported_of_request = inspect.getsource(vm_checks._request_refusals)  # pyright: ignore[reportPrivateUsage]
    source = inspect.getsource(vm_checks).replace(reported_of_request, "") + inspect.getsource(identity)
    tried = {code.name for _, code in ONE_WRONG.values()} | {RefusalCode.CREDENTIAL_NOT_FOR_LINUX.name}
    assert tried == set(re.findall(r"RefusalCode\.([A-Z_]+)", source))


def test_all_that_is_wrong_is_reported_and_not_only_the_first() -> None:
    state = vm_state(
        in_scale_set=True,
        ephemeral_os_disk=True,
        disk_encryption=True,
        tags=NO_TAGS,
        agent_ready=False,
        provisioning_state="Updating",
        boot_diagnostics=False,
    )
    locks = tuple(Lock(name=name, level="ReadOnly", scope=GROUP) for name in ("a", "b"))
    assert codes(facts(state, permissions=None, locks=locks, run_commands=(OTHERS,))) == [
        RefusalCode.IN_SCALE_SET,
        RefusalCode.EPHEMERAL_OS_DISK,
        RefusalCode.DISK_ENCRYPTION,
        RefusalCode.NOT_OPTED_IN,
        RefusalCode.AGENT_NOT_READY,
        RefusalCode.NOT_SETTLED,
        RefusalCode.NO_PROOF_POSSIBLE,
        RefusalCode.PERMISSIONS_UNREADABLE,
        RefusalCode.RESOURCE_LOCKED,
        RefusalCode.RESOURCE_LOCKED,
        RefusalCode.MANAGED_BY_ANOTHER_APP,
    ]


INDEPENDENT: dict[str, tuple[Any, RefusalCode]] = {
    "disk_encryption": (True, RefusalCode.DISK_ENCRYPTION),
    "in_scale_set": (True, RefusalCode.IN_SCALE_SET),
    "tags": (NO_TAGS, RefusalCode.NOT_OPTED_IN),
    "provisioning_state": ("Failed", RefusalCode.NOT_SETTLED),
    "agent_ready": (False, RefusalCode.AGENT_NOT_READY),
}


@rows("pair", list(itertools.combinations(INDEPENDENT, 2)), ids=" and ".join)
def test_any_two_resources_wrong_are_both_reported(pair: tuple[str, str]) -> None:
    seen = facts(vm_state(**{name: INDEPENDENT[name][0] for name in pair}))
    assert set(codes(seen)) == {INDEPENDENT[name][1] for name in pair}


@pytest.mark.parametrize("wrong", [{}, {"tags": NO_TAGS}, {"in_scale_set": True}, {"provisioning_state": "Failed"}])
def test_generalized_and_deallocated_is_success_whatever_else(wrong: dict[str, Any]) -> None:
    state = vm_state(generalized=True, power_state=PowerState.DEALLOCATED, agent_ready=False, **wrong)
    found = check_vm(job(), facts(state, permissions=None, locks=None, run_commands=None))
    assert found.already_generalized
    assert found.refusals == ()


@rows("state", [state for state in PowerState if state is not PowerState.DEALLOCATED])
def test_generalized_and_anything_else_is_no_success(state: PowerState) -> None:
    found = check_vm(job(), facts(vm_state(generalized=True, power_state=state)))
    assert not found.already_generalized
    assert RefusalCode.ALREADY_GENERALIZED in [refusal.code for refusal in found.refusals]


FINE: dict[str, tuple[VmFacts, VmJob]] = {
    "a new Windows with a credential": (
        facts(windows().model_copy(update={"os_version": "10.0.26100.1742"})), wanting(sysprepCredential=CREDENTIAL),
    ),
    "Windows Server 2022": (facts(windows().model_copy(update={"os_version": "10.0.20348.0"})), job()),
    "the last build before": (facts(windows().model_copy(update={"os_version": "10.0.26099.0"})), job()),
    "the oldest agent": (facts(vm_state(agent_version="2.4.0.2")), job()),
    "a longer agent version": (facts(vm_state(agent_version="2.10.0.8.1")), job()),
    "a Windows agent of any version": (facts(windows(agent_version="Unknown")), job()),
    "a CanNotDelete lock": (facts(locks=(Lock(name="l", level="CanNotDelete", scope=GROUP),)), job()),
    "one in another case": (facts(locks=(Lock(name="l", level="cannotdelete", scope=GROUP),)), job()),
    "the tag's name in another case": (facts(vm_state(tags={"Golden-Image-In-Place": "allowed"})), job()),
    "other tags beside it": (facts(vm_state(tags={"golden-image-in-place": "allowed", "x": "y"})), job()),
    "23 Run Commands of others": (
        facts(run_commands=tuple(FoundRunCommand(name=f"c{index}", app_name="x") for index in range(23))), job(),
    ),
    "our own run of before": (
        facts(run_commands=(FoundRunCommand(name=run_command_name("r", "deprovision"), app_name="tests"),)), job(),
    ),
    "a provisioning state in another case": (facts(vm_state(provisioning_state="succeeded")), job()),
    "no boot diagnostics, no proof wanted": (
        facts(vm_state(boot_diagnostics=False)), wanting(evidence="powerStateOnly"),
    ),
    "no boot diagnostics on Windows": (facts(windows(boot_diagnostics=False)), job()),
    "no right to the serial log, no proof wanted": (
        facts(permissions=(Permission(actions=("*",), not_actions=("*/retrieveBootDiagnosticsData/action",)),)),
        wanting(evidence="powerStateOnly"),
    ),
    "no right to the serial log on Windows": (
        facts(
            windows(),
            permissions=(Permission(actions=("*",), not_actions=("*/retrieveBootDiagnosticsData/action",)),),
        ),
        job(),
    ),
}  # fmt: skip


@rows(("seen", "asked"), FINE.values(), ids=FINE.keys())
def test_unusual_but_valid_facts_are_not_refused(seen: VmFacts, asked: VmJob) -> None:
    assert codes(seen, asked) == []


def test_a_credential_for_a_linux_vm_is_refused_and_not_ignored() -> None:
    assert codes(facts(), wanting(sysprepCredential=CREDENTIAL)) == [RefusalCode.CREDENTIAL_NOT_FOR_LINUX]


def test_a_credential_does_not_replace_an_unknown_windows_build() -> None:
    seen = facts(windows().model_copy(update={"os_version": None}))
    assert codes(seen, wanting(sysprepCredential=CREDENTIAL)) == [RefusalCode.OS_UNKNOWN]


def test_the_message_says_what_was_found() -> None:
    asked = job(settings=settings(allowed_scopes=()))
    assert check_request(asked)[0].message == f"{asked.target.vm_id} is in no allowed scope"
    permissions = (Permission(actions=("*",), not_actions=(f"{COMPUTE}/deallocate/*", f"{COMPUTE}/runCommands/w*")),)
    seen = facts(permissions=permissions, run_commands=(OTHERS,))
    assert [refusal.message for refusal in check_vm(job(), seen).refusals] == [
        f"not granted: {COMPUTE}/runCommands/write, {COMPUTE}/deallocate/action",
        "Run Command golden-image-deprovision-1 belongs to app other, run vm-9",
    ]


EARLIER = FoundRunCommand(
    name=run_command_name("vm-r0-0123456789", DEPROVISION), app_name="tests", run_id="vm-r0-0123456789", nonce="5f" * 16
)


@pytest.mark.parametrize(
    ("change", "vm", "finished"),
    [
        ({}, {}, True),
        ({"app_name": "another"}, {}, False),
        ({"nonce": None}, {}, False),
        ({"name": "golden-image-deprovision-0"}, {}, False),
        ({"run_id": "vm-r9-0123456789"}, {}, False),
        ({}, {"power_state": PowerState.RUNNING}, False),
        ({}, {"os_type": OsType.WINDOWS}, False),
        ({}, {"boot_diagnostics": False}, False),
    ],
)
def test_only_a_stopped_linux_vm_with_this_apps_own_request_is_finished(
    change: dict[str, Any], vm: dict[str, Any], finished: bool
) -> None:
    stopped = vm_state(**{"power_state": PowerState.STOPPED, **vm})
    found = facts(stopped).model_copy(update={"run_commands": (EARLIER.model_copy(update=change),)})
    assert bool(earlier_deprovisioning(job(), found)) is finished
