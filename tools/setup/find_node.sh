#!/bin/sh
# Prints where Node 20 or later (with npm) comes from: "path" or "wheel".
set -u

if npm --version >/dev/null 2>&1; then
    major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null) || major=0
    if [ "${major:-0}" -ge 20 ]; then
        echo path
        exit 0
    fi
fi
echo wheel
