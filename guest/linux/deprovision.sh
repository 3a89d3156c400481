#!/bin/sh
# Generalizes this Linux machine: checks it, arms detached work that seals it, and answers at once.
#
# Run Command honours the first line; /bin/sh is what every distribution in the table has (dash, bash or busybox).
#
# Why detached: `waagent -deprovision` first stops the agent and then deletes the folder in which Run Command
# keeps its state, so a script that calls it directly never reports back. This file therefore runs twice: once
# by Run Command (arm), once by systemd, atd or setsid outside the agent's control group (argument --seal).
#
# Parameters (environment): GOLDEN_RUN_ID, GOLDEN_NONCE, GOLDEN_NOT_AFTER (epoch seconds), GOLDEN_KEEP_USER,
# GOLDEN_ALLOW_UNKNOWN_OS, GOLDEN_DELAY_SECONDS. Exit code: 0 armed or already armed, 10 refused and nothing changed.
set -u
umask 077
export LC_ALL=C
export PATH="${PATH:-/usr/bin}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin:/usr/share/oem/bin:/oem/bin"

state=/var/lib/golden-image # on the disk: which run armed the machine, and why sealing failed
work=/run/golden-image      # in memory: gone at poweroff, so it cannot get into the image
agent_state=/var/lib/waagent

# ids, oldest major version, service of the agent, how machine-id is reset, what becomes of /etc/resolv.conf (keep:
# waagent leaves it; link: put systemd-resolved's link back; remove), further files to remove (kickstart files hold
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

# ---------------------------------------------------------------- what the machine is
read_os_release() { # sets os_id, os_version, os_like; the file is read, not run
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
    for relative in $os_like; do find_traits "$relative" && return 0; done # matters only when unknown is allowed
    service=waagent machine_id=empty resolv=remove extras=
}

provisioned_user() { # waagent removes the user that this file names, and silently none when the file is missing
    sed -n 's/.*<\([A-Za-z0-9]*:\)\{0,1\}UserName>\([^<]*\)<.*/\2/p' "$agent_state/ovf-env.xml" 2>/dev/null | head -n 1
}

each_home() { # calls "$@" with an account and its home, for every account that has one of its own
    while IFS=: read -r account _ _ _ _ home _; do
        case $home in /root | /home/?* | /var/home/?*) "$@" "$account" "$home" || return 1 ;; esac
    done </etc/passwd
}

loses_keys() { # every account but the provisioned user; with keep-user none at all when that user is unknown
    [ "$1" != "$user" ] && { [ "$keep_user" = false ] || [ -n "$user" ]; }
}

note_keys() { # collects in `losing` whose authorized_keys will go, so that the answer can say so
    ! loses_keys "$1" || [ ! -s "$2/.ssh/authorized_keys" ] || losing="$losing${losing:+ }$1"
}

# ---------------------------------------------------------------- answering
json_text() { # text, greatest length: printable ASCII, escaped
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

refuse() { answer refused "$1" "$2" distribution "${distribution:-not looked at}"; exit 10; }

# ---------------------------------------------------------------- checks: nothing is changed here
is_number() { # text, fewest and most digits; a leading zero would be octal to the shell
    case $1 in 0* | *[!0-9]*) return 1 ;; esac
    [ "${#1}" -ge "$2" ] && [ "${#1}" -le "$3" ]
}

