#!/bin/sh
# Deprovisions this Linux VM: checks it, schedules detached work that deprovisions it, and reports at once.
#
# Run Command uses the interpreter of the first line; every distribution in the table has /bin/sh (dash, bash or busybox).
#
# Why detached: `waagent -deprovision` first stops the agent and then deletes the folder in which Run Command
# keeps its state, so a script that calls it directly never reports back. This file therefore runs twice: once
# by Run Command, once by systemd, atd or setsid outside the agent's control group (argument --deprovision).
#
# Parameters (environment): GOLDEN_RUN_ID, GOLDEN_NONCE, GOLDEN_NOT_AFTER (epoch seconds), GOLDEN_KEEP_USER,
# GOLDEN_ALLOW_UNKNOWN_OS, GOLDEN_DELAY_SECONDS, GOLDEN_BOOT_ID (optional: the boot for which it was requested). Exit code: 0 requested or already requested,
# 10 refused and nothing changed.
set -u
umask 077
export LC_ALL=C
export PATH="${PATH:-/usr/bin}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin:/usr/share/oem/bin:/oem/bin"

state=/var/lib/golden-image # on the disk: which run requested it, and why deprovisioning failed
work=/run/golden-image      # in memory: gone at power-off, so it cannot get into the image
agent_state=/var/lib/waagent

# ids, oldest major version, service of the agent, how machine-id is reset, how /etc/resolv.conf is handled (keep:
# waagent does not change it; link: restore systemd-resolved's link; remove), further files to remove (kickstart files hold
# password hashes). cloud-init is cleaned wherever it is installed; Flatcar is provisioned by Ignition instead.
distributions='
ubuntu          18 walinuxagent empty  keep
debian          10 walinuxagent empty  link
rhel,centos,ol   7 waagent      empty  remove /root/anaconda-ks.cfg /root/original-ks.cfg
almalinux,rocky  8 waagent      empty  remove /root/anaconda-ks.cfg /root/original-ks.cfg
sles,sles_sap   12 waagent      empty  remove /var/lib/wicked/duid.xml /var/lib/wicked/iaid.xml
opensuse-leap   15 waagent      empty  remove /var/lib/wicked/duid.xml /var/lib/wicked/iaid.xml
azurelinux       3 waagent      empty  link
mariner          2 waagent      empty  link
flatcar          0 waagent      remove link
'

# ---------------------------------------------------------------- reading the VM
read_os_release() { # sets os_id, os_version, os_like; the file is parsed, not executed
    os_id='' os_version='' os_like=''
    while IFS='=' read -r key value; do
        value=${value#[\"\']} value=${value%[\"\']}
        case $value in *[!A-Za-z0-9._\ -]*) continue ;; esac
        case $key in ID) os_id=$value ;; VERSION_ID) os_version=$value ;; ID_LIKE) os_like=$value ;; esac
    done 2>/dev/null </etc/os-release
}

find_traits() { # sets oldest, service, machine_id, resolv, extras of the os-release ID $1, or returns 1
    while read -r ids oldest service machine_id resolv extras; do
        case ",$ids," in *",${1:-none},"*) return 0 ;; esac
    done <<TABLE
$distributions
TABLE
    return 1
}

detect_distribution() {
    read_os_release
    distribution="$os_id $os_version" known=false major=${os_version%%.*}
    case $major in '' | *[!0-9]*) major=0 ;; esac
    if find_traits "$os_id"; then
        [ "$major" -lt "$oldest" ] || known=true
        return 0
    fi
    for relative in $os_like; do find_traits "$relative" && return 0; done # only if unknown distributions are allowed
    service=waagent machine_id=empty resolv=remove extras=
}

provisioned_user() { # waagent removes the user that this file names; without the file it silently removes no user
    sed -n 's/.*<\([A-Za-z0-9]*:\)\{0,1\}UserName>\([^<]*\)<.*/\2/p' "$agent_state/ovf-env.xml" 2>/dev/null | head -n 1
}

each_home() { # calls "$@" with account and home, for every account with a home directory of its own
    while IFS=: read -r account _ _ _ _ home _; do
        case $home in /root | /home/?* | /var/home/?*) "$@" "$account" "$home" || return 1 ;; esac
    done </etc/passwd
}

loses_keys() { # every account except the provisioned user; none with keep-user when that user is unknown
    [ "$1" != "$user" ] && { [ "$keep_user" = false ] || [ -n "$user" ]; }
}

note_keys() { # collects in `losing` the accounts whose authorized_keys will be removed, for the answer
    ! loses_keys "$1" || [ ! -s "$2/.ssh/authorized_keys" ] || losing="$losing${losing:+ }$1"
}

