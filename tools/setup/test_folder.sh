#!/bin/sh
# Prints the folder for the temporary files of the tests: in memory where that can hold programs and has room.
set -eu
memory=/dev/shm
probe=$memory/.golden-images-probe-$$
needed_kib=1048576

usable() {
    [ -d "$memory" ] && [ -w "$memory" ] || return 1
    free=$(df -Pk "$memory" | awk 'NR == 2 { print $4 }')
    [ "${free:-0}" -ge "$needed_kib" ] || return 1
    # Guests' file trees hold scripts that must run: a file system may forbid that.
    printf '#!/bin/sh\nexit 0\n' >"$probe" && chmod +x "$probe" && "$probe" || return 1
}

if usable 2>/dev/null; then
    rm -f "$probe"
    printf '%s\n' "$memory"
else
    rm -f "$probe" 2>/dev/null || true
    printf '%s\n' "${TMPDIR:-/tmp}"
fi
