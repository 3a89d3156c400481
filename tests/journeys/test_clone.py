"""Machines cloned to an image: the source untouched, the clone prepared and sealed, nothing temporary left."""

import logging
import secrets
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from azure_clients import machine_body
from contracts.request import Target
from contracts.results import MachineResult, Outcome
from contracts.run import MachineJob
from policy.rights import (
    GET_SECRET,
    LOOKING,
    READ_ENCRYPTION_SET,
    READ_NETWORK,
    needed_for_clone,
    needed_for_gallery,
    needed_for_verification,
)
from tests.support.golden import (
    TWO_REGIONS,
    TracedRole,
    add_definition,
    add_secret,
    changing,
    clone_job,
    definition_id,
    doubled,
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

    target: Target
    result: MachineResult
    told: Journey
    asked: set[str]
    before: str
    after: str
    latest: str | None
    packages: int
    standing: list[str]


def publish(told: Journey, role: TracedRole, job: MachineJob, region: str = "northeurope") -> Told:
    """Tell the story of a clone, and look at all that it may and may not leave."""
    world = told.simulator.world
    source = told.simulator.machine("vm1")
    before = world.picture(source)
    result = told.tell(job)
    latest = world.galleries.latest(definition_id(), region)
    name, content = (latest.name, latest.content) if latest else (None, None)
    packages = content.packages if content else 0
    return Told(
        job.target, result, told, role.asked, before, world.picture(source), name, packages, standing(told, result)
    )


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
    assert linux.packages == 1, "the image is fresher than its source"


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
PUT runCommands.put 201, PUT runCommands.put 201, POST virtualMachines.restart 202, PUT runCommands.put 201,
DELETE runCommands.delete 202, DELETE runCommands.delete 202, DELETE runCommands.delete 202,
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
    """33 orders, and as many looks as the durations ask for."""
    requests = linux.told.simulator.requests()
    assert changing(requests) == [order.strip() for order in ORDERS.split(",")]
    assert len(requests) < 150
    assert not [r for r in requests if r.status in {401, 403}], "the role is enough"


def test_it_asks_for_the_rights_that_the_policy_names_and_for_no_other(linux: Told) -> None:
    assert linux.asked == needed(linux.target, linux=True)


def needed(target: Target, *, linux: bool) -> set[str]:
    """All that the rules name for this target; only a version that failed would be deleted."""
    places = [*needed_for_clone(target, linux=linux).values(), *needed_for_verification().values()]
    named = {*LOOKING, READ_NETWORK, *needed_for_gallery(), *(action for place in places for action in place)}
    return named - {"Microsoft.Compute/galleries/images/versions/delete"}


class _Kept(logging.Handler):
    """Keeps every line that is logged anywhere."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.lines.append(record.getMessage())


@dataclass
class Secretive(Told):
    """A clone that knew secrets: they, and all that was kept anywhere."""

    secrets: tuple[str, ...]
    kept: str


@pytest.fixture(scope="module")
def windows() -> Secretive:
    """A Windows machine with all that a clone must repeat, build 26100, every activity told twice."""
    role, passwords, log, root = traced(), [PASSWORD], _Kept(), logging.getLogger()
    traits = WindowsTraits(build=26100, administrators={USER: PASSWORD})
    more: dict[str, Any] = {"zones": ("2",), "security_type": "TrustedLaunch", "data_disks": 2, "plan": PLAN}
    source = spec("vm1", os="Windows", tags={}, power="stopped", windows=traits, disk_encryption_set="keys", **more)

    def password(length: int) -> str:
        passwords.append(secrets.token_urlsafe(length))
        return passwords[-1]

    with pytest.MonkeyPatch.context() as patch, journey(source, role=role, twice=True) as told:
        patch.setattr(machine_body, "secrets", SimpleNamespace(token_urlsafe=password))
        patch.setattr(root, "level", logging.DEBUG)
        patch.setattr(root, "handlers", [log])
        add_definition(told, "web", "Windows", security_type="TrustedLaunchSupported", plan=PLAN)
        secret_id = add_secret(told, patch, PASSWORD)
        job = clone_job(
            image=version_wish(targetRegions=TWO_REGIONS),
            prepare=[{"script": "windows-update", "reboot": True}],
            deprovision={"sysprepCredential": {"user": USER, "secretId": secret_id}},
            dataDisks="include",
            stamped=settings(key_vaults=(secret_id,)),
        )
        found = publish(told, role, job)
        history = [told.engine.client.get_orchestration_history(f"{job.run_id}{end}") for end in ("", "-publish")]
        requests = [record.body() for record in told.simulator.requests()]
    kept = "\n".join([str(history), str(told.sent), str(requests), found.result.model_dump_json(), *log.lines])
    return Secretive(**vars(found), secrets=tuple(passwords), kept=kept)


def test_a_windows_machine_of_build_26100_is_sealed_under_a_credential_of_the_key_vault(windows: Secretive) -> None:
    result = windows.result
    assert result.outcome is Outcome.PUBLISHED, result.failure
    assert windows.latest == "1.0.0"
    assert windows.after == windows.before
    assert windows.standing == list(result.made) == [f"{definition_id()}/versions/1.0.0"]
    effects = [effect.kind for effect in former(windows.told, "clone").effects]
    assert effects.count("sysprep") == effects.count("generalized") == 1
    assert windows.asked == needed(windows.target, linux=False) | {GET_SECRET, READ_ENCRYPTION_SET}


def test_an_activity_that_runs_twice_doubles_nothing(windows: Secretive) -> None:
    assert doubled(windows.told.simulator.requests()) == []


def test_the_clone_repeats_what_its_source_is(windows: Secretive) -> None:
    clone, source = (
        vm_model(machine) for machine in (former(windows.told, "clone"), windows.told.simulator.machine("vm1"))
    )
    for name in ("zones", "plan", "location"):
        assert clone[name] == source[name]
    ours, theirs = clone["properties"], source["properties"]
    for name in ("securityProfile", "hardwareProfile"):
        assert ours[name] == theirs[name]
    assert "osProfile" not in ours
    assert [disk["lun"] for disk in ours["storageProfile"]["dataDisks"]] == [0, 1]
    keys = {disk["managedDisk"]["diskEncryptionSet"]["id"] for disk in ours["storageProfile"]["dataDisks"]}
    assert keys == {f"{GROUP}/providers/Microsoft.Compute/diskEncryptionSets/keys"}
    images = versions(windows.told)[0].properties["storageProfile"]["dataDiskImages"]
    assert [image["lun"] for image in images] == [0, 1]


def test_no_secret_is_kept_anywhere(windows: Secretive) -> None:
    assert len(windows.secrets) > 1, "the machine that verifies had a password of its own"
    for said in ("start_deprovision", "sysprepCredential", "keyVault.getSecret", "irreversible step ordered"):
        assert said in windows.kept, "it was read"
    for secret in windows.secrets:
        assert secret not in windows.kept
