<#
Generalizes this Windows VM: checks it, runs Sysprep in the foreground, and shuts down only after it worked.

Runs in Windows PowerShell 5.1 as SYSTEM, from a managed run command. Sysprep runs with /quit, not with /shutdown: with
/shutdown it shuts down even when it generalized nothing, and then a stopped VM would prove nothing. A shutdown is
scheduled only when ImageState confirms the result, late enough for this script's output to be reported first.
SysprepUser and SysprepPassword (protected parameters, both or none) name a local administrator under whose credential
Sysprep runs instead, which Windows needs from build 26100 on. The account stays in the image; the image's owner
decides whether to remove it.
Exit code: 0 deprovisioned or already requested, 10 refused and nothing changed, 20 failed and the VM keeps running.
This script was parsed with a PowerShell grammar and compared with Microsoft's documentation; it was never run on Windows.
#>
[CmdletBinding()]
param(
    [ValidateLength(0, 256)][AllowEmptyString()][string]$RunId = '',
    [ValidateLength(0, 256)][AllowEmptyString()][string]$Nonce = '',
    [ValidateLength(0, 16)][AllowEmptyString()][string]$NotAfter = '',
    [ValidateLength(0, 16)][AllowEmptyString()][string]$ShutdownDelaySeconds = '45',
    [ValidateLength(0, 16)][AllowEmptyString()][string]$SysprepTimeoutSeconds = '1800',
    [ValidateLength(0, 16)][AllowEmptyString()][string]$VmMode = 'false',
    [ValidateLength(0, 64)][AllowEmptyString()][string]$BootId = '', # the boot for which it was requested
    [ValidateLength(0, 64)][AllowEmptyString()][string]$SysprepUser = '',
    [ValidateLength(0, 256)][AllowEmptyString()][string]$SysprepPassword = ''
)

Set-StrictMode -Version 1.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$GeneralizedState = 'IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE'
$StateKey = 'SOFTWARE\GoldenImage' # a volatile key: it is gone after the shutdown, so it cannot get into the image
$AgentServices = 'RdAgent', 'WindowsAzureGuestAgent'
$AgentWaitSeconds = $ImageStateWaitSeconds = 120
# "Sysprep support for server roles" (Microsoft), by the names that Get-WindowsFeature uses.
$UnsupportedRoles = 'AD-Certificate', 'AD-Domain-Services', 'ADFS-Federation', 'ADLDS', 'ADRMS', 'DHCP', 'Fax', 'NPAS',
    'UpdateServices', 'WDS'
$Facts = [ordered]@{}
$AccountPattern = '\A(?!\.+\z)[^\x00-\x1f"/\\\[\]:;|=,+*?<>@% ]{0,20}\z' # no domain, no UPN: a local account