check_parameters() { # values that do not fit are never echoed
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

check_not_armed() {
    [ -e "$state/armed" ] || return 0
    [ "$(cat "$state/armed")" = "$run_id" ] ||
        refuse armedByAnotherRun "Another run armed this machine. Wait for it; if it failed, remove $state and start again."
    answer alreadyArmed "" "This run armed the machine before; nothing was done again." distribution "$distribution"
    exit 0
}

check_not_expired() { # sealing removes the agent's memory of what it ran: at the next start it runs this order again
    now=$(date +%s)
    is_number "$now" 10 11 || refuse expired "The machine's clock cannot be read, so the order may be too old."
    [ "$now" -le "$GOLDEN_NOT_AFTER" ] || refuse expired "The order came $((now - GOLDEN_NOT_AFTER)) seconds too late."
}

check_system() {
    [ "$known" = true ] || [ "$allow_unknown" = true ] ||
        refuse unknownDistribution "$distribution is not a supported distribution. Allow unknown systems to go on regardless."
    command -v waagent >/dev/null 2>&1 || refuse agentMissing "waagent is not on PATH. Install the Azure Linux agent."
    user=$(provisioned_user)
    [ "$keep_user" = true ] || [ -n "$user" ] ||
        refuse badParameters "$agent_state/ovf-env.xml names no user to remove. Ask for the user to be kept."
}

# ---------------------------------------------------------------- arming
claim() { # ln makes `armed` appear whole and only once, even when two calls race
    mkdir -p "$state" && chmod 0700 "$state" && printf '%s\n' "$run_id" >"$state/armed.$$" &&
        ln "$state/armed.$$" "$state/armed" 2>/dev/null && rm "$state/armed.$$"
}

prepare() { # the copy is needed because waagent deletes the file that Run Command is running
    mkdir -p "$work" && chmod 0700 "$work" && cat "$0" >"$work/seal.sh" && grep -q '^seal() {' "$work/seal.sh" &&
        printf '%s\n' "$run_id" "$nonce" "$keep_user" >"$work/parameters"
}

by_systemd_run() { # a transient timer belongs to systemd, so it survives the agent
    [ -d /run/systemd/system ] && command -v systemd-run &&
        systemd-run --unit=golden-image-seal --on-active="$delay" --timer-property=AccuracySec=1s \
            /bin/sh "$work/seal.sh" --seal 0
}

by_at() { # at rounds down to the minute: one more, so that it never starts early
    command -v at >/dev/null 2>&1 || return 1
    minutes=$(((delay + 59) / 60 + 1))
    said=$(echo "/bin/sh $work/seal.sh --seal 0" | at now + "$minutes" minutes 2>&1) || return 1
    case $said in *"No atd running"*) ;; *) return 0 ;; esac
    atrm "$(printf '%s\n' "$said" | sed -n 's/^job \([0-9]*\) .*/\1/p')" 2>/dev/null # it would never run
    return 1
}

by_setsid() { # last: it leaves the session, not the control group
    command -v setsid && setsid --fork nohup /bin/sh "$work/seal.sh" --seal "$delay" </dev/null
}

schedule() { # sets method
    by_systemd_run >/dev/null 2>&1 && method='systemd-run' && return 0
    by_at && method='at' && return 0
    by_setsid >/dev/null 2>&1 && method='setsid'
}

unclaim() { rm -rf "$state" "$work"; refuse "$1" "$2"; }

arm() {
    check_parameters
    [ "$(id -u)" = 0 ] || refuse notRoot "The script must run as root; leave runAsUser of the run command empty."
    detect_distribution
    check_not_armed
    check_not_expired
    check_system
    losing='' && each_home note_keys
    if ! claim; then
        rm -f "$state/armed.$$"
        check_not_armed # answers when somebody else was faster
        refuse noSpace "$state could not be written. Free space on the disk or mount it writable."
    fi
    prepare || unclaim noSpace "$work could not be written. Free space in /run or mount it writable."
    schedule || unclaim noDetachMethod "None of systemd-run, at with atd, and setsid could schedule the work. Install one."
    [ -e /etc/pki/consumer/cert.pem ] && consumer=true || consumer=false
    answer armed "" "The machine will seal itself and power off in about $delay seconds." \
        distribution "$distribution" method "$method" delaySeconds "$delay" \
        supported "$known" keyAccountsCleared "$losing" subscriptionRegistered "$consumer"
}

# ---------------------------------------------------------------- sealing: detached, nobody is listening
because() { reason=$1 && return 1; }

mark() { # a tty that cannot be written must not stop the rest
    for device in /dev/ttyS0 /dev/console; do
        [ -w "$device" ] && (printf '\n%s\n' "$1" >>"$device") 2>/dev/null
    done
}

