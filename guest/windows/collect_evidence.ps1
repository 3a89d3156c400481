<#
Reports why this Windows VM was not generalized. It only reads, and its output fits Run Command's 4,096 bytes.

Runs in Windows PowerShell 5.1 as SYSTEM, from a managed run command. Exit code: 0 evidence collected, 10 bad parameters.
#>
[CmdletBinding()]
param(
    [ValidateLength(0, 256)][AllowEmptyString()][string]$RunId = '',
    [ValidateLength(0, 256)][AllowEmptyString()][string]$Nonce = ''
)

Set-StrictMode -Version 1.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

function Get-RegistryValue([string]$Path, [string]$Name) { # from the 64-bit registry; $null when it is missing or unreadable
    try {
        $hive = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::LocalMachine,
            [Microsoft.Win32.RegistryView]::Registry64)
        $key = $hive.OpenSubKey($Path)
        if ($null -ne $key) { $key.GetValue($Name) }
    } catch { $null }
}

function Get-SystemFolder {
    if ([Environment]::Is64BitOperatingSystem -and -not [Environment]::Is64BitProcess) {
        return Join-Path $env:SystemRoot 'Sysnative'
    }
    Join-Path $env:SystemRoot 'System32'
}

function ConvertTo-Plain([string]$Text, [int]$Length) { # printable ASCII on one line
    $plain = ($Text -replace '[\r\n\t]+', ' ') -replace '[^\x20-\x7E]', '?'
    $plain.Substring(0, [Math]::Min($plain.Length, $Length))
}

function Write-Answer([string]$Outcome, [string]$Code, [string]$Message, $Facts) { # the last line of the output
    $answer = [ordered]@{
        version = 1
        runId   = $(if ($RunId -cmatch '\A[A-Za-z0-9-]{1,64}\z') { $RunId } else { '' })
        nonce   = $(if ($Nonce -cmatch '\A[0-9a-f]{8,128}\z') { $Nonce } else { '' })
        outcome = $Outcome
        code    = $Code
        message = ConvertTo-Plain $Message 200
        facts   = $Facts
    }
    Write-Output ('GOLDEN-IMAGE-RESULT ' + (ConvertTo-Json -InputObject $answer -Compress))
}

function Get-LogTail([string]$Name, [int]$Lines, [int]$Length) { # generalizing logs to Sysprep\Panther, not to Windows\Panther
    $file = Join-Path (Get-SystemFolder) "Sysprep\Panther\$Name"
    if (-not (Test-Path -LiteralPath $file)) { return @() }
    try { $tail = @(Get-Content -LiteralPath $file -Tail $Lines) } catch { $tail = @('unreadable: ' + $_.Exception.Message) }
    $kept = @()
    $left = $Length
    for ($i = $tail.Count - 1; $i -ge 0 -and $left -gt 0; $i--) { # the newest lines are kept
        $line = ConvertTo-Plain $tail[$i] ([Math]::Min(220, $left))
        $left -= $line.Length + 2
        $kept = @($line) + $kept
    }
    $kept
}

if ($RunId -cnotmatch '\A[A-Za-z0-9-]{1,64}\z' -or $Nonce -cnotmatch '\A[0-9a-f]{8,128}\z') {
    $why = 'RunId must be 1 to 64 letters, digits or hyphens, Nonce 8 to 128 lower-case hexadecimal digits.'
    Write-Answer 'refused' 'badParameters' $why ([ordered]@{})
    exit 10
}
$errors = @(Get-LogTail 'setuperr.log' 8 1100)
$actions = @(Get-LogTail 'setupact.log' 8 900)
$facts = [ordered]@{
    imageState      = ConvertTo-Plain (Get-RegistryValue 'SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State' 'ImageState') 80
    sysprepExitCode = ConvertTo-Plain (Get-RegistryValue 'SOFTWARE\GoldenImage' 'SysprepExitCode') 20
    requestedRunId  = ConvertTo-Plain (Get-RegistryValue 'SOFTWARE\GoldenImage' 'RunId') 64
    build           = ConvertTo-Plain (Get-RegistryValue 'SOFTWARE\Microsoft\Windows NT\CurrentVersion' 'CurrentBuildNumber') 20
}
Write-Output (@('--- setuperr.log') + $errors + @('--- setupact.log') + $actions)
$message = 'Sysprep wrote no error.'
if ($errors.Count -gt 0) { $message = $errors[-1] }
Write-Answer 'evidence' '' $message $facts
exit 0
