#!/usr/bin/env bash
# Runs every fuzz target of the packages PKG for FUZZTIME each. Go fuzzes one target at a time.
set -euo pipefail
cd "$(dirname "$0")/.."

go list -f '{{.ImportPath}} {{.Dir}}' "${PKG:-./...}" | while read -r package dir; do
  { grep -hoE '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go 2>/dev/null || true; } | while read -r _ target; do
    echo "fuzz: $package $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-20s}" "$package"
  done
done
