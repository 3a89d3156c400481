#!/bin/sh
# script: read-identity
# Reports the identity of this Linux VM, and what the image should not have contained. It only reads, changes nothing.
#
# Parameters (environment): GOLDEN_RUN_ID, GOLDEN_NONCE, GOLDEN_KNOWN_USER (the account that may exist; may be empty),
# GOLDEN_OLD_HOST (host name of the VM that the image was created from; may be empty), GOLDEN_GREETS (true: also write a
# line on the serial console, which shows the app whether it reaches Azure's serial log).
# Exit code: 0 identity reported, 10 refused (badParameters, toolMissing).
set -u
export LC_ALL=C
export PATH="${PATH:-/usr/bin}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin:/usr/share/oem/bin:/oem/bin"

json_text() { # text, maximum length: printable ASCII, escaped
    case $1 in *[!A-Za-z0-9\ .,/@_-]*) ;; *) [ "${#1}" -gt "$2" ] || { printf '%s' "$1" && return; } ;; esac
    printf '%s' "$1" | tr '\n\t\r' '   ' | tr -cd ' -~' | cut -c "1-$2" | sed 's/\\/\\\\/g; s/"/\\"/g'
}

answer() { # outcome, code, message, facts as JSON members; always the last line of the output
    printf '%s: %s\n' "$1" "$3"
    printf 'GOLDEN-IMAGE-RESULT {"version":1,"runId":"%s","nonce":"%s","outcome":"%s","code":"%s",' \
        "$run_id" "$nonce" "$1" "$2"
    printf '"message":"%s","facts":{%s}}\n' "$(json_text "$3" 300)" "$4"
}

refuse() { answer "refused" "${2:-badParameters}" "$1" ""; exit 10; }

check_parameters() { # invalid values are never printed
    run_id='' nonce='' known_user=${GOLDEN_KNOWN_USER:-} old_host=${GOLDEN_OLD_HOST:-}
    case ${GOLDEN_RUN_ID:-} in *[!A-Za-z0-9-]*) ;; *) run_id=${GOLDEN_RUN_ID:-} ;; esac
    case ${GOLDEN_NONCE:-} in *[!0-9a-f]*) ;; *) nonce=${GOLDEN_NONCE:-} ;; esac
    [ "${#run_id}" -le 64 ] || run_id=
    [ "${#nonce}" -ge 8 ] && [ "${#nonce}" -le 128 ] || nonce=
    [ -n "$run_id" ] || refuse "GOLDEN_RUN_ID must be 1 to 64 letters, digits or hyphens."
    [ -n "$nonce" ] || refuse "GOLDEN_NONCE must be 8 to 128 lower-case hexadecimal digits."
    case $known_user in [!A-Za-z_]* | *[!A-Za-z0-9._-]*) refuse "GOLDEN_KNOWN_USER must be the name of an account." ;; esac
    case $old_host in [!A-Za-z0-9]* | *[!A-Za-z0-9.-]*) refuse "GOLDEN_OLD_HOST must be a host name." ;; esac
    [ "${#known_user}" -le 32 ] || refuse "GOLDEN_KNOWN_USER must have at most 32 characters."
    [ "${#old_host}" -le 64 ] || refuse "GOLDEN_OLD_HOST must have at most 64 characters."
}

sha256() { # of standard input, in hexadecimal
    if command -v sha256sum >/dev/null 2>&1; then
        sha256sum
    elif command -v openssl >/dev/null 2>&1; then
        openssl dgst -sha256 -r
    else
        python3 -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'
    fi | cut -d ' ' -f 1
}

joined() { # up to $1 lines as a comma-separated list; a comma inside a name is replaced
    awk -v most="$1" 'NR <= most { gsub(/[,"]/, "?"); printf "%s%s", (NR > 1 ? "," : ""), $0 }'
}

# ---------------------------------------------------------------- identity
host_name() { # /etc/hostname has the provisioned name; a VM without that file gets its name from the network
    name=$(head -n 1 /etc/hostname 2>/dev/null)
    case $name in '' | localhost*) name=$(uname -n) ;; esac
    printf '%s' "$name"
}

identity() {
    [ -z "$machine_id" ] || printf '%s' "$machine_id" | sha256
}

ssh_host_keys() { # without the comment, which contains the host name
    for key in /etc/ssh/ssh_host_*_key.pub; do
        [ ! -s "$key" ] || awk 'NR == 1 { printf "%s %s", $1, $2 }' "$key" | sha256
    done | sort -u
}

