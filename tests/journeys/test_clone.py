"""VMs cloned to an image: source unchanged, clone customized and deprovisioned, temporary resources deleted."""

import logging
import secrets
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from azure_clients import vm_request_body
from contracts.request import Target
from contracts.results import Outcome, VmResult
from contracts.run import VmJob
from emulators.arm import LinuxTraits, Role, WindowsTraits
from emulators.arm.compute.vms.views import vm_model
from policy.rights import (
    CHECK_POLICIES,
    GET_SECRET,
    READ_CAPACITY,
    READ_DENY_ASSIGNMENTS,
    READ_ENCRYPTION_SET,
    READ_GALLERY,
    READ_NETWORK,
    READ_RIGHTS_AND_LOCKS,
    needed_for_clone,
    needed_for_gallery,
    needed_for_validation,
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
    version_options,
    versions,
)
from tests.support.journey import ROLE_FILE, Journey, journey, spec
from tests.support.requests import GROUP, settings

PLAN = {"name": "ent", "publisher": "contoso", "product": "server"}
PASSWORD, USER = "Correct-Horse7Battery", "imagemaker"


@dataclass
class ClonedRun:
    """The result of a successful clone."""

    target: Target
    result: VmResult
    reported: Journey
    asked: set[str]
    before: str
    after: str
    latest: str | None
    packages: int
    standing: list[str]


def publish(reported: Journey, role: TracedRole, job: VmJob, region: str = "northeurope") -> ClonedRun:
    """Run a clone, and collect what it created and changed."""
    world = reported.simulator.world
    source = reported.simulator.vm("vm1")
    before = world.picture(source)
    result = reported.report(job)
    latest = world.galleries.latest(definition_id(), region)
    name, content = (latest.name, latest.content) if latest else (None, None)
    packages = content.packages if content else 0
    return ClonedRun(
        job.target,
        result,
        reported,
        role.asked,
        before,
        world.picture(source),
        name,
        packages,
        standing(reported, result),
    )


def traced() -> TracedRole:
    return TracedRole.of_role(Role.from_file(ROLE_FILE))


@pytest.fixture(scope="module")
def linux() -> ClonedRun:
    """A Linux VM whose guest runs the real scripts if there is a sandbox."""
    source = spec("vm1", tags={}, power="deallocated", linux=LinuxTraits(people=("alice",)))
    image = version_options(targetRegions=TWO_REGIONS)
    image["validate"]["allowedUsers"] = ["alice"]
    job = clone_job(image=image, customize=[{"script": "linux-packages-update", "reboot": True}])
    role = traced()
    with journey(source, role=role, emulate_linux=False) as reported:
        add_definition(reported)
        return publish(reported, role, job)


def test_a_linux_vm_becomes_a_promoted_version_in_two_regions(linux: ClonedRun) -> None:
    result = linux.result
    assert result.outcome is Outcome.PUBLISHED, result.failure
    assert result.image is not None
    assert result.image.validation is not None
    assert (result.image.version, result.image.validation.passed) == ("1.0.0", True)
    assert linux.latest == "1.0.0"
    assert {r.name: r.state for r in result.image.regions} == {"westeurope": "Completed", "northeurope": "Completed"}
    assert [(s.script, s.exit_code, s.rebooted) for s in result.customizers] == [("linux-packages-update", 0, True)]
    assert linux.packages == 1, "the image is newer than its source"


def test_the_source_is_unchanged(linux: ClonedRun) -> None:
    assert linux.after == linux.before
    assert not [r for r in linux.reported.simulator.requests("vm1") if r.method != "GET"]


def test_only_the_version_remains_of_the_run(linux: ClonedRun) -> None:
    assert linux.standing == [f"{definition_id()}/versions/1.0.0"] == list(linux.result.created_resources)
    world = linux.reported.simulator.world
    resource, deleted = ({trace.id for trace in traces} for traces in (world.resource, world.deleted))
    assert {held.rsplit("/", 1)[-1] for held in resource - deleted} == {"1.0.0"}, "with a tag or without"


def test_the_version_names_its_source(linux: ClonedRun) -> None:
    tags = versions(linux.reported)[0].tags
    assert tags["golden-image-source"] == str(linux.result.vm_id)
    assert tags["golden-image-source-os"] == "ubuntu 22.04"
    assert tags["golden-image-evidence"] == "guestReported"
    assert tags["golden-image-validated"] == "passed"
    assert tags["golden-image-script-01"].startswith("linux-packages-update sha256:")


