"""Machines cloned to an image: the source untouched, the clone prepared and sealed, nothing temporary left."""

import json
import logging
from dataclasses import dataclass
from typing import Any

import pytest

from azure_clients import machine_body
from contracts.made import Kind, made_id, made_name
from contracts.reasons import FailureCode, RefusalCode
from contracts.results import MachineResult, Outcome
from contracts.run import MachineJob
from contracts.stages import Stage
from contracts.steps import CANCEL_EVENT
from tests.support.golden import (
    TWO_REGIONS,
    TracedRole,
    add_definition,
    add_secret,
    begin,
    changing,
    clone_job,
    definition_id,
    doubled,
    end_of,
    former,
    standing,
    version_wish,
    versions,
)
from tests.support.journey import ROLE_FILE, Journey, journey, spec
from tests.support.requests import GROUP, settings
from workbench.arm_simulator import LinuxTraits, Role, WindowsTraits
from workbench.arm_simulator.vm_views import vm_model

PLAN = {"name": "ent", "publisher": "contoso", "product": "server"}
PASSWORD, USER = "Correct-Horse7Battery", "imagemaker"


@dataclass
class Told:
    """What came of a clone that went well."""

    result: MachineResult
    told: Journey
    asked: set[str]
    before: str
    after: str
    latest: str | None
    standing: list[str]


def publish(told: Journey, role: TracedRole, job: MachineJob, region: str = "northeurope") -> Told:
    """Tell the story of a clone, and look at all that it may and may not leave."""
    world = told.simulator.world
    source = told.simulator.machine("vm1")
    before = world.picture(source)
    result = told.tell(job)
    latest = world.galleries.latest(definition_id(), region)
    name = latest.name if latest else None
    return Told(result, told, role.asked, before, world.picture(source), name, standing(told, result))


def traced() -> TracedRole:
    return TracedRole.of_role(Role.from_file(ROLE_FILE))


@pytest.fixture(scope="module")
def linux() -> Told:
    """A Linux machine whose guest runs the real scripts where there is a sandbox."""
    source = spec("vm1", tags={}, power="deallocated", linux=LinuxTraits(people=("alice",)))
    image = version_wish(targetRegions=TWO_REGIONS)
    image["verify"]["allowedUsers"] = ["alice"]
    job = clone_job(image=image, prepare=[{"script": "linux-packages-update", "reboot": True}])
    role = traced()
    with journey(source, role=role) as told:
        add_definition(told)
        return publish(told, role, job)


def test_a_linux_machine_becomes_a_promoted_version_in_two_regions(linux: Told) -> None:
    result = linux.result
    assert result.outcome is Outcome.PUBLISHED, result.failure
    assert result.image is not None
    assert result.image.verified is not None
    assert (result.image.version, result.image.verified.passed) == ("1.0.0", True)
    assert linux.latest == "1.0.0"
    assert {r.name: r.state for r in result.image.regions} == {"westeurope": "Completed", "northeurope": "Completed"}
    assert [(s.script, s.exit_code, s.rebooted) for s in result.prepared] == [("linux-packages-update", 0, True)]
    assert former(linux.told, "clone").guest.freeze().packages == 1, "the image is fresher than its source"


def test_the_source_is_as_it_was(linux: Told) -> None:
    assert linux.after == linux.before
    assert not [r for r in linux.told.simulator.requests("vm1") if r.method != "GET"]


def test_nothing_of_the_run_is_left_but_the_version(linux: Told) -> None:
    assert linux.standing == [f"{definition_id()}/versions/1.0.0"] == list(linux.result.made)
    world = linux.told.simulator.world
    made, deleted = ({trace.id for trace in traces} for traces in (world.made, world.deleted))
    assert {held.rsplit("/", 1)[-1] for held in made - deleted} == {"1.0.0"}, "with a tag or without"


def test_the_version_says_where_it_comes_from(linux: Told) -> None:
    tags = versions(linux.told)[0].tags
    assert tags["golden-image-source"] == str(linux.result.vm_id)
    assert tags["golden-image-source-os"] == "ubuntu 22.04"
    assert tags["golden-image-evidence"] == "guestReported"
    assert tags["golden-image-verified"] == "passed"
    assert tags["golden-image-script-01"].startswith("linux-packages-update sha256:")


ORDERS = """
PUT snapshots.createOrUpdate 202, PUT disks.createOrUpdate 202, PUT networkSecurityGroups.createOrUpdate 201,
PUT networkInterfaces.createOrUpdate 201, PUT virtualMachines.createOrUpdate 201,
PUT runCommands.put 201, POST virtualMachines.restart 202, DELETE runCommands.delete 202,
PUT runCommands.put 201, DELETE runCommands.delete 202, PUT runCommands.put 201,
POST virtualMachines.deallocate 202, POST virtualMachines.generalize 200,
PUT galleryImageVersions.createOrUpdate 201,
PUT networkSecurityGroups.createOrUpdate 201, PUT networkInterfaces.createOrUpdate 201,
PUT virtualMachines.createOrUpdate 201, PATCH disks.update 202, PUT runCommands.put 201, DELETE runCommands.delete 202,
DELETE virtualMachines.delete 202, DELETE networkInterfaces.delete 202, DELETE networkSecurityGroups.delete 202,
PATCH galleryImageVersions.update 200,
DELETE virtualMachines.delete 202, DELETE networkInterfaces.delete 202, DELETE networkSecurityGroups.delete 202,
DELETE disks.delete 202, DELETE snapshots.delete 202
"""


def test_the_story_in_its_requests(linux: Told) -> None:
    """29 orders, and as many looks as the durations ask for: fewer than 120 requests in all."""
    requests = linux.told.simulator.requests()
    assert changing(requests) == [order.strip() for order in ORDERS.split(",")]
    assert len(requests) < 120
    assert not [r for r in requests if r.status in {401, 403}], "the role is enough"


@pytest.fixture(scope="module")
def windows() -> tuple[Told, str]:
    """Every activity runs twice; the secrets are kept as they pass, and every log with them."""
    role, passwords = traced(), list[str]()
    traits = WindowsTraits(build=26100, administrators={USER: PASSWORD})
    more: dict[str, Any] = {"zones": ("2",), "security_type": "TrustedLaunch", "data_disks": 2, "plan": PLAN}
    source = spec("vm1", os="Windows", tags={}, power="stopped", windows=traits, disk_encryption_set="keys", **more)
    log = _Kept()
    with pytest.MonkeyPatch.context() as patch, log, journey(source, role=role, twice=True) as told:
        spy(patch, passwords)
        add_definition(told, "web", "Windows", security_type="TrustedLaunchSupported", plan=PLAN)
        secret = add_secret(told, patch, "builds", "sysprep", PASSWORD)
        options = {"sysprepCredential": {"user": USER, "secretId": secret}}
        job = clone_job(
            image=version_wish(targetRegions=TWO_REGIONS),
            prepare=[{"script": "windows-update", "reboot": True}],
            deprovision=options,
            dataDisks="include",
            settings=settings(key_vaults=(secret.partition("/secrets/")[0],)),
        )
        found = publish(told, role, job)
        ids = (job.run_id, f"{job.run_id}-publish")
        history = [told.engine.client.get_orchestration_history(each) for each in ids]
        records = [record.body() for record in told.simulator.requests()]
        kept = f"{history}{told.sent}{json.dumps(records)}{found.result.model_dump_json()}{log.text}"
    assert passwords, "the machine that verifies had a password"
    for secret in (PASSWORD, *passwords):
        assert secret not in kept
    return found, kept
