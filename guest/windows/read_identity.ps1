# script: read-identity
<#
Reports the identity of this Windows VM, and what the image should not have contained. It only reads, changes nothing.

Runs in Windows PowerShell 5.1 as SYSTEM, from a managed run command. KnownUser is the account that may exist, OldHost the
computer name of the VM that the image was created from; both may be empty.
Exit code: 0 identity reported, 10 refused (badParameters), 20 the VM could not be read.
This script was parsed with a PowerShell grammar and compared with Microsoft's documentation; it was never run on Windows.
#>
[CmdletBinding()]
param(
    [ValidateLength(0, 256)][AllowEmptyString()][string]$RunId = '',
    [ValidateLength(0, 256)][AllowEmptyString()][string]$Nonce = '',
    [ValidateLength(0, 256)][AllowEmptyString()][string]$KnownUser = '',
    [ValidateLength(0, 256)][AllowEmptyString()][string]$OldHost = ''
)

Set-StrictMode -Version 1.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

# Accounts that every Windows has: Administrator (Azure renames it to the user of each new VM), Guest,
# DefaultAccount, WDAGUtilityAccount.
$BuiltInAccounts = 500, 501, 503, 504
$LogFolders = "$env:SystemDrive\WindowsAzure\Logs", "$env:SystemRoot\Panther"
$MostBytesOfALog = 4194304

function ConvertTo-Plain([string]$Text, [int]$Length) { # printable ASCII on one line
    $plain = ($Text -replace '[\r\n\t]+', ' ') -replace '[^\x20-\x7E]', '?'
    $plain.Substring(0, [Math]::Min($plain.Length, $Length))
}

function Join-Names($Names, [int]$Most, [int]$Length) { # a comma inside a name is replaced: it separates the names
    $plain = @($Names | Where-Object { $_ } | Select-Object -First $Most | ForEach-Object { ([string]$_).Replace(',', '?') })
    ConvertTo-Plain ($plain -join ',') $Length
}

function Write-Answer([string]$Outcome, [string]$Code, [string]$Message, $Facts) { # the last line of the output
    $answer = [ordered]@{
        version = 1
        runId   = $(if ($RunId -cmatch '\A[A-Za-z0-9-]{1,64}\z') { $RunId } else { '' })
        nonce   = $(if ($Nonce -cmatch '\A[0-9a-f]{8,128}\z') { $Nonce } else { '' })
        outcome = $Outcome
        code    = $Code
        message = ConvertTo-Plain $Message 300
        facts   = $Facts
    }
    Write-Output ('{0}: {1}' -f $Outcome, $answer.message)
    Write-Output ('GOLDEN-IMAGE-RESULT ' + (ConvertTo-Json -InputObject $answer -Compress))
}

function Find-BadParameter {
    if ($RunId -cnotmatch '\A[A-Za-z0-9-]{1,64}\z') { return 'RunId must be 1 to 64 letters, digits or hyphens.' }
    if ($Nonce -cnotmatch '\A[0-9a-f]{8,128}\z') { return 'Nonce must be 8 to 128 lower-case hexadecimal digits.' }
    if ($KnownUser -notmatch '\A[A-Za-z0-9_.-]{0,20}\z') { return 'KnownUser must be the plain name of a local account.' }
    if ($OldHost -notmatch '\A[A-Za-z0-9.-]{0,64}\z') { return 'OldHost must be a computer name.' }
}

# ---------------------------------------------------------------- identity
function Get-Sha256([string]$Text) { # in lower-case hexadecimal
    $algorithm = New-Object System.Security.Cryptography.SHA256CryptoServiceProvider
    try { $bytes = $algorithm.ComputeHash([Text.Encoding]::ASCII.GetBytes($Text)) } finally { $algorithm.Dispose() }
    [BitConverter]::ToString($bytes).Replace('-', '').ToLowerInvariant()
}

function Get-MachineSid($Accounts) { # the SID of any local account without its last part
    $first = $Accounts | Select-Object -First 1
    if ($null -eq $first) { throw 'No local account could be read, so the machine SID is not known.' }
    $first.SID -replace '-[0-9]+\z', ''
}

# part: boot_id.ps1

# ---------------------------------------------------------------- what the image should not have contained
function Get-ForeignUser($Accounts) {
    $Accounts | Where-Object { [int]($_.SID -replace '\A.*-', '') -notin $BuiltInAccounts -and $_.Name -ne $KnownUser } |
        ForEach-Object { $_.Name }
}

function Get-ForeignKeyFile { # files that let other people log on over SSH
    $profiles = @(Get-CimInstance -ClassName Win32_UserProfile | Where-Object { -not $_.Special -and $_.LocalPath } |
            ForEach-Object { $_.LocalPath } | Where-Object { (Split-Path $_ -Leaf) -ne $KnownUser })
    $files = @($profiles | ForEach-Object { Join-Path $_ '.ssh\authorized_keys' })
    foreach ($file in @("$env:ProgramData\ssh\administrators_authorized_keys") + $files) {
        if (-not (Test-Path -LiteralPath $file -PathType Leaf)) { continue }
        $lines = @(Get-Content -LiteralPath $file | Where-Object { $_.Trim() -and -not $_.TrimStart().StartsWith('#') })
        if ($lines.Count -gt 0) { $file }
    }
}

function Get-ResidualLog { # rotated logs older than this installation of the VM, and logs that name the old host
    $files = @($LogFolders | Where-Object { Test-Path -LiteralPath $_ } |
            ForEach-Object { Get-ChildItem -LiteralPath $_ -Recurse -File -ErrorAction SilentlyContinue })
    $installed = (Get-CimInstance -ClassName Win32_OperatingSystem).InstallDate
    $files | Where-Object { $_.Name -match '\.(old|bak|[0-9]+)\z' -and $_.LastWriteTime -lt $installed } |
        ForEach-Object { $_.FullName }
    if (-not $OldHost -or $OldHost -eq $env:COMPUTERNAME) { return }
    $pattern = '(?<![A-Za-z0-9-]){0}(?![A-Za-z0-9-])' -f [regex]::Escape($OldHost) # the new name may begin with it
    $files | Where-Object { $_.Length -le $MostBytesOfALog -and $_.Extension -in '.log', '.txt', '.xml', '.json' } |
        Where-Object { Select-String -LiteralPath $_.FullName -Pattern $pattern -Quiet -ErrorAction SilentlyContinue } |
        ForEach-Object { $_.FullName }
}

$why = Find-BadParameter
if ($why) { Write-Answer 'refused' 'badParameters' $why ([ordered]@{}); exit 10 }
try {
    $accounts = @(Get-CimInstance -ClassName Win32_UserAccount -Filter 'LocalAccount = True')
    $facts = [ordered]@{
        hostName       = ConvertTo-Plain $env:COMPUTERNAME 64
        identity       = Get-Sha256 (Get-MachineSid $accounts)
        sshHostKeys    = '' # always empty on Windows
        users          = Join-Names (Get-ForeignUser $accounts) 10 300
        authorizedKeys = Join-Names @(Get-ForeignKeyFile) 8 400
        logs           = Join-Names @(Get-ResidualLog | Select-Object -Unique) 5 400
        bootId         = ConvertTo-Plain (Get-BootId) 40
        clock          = [string][DateTimeOffset]::UtcNow.ToUnixTimeSeconds()
    }
} catch { Write-Answer 'failed' 'unreadable' $_.Exception.Message ([ordered]@{}); exit 20 }
Write-Answer 'identity' '' ('This VM is {0}.' -f $facts.hostName) $facts
exit 0
