#!/usr/bin/env bash
# Checks everything that needs no server: generated files, formatting, vet, lint, module files. Runs every check even
# after a failure and names the failed ones at the end. With CI=true the tree must also be clean, so that what was
# checked is what was committed.
set -uo pipefail
cd "$(dirname "$0")/.."

failed=()

# check NAME COMMAND…: run the command and remember a failure.
check() {
  local name=$1
  shift
  echo "verify: $name"
  "$@" || failed+=("$name")
}

# tree: one line "hash path" for every file that git tracks or would add.
tree() {
  local files
  files=$(git ls-files --cached --others --exclude-standard | sort -u | while IFS= read -r file; do
    if [[ -f $file ]]; then echo "$file"; fi
  done)
  paste -d' ' <(git hash-object --stdin-paths <<<"$files") - <<<"$files"
}

# A tree with local changes is fine on a desk: what counts is that generating changes nothing further.
generated() {
  local before after stale
  before=$(tree)
  make --no-print-directory generate || return 1
  after=$(tree)
  stale=$(diff <(echo "$before") <(echo "$after") | sed -n 's/^[<>] [0-9a-f]* //p' | sort -u)
  [[ -z $stale ]] && return 0
  echo "these generated files were not current (they are now; review and commit them):"
  sed 's/^/  /' <<<"$stale"
  return 1
}

clean() {
  local dirty
  dirty=$(git status --porcelain --untracked-files=all)
  [[ -z $dirty ]] && return 0
  echo "these files differ from what is committed:"
  sed 's/^/  /' <<<"$dirty"
  return 1
}

formatted() {
  local unformatted
  unformatted=$(tree | sed -n 's/^[0-9a-f]* \(.*\.go\)$/\1/p' | tr '\n' '\0' | xargs -0 gofmt -l)
  [[ -z $unformatted ]] && return 0
  echo "these files are not formatted (run \`make fmt\`):"
  sed 's/^/  /' <<<"$unformatted"
  return 1
}

tidy() {
  (cd "$1" && go mod tidy -diff) && return 0
  echo "$1/go.mod or go.sum is not tidy: run \`go mod tidy\` in $1"
  return 1
}

[[ ${CI:-} == true ]] && check "the tree is clean" clean
check "generated files are current" generated
check "formatting" formatted
for module in . hack/tools hack/controlplane; do
  check "go mod tidy in $module" tidy "$module"
done
check "go vet" go vet ./...
check "lint" make --no-print-directory lint PKG=./...

if ((${#failed[@]})); then
  printf 'verify: FAILED: %s\n' "${failed[@]}" >&2
  exit 1
fi
echo "verify: all good"
