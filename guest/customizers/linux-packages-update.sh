#!/bin/sh
# script: linux-packages-update
# Updates every installed package with the distribution's own package manager, without prompts.
#
# Uses the first that exists: apt-get (never removes a package), dnf or yum, zypper (updates itself first), tdnf. Files
# that an administrator changed are kept. Services are not restarted, because that would restart the Azure agent too.
#
# Parameter (environment): GOLDEN_LOCK_WAIT_SECONDS, how long to wait while another program holds the package manager's
# lock (default 600, at most 3600).
# Exit code: 0 up to date, 10 bad parameter, 11 not root, 12 no supported package manager (for example an image-based
# system), 20 the package manager failed, 30 its lock was not released. Running it again is safe.
# The last line says whether a reboot is needed: "REBOOT-WANTED: yes" or "REBOOT-WANTED: no".
set -u
umask 022
export LC_ALL=C
export PATH="${PATH:-/usr/bin}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
export DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none UCF_FORCE_CONFFOLD=1 NEEDRESTART_SUSPEND=1
export ZYPP_LOCK_TIMEOUT=5

lock_step=10
waited=0
locked='[Cc]ould not get lock|[Uu]nable to (acquire|lock)|[Ff]ailed to (obtain|acquire).* lock'
locked="$locked|(is|was) locked by|holding the .*lock|another copy is running"

has() { command -v "$1" >/dev/null 2>&1; }

stop() { # exit code, message
    if [ -s "${log:-}" ]; then tail -n 15 "$log" | tr -cd '\n -~' | sed 's#://[^/@ ]*@#://***@#g' | cut -c 1-200; fi
    printf '%s\nREBOOT-WANTED: no\n' "$2"
    exit "$1"
}

is_locked() { # by exit code (dnf 200, zypper 7), otherwise by the output of the last call
    case $tool:$1 in dnf:200 | zypper:7) return 0 ;; esac
    grep -qE "$locked" "$log"
}

quietly() { # calls the package manager, again while its lock is held; returns its exit code
    while :; do
        "$@" >"$log" 2>&1 </dev/null
        status=$?
        [ "$status" -ne 0 ] && is_locked "$status" || return "$status"
        [ "$waited" -lt "$limit" ] || stop 30 "Another program held the lock of $tool for $limit seconds. Stop it and run this again."
        sleep "$lock_step" # counted, not read from the clock: a clock change must not make the wait endless
        waited=$((waited + lock_step))
    done
}

try() { quietly "$@" || stop 20 "'$*' ended with exit code $status."; }

update_apt() {
    if has dpkg; then try dpkg --force-confdef --force-confold --configure -a; fi
    try apt-get -q update
    try apt-get -q -y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold --with-new-pkgs upgrade
    try apt-get clean
}

update_dnf() { # without exit_on_lock dnf would wait without a limit
    try dnf -y --setopt=exit_on_lock=1 --refresh upgrade
    try dnf clean all
}

update_yum() {
    try yum -y --setopt=exit_on_lock=1 clean expire-cache
    try yum -y --setopt=exit_on_lock=1 update
    try yum clean all
}

update_zypper() { # 102: a reboot is needed, 103: zypper itself was updated and must be called again
    try zypper --non-interactive refresh
    for round in 1 2 3; do
        quietly zypper --non-interactive update --auto-agree-with-licenses
        case $status in
            0) break ;;
            102) reboot=yes && break ;;
            103) [ "$round" -lt 3 ] || stop 20 "zypper asked to be called again $round times." ;;
            *) stop 20 "'zypper update' ended with exit code $status." ;;
        esac
    done
    try zypper --non-interactive clean --all
}

update_tdnf() {
    try tdnf -y --refresh update
    try tdnf clean all
}

newest_kernel_runs() { # compares the newest folder of kernel modules with the running kernel
    newest='' running=$(uname -r)
    for modules in /lib/modules/*/ /usr/lib/modules/*/; do
        [ -d "$modules" ] || continue
        [ -z "$newest" ] || [ "$modules" -nt "$newest" ] && newest=$modules
    done
    [ -z "$newest" ] || [ "$(basename "$newest")" = "$running" ]
}

wants_reboot() { # when no tool reports it, compare the kernels
    if [ "$reboot" = yes ] || [ -e /run/reboot-required ] || [ -e /var/run/reboot-required ]; then return 0; fi
    case $tool in
        dnf | yum | tdnf)
            if has needs-restarting; then
                needs-restarting -r >/dev/null 2>&1 && return 1
                return 0
            fi
            ;;
        zypper)
            zypper --non-interactive needs-rebooting >/dev/null 2>&1
            case $? in 0) return 1 ;; 102) return 0 ;; esac
            ;;
    esac
    ! newest_kernel_runs
}

limit=${GOLDEN_LOCK_WAIT_SECONDS:-600} reboot=no tool=''
case $limit in '' | *[!0-9]* | ?????*) stop 10 "GOLDEN_LOCK_WAIT_SECONDS must be a whole number from 0 to 3600." ;; esac
[ "$limit" -le 3600 ] || stop 10 "GOLDEN_LOCK_WAIT_SECONDS must be a whole number from 0 to 3600."
[ "$(id -u)" = 0 ] || stop 11 "The script must run as root; leave runAsUser of the run command empty."
for tool in apt-get dnf yum zypper tdnf none; do has "$tool" && break; done
[ "$tool" != none ] || stop 12 "None of apt-get, dnf, yum, zypper and tdnf is on this VM. Use a script of your own."
log=$(mktemp) || stop 20 "No temporary file could be created. Free space in /tmp."
trap 'rm -f "$log"' EXIT
"update_${tool%-get}"
wants_reboot && reboot=yes
printf 'Every package is up to date (%s).\nREBOOT-WANTED: %s\n' "$tool" "$reboot"