give_up() { # the machine stays up, so that the reason can be fetched
    reason=$(printf '%s' "$2" | tr '\n\t\r' '   ' | tr -cd ' -~' | cut -c 1-200)
    mkdir -p "$state"
    { printf '%s %s\n' "$1" "$reason" && tail -n 30 "$work/seal.log"; } >"$state/failure.log"
    mark "GOLDEN-IMAGE-FAILED $run_id $nonce $1 $reason"
    systemctl start "$service" 2>/dev/null || service "$service" start 2>/dev/null
    exit 20
}

clean_cloud_init() {
    ! command -v cloud-init >/dev/null 2>&1 || cloud-init clean --logs --seed ||
        because "cloud-init clean --logs --seed exited $?" || return 1
    rm -rf /var/lib/cloud/instance /var/lib/cloud/instances /var/lib/cloud/data /var/lib/cloud/sem /var/lib/cloud/seed ||
        because "/var/lib/cloud could not be emptied"
}

remove_traces_of() {
    for name in bash_history zsh_history ash_history sh_history python_history lesshst viminfo wget-hsts; do
        [ ! -e "$2/.$name" ] || rm -f "$2/.$name" || because "$2/.$name could not be removed" || return 1
    done
    loses_keys "$1" || return 0
    rm -f "$2/.ssh/authorized_keys" "$2/.ssh/authorized_keys2" || because "authorized_keys of $1 could not be removed"
}

run_waagent() {
    [ "$keep_user" = true ] && action=-deprovision || action=-deprovision+user
    said=$(waagent "$action" -force 2>&1 </dev/null)
    status=$?
    printf '%s\n' "$said"
    [ "$status" -eq 0 ] || because "waagent $action -force exited $status" || return 1
    # waagent logs an exception and still exits 0, so what it did is looked at, not what it returned.
    case $said in *"Failed to run"*) because "waagent $action: Failed to run${said#*Failed to run}" || return 1 ;; esac
    [ ! -e "$agent_state/ovf-env.xml" ] || because "waagent left $agent_state/ovf-env.xml" || return 1
    [ "$keep_user" = true ] || ! grep -q "^$user:" /etc/passwd || because "waagent left the account of the provisioned user"
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
    [ -z "$(find /etc/ssh -name 'ssh_host_*')" ] || because "SSH host keys are still there" || return 1
    [ ! -s /etc/machine-id ] || because "/etc/machine-id is not empty"
}

remove_logs() { # rotated logs go; current ones are emptied, because some services want the file to be there
    # shellcheck disable=SC2086 # a list of paths from the table above
    rm -rf $extras
    for job in /var/spool/cron/atjobs/* /var/spool/at/*; do # atd has not yet removed the job that this may be
        grep -qs "$work/seal.sh" "$job" && rm -f "$job"
    done
    ! command -v journalctl || journalctl --relinquish-var # it now writes to memory
    rm -rf /var/log/journal/* /var/log/azure/* /var/log/waagent* /var/log/cloud-init* /tmp/* /var/tmp/* "${agent_state:?}"/*
    find /var/log -type f \( -name '*.gz' -o -name '*.xz' -o -name '*.old' -o -name '*.[0-9]' -o -name '*-20[0-9][0-9]*' \) \
        -exec rm -f {} +
    find /var/log -type f -size +0 -exec sh -c 'for log; do : >"$log" || exit 1; done' sh {} + ||
        because "a log could not be emptied"
}

seal() {
    exec >>"$work/seal.log" 2>&1 </dev/null
    sleep "$1"
    { read -r run_id && read -r nonce && read -r keep_user; } <"$work/parameters" || exit 20
    detect_distribution
    user=$(provisioned_user) resolv_link=$(readlink /etc/resolv.conf)
    # waagent comes last but one: until then the agent can still report why a step failed.
    clean_cloud_init || give_up cloudInitCleanFailed "$reason"
    each_home remove_traces_of || give_up cleanupFailed "$reason"
    run_waagent || give_up waagentFailed "$reason"
    { remove_identity && remove_logs; } || give_up cleanupFailed "$reason"
    rm -rf "$state" || give_up cleanupFailed "$state could not be removed"
    sync
    mark "GOLDEN-IMAGE-SEALED $run_id $nonce"
    systemctl poweroff || poweroff || shutdown -h now
}

if [ "${1:-}" = --seal ]; then seal "${2:-0}"; else arm; fi
