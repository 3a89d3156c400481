"""Ids: any spelling of a machine is that machine, and what is no machine is refused."""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from contracts.ids import (
    RUN_COMMAND_PREFIX,
    Scope,
    VmId,
    batch_run_id,
    machine_run_id,
    run_command_name,
)

unhurried = hypothesis_settings(deadline=None)  # a busy machine is no fault

SUBSCRIPTION = "abcdef01-2345-6789-abcd-ef0123456789"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images"
MACHINE = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm1"

WORD = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
SUBSCRIPTIONS = st.uuids().map(str)
GROUPS = st.from_regex(r"\A[-A-Za-z0-9_.()]{0,89}[-A-Za-z0-9_()]\Z")
NAMES = st.from_regex(r"\A[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9_])?\Z")
IDS = st.builds(VmId, SUBSCRIPTIONS, GROUPS, NAMES)


def in_some_case(text: str, flips: list[bool]) -> str:
    return "".join(letter.swapcase() if flip else letter for letter, flip in zip(text, flips, strict=True))


@st.composite
def spellings(draw: st.DrawFn) -> tuple[VmId, str]:
    vm_id = draw(IDS)
    text = str(vm_id)
    flips = draw(st.lists(st.booleans(), min_size=len(text), max_size=len(text)))
    return vm_id, in_some_case(text, flips)


@unhurried
@given(IDS)
def test_an_id_that_is_written_is_read_as_itself(vm_id: VmId) -> None:
    assert VmId.parse(str(vm_id)) == vm_id
    assert str(VmId.parse(str(vm_id))) == str(vm_id)


@unhurried
@given(spellings())
def test_any_case_is_the_same_machine(pair: tuple[VmId, str]) -> None:
    vm_id, spelling = pair
    other = VmId.parse(spelling)
    assert other == vm_id
    assert hash(other) == hash(vm_id)
    assert other.key == vm_id.key
    assert other.digest == vm_id.digest
    assert machine_run_id("r1", other) == machine_run_id("r1", vm_id)


@unhurried
@given(IDS, IDS)
def test_two_machines_differ_in_all_or_in_nothing(one: VmId, two: VmId) -> None:
    same = str(one).lower() == str(two).lower()
    assert (one == two) == same
    assert (one.digest == two.digest) == same


@unhurried
@given(st.text())
def test_no_text_makes_reading_raise_anything_but_a_value_error(text: str) -> None:
    for kind in (VmId, Scope):
        try:
            kind.parse(text)
        except ValueError as error:
            assert "expected /subscriptions/<guid>" in str(error)  # noqa: PT017


def test_the_canonical_form_has_arms_casing_and_the_names_as_given() -> None:
    spelled = VmId.parse(MACHINE.upper() + "/")
    assert str(spelled) == (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/RG-IMAGES/providers/Microsoft.Compute/virtualMachines/VM1"
    )
    assert spelled.key == MACHINE.lower()


def test_an_id_equals_no_string() -> None:
    assert VmId.parse(MACHINE) != MACHINE


def test_the_digest_is_fit_for_entity_keys_and_stays_as_it_is() -> None:
    digest = VmId.parse(MACHINE).digest
    # Leases and run ids are made from it: a change would let two runs work on one machine.
    assert digest == "d87e90396e1e6cee359cf9544e2957c39c0580a99c12f41be3d22c2185df7cf3"


NO_MACHINES = {
    "nothing": "",
    "a slash": "/",
    "a name only": "vm1",
    "no leading slash": MACHINE[1:],
    "a space before": " " + MACHINE,
    "a space behind": MACHINE + " ",
    "a newline behind": MACHINE + "\n",
    "two slashes behind": MACHINE + "//",
    "a double slash inside": MACHINE.replace("/providers", "//providers"),
    "a URL": "https://management.azure.com" + MACHINE,
    "a query": MACHINE + "?api-version=2024-07-01",
    "a fragment": MACHINE + "#1",
    "a subscription": f"/subscriptions/{SUBSCRIPTION}",
    "a resource group": GROUP,
    "a subscription that is no guid": MACHINE.replace(SUBSCRIPTION, "my-subscription"),
    "a guid in braces": MACHINE.replace(SUBSCRIPTION, "{" + SUBSCRIPTION + "}"),
    "a guid without hyphens": MACHINE.replace(SUBSCRIPTION, SUBSCRIPTION.replace("-", "")),
    "an empty group": MACHINE.replace("rg-images", ""),
    "a group of 91 characters": MACHINE.replace("rg-images", "g" * 91),
    "a group that ends with a period": MACHINE.replace("rg-images", "rg."),
    "a group with a path in it": MACHINE.replace("rg-images", "rg/../other"),
    "an encoded slash": MACHINE.replace("rg-images", "rg%2Fother"),
    "no name": MACHINE.removesuffix("vm1"),
    "a name of 65 characters": MACHINE.removesuffix("vm1") + "v" * 65,
    "a name that begins with an underscore": MACHINE.removesuffix("vm1") + "_vm1",
    "a name that ends with a hyphen": MACHINE + "-",
    "a name that ends with a period": MACHINE + ".",
    "a name of dots": MACHINE.removesuffix("vm1") + "..",
    "another provider": MACHINE.replace("Microsoft.Compute", "Microsoft.ClassicCompute"),
    "a provider with any character for its dot": MACHINE.replace("Microsoft.Compute", "MicrosoftXCompute"),
    "another type": MACHINE.replace("virtualMachines", "disks"),
    "a scale set": MACHINE.replace("virtualMachines", "virtualMachineScaleSets"),
    "an instance of a scale set": MACHINE.replace("virtualMachines/vm1", "virtualMachineScaleSets/s/virtualMachines/0"),
    "an extension": MACHINE + "/extensions/e1",
    "a Run Command": MACHINE + "/runCommands/c1",
    "trailing junk": MACHINE + "/junk",
    "two ids": MACHINE + MACHINE,
    "a Kelvin sign for a k": MACHINE + "\u212a",
    "a long s": MACHINE.replace("subscriptions", "\u017fubscriptions"),
    "a dotless i": MACHINE.replace("virtual", "v\u0131rtual"),
    "a Cyrillic letter": MACHINE.replace("vm1", "v\u043c1"),
    "a full-width digit": MACHINE.replace("vm1", "vm\uff11"),
    "a full-width slash": MACHINE.replace("/vm1", "\uff0fvm1"),
    "an Arabic digit in the guid": MACHINE.replace("0123456789", "012345678\u0669"),
    "a zero-width space": MACHINE.replace("vm1", "vm\u200b1"),
    "a null character": MACHINE + "\0",
    "a very long text": MACHINE + "a" * 1_000_000,
}


