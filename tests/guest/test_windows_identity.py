"""The identity and update scripts for Windows, parsed but never run."""

import re

import pytest

from guest.allow_list import allowed
from guest.scripts import load_script
from tests.guest.powershell import PowerShell, text

FACTS = ["hostName", "identity", "sshHostKeys", "users", "authorizedKeys", "logs", "bootId", "clock"]


@pytest.fixture(scope="module")
def identity() -> PowerShell:
    return PowerShell.parse(load_script("windows/read_identity.ps1").text)


@pytest.fixture(scope="module")
def update() -> PowerShell:
    return PowerShell.parse(allowed("windows-update").text)


def names_of(script: PowerShell) -> list[str]:
    return re.findall(r"\[string\]\$(\w+) = '", text(script.nodes("param_block")[0]))


def test_the_parameters_and_facts_are_those_of_the_report(identity: PowerShell):
    assert names_of(identity) == ["RunId", "Nonce", "KnownUser", "OldHost"]
    main = identity.source[identity.source.index("$facts = [ordered]@{") :]
    assert re.findall(r"^ {8}(\w+) +=", main, re.MULTILINE) == FACTS
    assert "Write-Answer 'identity' ''" in main


def test_the_exit_codes_of_the_identity(identity: PowerShell):
    assert re.findall(r"Write-Answer '(\w+)'.*?exit (\d+)", identity.source, re.DOTALL) == [
        ("refused", "10"),
        ("failed", "20"),
        ("identity", "0"),
    ]


def test_the_built_in_accounts_are_not_reported(identity: PowerShell):
    assert "$BuiltInAccounts = 500, 501, 503, 504" in identity.source
    assert "-notin $BuiltInAccounts -and $_.Name -ne $KnownUser" in identity.functions()["Get-ForeignUser"]


def test_the_simulator_does_not_take_either_for_sysprep(identity: PowerShell, update: PowerShell):
    for script in (identity, update):
        assert "/generalize" not in script.source.lower()


def test_each_log_is_bounded(identity: PowerShell):
    assert "$_.Length -le $MostBytesOfALog" in identity.functions()["Get-ResidualLog"]
    assert len(re.findall(r"Join-Names .+ \d+ \d+$", identity.source, re.MULTILINE)) == 3


def test_updates_come_from_the_agent_that_every_windows_has(update: PowerShell):
    objects = re.findall(r"New-Object -ComObject '([\w.]+)'", update.source)
    assert set(objects) == {"Microsoft.Update.Session", "Microsoft.Update.UpdateColl", "Microsoft.Update.SystemInfo"}
    assert "Import-Module" not in update.commands()
    assert names_of(update) == ["Categories", "MaxMinutes"] == list(allowed("windows-update").parameters)


def test_an_update_starts_only_before_the_deadline(update: PowerShell):
    (loop,) = [text(node) for node in update.nodes("foreach_statement") if "Install-One" in text(node)]
    assert loop.index("(Get-Date) -ge $deadline") < loop.index("Install-One $session $update")


def test_every_end_of_the_update_is_in_its_header_and_says_whether_to_reboot(update: PowerShell):
    header = update.source[: update.source.index("#>")]
    reported = {int(code) for code in re.findall(r"[:,]\s+(\d+) [a-z]", header[header.index("Exit code:") :])}
    used = {int(code) for code in re.findall(r"Stop-Here (\d+)", update.source)}
    assert used == reported == {0, 10, 11, 12, 20, 21, 30}
    assert re.findall(r"^\s*exit .*$", update.source, re.MULTILINE) == ["    exit $ExitCode"]
    ending = update.functions()["Stop-Here"]
    assert ending.index("REBOOT-WANTED: {0}") < ending.index("exit $ExitCode")


def test_each_category_has_its_id_and_is_in_the_header(update: PowerShell):
    ids = dict(re.findall(r"^    (\w+) += '([0-9A-F-]{36})'$", update.source, re.MULTILINE))
    assert len(set(ids.values())) == len(ids) == 7
    header = update.source[: update.source.index("#>")]
    assert all(name in header for name in ids)
    value = allowed("windows-update").parameters["Categories"]
    assert re.fullmatch(value, ",".join(ids))
