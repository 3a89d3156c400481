function Get-BootId { # Windows counts its boots; where it does not, the time of the last one
    $path = 'SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters'
    $key = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64').OpenSubKey($path)
    if ($null -ne $key -and $null -ne $key.GetValue('BootId')) { return [string]$key.GetValue('BootId') }
    (Get-CimInstance -ClassName Win32_OperatingSystem).LastBootUpTime.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ')
}