@pytest.mark.parametrize("text", NO_MACHINES.values(), ids=NO_MACHINES.keys())
def test_what_is_no_machine_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not the full ARM id of a virtual machine: expected /subscriptions/<guid>"):
        VmId.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        MACHINE + "/",
        MACHINE.replace("rg-images", "g" * 90),
        MACHINE.replace("rg-images", "a.(b)-_c"),
        MACHINE.removesuffix("vm1") + "v" * 64,
        MACHINE.removesuffix("vm1") + "v",
        MACHINE.removesuffix("vm1") + "my_vm.name-1",
    ],
    ids=["slash behind", "longest group", "every sign in a group", "longest name", "shortest name", "signs in a name"],
)
def test_the_widest_allowed_shapes_are_machines(text: str) -> None:
    assert str(VmId.parse(text)) == text.removesuffix("/")


@pytest.mark.parametrize("value", [None, 1, True, 1.5, b"x", [MACHINE], {"id": MACHINE}])
def test_only_a_string_is_read_as_an_id(value: object) -> None:
    with pytest.raises(ValidationError, match="must be a string"):
        TypeAdapter(VmId).validate_python(value)


def test_pydantic_reads_and_writes_an_id_as_a_string() -> None:
    adapter = TypeAdapter(VmId)
    vm_id = adapter.validate_python(MACHINE)
    assert adapter.validate_python(vm_id) is vm_id
    assert adapter.dump_json(vm_id).decode() == f'"{MACHINE}"'


@pytest.mark.parametrize(
    ("scope", "inside"),
    [
        (f"/subscriptions/{SUBSCRIPTION}", True),
        (f"/SUBSCRIPTIONS/{SUBSCRIPTION.upper()}/", True),
        (GROUP, True),
        (GROUP.upper(), True),
        (GROUP + "/", True),
        (GROUP + "-2", False),
        (GROUP[:-1], False),
        (GROUP.replace("abcdef01", "abcdef02"), False),
        ("/subscriptions/abcdef02-2345-6789-abcd-ef0123456789", False),
    ],
)
def test_a_scope_contains_what_lies_below_it_and_nothing_that_only_looks_so(scope: str, inside: bool) -> None:
    assert Scope.parse(scope).contains(VmId.parse(MACHINE)) is inside
    assert Scope.parse(scope).contains(VmId.parse(MACHINE.upper())) is inside


@unhurried
@given(IDS)
def test_a_machine_lies_in_its_own_group_and_subscription(vm_id: VmId) -> None:
    text = str(vm_id).partition("/providers")[0]
    assert Scope.parse(text).contains(vm_id)
    assert Scope.parse(text.partition("/resourceGroups")[0]).contains(vm_id)
    assert Scope.parse(str(Scope.parse(text))) == Scope.parse(text.upper())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "*",
        "/subscriptions",
        "/subscriptions/*",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/*",
        f"/subscriptions/{SUBSCRIPTION}\n",
        GROUP + "\n",
        GROUP + "/providers/Microsoft.Compute",
        MACHINE,
        "/providers/Microsoft.Management/managementGroups/all",
        GROUP.replace("subscriptions", "\u017fubscriptions"),
    ],
)
def test_what_is_no_scope_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a scope: expected /subscriptions/<guid>"):
        Scope.parse(text)


def test_run_ids_are_as_long_as_promised_and_the_same_each_time() -> None:
    longest = "r" * 48
    vm_id = VmId.parse(MACHINE)
    assert len(batch_run_id(longest)) == 54
    assert len(machine_run_id(longest, vm_id)) == 62
    assert machine_run_id("r1", vm_id) == f"vm-r1-{vm_id.digest[:10]}"
    assert machine_run_id("r1", vm_id) != machine_run_id("r2", vm_id)
    assert machine_run_id("r1", vm_id) != machine_run_id("r1", VmId.parse(MACHINE + "2"))


def test_a_run_command_has_one_name_for_each_stage_of_each_run() -> None:
    names = {run_command_name(run, stage) for run in ("a", "b") for stage in ("deprovision", "evidence")}
    assert len(names) == 4
    assert all(name.startswith(RUN_COMMAND_PREFIX) for name in names)
    assert run_command_name("a", "deprovision") == run_command_name("a", "deprovision")
    # Stored runs look for their Run Command by this very name.
    assert run_command_name("vm-r1-0123456789", "deprovision") == "golden-image-deprovision-4812fb4dae8ae30d"