# ---------------------------------------------------------------- what the image should not have contained
human_accounts() { # name of every account that a person could log on to, except the known one
    first=$(awk '$1 == "UID_MIN" { print $2 }' /etc/login.defs 2>/dev/null)
    awk -F : -v first="${first:-1000}" -v known="$known_user" '
        $3 + 0 >= first + 0 && $3 + 0 < 60000 && $1 != known && $7 !~ /(nologin|false)$/ { print $1 }' /etc/passwd
}

homes() { # homes of all accounts except the known one, and homes whose account no longer exists
    {
        awk -F : '$6 ~ /^\/./ { print $6 }' /etc/passwd
        for home in /root /home/* /var/home/*; do [ ! -d "$home" ] || printf '%s\n' "$home"; done
    } | sort -u | while IFS= read -r home; do
        [ "$home" = "$known_home" ] || printf '%s\n' "$home"
    done
}

# file, known user's file; cloud-init copies the known user's keys to root, with a command that refuses the logon
has_keys() {
    awk -v known="$2" '
        function blob(line, i, n, words) {
            n = split(line, words, " ")
            for (i = 1; i < n; i++) if (words[i] ~ /^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+$/) return words[i + 1]
            return ""
        }
        BEGIN { while ((getline line <known) > 0) if (blob(line) != "") ours[blob(line)] = 1 }
        /^[ \t]*(#|$)/ { next }
        /Please login as the user/ && (blob($0) in ours) { next }
        { found = 1 }
        END { exit !found }' "$1"
}

foreign_keys() { # files that let other people log on
    homes | while IFS= read -r home; do
        for file in "$home/.ssh/authorized_keys" "$home/.ssh/authorized_keys2"; do
            [ ! -s "$file" ] || ! has_keys "$file" "${known_home:-/nonexistent}/.ssh/authorized_keys" || printf '%s\n' "$file"
        done
    done
}

rotated_logs() { # older than /etc/machine-id; logs that this VM rotated itself are newer
    find /var/log -type f \( -name '*.gz' -o -name '*.xz' -o -name '*.old' -o -name '*.[0-9]' -o -name '*-20[0-9][0-9]*' \) \
        ! -newer /etc/machine-id -size +0 2>/dev/null | sort
}

foreign_journals() {
    for journal in /var/log/journal/* /run/log/journal/*; do
        owner=${journal##*/} owner=${owner%%.*} # the name of a journal namespace comes after the machine-id
        [ -d "$journal" ] && [ "$owner" != "$machine_id" ] && [ -n "$(find "$journal" -type f 2>/dev/null)" ] || continue
        printf '%s\n' "$journal"
    done
}

files_that_name_the_old_host() { # only as a complete name: the new name may begin with it
    [ -n "$old_host" ] && [ "$old_host" != "$host" ] || return 0
    word=$(printf '%s' "$old_host" | sed 's/\./\\./g')
    grep -rliE "(^|[^A-Za-z0-9-])$word([^A-Za-z0-9-]|\$)" /etc/hostname /etc/hosts /etc/mailname /var/log 2>/dev/null | sort
}

check_parameters
command -v sha256sum >/dev/null 2>&1 || command -v openssl >/dev/null 2>&1 || command -v python3 >/dev/null 2>&1 ||
    refuse "None of sha256sum, openssl and python3 is on this VM. Install one of them." toolMissing
host=$(host_name)
machine_id=$(head -n 1 /etc/machine-id 2>/dev/null)
known_home=$(awk -F : -v known="$known_user" '$1 == known { print $6 }' /etc/passwd)
if [ "${GOLDEN_GREETS:-false}" = true ]; then # a tty that cannot be written must not stop the script
    for device in /dev/ttyS0 /dev/console; do
        [ -w "$device" ] && (printf '\nGOLDEN-IMAGE-HELLO %s %s\n' "$run_id" "$nonce" >>"$device") 2>/dev/null
    done
fi
boot_id=$(head -n 1 /proc/sys/kernel/random/boot_id 2>/dev/null)
logs=$({ rotated_logs; foreign_journals; files_that_name_the_old_host; } | awk '!seen[$0]++' | joined 5)
answer "identity" "" "This VM is $(json_text "$host" 64)." "$(
    printf '"hostName":"%s","identity":"%s",' "$(json_text "$host" 64)" "$(identity)"
    printf '"sshHostKeys":"%s","users":"%s",' "$(ssh_host_keys | joined 8)" "$(json_text "$(human_accounts | joined 10)" 300)"
    printf '"authorizedKeys":"%s",' "$(json_text "$(foreign_keys | joined 8)" 400)"
    printf '"logs":"%s","bootId":"%s",' "$(json_text "$logs" 400)" "$(json_text "$boot_id" 40)"
    printf '"clock":"%s"' "$(json_text "$(date +%s)" 12)"
)"
