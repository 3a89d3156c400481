#!/bin/sh
# script: linux-packages-update
# Brings every installed package up to date with the distribution's own package manager, and asks nothing.
#
# apt-get (never removes a package), dnf or yum, zypper (patches its own tool first), tdnf: the first that is there. Files
# that an administrator changed are kept. Services are not restarted, because the Azure agent would be among them.
#
# Parameter (environment): GOLDEN_LOCK_WAIT_SECONDS, how long to wait while another program holds the package manager's
# lock (default 600, at most 3600).
# Exit code: 0 up to date, 10 bad parameter, 11 not root, 12 no package manager is known here (image-based systems update
# as a whole), 20 the package manager failed, 30 its lock stayed taken. Running it again is safe.
# The last line says whether a reboot is wanted: "REBOOT-WANTED: yes" or "REBOOT-WANTED: no".
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

stop() { # exit code, sentence
    if [ -s "${log:-}" ]; then tail -n 15 "$log" | tr -cd '\n -~' | sed 's#://[^/@ ]*@#://***@#g' | cut -c 1-200; fi
    printf '%s\nREBOOT-WANTED: no\n' "$2"
    exit "$1"
}

is_locked() { # exit code and output of the last call: dnf 200 and zypper 7 mean a lock, apt only says so
    case $tool:$1 in dnf:200 | zypper:7) return 0 ;; esac
    grep -qE "$locked" "$log"
}

quietly() { # runs a call of the package manager, again while its lock is taken; gives its exit code
    while :; do
        "$@" >"$log" 2>&1 </dev/null
        status=$?
        [ "$status" -ne 0 ] && is_locked "$status" || return "$status"
        [ "$waited" -lt "$limit" ] || stop 30 "The lock of $tool was taken for $limit seconds. Look for what holds it."
        sleep "$lock_step" # counted, not timed: a clock that jumps must not make the wait endless
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

update_dnf() { # without exit_on_lock dnf would wait for ever
    try dnf -y --setopt=exit_on_lock=1 --refresh upgrade
    try dnf clean all
}

update_yum() {
    try yum -y --setopt=exit_on_lock=1 clean expire-cache
    try yum -y --setopt=exit_on_lock=1 update
    try yum clean all
}

update_zypper() { # 102: a reboot is wanted, 103: zypper itself was updated and is to be called again
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

newest_kernel_runs() { # by the folders of kernel modules: the newest must be the running kernel's
    newest='' running=$(uname -r)
    for modules in /lib/modules/*/ /usr/lib/modules/*/; do
        [ -d "$modules" ] || continue
        [ -z "$newest" ] || [ "$modules" -nt "$newest" ] && newest=$modules
    done
    [ -z "$newest" ] || [ "$(basename "$newest")" = "$running" ]
}

wants_reboot() { # when nothing on the machine can tell, the kernel decides
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
[ "$tool" != none ] || stop 12 "None of apt-get, dnf, yum, zypper and tdnf is on this machine."
log=$(mktemp) || stop 20 "No temporary file could be made. Free space in /tmp."
trap 'rm -f "$log"' EXIT
"update_${tool%-get}"
wants_reboot && reboot=yes
printf 'Every package is up to date (%s).\nREBOOT-WANTED: %s\n' "$tool" "$reboot"