# ---------------------------------------------------------------- the answer
json_text() { # text, maximum length: printable ASCII, escaped
    case $1 in *[!A-Za-z0-9\ .,:\;/\(\)_=-]*) ;; *) [ "${#1}" -gt "$2" ] || { printf '%s' "$1" && return; } ;; esac
    printf '%s' "$1" | tr '\n\t\r' '   ' | tr -cd ' -~' | cut -c "1-$2" | sed 's/\\/\\\\/g; s/"/\\"/g'
}

answer() { # outcome, code, message, then facts as name value pairs; always the last line of the output
    outcome=$1 code=$2 message=$3
    shift 3
    facts=
    while [ $# -ge 2 ]; do
        facts="$facts${facts:+,}\"$1\":\"$(json_text "$2" 200)\""
        shift 2
    done
    printf '%s: %s\nGOLDEN-IMAGE-RESULT {"version":1,"runId":"%s","nonce":"%s","outcome":"%s","code":"%s",' \
        "$outcome" "$message" "$run_id" "$nonce" "$outcome" "$code"
    printf '"message":"%s","facts":{%s}}\n' "$(json_text "$message" 480)" "$facts"
}

refuse() { answer refused "$1" "$2" distribution "${distribution:-not read}"; exit 10; }

# ---------------------------------------------------------------- checks: nothing is changed here
is_number() { # text, minimum and maximum number of digits; the shell would read a leading zero as octal
    case $1 in 0* | *[!0-9]*) return 1 ;; esac
    [ "${#1}" -ge "$2" ] && [ "${#1}" -le "$3" ]
}

check_parameters() { # invalid values are never printed
    run_id='' nonce=''
    case ${GOLDEN_RUN_ID:-} in *[!A-Za-z0-9-]*) ;; *) run_id=${GOLDEN_RUN_ID:-} ;; esac
    case ${GOLDEN_NONCE:-} in *[!0-9a-f]*) ;; *) nonce=${GOLDEN_NONCE:-} ;; esac
    [ "${#run_id}" -le 64 ] || run_id=
    [ "${#nonce}" -ge 8 ] && [ "${#nonce}" -le 128 ] || nonce=
    [ -n "$run_id" ] || refuse badParameters "GOLDEN_RUN_ID must be 1 to 64 letters, digits or hyphens."
    [ -n "$nonce" ] || refuse badParameters "GOLDEN_NONCE must be 8 to 128 lower-case hexadecimal digits."
    keep_user=${GOLDEN_KEEP_USER:-false} allow_unknown=${GOLDEN_ALLOW_UNKNOWN_OS:-false} delay=${GOLDEN_DELAY_SECONDS:-60}
    case $keep_user in true | false) ;; *) refuse badParameters "GOLDEN_KEEP_USER must be true or false." ;; esac
    case $allow_unknown in true | false) ;; *) refuse badParameters "GOLDEN_ALLOW_UNKNOWN_OS must be true or false." ;; esac
    is_number "$delay" 1 4 && [ "$delay" -le 3600 ] ||
        refuse badParameters "GOLDEN_DELAY_SECONDS must be a whole number from 1 to 3600."
    is_number "${GOLDEN_NOT_AFTER:-}" 10 11 || refuse badParameters "GOLDEN_NOT_AFTER must be seconds since 1970."
}

check_not_requested() {
    [ -e "$state/requested" ] || return 0
    [ "$(cat "$state/requested")" = "$run_id" ] ||
        refuse requestedByAnotherRun "Another run is deprovisioning this VM. Wait for it; if it failed, remove $state and start again."
    answer alreadyRequested "" "This run already requested it; nothing was done again." distribution "$distribution"
    exit 0
}

check_not_expired() { # deprovisioning removes the agent's run history, so the next start runs this script again
    now=$(date +%s)
    is_number "$now" 10 11 || refuse expired "The VM's clock cannot be read, so the request may be too old. Correct the clock."
    [ "$now" -le "$GOLDEN_NOT_AFTER" ] || refuse expired "The request is $((now - GOLDEN_NOT_AFTER)) seconds too old. Start a new run."
}

check_boot() { # the agent runs the command again when a VM that deprovisioned itself is started
    [ -z "${GOLDEN_BOOT_ID:-}" ] || [ "$(head -n 1 /proc/sys/kernel/random/boot_id 2>/dev/null)" = "$GOLDEN_BOOT_ID" ] ||
        refuse bootChanged "The VM has booted since the request was made. Start a new run."
}

check_system() {
    [ "$known" = true ] || [ "$allow_unknown" = true ] ||
        refuse unknownDistribution "$distribution is not a supported distribution. Allow unknown distributions to continue anyway."
    command -v waagent >/dev/null 2>&1 || refuse agentMissing "waagent is not on PATH. Install the Azure Linux agent."
    user=$(provisioned_user)
    [ "$keep_user" = true ] || [ -n "$user" ] ||
        refuse badParameters "$agent_state/ovf-env.xml names no user to remove. Start a run that keeps the user."
}

