<#
Generalizes this Windows machine: checks it, runs Sysprep in the foreground, and shuts down only after it worked.

Runs in Windows PowerShell 5.1 as SYSTEM, from a managed run command. Sysprep is told to quit, not to shut down: told
to shut down it does so even when it generalized nothing, and then "stopped" would prove nothing. Only when ImageState
says so is a shutdown left behind, late enough for this script's output to be reported first.
Exit code: 0 sealed or already armed, 10 refused and nothing changed, 20 failed and the machine stays up.
#>
[CmdletBinding()]
param(
    [ValidateLength(0, 256)][AllowEmptyString()][string]$RunId = '',
    [ValidateLength(0, 256)][AllowEmptyString()][string]$Nonce = '',
    [ValidateLength(0, 16)][AllowEmptyString()][string]$NotAfter = '',
    [ValidateLength(0, 16)][AllowEmptyString()][string]$ShutdownDelaySeconds = '45',
    [ValidateLength(0, 16)][AllowEmptyString()][string]$SysprepTimeoutSeconds = '1800',
    [ValidateLength(0, 16)][AllowEmptyString()][string]$VmMode = 'false'
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

# ---------------------------------------------------------------- reading the machine
# Run Command may be a 32-bit process: the 64-bit view of the registry and of System32 is asked for by name.
function Open-MachineHive { [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64') }
function Get-MachineKey([string]$Path) { (Open-MachineHive).OpenSubKey($Path) } # $null when there is none
function Get-MachineValue([string]$Path, [string]$Name) { # the value, or $null when key or value is missing
    $key = Get-MachineKey $Path
    if ($null -ne $key) { $key.GetValue($Name) }
}

function Get-SystemFolder {
    $redirected = [Environment]::Is64BitOperatingSystem -and -not [Environment]::Is64BitProcess
    Join-Path $env:SystemRoot $(if ($redirected) { 'Sysnative' } else { 'System32' })
}

function Get-ImageState { [string](Get-MachineValue 'SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State' 'ImageState') }
function Get-Build { [int](Get-MachineValue 'SOFTWARE\Microsoft\Windows NT\CurrentVersion' 'CurrentBuildNumber') }

# ---------------------------------------------------------------- answering
function ConvertTo-Plain([string]$Text, [int]$Length) { # printable ASCII on one line
    $plain = ($Text -replace '[\r\n\t]+', ' ') -replace '[^\x20-\x7E]', '?'
    $plain.Substring(0, [Math]::Min($plain.Length, $Length))
}

function Write-Answer([string]$Outcome, [string]$Code, [string]$Message) { # the last line of the output
    $plainFacts = [ordered]@{}
    foreach ($name in @($Facts.Keys)) { $plainFacts[$name] = ConvertTo-Plain ([string]$Facts[$name]) 200 }
    $answer = [ordered]@{
        version = 1
        runId   = $(if ($RunId -cmatch '\A[A-Za-z0-9-]{1,64}\z') { $RunId } else { '' })
        nonce   = $(if ($Nonce -cmatch '\A[0-9a-f]{8,128}\z') { $Nonce } else { '' })
        outcome = $Outcome
        code    = $Code
        message = ConvertTo-Plain $Message 480
        facts   = $plainFacts
    }
    Write-Output ('{0}: {1}' -f $Outcome, $answer.message)
    Write-Output ('GOLDEN-IMAGE-RESULT ' + (ConvertTo-Json -InputObject $answer -Compress))
}

function Deny-When([string]$Code, [string]$Advice, [scriptblock]$Finding) {
    # Finding gives a sentence when there is something to refuse for. A check that cannot be made refuses too.
    try { $found = & $Finding } catch { $found = 'The check could not be made: {0}.' -f $_.Exception.Message.TrimEnd('.') }
    if ($found) { [pscustomobject]@{ Code = $Code; Message = '{0} {1}' -f $found, $Advice } }
}

# ---------------------------------------------------------------- preconditions: nothing is changed here
function Find-BadParameter {
    Deny-When 'badParameters' 'Values that do not fit are not shown.' {
        if ($RunId -cnotmatch '\A[A-Za-z0-9-]{1,64}\z') { return 'RunId must be 1 to 64 letters, digits or hyphens.' }
        if ($Nonce -cnotmatch '\A[0-9a-f]{8,128}\z') { return 'Nonce must be 8 to 128 lower-case hexadecimal digits.' }
        if ($NotAfter -cnotmatch '\A[1-9][0-9]{9,10}\z') { return 'NotAfter must be seconds since 1970.' }
        $delayFits = $ShutdownDelaySeconds -match '\A[0-9]{1,4}\z' -and [int]$ShutdownDelaySeconds -in 5..3600
        if (-not $delayFits) { return 'ShutdownDelaySeconds must be a whole number from 5 to 3600.' }
        $limitFits = $SysprepTimeoutSeconds -match '\A[0-9]{1,4}\z' -and [int]$SysprepTimeoutSeconds -in 60..5000
        if (-not $limitFits) { return 'SysprepTimeoutSeconds must be a whole number from 60 to 5000.' }
        if ($VmMode -cne 'true' -and $VmMode -cne 'false') { return 'VmMode must be true or false.' }
    }
}

function Find-MissingRight {
    Deny-When 'notAdministrator' 'Leave runAsUser of the run command empty.' {
        $principal = [Security.Principal.WindowsPrincipal][Security.Principal.WindowsIdentity]::GetCurrent()
        $isAdministrator = $principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
        if (-not $isAdministrator) { 'The script does not run with administrator rights.' }
    }
}

function Find-OtherRun {
    Deny-When 'armedByAnotherRun' 'Wait for it; if it failed, restart the machine and start again.' {
        $other = Get-MachineValue $StateKey 'RunId'
        if ($other -and $other -cne $RunId) { return 'Another run armed this machine.' }
        if (-not $other -and -not $script:OnlyInstance) { 'Another run is checking this machine.' }
    }
}

function Find-LateOrder { # a repaired agent may take an order up long after it was given
    Deny-When 'expired' 'Nothing was done.' {
        $late = [DateTimeOffset]::UtcNow.ToUnixTimeSeconds() - [long]$NotAfter
        if ($late -gt 0) { 'The order came {0} seconds too late.' -f $late }
    }
}

function Find-UnsupportedBuild {
    Deny-When 'buildNeedsUserContext' 'Sysprep as SYSTEM is not supported from build 26100 on (Windows 11 24H2, Server 2025).' {
        $build = Get-Build
        if ($build -le 0) { return 'The build number of Windows could not be read.' }
        if ($build -ge 26100) { 'This is Windows build {0}.' -f $build }
    }
}

function Find-DomainController {
    Deny-When 'domainController' 'A domain controller can never be generalized.' {
        $role = (Get-CimInstance -ClassName Win32_ComputerSystem).DomainRole # 4 backup, 5 primary
        if ($null -eq $role -or $role -ge 4) { 'The domain role of this machine is {0}.' -f $role }
    }
}

function Find-UnsupportedRole {
    Deny-When 'unsupportedRole' 'Remove the role, or install it on the machines made from the image instead.' {
        if ((Get-CimInstance -ClassName Win32_OperatingSystem).ProductType -eq 1) { return } # a client has no roles
        $installed = @(Get-WindowsFeature | Where-Object { $_.Installed -and $_.Name -in $UnsupportedRoles } |
                ForEach-Object { $_.Name })
        if ($installed.Count -gt 0) { 'Sysprep does not support the server role {0}.' -f ($installed -join ', ') }
    }
}

function Find-PendingReboot {
    Deny-When 'pendingReboot' 'Restart the machine and start again.' {
        $servicing = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing'
        $keys = "$servicing\RebootPending", "$servicing\RebootInProgress",
            'SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired'
        foreach ($key in $keys) {
            if ($null -ne (Get-MachineKey $key)) { return 'A restart is pending ({0}).' -f (Split-Path $key -Leaf) }
        }
    }
}

function Find-EncryptedDrive {
    # ConversionStatus 0 is fully decrypted. Protection may be off while the data is still encrypted.
    Deny-When 'driveEncrypted' 'Decrypt every drive completely; suspending the protection is not enough.' {
        try {
            $namespace = 'root/cimv2/Security/MicrosoftVolumeEncryption'
            $volumes = @(Get-CimInstance -Namespace $namespace -ClassName Win32_EncryptableVolume)
        } catch [Microsoft.Management.Infrastructure.CimException] {
            # Without the BitLocker feature the class does not exist, and no drive can be encrypted by it.
            if ([string]$_.Exception.NativeErrorCode -in 'InvalidNamespace', 'InvalidClass') { return }
            throw
        }
        foreach ($volume in $volumes) {
            $status = Invoke-CimMethod -InputObject $volume -MethodName GetConversionStatus
            if ($status.ReturnValue -ne 0 -or $status.ConversionStatus -ne 0) {
                return 'Drive {0} is not fully decrypted.' -f $volume.DriveLetter
            }
        }
    }
}

function Find-ExhaustedCount {
    Deny-When 'sysprepCountExhausted' 'Windows can be generalized 1001 times; start from a fresher image.' {
        $remaining = (Get-CimInstance -ClassName SoftwareLicensingService).RemainingWindowsReArmCount
        if ($null -eq $remaining -or $remaining -lt 1) { 'No rearm is left for Sysprep.' }
    }
}

function Find-UnprovisionedApp {
    Deny-When 'appxNotProvisioned' 'Remove the app for all users, or provision it.' {
        if (-not (Get-Command -Name Get-AppxPackage -ErrorAction SilentlyContinue)) { return } # no apps here
        $provisioned = @(Get-AppxProvisionedPackage -Online | ForEach-Object { $_.DisplayName })
        $apps = @(Get-AppxPackage -AllUsers | Where-Object {
                $_.Name -notin $provisioned -and -not $_.IsFramework -and -not $_.NonRemovable -and
                [string]$_.SignatureKind -ne 'System' -and
                @($_.PackageUserInformation | Where-Object { [string]$_.InstallState -eq 'Installed' }).Count -gt 0
            } | ForEach-Object { $_.Name } | Select-Object -Unique)
        if ($apps.Count -gt 0) { 'Installed for a user, not provisioned: {0}.' -f (($apps | Select-Object -First 5) -join ', ') }
    }
}

function Find-DeniedRemovableStorage {
    Deny-When 'removableStorageDenied' 'Lift "All Removable Storage classes: Deny all access": the first boot reads a DVD.' {
        $policies = 'SOFTWARE\Policies\Microsoft\Windows\RemovableStorageDevices'
        if ((Get-MachineValue $policies 'Deny_All') -eq 1) { 'A policy denies all access to removable storage.' }
    }
}

function Find-StoppedAgent {
    Deny-When 'agentNotRunning' 'Repair the Azure VM agent.' {
        $deadline = (Get-Date).AddSeconds($AgentWaitSeconds)
        do {
            $down = @($AgentServices |
                    Where-Object { [string](Get-Service -Name $_ -ErrorAction SilentlyContinue).Status -ne 'Running' })
            if ($down.Count -eq 0) { return }
            Start-Sleep -Seconds 5
        } while ((Get-Date) -lt $deadline)
        'Not running: {0}.' -f ($down -join ', ')
    }
}

# ---------------------------------------------------------------- sealing: what is changed here cannot be undone
function Enter-OnlyInstance { # held until the process ends; a second one waits until the first one has left its mark
    try {
        $script:Mutex = New-Object System.Threading.Mutex($false, 'Global\GoldenImageDeprovision')
        $script:Mutex.WaitOne(30000)
    } catch [System.Threading.AbandonedMutexException] { $true } catch { $false }
}

function Set-RunMark([string]$Name, [string]$Value) {
    (Open-MachineHive).CreateSubKey($StateKey, [Microsoft.Win32.RegistryKeyPermissionCheck]::ReadWriteSubTree,
        [Microsoft.Win32.RegistryOptions]::Volatile).SetValue($Name, $Value)
}

function Repair-CdromService { # 4 is disabled: machines made from the image would hang at their first boot
    $key = (Open-MachineHive).OpenSubKey('SYSTEM\CurrentControlSet\Services\cdrom', $true)
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

function Invoke-Sysprep([datetime]$Deadline) { # the exit code, or $null when the time was up; it is never killed
    $start = New-Object System.Diagnostics.ProcessStartInfo
    $start.FileName = Join-Path (Get-SystemFolder) 'Sysprep\Sysprep.exe'
    $start.Arguments = '/oobe /generalize /quiet /quit'
    if ($VmMode -ceq 'true') { $start.Arguments += ' /mode:vm' }
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

function Invoke-Seal { # seals; gives code and message of what went wrong, or nothing
    Repair-CdromService
    Remove-AnswerFile
    $deadline = (Get-Date).AddSeconds([int]$SysprepTimeoutSeconds)
    $Facts.sysprepExitCode = $exitCode = Invoke-Sysprep $deadline
    Set-RunMark 'SysprepExitCode' ([string]$exitCode)
    if ($null -eq $exitCode) { return 'sysprepTimedOut', "Sysprep did not end within $SysprepTimeoutSeconds seconds." }
    if ($exitCode -ne 0) { return 'sysprepFailed', "Sysprep ended with exit code $exitCode; see setuperr.log." }
    if (-not (Wait-Generalized $deadline)) { return 'imageStateNotReached', "Sysprep ended, but ImageState is $(Get-ImageState)." }
    & (Join-Path (Get-SystemFolder) 'shutdown.exe') /s /t $ShutdownDelaySeconds | Out-Null # 1190: one is under way
    if ($LASTEXITCODE -notin 0, 1190) { 'sysprepFailed', "Generalized, but shutdown.exe ended with $LASTEXITCODE." }
}

# ---------------------------------------------------------------- the story
$Preconditions = 'Find-BadParameter', 'Find-MissingRight', 'Find-OtherRun', 'Find-LateOrder', 'Find-UnsupportedBuild',
    'Find-DomainController', 'Find-UnsupportedRole', 'Find-PendingReboot', 'Find-EncryptedDrive', 'Find-ExhaustedCount',
    'Find-DeniedRemovableStorage', 'Find-StoppedAgent', 'Find-UnprovisionedApp'
$OnlyInstance = Enter-OnlyInstance
foreach ($precondition in $Preconditions) {
    $refusal = & $precondition
    if ($refusal) { Write-Answer 'refused' $refusal.Code $refusal.Message; exit 10 }
    if ($precondition -eq 'Find-OtherRun' -and (Get-MachineValue $StateKey 'RunId') -ceq $RunId) {
        $first = Get-MachineValue $StateKey 'Answer' # printed again: perhaps nobody heard it
        if ($first) { Write-Output $first; exit [int](Get-MachineValue $StateKey 'ExitCode') }
        Write-Answer 'alreadyArmed' '' 'This run armed the machine before; nothing was done again.'
        exit 0
    }
}
try {
    $Facts.build = Get-Build
    Set-RunMark 'RunId' $RunId
    $code, $message = Invoke-Seal
} catch { $code, $message = 'sysprepFailed', $_.Exception.Message }
$Facts.imageState = Get-ImageState
if ($code) { $answer = Write-Answer 'failed' $code $message; $exitCode = 20 }
else { $answer = Write-Answer 'sealed' '' "Generalized; shuts down in $ShutdownDelaySeconds seconds."; $exitCode = 0 }
Write-Output $answer
try { Set-RunMark 'ExitCode' ([string]$exitCode); Set-RunMark 'Answer' ($answer -join "`r`n") } catch { $null = $_ }
exit $exitCode
