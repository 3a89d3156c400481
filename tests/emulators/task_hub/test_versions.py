"""Versions of runs: one newer than the hub's default version is not accepted: it waits silently, or fails."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from durabletask.client import OrchestrationStatus
from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.task_hub import BackendOptions, VersionMatch
from emulators.task_hub.versions import may_run
from tests.emulators.task_hub.rig import CALM, Orchestration, Program, running

OLDER = replace(CALM, version_match=VersionMatch.CURRENT_OR_OLDER)
VERSIONS = ("", "0", "1", "1.0", "1.9", "1.10", "1.11", "2", "a")


def version(context: Any, _: Any) -> Orchestration:
    return context.version
    yield


PROGRAM = Program([version])


@pytest.mark.parametrize(
    ("own", "match", "taken"),
    [
        (None, VersionMatch.CURRENT_OR_OLDER, ("",)),
        ("1", VersionMatch.CURRENT_OR_OLDER, ("", "0", "1")),
        ("1.10", VersionMatch.CURRENT_OR_OLDER, ("", "0", "1", "1.0", "1.9", "1.10")),
        ("1", VersionMatch.STRICT, ("1",)),
        ("1", VersionMatch.NONE, VERSIONS),
    ],
)
def test_what_was_seen_on_the_extension(own: str | None, match: VersionMatch, taken: tuple[str, ...]) -> None:
    options = BackendOptions(default_version=own, version_match=match)
    assert tuple(one for one in VERSIONS if may_run(options, one)) == taken


def test_a_newer_run_waits_until_its_hub_is_as_new(tmp_path: Path) -> None:
    file = tmp_path / "hub.db"
    with running(PROGRAM, file, options=replace(OLDER, default_version="1")) as rig:
        rig.start(version, instance_id="new", version="2")
        assert rig.run(version).serialized_output == '"1"'
        rig.until(rig.hub.is_idle)
        assert rig.state("new").runtime_status == OrchestrationStatus.PENDING
    with running(PROGRAM, file, options=replace(OLDER, default_version="2")) as rig:
        assert rig.end_of("new").serialized_output == '"2"'
        assert rig.run(version, version="1").serialized_output == '"1"'


def test_a_newer_run_fails_where_that_is_asked_for() -> None:
    options = replace(OLDER, default_version="1", fail_other_versions=True)
    with running(PROGRAM, options=options) as rig:
        state = rig.run(version, version="2")
        assert state.runtime_status == OrchestrationStatus.FAILED
        expected = "VersionMismatch: Orchestration version did not comply with Worker Versioning"
        assert state.serialized_output == expected


def test_an_empty_version_differs_from_no_version() -> None:
    with running(PROGRAM, options=replace(OLDER, default_version="1")) as rig:
        stub: Any = rig.client._stub  # pyright: ignore[reportPrivateUsage]
        request = pb.CreateInstanceRequest(instanceId="a", name="version")
        request.version.value = ""  # the client's own method omits it
        stub.StartInstance(request)
        assert rig.end_of("a").serialized_output == '""'
