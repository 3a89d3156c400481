"""The Windows scripts, parsed but never run: the tests run without Windows."""

import re

import pytest

from guest.scripts import FOLDER, load_script, read_script
from tests.guest.powershell import PowerShell, text

PROTOCOL = ("windows/deprovision.ps1", "windows/collect_evidence.ps1", "windows/read_identity.ps1")
SCRIPTS = (*PROTOCOL, "customizers/windows-update.ps1")
REFUSALS = {
    "badParameters": "Find-BadParameter",
    "notAdministrator": "Find-MissingRight",
    "requestedByAnotherRun": "Find-OtherRun",
    "expired": "Find-ExpiredRequest",
    "bootChanged": "Find-OtherBoot",
    "buildNeedsUserContext": "Find-UnsupportedBuild",
    "domainController": "Find-DomainController",
    "unsupportedRole": "Find-UnsupportedRole",
    "pendingReboot": "Find-PendingReboot",
    "driveEncrypted": "Find-EncryptedDrive",
    "sysprepCountExhausted": "Find-ExhaustedCount",
    "removableStorageDenied": "Find-DeniedRemovableStorage",
    "agentNotRunning": "Find-StoppedAgent",
    "appxNotProvisioned": "Find-UnprovisionedApp",
    "badCredential": "Find-BadCredential",
}
COMMANDS = (
    "Join-Path Split-Path Test-Path Remove-Item New-Object Get-Date Start-Sleep Get-Service Get-Process Get-Command "
    "Get-Content Where-Object ForEach-Object Select-Object Out-Null Write-Output ConvertTo-Json Set-StrictMode "
    "Get-CimInstance Get-CimAssociatedInstance Invoke-CimMethod Get-WindowsFeature Get-AppxPackage "
    "Get-AppxProvisionedPackage Get-ChildItem Select-String"
)
CHANGES = (
    "Remove-Item",
    "SetValue",
    "CreateSubKey",
    "Process]::Start",
    "shutdown.exe",
    "Set-Item",
    "New-Item",
    "Stop-Process",
    "Stop-Service",
    "Set-Content",
    "Add-Content",
    "Out-File",
    "RegisterTaskDefinition",
    "DeleteTask",
)


@pytest.fixture(scope="module")
def deprovision() -> PowerShell:
    return PowerShell.parse(load_script("windows/deprovision.ps1").text)


@pytest.fixture(scope="module", params=SCRIPTS)
def script(request: pytest.FixtureRequest) -> PowerShell:
    return PowerShell.parse(read_script(FOLDER / request.param))


def test_the_grammar_finds_no_error(script: PowerShell):
    assert script.errors() == []
    assert script.functions()
    assert [line for line in script.source.splitlines() if len(line) > 132] == []


def test_the_grammar_finds_what_is_wrong():
    assert all(PowerShell.parse(broken).errors() for broken in ("if ($a { 1 }", "function f { ", "$x = )"))


def test_only_ascii_because_windows_powershell_reads_ansi(script: PowerShell):
    assert script.source.isascii()
    assert "\t" not in script.source


def test_nothing_that_came_after_windows_powershell_5(script: PowerShell):
    code = script.code()
    for late in (
        r"\?\?",
        r"&&",
        r"\|\|",
        r"\?\.",
        r"\$Is(Windows|Linux)",
        "-AsHashtable",
        "-Parallel",
        "-SkipEditionCheck",
        r"\?\s*'.*'\s*:",
    ):
        assert not re.search(late, code), late


def test_no_text_becomes_code(script: PowerShell):
    for command in ("Invoke-Expression", "iex", "Invoke-Command", "Invoke-WebRequest", "Start-Process", "Add-Type"):
        assert command.lower() not in {name.lower() for name in script.commands()}
    assert "::Create(" not in script.code()


def test_every_parameter_is_a_bounded_string_with_a_default(script: PowerShell):
    parameters = [text(node) for node in script.nodes("script_parameter", script.nodes("param_block")[0])]
    assert len(parameters) >= 2
    for parameter in parameters:
        assert re.fullmatch(r"\[ValidateLength\(0, \d+\)\]\[AllowEmptyString\(\)\]\[string\]\$\w+ = '.*'", parameter)


def test_every_command_is_one_that_windows_powershell_has(script: PowerShell):
    assert set(script.commands()) - set(COMMANDS.split()) - set(script.functions()) == set()


def test_sysprep_runs_with_quit_and_never_with_shutdown(deprovision: PowerShell):
    sysprep = deprovision.functions()["Invoke-Sysprep"]
    assert "'/oobe /generalize /quiet /quit'" in sysprep
    assert "' /mode:vm'" in sysprep
    switches = re.findall(r"(?<![\w.])/[a-z:]+", deprovision.code())
    assert sorted(switches) == sorted(["/oobe", "/generalize", "/quiet", "/quit", "/mode:vm", "/s", "/t"])


