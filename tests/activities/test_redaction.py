"""What a VM reports enters the history without secrets: signatures, tokens, keys."""

import json
from typing import Any

import pytest

from activities.collect_evidence import collect_evidence
from activities.read_deprovision import read_deprovision
from activities.read_identity import read_identity
from activities.read_serial_marker import read_serial_marker
from contracts.activities.scripts import IdentityRead, ReadIdentity
from contracts.activities.vm import (
    CollectEvidence,
    DeprovisionProgress,
    EvidenceCollected,
    ReadDeprovision,
    ReadSerialMarker,
)
from contracts.guest_report import FAILED_MARK, SENTINEL
from tests.support.azure import NONCE, Azure, azure, target
from tests.support.journey import spec

RUN_ID = "vm-r1-0123456789"
COMMAND = "golden-image-work-0123456789abcdef"
SECRET = "c2VjcmV0LXNpZ25hdHVyZQ"
SIGNED = f"https://account.blob.core.windows.net/logs/x?sv=2024&sig={SECRET}"


def report(outcome: str, **facts: str) -> str:
    about = {"version": 1, "runId": RUN_ID, "nonce": NONCE, "outcome": outcome, "code": "x", "message": SIGNED}
    return f"{SENTINEL}{json.dumps({**about, 'facts': facts})}\n"


def evidence(az: Azure) -> EvidenceCollected:
    wanted = CollectEvidence(vm=az.read(), run_id=RUN_ID, app_name="tests", nonce=NONCE, run_command=COMMAND)
    return az.call(collect_evidence(wanted))


def deprovision(az: Azure) -> DeprovisionProgress:
    ids: dict[str, Any] = {"unique_id": az.read().unique_id, "run_id": RUN_ID, "nonce": NONCE}
    return az.call(read_deprovision(ReadDeprovision(vm_id=target(), run_command=COMMAND, **ids)))


def identity(az: Azure) -> IdentityRead:
    wanted = ReadIdentity(vm=az.read(), run_id=RUN_ID, app_name="tests", nonce=NONCE, run_command=COMMAND)
    return az.call(read_identity(wanted))


def start(az: Azure) -> None:
    """Run any script to its end, so that its output can be replaced."""
    evidence(az)
    az.pass_time(60)


def write(az: Azure, output: str) -> None:
    az.vm().run_commands[COMMAND].output = output


def test_a_report_about_the_deprovisioning() -> None:
    with azure(spec("vm1")) as az:
        start(az)
        write(az, report("failed", cause=SIGNED))
        found = deprovision(az).report
    assert found is not None
    assert "account.blob" in found.message
    assert "account.blob" in found.facts["cause"]
    assert SECRET not in found.model_dump_json()


def test_the_end_of_an_output_without_a_report() -> None:
    with azure(spec("vm1")) as az:
        start(az)
        write(az, SIGNED)
        found = deprovision(az)
    assert found.ended_without_report is not None
    assert "account.blob" in found.ended_without_report
    assert SECRET not in found.ended_without_report


def test_an_identity_and_the_reason_why_there_is_none() -> None:
    with azure(spec("vm1")) as az:
        start(az)
        write(az, report("identity", hostName="vm1", logs=SIGNED))
        reported = identity(az)
        write(az, report("failed"))
        failed = identity(az)
    assert reported.identity is not None
    assert "account.blob" in reported.identity.logs[0]
    assert SECRET not in reported.model_dump_json()
    assert failed.why is not None
    assert "account.blob" in failed.why
    assert SECRET not in failed.why


def test_the_evidence() -> None:
    with azure(spec("vm1")) as az:
        start(az)
        write(az, f"waagent: {SIGNED}\n")
        found = evidence(az)
    assert "account.blob" in found.text
    assert SECRET not in found.text


def test_a_failure_in_the_serial_log(monkeypatch: pytest.MonkeyPatch) -> None:
    line = f"{FAILED_MARK} {RUN_ID} {NONCE} waagentFailed {SIGNED}\n"
    with azure(spec("vm1")) as az:
        monkeypatch.setattr(az.vm().guest, "serial_log", lambda: line)
        az.vm().read_guest()
        az.pass_time(600)
        found = az.call(read_serial_marker(ReadSerialMarker(vm_id=target(), run_id=RUN_ID, nonce=NONCE)))
    assert found.mark.failure is not None
    assert "account.blob" in found.mark.failure
    assert SECRET not in found.mark.failure
