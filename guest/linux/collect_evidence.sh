#!/bin/sh
# Reports why this Linux VM was not deprovisioned. It only reads, and its output fits Run Command's 4,096 bytes.
#
# Parameters (environment): GOLDEN_RUN_ID, GOLDEN_NONCE. Exit code: 0 evidence collected, 10 bad parameters.
set -u
export LC_ALL=C
export PATH="${PATH:-/usr/bin}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin:/usr/share/oem/bin:/oem/bin"

state=/var/lib/golden-image
work=/run/golden-image

printable() { tr '\t\r' '  ' | tr -cd '\n -~'; }

json_text() { printf '%s' "$1" | tr '\n' ' ' | printable | cut -c "1-$2" | sed 's/\\/\\\\/g; s/"/\\"/g'; }

ending() { # title, file, lines, bytes: prints the last lines of a file, if it exists
    [ -s "$2" ] || return 0
    printf '%s\n' "--- $1"
    tail -n "$3" "$2" | printable | tail -c "$4"
    printf '\n'
}

answer() { # outcome, code, message, facts as JSON members; always the last line of the output
    printf 'GOLDEN-IMAGE-RESULT {"version":1,"runId":"%s","nonce":"%s","outcome":"%s","code":"%s",' \
        "$run_id" "$nonce" "$1" "$2"
    printf '"message":"%s","facts":{%s}}\n' "$(json_text "$3" 300)" "$4"
}

check_parameters() { # invalid values are never printed
    run_id='' nonce=''
    case ${GOLDEN_RUN_ID:-} in *[!A-Za-z0-9-]*) ;; *) run_id=${GOLDEN_RUN_ID:-} ;; esac
    case ${GOLDEN_NONCE:-} in *[!0-9a-f]*) ;; *) nonce=${GOLDEN_NONCE:-} ;; esac
    [ "${#run_id}" -le 64 ] || run_id=
    [ "${#nonce}" -ge 8 ] && [ "${#nonce}" -le 128 ] || nonce=
    [ -n "$run_id" ] && [ -n "$nonce" ] && return 0
    answer refused badParameters "GOLDEN_RUN_ID must be 1 to 64 letters, digits or hyphens, GOLDEN_NONCE 8 to 128 hexadecimal digits." ""
    exit 10
}

find_stage() { # sets stage, code, message
    code='' requested_run=$(cat "$state/requested" 2>/dev/null)
    if [ -s "$state/failure.log" ]; then
        stage=failed
        read -r code message <"$state/failure.log"
    elif [ -z "$requested_run" ]; then
        stage=notRequested message="No run has requested the deprovisioning of this VM."
    elif [ -e "$work/deprovision.log" ]; then
        stage=deprovisioning message="Deprovisioning started and did not end."
    elif [ -e "$work/deprovision.sh" ]; then
        stage=waiting message="Deprovisioning was requested but has not started."
    else
        stage=lost message="The VM was restarted after the request, which removed the scheduled work. Start a new run."
    fi
}

check_parameters
find_stage
ending "failure.log" "$state/failure.log" 31 1200
[ "$stage" = failed ] || ending "deprovision.log" "$work/deprovision.log" 20 1200
ending "waagent.log" /var/log/waagent.log 12 900
case $code in *[!A-Za-z]*) code= ;; esac
answer evidence "$code" "$message" \
    "\"stage\":\"$stage\",\"requestedRunId\":\"$(json_text "$requested_run" 64)\",\"uptimeSeconds\":\"$(cut -d. -f1 /proc/uptime 2>/dev/null)\""
