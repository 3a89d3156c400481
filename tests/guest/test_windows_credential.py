"""Sysprep under a local administrator's credential, parsed but never run: where the password is used."""

import re

import pytest

from guest.scripts import load_script
from tests.guest.powershell import PowerShell, text

PASSWORD = "$SysprepPassword"


@pytest.fixture(scope="module")
def deprovision() -> PowerShell:
    return PowerShell.parse(load_script("windows/deprovision.ps1").text)


def test_the_parts_are_joined(deprovision: PowerShell):
    assert "# part:" not in deprovision.source
    assert {"Find-BadParameter", "Find-BadCredential", "Invoke-Deprovision"} <= set(deprovision.functions())


def test_both_parameters_are_optional(deprovision: PowerShell):
    parameters = [text(node) for node in deprovision.nodes("script_parameter", deprovision.nodes("param_block")[0])]
    assert [name for name in parameters if name.endswith("$SysprepUser = ''")]
    assert [name for name in parameters if name.endswith(f"{PASSWORD} = ''")]
    body = deprovision.functions()["Find-BadParameter"]
    assert "if (($SysprepUser -eq '') -ne ($SysprepPassword -eq '')) { return " in body


def test_without_them_a_new_build_is_refused(deprovision: PowerShell):
    body = deprovision.functions()["Find-UnsupportedBuild"]
    assert "if ($build -ge 26100 -and -not $SysprepUser)" in body
    assert "if ($build -le 0) { return " in body


def test_the_password_is_used_in_few_places_and_none_of_them_shows_it(deprovision: PowerShell):
    users = {name for name, body in deprovision.functions().items() if PASSWORD in body}
    assert users == {"Find-BadParameter", "Hide-Password", "Register-SysprepTask"}
    registering = deprovision.functions()["Register-SysprepTask"]
    assert registering.count(PASSWORD) == 1
    # 6: create or replace; 1: TASK_LOGON_PASSWORD. As an argument of a method it is in no log of a cmdlet.
    assert ".RegisterTaskDefinition($TaskName, $definition, 6, $account, $SysprepPassword, 1)" in registering


def test_the_password_is_an_argument_of_no_command_and_part_of_no_text(deprovision: PowerShell):
    commands = [text(node) for node in deprovision.nodes("command")]
    assert [command for command in commands if PASSWORD in command and not command.startswith("Deny-When")] == []
    strings = [text(node) for node in deprovision.nodes("expandable_string_literal")]
    assert [string for string in strings if PASSWORD in string] == []


def test_the_password_is_masked_in_messages(deprovision: PowerShell):
    assert "ConvertTo-Plain (Hide-Password $Message) 480" in deprovision.functions()["Write-Answer"]
    assert (
        "if ($SysprepPassword) { $Text.Replace($SysprepPassword, '***') }" in deprovision.functions()["Hide-Password"]
    )


def test_nothing_is_written_to_a_file(deprovision: PowerShell):
    code = deprovision.code().lower()
    for way in ("Transcript", "Export-", "Out-File", "Set-Content", ".XmlText", "schtasks", "net.exe", "runas.exe"):
        assert way.lower() not in code, way


def test_the_task_is_elevated_and_hidden_and_has_no_time_limit_of_its_own(deprovision: PowerShell):
    body = deprovision.functions()["Register-SysprepTask"]
    for line in (".Principal.RunLevel = 1", ".Settings.Hidden = $true", ".Settings.ExecutionTimeLimit = 'PT0S'"):
        assert line in body
    assert 'Join-Path $env:SystemRoot "System32\\$Program"' in body  # never Sysnative: the service is 64-bit


def test_the_task_is_always_removed_and_its_removal_is_checked(deprovision: PowerShell):
    functions = deprovision.functions()
    registering = [name for name, body in functions.items() if "Register-SysprepTask $" in body]
    assert registering == ["Invoke-AsUser"]
    assert re.search(
        r"try \{.+Register-SysprepTask .+\} finally \{ Remove-SysprepTask \}", functions["Invoke-AsUser"], re.S
    )
    removing = functions["Remove-SysprepTask"]
    assert removing.index(".DeleteTask($TaskName, 0)") < removing.index("throw ")
    assert deprovision.source.count(".DeleteTask(") == 1


def test_the_task_is_removed_before_the_shutdown_and_an_old_one_before_deprovisioning(deprovision: PowerShell):
    body = deprovision.functions()["Invoke-Deprovision"]
    assert body.index("Remove-SysprepTask") < body.index("Invoke-Sysprep") < body.index("shutdown.exe'")
    sysprep = deprovision.functions()["Invoke-Sysprep"]
    assert "if ($SysprepUser) { return Invoke-AsUser 'Sysprep\\Sysprep.exe' $arguments $Deadline }" in sysprep
    # An error of the removal ends Invoke-Deprovision: the main part reports a failure, and the VM stays running.
    assert "try" not in body


def test_the_account_is_checked_last_and_really_logs_on(deprovision: PowerShell):
    main = deprovision.source[deprovision.source.index("$Preconditions = ") :]
    called = re.findall(r"'(Find-\w+)'", main[: main.index("$OnlyInstance")])
    assert called[-1] == "Find-BadCredential"
    body = deprovision.functions()["Find-BadCredential"]
    order = [
        body.index(step) for step in ("-not $SysprepUser", "Test-LocalAdministrator", "Invoke-AsUser 'whoami.exe'")
    ]
    assert order == sorted(order)
    assert "S-1-5-32-544" in deprovision.functions()["Test-LocalAdministrator"]
    other = [
        name for name, code in deprovision.functions().items() if name.startswith("Find-") and "Invoke-AsUser" in code
    ]
    assert other == ["Find-BadCredential"]


def test_the_name_of_the_account_is_reported_because_it_stays_in_the_image(deprovision: PowerShell):
    assert "if ($SysprepUser) { $Facts.sysprepUser = $SysprepUser }" in deprovision.source
    assert "Remove-LocalUser" not in deprovision.commands()


def test_only_the_plain_name_of_a_local_account_is_taken(deprovision: PowerShell):
    found = re.search(r"\$AccountPattern = '([^']+)'", deprovision.source)
    assert found is not None
    pattern = found[1].replace(r"\z", r"\Z")  # .NET writes \z for the end of the text
    refused = ("CONTOSO\\me", ".\\me", "me@contoso.com", "me;reboot", "me you", "...", "x" * 21)
    names = ("", "imagebuilder", "image.builder-1", *refused)
    assert {name for name in names if not re.search(pattern, name)} == set(refused)


def test_every_script_says_that_it_was_never_run_on_windows():
    for name in ("windows/deprovision.ps1", "windows/read_identity.ps1"):
        source = load_script(name).text
        assert "never run on Windows" in source[: source.index("param(")]
