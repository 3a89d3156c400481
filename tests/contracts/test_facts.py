"""Facts: the Windows build is read from every form in which Azure reports it."""

import json

import pytest

from contracts.facts import FoundRunCommand, Lock, OsType, Permission, PowerState, VmFacts
from tests.support.requests import facts, vm_state, windows
from tests.support.rows import rows


@rows(
    ("text", "build"),
    [
        ("Microsoft Windows NT 10.0.20348.0", 20_348),
        ("10.0.20348.2402", 20_348),
        ("10.0.26100", 26_100),
        ("10.0.26100.1742", 26_100),
        ("10.0", None),
        ("10", None),
        ("", None),
        (None, None),
        ("Windows Server 2022", None),
        ("10.0.abc.0", None),
        ("10.0..0", None),
        ("10.0.-1.0", None),
        ("10.0.\u00b2\u00b2.0", None),
    ],
)
def test_the_windows_build(text: str | None, build: int | None) -> None:
    assert windows().model_copy(update={"os_version": text}).windows_build == build


@pytest.mark.parametrize(
    "given",
    [
        facts(),
        facts(windows(), locks=None, permissions=None, run_commands=None),
        facts(
            vm_state(os_type=None, power_state=PowerState.UNKNOWN, tags={}),
            locks=(Lock(name="l", level="ReadOnly", scope="/s"),),
            permissions=(Permission(actions=("*",), not_actions=("*/delete",)),),
            run_commands=(FoundRunCommand(name="c"), FoundRunCommand(name="d", app_name="a", run_id="r")),
        ),
    ],
)
def test_facts_are_unchanged_after_serialization(given: VmFacts) -> None:
    for exclude_none in (True, False):
        kept = json.loads(json.dumps(given.model_dump(mode="json", exclude_none=exclude_none)))
        assert VmFacts.model_validate(kept) == given


def test_what_could_not_be_read_is_not_what_is_empty() -> None:
    unread = VmFacts.model_validate(facts(locks=None).model_dump(mode="json", exclude_none=True))
    empty = VmFacts.model_validate(facts(locks=()).model_dump(mode="json", exclude_none=True))
    assert unread.locks is None
    assert empty.locks == ()


def test_the_values_are_those_of_azure() -> None:
    assert {state.value for state in PowerState} == {
        "starting", "running", "stopping", "stopped", "deallocating", "deallocated", "unknown",
    }  # fmt: skip
    assert {os_type.value for os_type in OsType} == {"Linux", "Windows"}
