"""No activity creates, changes or deletes anything without an authority that the app's settings still allow."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

import settings
from activities import registration
from activities.gate import denied
from contracts.activities.resources import DeleteResource
from contracts.activities.vm import Deallocate, OneVm, RemoveRunCommands
from contracts.authority import Bearer, CleanupAuthority
from contracts.catalog import ACTIVITIES, DEALLOCATE_VM, DELETE_RESOURCE, GENERALIZE_VM, REMOVE_RUN_COMMANDS
from contracts.resources import Kind, Purpose, Resource
from tests.support.authority import RUN_ID, authority, bearing, live
from tests.support.azure import Azure, azure
from tests.support.creating import DISK
from tests.support.journey import spec

READS = ("inspect_", "read_", "list_", "find_", "send_result", "check_scripts", "check_secret")
PUT_A_RUN_COMMAND = {"read_identity", "collect_evidence"}
OLDER = DISK.model_copy(update={"kind": Kind.IMAGE_VERSION, "purpose": Purpose.IMAGE})


def test_whatever_does_not_only_read_names_what_it_changes() -> None:
    only_read = {entry.name for entry in ACTIVITIES if entry.name.startswith(READS)} - PUT_A_RUN_COMMAND
    assert {entry.name for entry in ACTIVITIES if entry.changes is None} == only_read
    assert {entry.name for entry in ACTIVITIES if entry.recovers} == {
        "adopt_disk",
        "deallocate_vm",
        "delete_resource",
        "remove_run_commands",
    }


@contextmanager
def deprovisioned(**environment: str) -> Generator[Azure]:
    """A stopped VM, and an app whose operator has these settings."""
    with azure(spec("vm1", power="stopped")) as az, patch.dict(os.environ, environment):
        settings.current.cache_clear()
        yield az
    settings.current.cache_clear()


def generalize(az: Azure, bearer: Bearer) -> dict[str, object]:
    body = next(body for entry, body in registration.PLAIN if entry is GENERALIZE_VM)
    vm = az.read()
    request = bearing(OneVm(vm_id=vm.vm_id, unique_id=vm.unique_id), bearer)
    return az.call(registration.answer(GENERALIZE_VM, body, request))


@pytest.mark.parametrize(
    ("environment", "bearer", "code"),
    [
        ({"GOLDEN_ALLOWED_SCOPES": ""}, Bearer(authority=authority()), "ScopeNotAllowed"),
        ({"GOLDEN_IN_PLACE_TRIGGERS": "http"}, Bearer(authority=authority()), "TriggerNotAllowed"),
        ({"GOLDEN_OPT_IN_TAG": "golden=yes"}, Bearer(authority=authority()), "NotOptedIn"),
        ({}, Bearer(), "ScopeNotAllowed"),
        ({}, Bearer(cleanup=CleanupAuthority(cleanup_id="c")), "ScopeNotAllowed"),
    ],
)
def test_a_vm_is_not_marked_without_authority(environment: dict[str, str], bearer: Bearer, code: str) -> None:
    with deprovisioned(**environment) as az:
        before = len(az.simulator.requests())
        answer: dict[str, Any] = generalize(az, bearer)
        sent = [request.operation for request in az.simulator.requests()[before:]]
    assert answer["denied"]["code"] == code
    assert [operation for operation in sent if operation != "virtualMachines.get"] == []
    assert not az.vm().generalized


def test_with_authority_it_is_marked() -> None:
    with deprovisioned() as az:
        assert "denied" not in generalize(az, Bearer(authority=authority(committed=True)))
        assert az.vm().generalized


def test_a_run_that_lost_its_authority_may_still_end_its_own_work() -> None:
    """A VM that stays stopped is billed, and so is what the run created."""
    nothing, run = live(allowed_scopes=(), in_place_triggers=()), Bearer(authority=authority())
    vm_id = authority().vm_id
    own = [
        (DEALLOCATE_VM, Deallocate(vm_id=vm_id, unique_id="u")),
        (REMOVE_RUN_COMMANDS, RemoveRunCommands(vm_id=vm_id, run_commands=("golden-image-a",))),
        (DELETE_RESOURCE, DeleteResource(resource=DISK, run_id=RUN_ID)),
    ]
    for entry, request in own:
        assert denied(entry, request, bearing(request, run), lambda: nothing) is None


@pytest.mark.parametrize("resource", [OLDER, DISK])
def test_what_another_run_created_needs_full_authority(resource: Resource) -> None:
    """Older image versions are retired in the name of the run that created them."""
    request = DeleteResource(resource=resource, run_id="vm-older-0123456789")
    entry, run = DELETE_RESOURCE, Bearer(authority=authority())
    assert denied(entry, request, bearing(request, run), live) is None
    assert denied(entry, request, bearing(request, run), lambda: live(allowed_scopes=())) is not None


def test_a_cleanup_deletes_only_in_the_mode_delete() -> None:
    request = DeleteResource(resource=DISK, run_id=RUN_ID)
    given = bearing(request, Bearer(cleanup=CleanupAuthority(cleanup_id="c")))
    assert denied(DELETE_RESOURCE, request, given, live) is None
    assert denied(DELETE_RESOURCE, request, given, lambda: live(cleanup_mode="report")) is not None