# ---------------------------------------------------------------- scheduling
record_request() { # ln creates `requested` complete and only once, even when two calls race
    mkdir -p "$state" && chmod 0700 "$state" && printf '%s\n' "$run_id" >"$state/requested.$$" &&
        ln "$state/requested.$$" "$state/requested" 2>/dev/null && rm "$state/requested.$$"
}

copy_script() { # the copy is needed because waagent deletes the file that Run Command is running
    mkdir -p "$work" && chmod 0700 "$work" && cat "$0" >"$work/deprovision.sh" && grep -q '^deprovision() {' "$work/deprovision.sh" &&
        printf '%s\n' "$run_id" "$nonce" "$keep_user" >"$work/parameters"
}

by_systemd_run() { # a transient timer belongs to systemd, so it keeps running when the agent stops
    [ -d /run/systemd/system ] && command -v systemd-run &&
        systemd-run --unit=golden-image-deprovision --on-active="$delay" --timer-property=AccuracySec=1s \
            /bin/sh "$work/deprovision.sh" --deprovision 0
}

by_at() { # at rounds down to the minute: add one, so that it never starts early
    command -v at >/dev/null 2>&1 || return 1
    minutes=$(((delay + 59) / 60 + 1))
    said=$(echo "/bin/sh $work/deprovision.sh --deprovision 0" | at now + "$minutes" minutes 2>&1) || return 1
    case $said in *"No atd running"*) ;; *) return 0 ;; esac
    atrm "$(printf '%s\n' "$said" | sed -n 's/^job \([0-9]*\) .*/\1/p')" 2>/dev/null # it would never run
    return 1
}

by_setsid() { # last choice: it leaves the session but not the agent's control group
    command -v setsid && setsid --fork nohup /bin/sh "$work/deprovision.sh" --deprovision "$delay" </dev/null
}

schedule() { # sets method
    by_systemd_run >/dev/null 2>&1 && method='systemd-run' && return 0
    by_at && method='at' && return 0
    by_setsid >/dev/null 2>&1 && method='setsid'
}

withdraw_request() { rm -rf "$state" "$work"; refuse "$1" "$2"; }

request_deprovision() {
    check_parameters
    [ "$(id -u)" = 0 ] || refuse notRoot "The script must run as root; leave runAsUser of the run command empty."
    detect_distribution
    check_not_requested
    check_not_expired
    check_boot
    check_system
    losing='' && each_home note_keys
    if ! record_request; then
        rm -f "$state/requested.$$"
        check_not_requested # answers when another run was faster
        refuse noSpace "$state could not be written. Free space on the disk or mount it writable."
    fi
    copy_script || withdraw_request noSpace "$work could not be written. Free space in /run or mount it writable."
    schedule || withdraw_request noDetachMethod "None of systemd-run, at with atd, and setsid could schedule the work. Install one of them."
    [ -e /etc/pki/consumer/cert.pem ] && consumer=true || consumer=false
    answer requested "" "The VM will deprovision itself and power off in about $delay seconds." \
        distribution "$distribution" method "$method" delaySeconds "$delay" \
        supported "$known" keyAccountsCleared "$losing" subscriptionRegistered "$consumer"
}

# ---------------------------------------------------------------- deprovisioning: detached, nothing reads the output
fail_with() { reason=$1 && return 1; }

report_on_console() { # a tty that cannot be written must not stop the script
    for device in /dev/ttyS0 /dev/console; do
        [ -w "$device" ] && (printf '\n%s\n' "$1" >>"$device") 2>/dev/null
    done
}

end_failed() { # the VM keeps running, so that the reason can be read
    reason=$(printf '%s' "$2" | tr '\n\t\r' '   ' | tr -cd ' -~' | cut -c 1-200)
    mkdir -p "$state"
    { printf '%s %s\n' "$1" "$reason" && tail -n 30 "$work/deprovision.log"; } >"$state/failure.log"
    report_on_console "GOLDEN-IMAGE-FAILED $run_id $nonce $1 $reason"
    systemctl start "$service" 2>/dev/null || service "$service" start 2>/dev/null
    exit 20
}

clean_cloud_init() {
    ! command -v cloud-init >/dev/null 2>&1 || cloud-init clean --logs --seed ||
        fail_with "cloud-init clean --logs --seed exited $?" || return 1
    rm -rf /var/lib/cloud/instance /var/lib/cloud/instances /var/lib/cloud/data /var/lib/cloud/sem /var/lib/cloud/seed ||
        fail_with "/var/lib/cloud could not be emptied"
}