# ---------------------------------------------------------------- reading the VM
# Run Command may be a 32-bit process: the script names the 64-bit view of the registry and of System32 explicitly.
function Open-RegistryHive { [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64') }
function Get-RegistryKey([string]$Path) { (Open-RegistryHive).OpenSubKey($Path) } # $null when there is none
function Get-RegistryValue([string]$Path, [string]$Name) { # the value, or $null when key or value is missing
    $key = Get-RegistryKey $Path
    if ($null -ne $key) { $key.GetValue($Name) }
}

function Get-SystemFolder {
    $redirected = [Environment]::Is64BitOperatingSystem -and -not [Environment]::Is64BitProcess
    Join-Path $env:SystemRoot $(if ($redirected) { 'Sysnative' } else { 'System32' })
}

function Get-ImageState { [string](Get-RegistryValue 'SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State' 'ImageState') }
function Get-Build { [int](Get-RegistryValue 'SOFTWARE\Microsoft\Windows NT\CurrentVersion' 'CurrentBuildNumber') }

# ---------------------------------------------------------------- answering
function ConvertTo-Plain([string]$Text, [int]$Length) { # printable ASCII on one line
    $plain = ($Text -replace '[\r\n\t]+', ' ') -replace '[^\x20-\x7E]', '?'
    $plain.Substring(0, [Math]::Min($plain.Length, $Length))
}

function Hide-Password([string]$Text) { if ($SysprepPassword) { $Text.Replace($SysprepPassword, '***') } else { $Text } }

function Write-Answer([string]$Outcome, [string]$Code, [string]$Message) { # the last line of the output
    $plainFacts = [ordered]@{}
    foreach ($name in @($Facts.Keys)) { $plainFacts[$name] = ConvertTo-Plain ([string]$Facts[$name]) 200 }
    $answer = [ordered]@{
        version = 1
        runId   = $(if ($RunId -cmatch '\A[A-Za-z0-9-]{1,64}\z') { $RunId } else { '' })
        nonce   = $(if ($Nonce -cmatch '\A[0-9a-f]{8,128}\z') { $Nonce } else { '' })
        outcome = $Outcome
        code    = $Code
        message = ConvertTo-Plain (Hide-Password $Message) 480
        facts   = $plainFacts
    }
    Write-Output ('{0}: {1}' -f $Outcome, $answer.message)
    Write-Output ('GOLDEN-IMAGE-RESULT ' + (ConvertTo-Json -InputObject $answer -Compress))
}

function Deny-When([string]$Code, [string]$Advice, [scriptblock]$Finding) {
    # Finding returns a sentence when the script must refuse. A check that cannot run refuses too.
    try { $found = & $Finding } catch { $found = 'The check could not run: {0}.' -f $_.Exception.Message.TrimEnd('.') }
    if ($found) { [pscustomobject]@{ Code = $Code; Message = '{0} {1}' -f $found, $Advice } }
}

# part: boot_id.ps1

# part: preconditions.ps1

# part: sysprep_as_user.ps1

# ---------------------------------------------------------------- deprovisioning: these changes are irreversible
function Enter-OnlyInstance { # held until the process ends; a second script waits until the first has recorded its run
    try {
        $script:Mutex = New-Object System.Threading.Mutex($false, 'Global\GoldenImageDeprovision')
        $script:Mutex.WaitOne(30000)
    } catch [System.Threading.AbandonedMutexException] { $true } catch { $false }
}

function Set-RunRecord([string]$Name, [string]$Value) {
    (Open-RegistryHive).CreateSubKey($StateKey, [Microsoft.Win32.RegistryKeyPermissionCheck]::ReadWriteSubTree,
        [Microsoft.Win32.RegistryOptions]::Volatile).SetValue($Name, $Value)
}

function Repair-CdromService { # 4 is disabled: VMs created from the image would hang at their first boot
    $key = (Open-RegistryHive).OpenSubKey('SYSTEM\CurrentControlSet\Services\cdrom', $true)
    if ($null -eq $key) { $Facts.cdrom = 'missing'; return }
    if ($key.GetValue('Start') -eq 1) { $Facts.cdrom = 'enabled'; return }
    $key.SetValue('Start', 1, [Microsoft.Win32.RegistryValueKind]::DWord)
    $Facts.cdrom = 'repaired'
}

function Remove-AnswerFile { # Azure does not support custom answer files
    $panther = Join-Path $env:SystemRoot 'Panther'
    $removed = 0
    foreach ($file in "$panther\unattend.xml", "$panther\Unattend\unattend.xml", "$(Get-SystemFolder)\Sysprep\unattend.xml") {
        if (Test-Path -LiteralPath $file) { Remove-Item -LiteralPath $file -Force; $removed++ }
    }
    $Facts.answerFilesRemoved = $removed
    if (Test-Path -LiteralPath $panther) { Remove-Item -LiteralPath $panther -Recurse -Force -ErrorAction SilentlyContinue }
    $Facts.panther = $(if (Test-Path -LiteralPath $panther) { 'partlyRemoved' } else { 'removed' }) # a log may be in use
}

function Invoke-Sysprep([datetime]$Deadline) { # returns the exit code, or $null on a timeout; Sysprep is never killed
    $arguments = '/oobe /generalize /quiet /quit'
    if ($VmMode -ceq 'true') { $arguments += ' /mode:vm' }
    if ($SysprepUser) { return Invoke-AsUser 'Sysprep\Sysprep.exe' $arguments $Deadline }
    $start = New-Object System.Diagnostics.ProcessStartInfo
    $start.FileName = Join-Path (Get-SystemFolder) 'Sysprep\Sysprep.exe'
    $start.Arguments = $arguments
    $start.UseShellExecute = $false
    $process = [System.Diagnostics.Process]::Start($start)
    $left = [int][Math]::Max(1, ($Deadline - (Get-Date)).TotalMilliseconds)
    if ($process.WaitForExit($left)) { $process.ExitCode }
}

function Wait-Generalized([datetime]$Deadline) { # Sysprep may return before the state is written
    $grace = (Get-Date).AddSeconds($ImageStateWaitSeconds)
    while ((Get-ImageState) -cne $GeneralizedState) {
        $working = (Get-Date) -lt $Deadline -and (Get-Process -Name sysprep -ErrorAction SilentlyContinue)
        if ((Get-Date) -ge $grace -and -not $working) { return $false }
        Start-Sleep -Seconds 2
    }
    $true
}

function Invoke-Deprovision { # returns the code and message of an error, or nothing on success
    Remove-SysprepTask # a task that an interrupted run did not remove holds a credential
    Repair-CdromService
    Remove-AnswerFile
    $deadline = (Get-Date).AddSeconds([int]$SysprepTimeoutSeconds)
    $Facts.sysprepExitCode = $exitCode = Invoke-Sysprep $deadline
    Set-RunRecord 'SysprepExitCode' ([string]$exitCode)
    if ($null -eq $exitCode) { return 'sysprepTimedOut', "Sysprep did not end within $SysprepTimeoutSeconds seconds." }
    if ($exitCode -ne 0) { return 'sysprepFailed', "Sysprep ended with exit code $exitCode; see setuperr.log." }
    if (-not (Wait-Generalized $deadline)) { return 'imageStateNotReached', "Sysprep ended, but ImageState is $(Get-ImageState)." }
    & (Join-Path (Get-SystemFolder) 'shutdown.exe') /s /t $ShutdownDelaySeconds | Out-Null # 1190: already scheduled
    if ($LASTEXITCODE -notin 0, 1190) { 'sysprepFailed', "Generalized, but shutdown.exe ended with $LASTEXITCODE." }
}

# ---------------------------------------------------------------- main
$Preconditions = 'Find-BadParameter', 'Find-MissingRight', 'Find-OtherRun', 'Find-ExpiredRequest', 'Find-OtherBoot',
    'Find-UnsupportedBuild',
    'Find-DomainController', 'Find-UnsupportedRole', 'Find-PendingReboot', 'Find-EncryptedDrive', 'Find-ExhaustedCount',
    'Find-DeniedRemovableStorage', 'Find-StoppedAgent', 'Find-UnprovisionedApp', 'Find-BadCredential'
$OnlyInstance = Enter-OnlyInstance
foreach ($precondition in $Preconditions) {
    $refusal = & $precondition
    if ($refusal) { Write-Answer 'refused' $refusal.Code $refusal.Message; exit 10 }
    if ($precondition -eq 'Find-OtherRun' -and (Get-RegistryValue $StateKey 'RunId') -ceq $RunId) {
        $first = Get-RegistryValue $StateKey 'Answer' # printed again: the first output may have been lost
        if ($first) { Write-Output $first; exit [int](Get-RegistryValue $StateKey 'ExitCode') }
        Write-Answer 'alreadyRequested' '' 'This run already requested it; nothing was done again.'
        exit 0
    }
}
try {
    $Facts.build = Get-Build
    if ($SysprepUser) { $Facts.sysprepUser = $SysprepUser } # the account is still in the image
    Set-RunRecord 'RunId' $RunId
    $code, $message = Invoke-Deprovision
} catch { $code, $message = 'sysprepFailed', $_.Exception.Message }
$Facts.imageState = Get-ImageState
if ($code) { $answer = Write-Answer 'failed' $code $message; $exitCode = 20 }
else { $answer = Write-Answer 'deprovisioned' '' "Generalized; shuts down in $ShutdownDelaySeconds seconds."; $exitCode = 0 }
Write-Output $answer
try { Set-RunRecord 'ExitCode' ([string]$exitCode); Set-RunRecord 'Answer' ($answer -join "`r`n") } catch { $null = $_ }
exit $exitCode