ORDERS = """
PUT snapshots.createOrUpdate 202, PUT networkSecurityGroups.createOrUpdate 201,
PUT networkInterfaces.createOrUpdate 201, PUT disks.createOrUpdate 202, PUT virtualMachines.createOrUpdate 201,
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


def test_the_orchestration_in_its_requests(linux: ClonedRun) -> None:
    """33 write requests, and as many polls as the durations need."""
    requests = linux.reported.simulator.requests()
    assert changing(requests) == [order.strip() for order in ORDERS.split(",")]
    assert len(requests) < 160
    assert not [r for r in requests if r.status in {401, 403}], "the role is enough"


def test_it_uses_exactly_the_permissions_in_the_policy(linux: ClonedRun) -> None:
    assert linux.asked == needed(linux.target, linux=True)


def needed(target: Target, *, linux: bool) -> set[str]:
    """All actions in the rules for this target; only a failed version, or an extension, would be deleted."""
    places = [*needed_for_clone(target, linux=linux).values(), *needed_for_validation().values()]
    named = {
        *READ_RIGHTS_AND_LOCKS,
        READ_DENY_ASSIGNMENTS,
        CHECK_POLICIES,
        READ_NETWORK,
        *READ_CAPACITY,
        READ_GALLERY,
        *needed_for_gallery(),
        *(action for place in places for action in place),
    }
    return named - {
        "Microsoft.Compute/galleries/images/versions/delete",
        "Microsoft.Compute/virtualMachines/extensions/delete",
    }


class _Kept(logging.Handler):
    """Stores every log line."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Store it."""
        self.lines.append(record.getMessage())


@dataclass
class Secretive(ClonedRun):
    """A clone with secrets: the secrets, and everything that was stored."""

    secrets: tuple[str, ...]
    kept: str


@pytest.fixture(scope="module")
def windows() -> Secretive:
    """A Windows VM with everything that a clone must copy, build 26100, every activity run twice."""
    role, passwords, log, root = traced(), [PASSWORD], _Kept(), logging.getLogger()
    traits = WindowsTraits(build=26100, administrators={USER: PASSWORD})
    more: dict[str, Any] = {"zones": ("2",), "security_type": "TrustedLaunch", "data_disks": 2, "plan": PLAN}
    source = spec("vm1", os="Windows", tags={}, power="stopped", windows=traits, disk_encryption_set="keys", **more)

    def password(length: int) -> str:
        passwords.append(secrets.token_urlsafe(length))
        return passwords[-1]

    with pytest.MonkeyPatch.context() as patch, journey(source, role=role, twice=True) as reported:
        patch.setattr(vm_request_body, "secrets", SimpleNamespace(token_urlsafe=password))
        patch.setattr(root, "level", logging.DEBUG)
        patch.setattr(root, "handlers", [log])
        add_definition(reported, "web", "Windows", security_type="TrustedLaunch", plan=PLAN)
        secret_id = add_secret(reported, patch, PASSWORD)
        job = clone_job(
            image=version_options(targetRegions=TWO_REGIONS),
            customize=[{"script": "windows-update", "reboot": True}],
            deprovision={"sysprepCredential": {"user": USER, "secretId": secret_id}},
            dataDisks="include",
            stamped=settings(allowed_secrets=(secret_id,)),
        )
        found = publish(reported, role, job)
        history = [reported.engine.client.get_orchestration_history(f"{job.run_id}{end}") for end in ("", "-publish")]
        requests = [record.body() for record in reported.simulator.requests()]
    kept = "\n".join([str(history), str(reported.sent), str(requests), found.result.model_dump_json(), *log.lines])
    return Secretive(**vars(found), secrets=tuple(passwords), kept=kept)


def test_a_windows_vm_of_build_26100_is_deprovisioned_under_a_credential_of_the_key_vault(windows: Secretive) -> None:
    result = windows.result
    assert result.outcome is Outcome.PUBLISHED, result.failure
    assert windows.latest == "1.0.0"
    assert windows.after == windows.before
    assert windows.standing == list(result.created_resources) == [f"{definition_id()}/versions/1.0.0"]
    effects = [effect.kind for effect in former(windows.reported, "clone").effects]
    assert effects.count("sysprep") == effects.count("generalized") == 1
    assert windows.asked == needed(windows.target, linux=False) | {GET_SECRET, READ_ENCRYPTION_SET}


def test_an_activity_that_runs_twice_doubles_nothing(windows: Secretive) -> None:
    assert doubled(windows.reported.simulator.requests()) == []


def test_the_clone_repeats_what_its_source_is(windows: Secretive) -> None:
    clone, source = (vm_model(vm) for vm in (former(windows.reported, "clone"), windows.reported.simulator.vm("vm1")))
    for name in ("zones", "plan", "location"):
        assert clone[name] == source[name]
    ours, theirs = clone["properties"], source["properties"]
    for name in ("securityProfile", "hardwareProfile"):
        assert ours[name] == theirs[name]
    assert "osProfile" not in ours
    assert [disk["lun"] for disk in ours["storageProfile"]["dataDisks"]] == [0, 1]
    keys = {disk["managedDisk"]["diskEncryptionSet"]["id"] for disk in ours["storageProfile"]["dataDisks"]}
    assert keys == {f"{GROUP}/providers/Microsoft.Compute/diskEncryptionSets/keys"}
    images = versions(windows.reported)[0].properties["storageProfile"]["dataDiskImages"]
    assert [image["lun"] for image in images] == [0, 1]


def test_no_secret_is_kept_anywhere(windows: Secretive) -> None:
    assert len(windows.secrets) > 1, "the validation VM had a password of its own"
    for said in ("start_deprovision", "sysprepCredential", "keyVault.getSecret", "irreversible operation requested"):
        assert said in windows.kept, "it was read"
    for secret in windows.secrets:
        assert secret not in windows.kept
