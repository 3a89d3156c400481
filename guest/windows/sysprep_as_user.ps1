# ---------------------------------------------------------------- Sysprep under a local administrator's credential
# A scheduled task with a stored password is the only way to start an elevated process under another account without
# compiled code. The password is passed to the Task Scheduler as an argument of a method, so it appears on no command
# line, in no task XML and in no log of cmdlet parameters. While a task is registered, Windows keeps the password. So
# each task is unregistered before anything else happens, and a VM on which that fails is not shut down.
$TaskName = 'GoldenImageSysprep'
$ProbeSeconds = 90
$TaskStartSeconds = 60
$HasNotRun = 267011 # SCHED_S_TASK_HAS_NOT_RUN
$IsRunning = 267009 # SCHED_S_TASK_RUNNING

function Open-TaskFolder {
    $scheduler = New-Object -ComObject 'Schedule.Service'
    $scheduler.Connect()
    $scheduler.GetFolder('\')
}

function Get-SysprepTask { # 1: include hidden tasks
    $folder = Open-TaskFolder
    $folder.GetTasks(1) | Where-Object { $_.Name -eq $TaskName }
}

function Remove-SysprepTask { # this removes the stored password too; the program that the task started keeps running
    if (@(Get-SysprepTask).Count -eq 0) { return }
    (Open-TaskFolder).DeleteTask($TaskName, 0)
    if (@(Get-SysprepTask).Count -gt 0) { throw "The task $TaskName holds a credential and could not be removed. Remove it." }
}

function Register-SysprepTask([string]$Program, [string]$Arguments) { # returns the task; throws when the password is wrong
    $scheduler = New-Object -ComObject 'Schedule.Service'
    $scheduler.Connect()
    $definition = $scheduler.NewTask(0)
    $definition.Principal.RunLevel = 1 # highest
    $definition.Settings.Hidden = $true
    $definition.Settings.AllowDemandStart = $true
    $definition.Settings.DisallowStartIfOnBatteries = $false
    $definition.Settings.StopIfGoingOnBatteries = $false
    $definition.Settings.ExecutionTimeLimit = 'PT0S' # no limit: Sysprep is never killed
    $action = $definition.Actions.Create(0)
    $action.Path = Join-Path $env:SystemRoot "System32\$Program" # the Task Scheduler is never a 32-bit process
    $action.Arguments = $Arguments
    $account = '{0}\{1}' -f $env:COMPUTERNAME, $SysprepUser
    # 6: create or replace. 1: log on with the stored password.
    $scheduler.GetFolder('\').RegisterTaskDefinition($TaskName, $definition, 6, $account, $SysprepPassword, 1)
}

function Wait-SysprepTask([datetime]$Deadline) { # returns the program's exit code, or $null on a timeout
    $startBy = (Get-Date).AddSeconds($TaskStartSeconds)
    while ((Get-Date) -lt $Deadline) {
        Start-Sleep -Seconds 2
        $task = @(Get-SysprepTask)[0]
        $result = $task.LastTaskResult
        if ($task.State -in 2, 4 -or $result -eq $IsRunning) { continue } # queued, running
        if ($result -ne $HasNotRun) { return $result }
        if ((Get-Date) -lt $startBy) { continue }
        throw "The task $TaskName did not start. The account needs the right to log on as a batch job."
    }
}

function Invoke-AsUser([string]$Program, [string]$Arguments, [datetime]$Deadline) { # the exit code, or $null on a timeout
    try {
        $task = Register-SysprepTask $Program $Arguments
        $null = $task.Run($null)
        Wait-SysprepTask $Deadline
    } finally { Remove-SysprepTask }
}

function Test-LocalAdministrator { # a direct member of Administrators, by SID because the name is localized
    $account = Get-CimInstance -ClassName Win32_UserAccount -Filter 'LocalAccount = True' |
        Where-Object { $_.Name -eq $SysprepUser -and -not $_.Disabled -and -not $_.Lockout } | Select-Object -First 1
    if ($null -eq $account) { return $false }
    $group = Get-CimInstance -ClassName Win32_Group -Filter "SID = 'S-1-5-32-544'"
    $members = @(Get-CimAssociatedInstance -InputObject $group -ResultClassName Win32_UserAccount)
    @($members | Where-Object { $_.SID -eq $account.SID }).Count -gt 0
}

function Find-BadCredential { # the last check: logs on with the account and runs an elevated program that changes nothing
    Deny-When 'badCredential' 'Specify the name and password of an enabled local administrator.' {
        if (-not $SysprepUser) { return }
        if (-not (Test-LocalAdministrator)) { return 'SysprepUser is not an enabled local administrator of this VM.' }
        $deadline = (Get-Date).AddSeconds($ProbeSeconds)
        $exitCode = Invoke-AsUser 'whoami.exe' '' $deadline
        if ($null -eq $exitCode) { return "A program under SysprepUser did not end within $ProbeSeconds seconds." }
        if ($exitCode -ne 0) { return 'A program under SysprepUser ended with {0}.' -f $exitCode }
    }
}