def test_each_refusal_has_its_own_function(deprovision: PowerShell):
    functions = deprovision.functions()
    owners = {code: [name for name, body in functions.items() if f"'{code}'" in body] for code in REFUSALS}
    assert owners == {code: [name] for code, name in REFUSALS.items()}
    for code, name in REFUSALS.items():
        assert deprovision.source.count(f"'{code}'") == 1, code
        assert len(functions[name].splitlines()) <= 25, name
        assert re.search(rf"Deny-When '{code}' '[^']+\.' \{{", functions[name]), name


def test_every_precondition_is_called(deprovision: PowerShell):
    checks = [name for name in deprovision.functions() if name.startswith("Find-")]
    main = deprovision.source[deprovision.source.index("$Preconditions = ") :]
    called = re.findall(r"'(Find-\w+)'", main[: main.index("$OnlyInstance")])
    assert sorted(called) == sorted(checks) == sorted(REFUSALS.values())
    assert called[:4] == ["Find-BadParameter", "Find-MissingRight", "Find-OtherRun", "Find-ExpiredRequest"]
    assert "$refusal = & $precondition" in main


def test_no_precondition_changes_anything(deprovision: PowerShell):
    for name, body in deprovision.functions().items():
        if name.startswith(("Find-", "Get-", "Deny-", "Open-", "Write-", "ConvertTo-")):
            assert [change for change in CHANGES if change in body] == [], name


@pytest.mark.parametrize("name", ["collect_evidence", "read_identity"])
def test_a_script_that_only_reads_changes_nothing(name: str):
    source = load_script(f"windows/{name}.ps1").text
    assert [change for change in CHANGES if change in source] == []


def test_failures_have_their_codes(deprovision: PowerShell):
    codes = set(re.findall(r"'(sysprep\w+|imageState\w+)'", deprovision.code()))
    assert codes == {"sysprepFailed", "sysprepTimedOut", "sysprepCountExhausted", "imageStateNotReached"}


def test_the_shutdown_comes_only_after_the_image_state(deprovision: PowerShell):
    assert deprovision.code().count("shutdown.exe'") == 1
    body = deprovision.functions()["Invoke-Deprovision"]
    steps = [
        "Remove-SysprepTask",
        "Repair-CdromService",
        "Remove-AnswerFile",
        "Invoke-Sysprep",
        "$null -eq $exitCode",
        "$exitCode -ne 0",
    ]
    order = [body.index(step) for step in [*steps, "Wait-Generalized", "shutdown.exe'"]]
    assert order == sorted(order)
    for guard in ("$null -eq $exitCode", "$exitCode -ne 0", "-not (Wait-Generalized $deadline)"):
        assert re.search(rf"if \({re.escape(guard)}\) \{{ return ", body)
    assert "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE" in deprovision.source


def test_every_wait_has_an_end(deprovision: PowerShell):
    loops = [text(node) for kind in ("while_statement", "do_statement") for node in deprovision.nodes(kind)]
    assert len(loops) == 3
    assert all(re.search(r"\$(deadline|Deadline|grace)", loop) for loop in loops)
    assert "WaitForExit($left)" in deprovision.source
    assert "WaitForExit()" not in deprovision.source


@pytest.mark.parametrize("name", PROTOCOL)
def test_invalid_values_are_not_repeated(name: str):
    source = load_script(name).text
    assert r"$(if ($RunId -cmatch '\A[A-Za-z0-9-]{1,64}\z') { $RunId } else { '' })" in source
    assert r"$(if ($Nonce -cmatch '\A[0-9a-f]{8,128}\z') { $Nonce } else { '' })" in source


def test_the_expiry_is_compared_with_the_vms_clock_in_utc(deprovision: PowerShell):
    body = deprovision.functions()["Find-ExpiredRequest"]
    assert "[DateTimeOffset]::UtcNow.ToUnixTimeSeconds() - [long]$NotAfter" in body
    assert "if ($late -gt 0)" in body
    assert r"if ($NotAfter -cnotmatch '\A[1-9][0-9]{9,10}\z') { return " in deprovision.functions()["Find-BadParameter"]


def test_a_run_that_comes_again_gets_its_first_answer_before_it_can_be_too_late(deprovision: PowerShell):
    main = deprovision.source[deprovision.source.index("$Preconditions = ") :]
    again = main[main.index("$precondition -eq 'Find-OtherRun'") :]
    assert again.index("$first = Get-RegistryValue $StateKey 'Answer'") < again.index("Write-Answer 'alreadyRequested'")
    assert "if ($first) { Write-Output $first; exit [int](Get-RegistryValue $StateKey 'ExitCode') }" in again
    end = main[main.index("Write-Output $answer") :]
    assert re.search(
        r"try \{ Set-RunRecord 'ExitCode' .+; Set-RunRecord 'Answer' .+ \} catch .+\nexit \$exitCode$", end.strip()
    )


def test_the_exit_codes_are_those_of_the_protocol(deprovision: PowerShell):
    main = deprovision.source[
        deprovision.source.index("# ---------------------------------------------------------------- main") :
    ]
    assert re.findall(r"Write-Answer '(\w+)'.*?(?:exit|\$exitCode =) (\d+)", main, re.DOTALL) == [
        ("refused", "10"),
        ("alreadyRequested", "0"),
        ("failed", "20"),
        ("deprovisioned", "0"),
    ]
