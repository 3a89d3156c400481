#!/bin/sh
# Prints the path of a Python that can create the virtual environment: 3.13 first, then anything later.
set -u

# Checked by running it: a pyenv shim is on PATH even when its version is not installed.
ask='import sys, ensurepip, venv; print(sys.executable) if sys.version_info >= (3, 13) else sys.exit(1)'

try() {
    found=$("$1" -c "$ask" </dev/null 2>/dev/null) || return 1
    [ -n "$found" ] || return 1
    printf '%s\n' "$found"
    exit 0
}

for name in python3.13 python3.14 python3.15 python3 python; do
    try "$name"
done
if uv --version >/dev/null 2>&1; then
    for version in 3.13 '>=3.13'; do
        path=$(uv python find --no-project --no-python-downloads "$version" 2>/dev/null) && try "$path"
    done
fi
for path in "${PYENV_ROOT:-${HOME:-/nowhere}/.pyenv}"/versions/3.1[3-9]*/bin/python3; do
    try "$path"
done
echo "no Python 3.13 or later found: install python3.13 with its venv module (or run: uv python install 3.13)" >&2
exit 1
