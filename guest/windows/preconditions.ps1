# ---------------------------------------------------------------- preconditions: nothing is changed here
function Find-BadParameter {
    Deny-When 'badParameters' 'Invalid values are not shown. Correct the parameter.' {
        if ($RunId -cnotmatch '\A[A-Za-z0-9-]{1,64}\z') { return 'RunId must be 1 to 64 letters, digits or hyphens.' }
        if ($Nonce -cnotmatch '\A[0-9a-f]{8,128}\z') { return 'Nonce must be 8 to 128 lower-case hexadecimal digits.' }
        if ($NotAfter -cnotmatch '\A[1-9][0-9]{9,10}\z') { return 'NotAfter must be seconds since 1970.' }
        $delayFits = $ShutdownDelaySeconds -match '\A[0-9]{1,4}\z' -and [int]$ShutdownDelaySeconds -in 5..3600
        if (-not $delayFits) { return 'ShutdownDelaySeconds must be a whole number from 5 to 3600.' }
        $limitFits = $SysprepTimeoutSeconds -match '\A[0-9]{1,4}\z' -and [int]$SysprepTimeoutSeconds -in 60..5000
        if (-not $limitFits) { return 'SysprepTimeoutSeconds must be a whole number from 60 to 5000.' }
        if ($VmMode -cne 'true' -and $VmMode -cne 'false') { return 'VmMode must be true or false.' }
        if ($SysprepUser -notmatch $AccountPattern) { return 'SysprepUser must be the plain name of a local account.' }
        if (($SysprepUser -eq '') -ne ($SysprepPassword -eq '')) { return 'SysprepUser and SysprepPassword must be set together.' }
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
    Deny-When 'requestedByAnotherRun' 'Wait for it; if it failed, restart the VM and start again.' {
        $other = Get-RegistryValue $StateKey 'RunId'
        if ($other -and $other -cne $RunId) { return 'Another run is deprovisioning this VM.' }
        if (-not $other -and -not $script:OnlyInstance) { 'Another run is checking this VM.' }
    }
}

function Find-ExpiredRequest { # a repaired agent may start a run command long after it was requested
    Deny-When 'expired' 'Nothing was changed. Start a new run.' {
        $late = [DateTimeOffset]::UtcNow.ToUnixTimeSeconds() - [long]$NotAfter
        if ($late -gt 0) { 'The request is {0} seconds too old.' -f $late }
    }
}

function Find-OtherBoot { # after a boot the agent may run an old command again
    Deny-When 'bootChanged' 'Nothing was changed. Start a new run.' {
        if ($BootId -and (Get-BootId) -cne $BootId) { 'The VM has booted since the request was made.' }
    }
}

function Find-UnsupportedBuild {
    Deny-When 'buildNeedsUserContext' 'From build 26100 on Sysprep needs SysprepUser and SysprepPassword.' {
        $build = Get-Build
        if ($build -le 0) { return 'The build number of Windows could not be read.' }
        if ($build -ge 26100 -and -not $SysprepUser) { 'This is Windows build {0}, and no SysprepUser was given.' -f $build }
    }
}

function Find-DomainController {
    Deny-When 'domainController' 'A domain controller can never be generalized.' {
        $role = (Get-CimInstance -ClassName Win32_ComputerSystem).DomainRole # 4 backup, 5 primary
        if ($null -eq $role -or $role -ge 4) { 'The domain role of this VM is {0}.' -f $role }
    }
}

function Find-UnsupportedRole {
    Deny-When 'unsupportedRole' 'Remove the role, or install it on the VMs created from the image instead.' {
        if ((Get-CimInstance -ClassName Win32_OperatingSystem).ProductType -eq 1) { return } # a client has no roles
        $installed = @(Get-WindowsFeature | Where-Object { $_.Installed -and $_.Name -in $UnsupportedRoles } |
                ForEach-Object { $_.Name })
        if ($installed.Count -gt 0) { 'Sysprep does not support the server role {0}.' -f ($installed -join ', ') }
    }
}

function Find-PendingReboot {
    Deny-When 'pendingReboot' 'Restart the VM and start again.' {
        $servicing = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing'
        $keys = "$servicing\RebootPending", "$servicing\RebootInProgress",
            'SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired'
        foreach ($key in $keys) {
            if ($null -ne (Get-RegistryKey $key)) { return 'A restart is pending ({0}).' -f (Split-Path $key -Leaf) }
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
    Deny-When 'sysprepCountExhausted' 'Windows can be generalized 1001 times; start from a newer image.' {
        $remaining = (Get-CimInstance -ClassName SoftwareLicensingService).RemainingWindowsReArmCount
        if ($null -eq $remaining -or $remaining -lt 1) { 'No Sysprep run is left: RemainingWindowsReArmCount is 0 or unknown.' }
    }
}

function Find-UnprovisionedApp {
    Deny-When 'appxNotProvisioned' 'Remove the app for all users, or provision it.' {
        if (-not (Get-Command -Name Get-AppxPackage -ErrorAction SilentlyContinue)) { return } # this edition has no apps
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
    Deny-When 'removableStorageDenied' 'Disable "All Removable Storage classes: Deny all access": the first boot reads a DVD.' {
        $policies = 'SOFTWARE\Policies\Microsoft\Windows\RemovableStorageDevices'
        if ((Get-RegistryValue $policies 'Deny_All') -eq 1) { 'A policy denies all access to removable storage.' }
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
