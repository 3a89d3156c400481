#!/bin/sh
# Prints every shell script of the project, found by its first line.
set -eu
cd "$(dirname "$0")/../.."

find . \( -name .git -o -name .venv -o -name node_modules -o -name __pycache__ \) -prune -o -type f ! -name '*.py' -print |
    while IFS= read -r file; do
        IFS= read -r first <"$file" || continue
        case $first in
        '#!/bin/sh'* | '#!/bin/bash'* | '#!/usr/bin/env sh'* | '#!/usr/bin/env bash'*) printf '%s\n' "$file" ;;
        esac
    done
