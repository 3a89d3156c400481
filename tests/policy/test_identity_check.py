"""The faults of an image, found in a VM created from it."""

from typing import Any

import pytest

from contracts.facts import GuestIdentity
from policy.identity_check import identity_faults
from tests.support.rows import rows

BEFORE = GuestIdentity(host_name="source-vm", identity="a" * 64, ssh_host_keys=("k1", "k2"), boot_id="b1")
AFTER = GuestIdentity(host_name="gold1", identity="c" * 64, ssh_host_keys=("k3", "k4"), boot_id="b2")


def faults(os_type: str = "Linux", before: GuestIdentity | None = BEFORE, **changed: Any) -> tuple[str, ...]:
    after = AFTER.model_copy(update=changed)
    return identity_faults(before, after, expected_host="gold1", os_type=os_type)


@pytest.mark.parametrize("os_type", ["Linux", "Windows"])
@pytest.mark.parametrize("before", [BEFORE, None])
def test_a_clean_image_has_no_fault(os_type: str, before: GuestIdentity | None) -> None:
    assert faults(os_type, before) == ()


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another host name": (
        {"host_name": "other"},
        "Its host name is other, but it was created with the computer name gold1.",
    ),
    "no host name": ({"host_name": ""}, "Its host name is empty, but it was created with the computer name gold1."),
    "no machine-id": ({"identity": ""}, "It reports no machine-id."),
    "the source's machine-id": ({"identity": "a" * 64}, "It has the machine-id of the source VM."),
    "no host keys": ({"ssh_host_keys": ()}, "It has no SSH host keys."),
    "one host key of the source": ({"ssh_host_keys": ("k2", "k3")}, "It has 1 of the SSH host keys of the source VM."),
    "users": ({"users": ("ann", "bob")}, "It contains users: ann, bob."),
    "authorized keys": (
        {"authorized_keys": ("/srv/.ssh/authorized_keys",)},
        "It contains authorized SSH keys: /srv/.ssh/authorized_keys.",
    ),
    "logs": ({"logs": ("syslog.1",)}, "It contains logs of the source VM: syslog.1."),
}


@rows(("changed", "reported"), WRONG.values(), ids=WRONG.keys())
def test_a_single_fault_is_reported_alone(changed: dict[str, Any], reported: str) -> None:
    assert faults(**changed) == (reported,)


def test_the_sources_host_name_is_two_faults() -> None:
    assert faults(host_name="SOURCE-VM") == (
        "Its host name is SOURCE-VM, but it was created with the computer name gold1.",
        "It still has the host name of the source VM, source-vm.",
    )


def test_all_faults_of_a_copy_are_reported() -> None:
    reported = identity_faults(BEFORE, BEFORE, expected_host="gold1", os_type="Linux")
    assert len(reported) == 4


def test_windows_has_a_sid_and_no_host_keys() -> None:
    assert faults("Windows", ssh_host_keys=()) == ()
    assert faults("Windows", identity="a" * 64) == ("It has the SID of the source VM.",)


@pytest.mark.parametrize("own", ["gold1", "GOLD1", "gold1.example.internal"])
def test_names_are_case_insensitive_and_the_domain_is_ignored(own: str) -> None:
    assert faults(host_name=own) == ()


def test_windows_shortens_a_long_name() -> None:
    after = AFTER.model_copy(update={"host_name": "GOLD0123456789A"})
    assert identity_faults(BEFORE, after, expected_host="gold0123456789abcdef", os_type="Windows") == ()
    assert identity_faults(BEFORE, after, expected_host="gold0123456789abcdef", os_type="Linux") != ()


def test_without_the_sources_identity_only_the_vm_itself_is_checked() -> None:
    assert faults(before=None, identity="a" * 64, ssh_host_keys=("k1",)) == ()
    assert faults(before=None, identity="", users=("ann",)) == (
        "It reports no machine-id.",
        "It contains users: ann.",
    )


def test_allowed_users_and_their_keys_are_no_faults() -> None:
    after = AFTER.model_copy(update={"users": ("ann", "bob"), "authorized_keys": ("home/ann/.ssh/authorized_keys",)})
    assert identity_faults(BEFORE, after, expected_host="gold1", os_type="Linux", allowed_users=("Ann",)) == (
        "It contains users: bob.",
    )
