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
        if ($SysprepUser -notmatch $AccountPattern) { return 'SysprepUser must be the plain name of a local account.' }
        if (($SysprepUser -eq '') -ne ($SysprepPassword -eq '')) { return 'SysprepUser and SysprepPassword go together.' }
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
    Deny-When 'buildNeedsUserContext' 'From build 26100 on Sysprep needs SysprepUser and SysprepPassword.' {
        $build = Get-Build
        if ($build -le 0) { return 'The build number of Windows could not be read.' }
        if ($build -ge 26100 -and -not $SysprepUser) { 'This is Windows build {0}, and no SysprepUser was given.' -f $build }
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
