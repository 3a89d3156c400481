"""What speaks against an image, seen in a machine made from it."""

from typing import Any

import pytest

from contracts.facts import GuestIdentity
from policy.identity_check import identity_faults

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
    "another host name": ({"host_name": "other"}, "Its host name is other, and Azure was told to name it gold1."),
    "no host name": ({"host_name": ""}, "Its host name is empty, and Azure was told to name it gold1."),
    "no machine-id": ({"identity": ""}, "It tells no machine-id."),
    "the source's machine-id": ({"identity": "a" * 64}, "It has the machine-id of its source."),
    "no host keys": ({"ssh_host_keys": ()}, "It has no SSH host keys."),
    "one host key of the source": ({"ssh_host_keys": ("k2", "k3")}, "It has 1 of the SSH host keys of its source."),
    "users": ({"users": ("ann", "bob")}, "Users were left in it: ann, bob."),
    "authorized keys": (
        {"authorized_keys": ("/srv/.ssh/authorized_keys",)},
        "Keys that let somebody log on were left in it: /srv/.ssh/authorized_keys.",
    ),
    "logs": ({"logs": ("syslog.1",)}, "Logs of its source were left in it: syslog.1."),
}


@pytest.mark.parametrize(("changed", "told"), WRONG.values(), ids=WRONG.keys())
def test_one_thing_wrong_is_told_as_exactly_that(changed: dict[str, Any], told: str) -> None:
    assert faults(**changed) == (told,)


def test_the_sources_host_name_is_two_faults() -> None:
    assert faults(host_name="SOURCE-VM") == (
        "Its host name is SOURCE-VM, and Azure was told to name it gold1.",
        "It still has the host name of its source, source-vm.",
    )


def test_a_copy_is_told_everything_that_is_wrong_with_it() -> None:
    told = identity_faults(BEFORE, BEFORE, expected_host="gold1", os_type="Linux")
    assert len(told) == 4


def test_windows_has_a_sid_and_no_host_keys() -> None:
    assert faults("Windows", ssh_host_keys=()) == ()
    assert faults("Windows", identity="a" * 64) == ("It has the SID of its source.",)


@pytest.mark.parametrize("own", ["gold1", "GOLD1", "gold1.example.internal"])
def test_names_have_no_case_and_a_domain_does_not_count(own: str) -> None:
    assert faults(host_name=own) == ()


def test_windows_shortens_a_long_name() -> None:
    after = AFTER.model_copy(update={"host_name": "GOLD0123456789A"})
    assert identity_faults(BEFORE, after, expected_host="gold0123456789abcdef", os_type="Windows") == ()
    assert identity_faults(BEFORE, after, expected_host="gold0123456789abcdef", os_type="Linux") != ()


def test_without_the_sources_word_nothing_is_compared_but_all_else_is_judged() -> None:
    assert faults(before=None, identity="a" * 64, ssh_host_keys=("k1",)) == ()
    assert faults(before=None, identity="", users=("ann",)) == (
        "It tells no machine-id.",
        "Users were left in it: ann.",
    )


def test_users_that_the_image_is_meant_to_keep_are_no_fault_and_neither_are_their_keys() -> None:
    after = AFTER.model_copy(update={"users": ("ann", "bob"), "authorized_keys": ("home/ann/.ssh/authorized_keys",)})
    assert identity_faults(BEFORE, after, expected_host="gold1", os_type="Linux", allowed_users=("Ann",)) == (
        "Users were left in it: bob.",
    )
