# script: windows-update
<#
Searches for, downloads and installs updates through the COM objects of the Windows Update Agent.

Runs in Windows PowerShell 5.1 as SYSTEM, from a managed run command. The policy of the VM decides where the updates
come from (Windows Update, WSUS). Drivers, hidden, optional (browse only) and preview updates are excluded, and so are
updates that need user input.
Categories: a comma-separated list of SecurityUpdates, CriticalUpdates, DefinitionUpdates, UpdateRollups, Updates,
ServicePacks, FeaturePacks; empty means all of them. MaxMinutes (10 to 300, default 120): after that no further update
is started. An update that is being installed is not interrupted, because half an update is worse than none. The timeout
of the run command is the final limit, so it must be longer.
Exit code: 0 nothing is left to install before a reboot, 10 bad parameter, 11 not an administrator, 12 a reboot is needed
first, 20 the search failed, 21 an update could not be downloaded or installed, 30 the time ran out before the last update.
The last line says whether a reboot is needed: "REBOOT-WANTED: yes" or "REBOOT-WANTED: no". After a reboot further updates
may apply: run it again. This script was parsed with a PowerShell grammar; it was never run on Windows.
#>
[CmdletBinding()]
param(
    [ValidateLength(0, 256)][AllowEmptyString()][string]$Categories = '',
    [ValidateLength(0, 16)][AllowEmptyString()][string]$MaxMinutes = '120'
)

Set-StrictMode -Version 1.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

# Microsoft: "WSUS Classification GUIDs".
$CategoryIds = @{
    SecurityUpdates   = '0FA1201D-4330-4FA8-8AE9-B877473B6441'
    CriticalUpdates   = 'E6CF1350-C01B-414D-A61F-263D14D133B4'
    DefinitionUpdates = 'E0789628-CE08-4437-BE74-2495B842F43B'
    UpdateRollups     = '28BC880E-0592-4CBF-8F95-C79B17911D5F'
    Updates           = 'CD5FFD1E-E932-4E3A-BF74-18BF0B1BBD83'
    ServicePacks      = '68C5B0A3-D1A6-4553-AE49-01D3A7827828'
    FeaturePacks      = 'B54E7D24-7ADD-428F-8B75-90A396FA584F'
}
$Succeeded = 2 # orcSucceeded; 3 is "with errors", 4 failed, 5 aborted
$RebootWanted = $false

function ConvertTo-Plain([string]$Text, [int]$Length) { # printable ASCII on one line
    $plain = ($Text -replace '[\r\n\t]+', ' ') -replace '[^\x20-\x7E]', '?'
    $plain.Substring(0, [Math]::Min($plain.Length, $Length))
}

function Stop-Here([int]$ExitCode, [string]$Message) { # the last line always says whether a reboot is needed
    Write-Output (ConvertTo-Plain $Message 400)
    Write-Output ('REBOOT-WANTED: {0}' -f $(if ($script:RebootWanted) { 'yes' } else { 'no' }))
    exit $ExitCode
}

function Find-BadParameter { # invalid values are not repeated
    $fits = $MaxMinutes -match '\A[0-9]{1,3}\z' -and [int]$MaxMinutes -in 10..300
    if (-not $fits) { return 'MaxMinutes must be a whole number from 10 to 300.' }
    $unknown = @($Categories.Split(',') | Where-Object { $_ -and -not $CategoryIds.ContainsKey($_) })
    if ($unknown.Count -gt 0) { 'Categories must be a comma-separated list of: {0}.' -f ($CategoryIds.Keys -join ', ') }
}

function Test-Administrator {
    $principal = [Security.Principal.WindowsPrincipal][Security.Principal.WindowsIdentity]::GetCurrent()
    $principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
}

function Get-Criteria { # each category repeats the full condition, because "or" binds weakest in this syntax
    $base = "IsInstalled=0 and IsHidden=0 and BrowseOnly=0 and Type='Software'"
    $ids = @($Categories.Split(',') | Where-Object { $_ } | ForEach-Object { $CategoryIds[$_] })
    if ($ids.Count -eq 0) { return $base }
    @($ids | ForEach-Object { "($base and CategoryIDs contains '$_')" }) -join ' or '
}

function Find-Update($Session) { # throws when the service cannot be reached
    $searcher = $Session.CreateUpdateSearcher()
    $result = $searcher.Search((Get-Criteria))
    if ($result.ResultCode -ne $Succeeded) { throw 'The search ended with result {0}.' -f $result.ResultCode }
    foreach ($update in $result.Updates) {
        if ($update.Title -match 'Preview' -or $update.InstallationBehavior.CanRequestUserInput) { continue }
        $update
    }
}

function Install-One($Session, $Update) { # returns the error, or nothing on success
    if (-not $Update.EulaAccepted) { $Update.AcceptEula() }
    $one = New-Object -ComObject 'Microsoft.Update.UpdateColl'
    $null = $one.Add($Update)
    if (-not $Update.IsDownloaded) {
        $downloader = $Session.CreateUpdateDownloader()
        $downloader.Updates = $one
        $result = $downloader.Download()
        if ($result.ResultCode -ne $Succeeded) { return 'download: 0x{0:X8}' -f $result.GetUpdateResult(0).HResult }
    }
    $installer = $Session.CreateUpdateInstaller()
    $installer.Updates = $one
    $result = $installer.Install()
    if ($result.RebootRequired) { $script:RebootWanted = $true }
    if ($result.ResultCode -ne $Succeeded) { 'installation: 0x{0:X8}' -f $result.GetUpdateResult(0).HResult }
}

# ---------------------------------------------------------------- main
$why = Find-BadParameter
if ($why) { Stop-Here 10 $why }
if (-not (Test-Administrator)) { Stop-Here 11 'The script needs administrator rights. Leave runAsUser of the run command empty.' }
$deadline = (Get-Date).AddMinutes([int]$MaxMinutes)
try {
    $session = New-Object -ComObject 'Microsoft.Update.Session'
    $session.ClientApplicationID = 'golden-images'
    if ($session.CreateUpdateInstaller().RebootRequiredBeforeInstallation) {
        $RebootWanted = $true
        Stop-Here 12 'A restart is pending, and nothing can be installed before it. Restart the VM and run this again.'
    }
    $updates = @(Find-Update $session)
} catch { Stop-Here 20 ('The search for updates failed: {0}' -f $_.Exception.Message) }
$done = 0
$failed = @()
foreach ($update in $updates) {
    if ((Get-Date) -ge $deadline) {
        Stop-Here 30 ('{0} of {1} updates were tried in {2} minutes.' -f $done, $updates.Count, $MaxMinutes)
    }
    $done++
    try { $fault = Install-One $session $update } catch { $fault = $_.Exception.Message }
    Write-Output (ConvertTo-Plain ('{0}: {1}' -f $(if ($fault) { $fault } else { 'installed' }), $update.Title) 160)
    if ($fault) { $failed += $update.Title }
}
if ((New-Object -ComObject 'Microsoft.Update.SystemInfo').RebootRequired) { $RebootWanted = $true }
if ($failed.Count -gt 0) { Stop-Here 21 ('{0} of {1} updates failed.' -f $failed.Count, $updates.Count) }
Stop-Here 0 ('{0} updates were installed.' -f $updates.Count)
