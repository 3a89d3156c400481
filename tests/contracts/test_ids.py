"""Ids: every spelling of a VM's id is the same VM, and what is not an id of a VM is refused."""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from contracts.ids import NAME_PREFIX, Scope, VmId, batch_run_id, vm_run_id
from contracts.run_commands import run_command_name
from tests.support.rows import rows

unhurried = hypothesis_settings(deadline=None)  # a busy VM is no fault

SUBSCRIPTION = "abcdef01-2345-6789-abcd-ef0123456789"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images"
VM = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm1"

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
def test_an_id_is_unchanged_after_serialization(vm_id: VmId) -> None:
    assert VmId.parse(str(vm_id)) == vm_id
    assert str(VmId.parse(str(vm_id))) == str(vm_id)


@unhurried
@given(spellings())
def test_any_case_is_the_same_vm(pair: tuple[VmId, str]) -> None:
    vm_id, spelling = pair
    other = VmId.parse(spelling)
    assert other == vm_id
    assert hash(other) == hash(vm_id)
    assert other.key == vm_id.key
    assert other.digest == vm_id.digest
    assert vm_run_id("r1", other) == vm_run_id("r1", vm_id)


@unhurried
@given(IDS, IDS)
def test_two_ids_differ_in_key_and_digest_or_are_equal(one: VmId, two: VmId) -> None:
    same = str(one).lower() == str(two).lower()
    assert (one == two) == same
    assert (one.digest == two.digest) == same


@unhurried
@given(st.text())
def test_no_text_raises_anything_but_a_value_error(text: str) -> None:
    for kind in (VmId, Scope):
        try:
            kind.parse(text)
        except ValueError as error:
            assert "expected /subscriptions/<guid>" in str(error)  # noqa: PT017


def test_the_canonical_form_has_arms_casing_and_the_names_as_given() -> None:
    spelled = VmId.parse(VM.upper() + "/")
    assert str(spelled) == (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/RG-IMAGES/providers/Microsoft.Compute/virtualMachines/VM1"
    )
    assert spelled.key == VM.lower()


def test_an_id_equals_no_string() -> None:
    assert VmId.parse(VM) != VM


def test_the_digest_is_valid_in_entity_keys_and_never_changes() -> None:
    digest = VmId.parse(VM).digest
    # Lease keys and run ids contain it: a change would let two runs work on one VM.
    assert digest == "d87e90396e1e6cee359cf9544e2957c39c0580a99c12f41be3d22c2185df7cf3"


NO_VMS = {
    "nothing": "",
    "a slash": "/",
    "a name only": "vm1",
    "no leading slash": VM[1:],
    "a space before": " " + VM,
    "a space behind": VM + " ",
    "a newline behind": VM + "\n",
    "two slashes behind": VM + "//",
    "a double slash inside": VM.replace("/providers", "//providers"),
    "a URL": "https://management.azure.com" + VM,
    "a query": VM + "?api-version=2024-07-01",
    "a fragment": VM + "#1",
    "a subscription": f"/subscriptions/{SUBSCRIPTION}",
    "a resource group": GROUP,
    "a subscription that is no guid": VM.replace(SUBSCRIPTION, "my-subscription"),
    "a guid in braces": VM.replace(SUBSCRIPTION, "{" + SUBSCRIPTION + "}"),
    "a guid without hyphens": VM.replace(SUBSCRIPTION, SUBSCRIPTION.replace("-", "")),
    "an empty group": VM.replace("rg-images", ""),
    "a group of 91 characters": VM.replace("rg-images", "g" * 91),
    "a group that ends with a period": VM.replace("rg-images", "rg."),
    "a group with a path in it": VM.replace("rg-images", "rg/../other"),
    "an encoded slash": VM.replace("rg-images", "rg%2Fother"),
    "no name": VM.removesuffix("vm1"),
    "a name of 65 characters": VM.removesuffix("vm1") + "v" * 65,
    "a name that begins with an underscore": VM.removesuffix("vm1") + "_vm1",
    "a name that ends with a hyphen": VM + "-",
    "a name that ends with a period": VM + ".",
    "a name of dots": VM.removesuffix("vm1") + "..",
    "another provider": VM.replace("Microsoft.Compute", "Microsoft.ClassicCompute"),
    "a provider with any character for its dot": VM.replace("Microsoft.Compute", "MicrosoftXCompute"),
    "another type": VM.replace("virtualMachines", "disks"),
    "a scale set": VM.replace("virtualMachines", "virtualMachineScaleSets"),
    "an instance of a scale set": VM.replace("virtualMachines/vm1", "virtualMachineScaleSets/s/virtualMachines/0"),
    "an extension": VM + "/extensions/e1",
    "a Run Command": VM + "/runCommands/c1",
    "trailing junk": VM + "/junk",
    "two ids": VM + VM,
    "a Kelvin sign for a k": VM + "\u212a",
    "a long s": VM.replace("subscriptions", "\u017fubscriptions"),
    "a dotless i": VM.replace("virtual", "v\u0131rtual"),
    "a Cyrillic letter": VM.replace("vm1", "v\u043c1"),
    "a full-width digit": VM.replace("vm1", "vm\uff11"),
    "a full-width slash": VM.replace("/vm1", "\uff0fvm1"),
    "an Arabic digit in the guid": VM.replace("0123456789", "012345678\u0669"),
    "a zero-width space": VM.replace("vm1", "vm\u200b1"),
    "a null character": VM + "\0",
    "a very long text": VM + "a" * 1_000_000,
}