remove_traces_of() {
    for name in bash_history zsh_history ash_history sh_history python_history lesshst viminfo wget-hsts; do
        [ ! -e "$2/.$name" ] || rm -f "$2/.$name" || fail_with "$2/.$name could not be removed" || return 1
    done
    loses_keys "$1" || return 0
    rm -f "$2/.ssh/authorized_keys" "$2/.ssh/authorized_keys2" || fail_with "authorized_keys of $1 could not be removed"
}

run_waagent() {
    [ "$keep_user" = true ] && action=-deprovision || action=-deprovision+user
    said=$(waagent "$action" -force 2>&1 </dev/null)
    status=$?
    printf '%s\n' "$said"
    [ "$status" -eq 0 ] || fail_with "waagent $action -force exited $status" || return 1
    # waagent logs an exception and still exits 0, so its effects are checked, not only its exit code.
    case $said in *"Failed to run"*) fail_with "waagent $action: Failed to run${said#*Failed to run}" || return 1 ;; esac
    [ ! -e "$agent_state/ovf-env.xml" ] || fail_with "waagent left $agent_state/ovf-env.xml" || return 1
    [ "$keep_user" = true ] || ! grep -q "^$user:" /etc/passwd || fail_with "waagent left the account of the provisioned user"
}

remove_identity() {
    rm -rf /etc/ssh/ssh_host_* /var/lib/systemd/random-seed /var/lib/systemd/credential.secret \
        /etc/udev/rules.d/70-persistent-net.rules /var/lib/NetworkManager/secret_key /var/lib/NetworkManager/*.lease \
        /var/lib/wicked/lease-* /var/lib/dhcp/* /var/lib/dhclient/* /var/lib/dhcpcd/*
    [ "$keep_user" = true ] || rm -f /etc/sudoers.d/90-cloud-init-users
    [ -L /var/lib/dbus/machine-id ] || rm -f /var/lib/dbus/machine-id
    [ ! -d /boot/flatcar ] || : >/boot/flatcar/first_boot # Ignition runs again
    if [ "$machine_id" = remove ]; then rm -f /etc/machine-id; elif [ -e /etc/machine-id ]; then : >/etc/machine-id; fi
    [ "$resolv" != remove ] || rm -f /etc/resolv.conf
    [ "$resolv" != link ] || [ -z "$resolv_link" ] || ln -sf "$resolv_link" /etc/resolv.conf
    [ -z "$(find /etc/ssh -name 'ssh_host_*')" ] || fail_with "SSH host keys are still there" || return 1
    [ ! -s /etc/machine-id ] || fail_with "/etc/machine-id is not empty"
}

remove_logs() { # rotated logs are removed; current logs are emptied, because some services need the file
    # shellcheck disable=SC2086 # a list of paths from the table above
    rm -rf $extras
    for job in /var/spool/cron/atjobs/* /var/spool/at/*; do # this may run as an atd job that atd has not removed yet
        grep -qs "$work/deprovision.sh" "$job" && rm -f "$job"
    done
    ! command -v journalctl || journalctl --relinquish-var # from now on the journal is written to memory
    rm -rf /var/log/journal/* /var/log/azure/* /var/log/waagent* /var/log/cloud-init* /tmp/* /var/tmp/* "${agent_state:?}"/*
    find /var/log -type f \( -name '*.gz' -o -name '*.xz' -o -name '*.old' -o -name '*.[0-9]' -o -name '*-20[0-9][0-9]*' \) \
        -exec rm -f {} +
    find /var/log -type f -size +0 -exec sh -c 'for log; do : >"$log" || exit 1; done' sh {} + ||
        fail_with "a log could not be emptied"
}

deprovision() {
    exec >>"$work/deprovision.log" 2>&1 </dev/null
    sleep "$1"
    { read -r run_id && read -r nonce && read -r keep_user; } <"$work/parameters" || exit 20
    detect_distribution
    user=$(provisioned_user) resolv_link=$(readlink /etc/resolv.conf)
    # waagent runs near the end: until then the agent can still report why something failed.
    clean_cloud_init || end_failed cloudInitCleanFailed "$reason"
    each_home remove_traces_of || end_failed cleanupFailed "$reason"
    run_waagent || end_failed waagentFailed "$reason"
    { remove_identity && remove_logs; } || end_failed cleanupFailed "$reason"
    rm -rf "$state" || end_failed cleanupFailed "$state could not be removed"
    sync
    report_on_console "GOLDEN-IMAGE-DEPROVISIONED $run_id $nonce"
    systemctl poweroff || poweroff || shutdown -h now
}

if [ "${1:-}" = --deprovision ]; then deprovision "${2:-0}"; else request_deprovision; fi