@rows("text", NO_VMS.values(), ids=NO_VMS.keys())
def test_what_is_not_a_vm_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not the full ARM id of a virtual machine: expected /subscriptions/<guid>"):
        VmId.parse(text)


@rows(
    "text",
    [
        VM + "/",
        VM.replace("rg-images", "g" * 90),
        VM.replace("rg-images", "a.(b)-_c"),
        VM.removesuffix("vm1") + "v" * 64,
        VM.removesuffix("vm1") + "v",
        VM.removesuffix("vm1") + "my_vm.name-1",
    ],
    ids=["slash behind", "longest group", "every sign in a group", "longest name", "shortest name", "signs in a name"],
)
def test_the_widest_allowed_forms_are_vm_ids(text: str) -> None:
    assert str(VmId.parse(text)) == text.removesuffix("/")


@rows("value", [None, 1, True, 1.5, b"x", [VM], {"id": VM}])
def test_only_a_string_is_read_as_an_id(value: object) -> None:
    with pytest.raises(ValidationError, match="must be a string"):
        TypeAdapter(VmId).validate_python(value)


def test_pydantic_reads_and_writes_an_id_as_a_string() -> None:
    adapter = TypeAdapter(VmId)
    vm_id = adapter.validate_python(VM)
    assert adapter.validate_python(vm_id) is vm_id
    assert adapter.dump_json(vm_id).decode() == f'"{VM}"'


@rows(
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
def test_a_scope_contains_what_is_in_it_and_nothing_with_a_similar_id(scope: str, inside: bool) -> None:
    assert Scope.parse(scope).contains(VmId.parse(VM)) is inside
    assert Scope.parse(scope).contains(VmId.parse(VM.upper())) is inside


@unhurried
@given(IDS)
def test_a_vm_is_in_its_own_group_and_subscription(vm_id: VmId) -> None:
    text = str(vm_id).partition("/providers")[0]
    assert Scope.parse(text).contains(vm_id)
    assert Scope.parse(text.partition("/resourceGroups")[0]).contains(vm_id)
    assert Scope.parse(str(Scope.parse(text))) == Scope.parse(text.upper())


@rows(
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
        VM,
        "/providers/Microsoft.Management/managementGroups/all",
        GROUP.replace("subscriptions", "\u017fubscriptions"),
    ],
)
def test_what_is_not_a_scope_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a scope: expected /subscriptions/<guid>"):
        Scope.parse(text)


def test_run_ids_have_the_documented_length_and_are_deterministic() -> None:
    longest = "r" * 48
    vm_id = VmId.parse(VM)
    assert len(batch_run_id(longest)) == 54
    assert len(vm_run_id(longest, vm_id)) == 62
    assert vm_run_id("r1", vm_id) == f"vm-r1-{vm_id.digest[:10]}"
    assert vm_run_id("r1", vm_id) != vm_run_id("r2", vm_id)
    assert vm_run_id("r1", vm_id) != vm_run_id("r1", VmId.parse(VM + "2"))


def test_a_run_command_has_one_name_for_each_stage_of_each_run() -> None:
    names = {run_command_name(run, stage) for run in ("a", "b") for stage in ("deprovision", "evidence")}
    assert len(names) == 4
    assert all(name.startswith(NAME_PREFIX) for name in names)
    assert run_command_name("a", "deprovision") == run_command_name("a", "deprovision")
    # Runs that were started earlier find their Run Command by this name.
    assert run_command_name("vm-r1-0123456789", "deprovision") == "golden-image-deprovision-4812fb4dae8ae30d"
