#!/usr/bin/env bash
#
# mainjob.sh [FILE|DIR…] does Jisr's main job from end to end with two separate
# processes: two newsrooms become partners, one imports the given files (or ten
# of its own), the other receives them all, proven; a correction and a kill
# follow. The last line says what was done; anything that fails says so and ends
# with a status other than 0. Nothing is left running and no file behind.
#
# JISR_BIN names a binary to use; without it one is built.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here patience=30s

fail() {
  printf 'mainjob: %s\n' "$*" >&2
  exit 1
}

work=$(mktemp -d "${TMPDIR:-/tmp}/mainjob.XXXXXX")
servers=()

cleanup() {
  local status=$?
  trap - EXIT INT TERM
  if ((status != 0)); then
    grep -hF 'level=ERROR' "$work"/*.log >&2 2>/dev/null || true
  fi
  if ((${#servers[@]})); then
    kill "${servers[@]}" 2>/dev/null || true
    wait "${servers[@]}" 2>/dev/null || true
  fi
  rm -rf "$work"
  exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# build sets jisr to the binary.
build() {
  if [[ -n ${JISR_BIN:-} ]]; then
    jisr=$(cd "$(dirname "$JISR_BIN")" && pwd)/$(basename "$JISR_BIN")
    [[ -x $jisr ]] || fail "JISR_BIN: $JISR_BIN is not a program"
    return
  fi
  jisr=$work/jisr
  (cd "$here/.." && CGO_ENABLED=0 go build -o "$jisr" ./cmd/jisr) || fail "the build failed"
}

a() { "$jisr" --data "$work/a" "$@"; }
b() { "$jisr" --data "$work/b" "$@"; }

# field NAME prints the first string of that name in the JSON on the input.
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" | head -n 1; }

# serve NAME makes the node NAME.example and serves it in a process of its own.
serve() {
  local name=$1 try
  # A port that was free a moment ago may be taken by now; then another is tried.
  for try in 1 2 3; do
    rm -rf "${work:?}/$name"
    "$jisr" --data "$work/$name" init --origin "$name.example" --kind agency --listen 127.0.0.1:0 \
      >"$work/$name.init" || fail "$name: the node could not be made"
    "$jisr" --data "$work/$name" serve >"$work/$name.up" 2>"$work/$name.log" &
    local pid=$!
    while kill -0 "$pid" 2>/dev/null; do
      if [[ -s $work/$name.up ]]; then
        servers+=("$pid")
        return
      fi
      sleep 0.02
    done
  done
  fail "$name: the node did not start ($try tries)"
}

# url NAME prints the address at which the node is served.
url() { sed -n 's/.* is served at //p' "$work/$1.up"; }

# partners makes the two nodes partners. Their people compare fingerprints.
partners() {
  local words_a words_b offer
  words_a=$(a key fingerprint | head -n 1)
  words_b=$(b key fingerprint | head -n 1)
  a partner add "$(url b)" >/dev/null || fail "a could not add b as a partner"
  b partner confirm a.example --fingerprint "$words_a" >/dev/null || fail "b could not confirm a"
  a partner confirm b.example --fingerprint "$words_b" >/dev/null || fail "a could not confirm b"
  offer=$(a --json agreement offer b.example --translate yes | field id)
  [[ -n $offer ]] || fail "a could not offer an agreement"
  b agreement accept "$offer" --timeout "$patience" >/dev/null || fail "b could not accept the agreement"
}

# import brings the files into a. Every one of them must be importable.
import() {
  if ! a item import "$@" >"$work/import.out" 2>"$work/import.err"; then
    grep -F ': failed: ' "$work/import.err" >&2 || cat "$work/import.err" >&2
    fail "not everything could be imported"
  fi
}

# usable prints the URIs of two items that can be corrected and killed, or of one
# if there is no other.
usable() {
  if [[ -z $(a item list --quiet --limit 1 --status usable) ]]; then
    printf '{"uri":"tag:a.example,2026:mainjob","type":"text","language":"en","headlines":[{"value":"Of mainjob itself"}]}' \
      >"$work/own.json"
    a item publish "$work/own.json" >/dev/null || fail "an item of its own could not be published"
  fi
  a item list --quiet --limit 2 --status usable
}

# arrived waits until b has all that a has issued, and prints how many items
# that is.
arrived() {
  local last n_a n_b
  last=$(a --json item list --limit 1 | sed -n 's/.*"index":\([0-9]*\).*/\1/p')
  [[ -n $last ]] || fail "nothing was issued"
  b item wait --origin a.example --index "$last" --timeout "$patience" >/dev/null || fail "b did not receive everything"
  n_a=$(a item list --quiet --limit 0 --origin own | wc -l)
  n_b=$(b item list --quiet --limit 0 --origin a.example | wc -l)
  ((n_a == n_b)) || fail "a issued $n_a items and b shows $n_b"
  printf '%d' "$n_b"
}

(($#)) || set -- "$here/testdata"
build
serve a
serve b
partners
import "$@"
usable >"$work/usable"
corrected=$(head -n 1 "$work/usable")
killed=$(tail -n 1 "$work/usable")
arrived >/dev/null

a item correct --uri "$corrected" --headline "Corrected by mainjob" --reason "mainjob corrects one item" >"$work/corrected" ||
  fail "a could not correct $corrected"
version=$(sed -n 's/.*: version \([0-9]*\) (correction).*/\1/p' "$work/corrected")
b item wait "$corrected" --origin a.example --version "$version" --timeout "$patience" >/dev/null ||
  fail "the correction of $corrected did not arrive"
[[ $(b --json item show "$corrected" --origin a.example | field headline) == "Corrected by mainjob" ]] ||
  fail "b does not show the corrected headline of $corrected"

a item kill "$killed" --reason "mainjob kills one item" >/dev/null || fail "a could not kill $killed"
b item wait "$killed" --origin a.example --status killed --timeout "$patience" >/dev/null ||
  fail "the kill of $killed did not arrive"
exchanged=$(arrived)

# Each proof is checked with its content beside it, without a node or a network.
b proof --all --origin a.example -o "$work/proofs" >/dev/null || fail "b could not prove its items"
summary=$("$jisr" verify --quiet "$work/proofs") || fail "a proof does not hold"
verified=$(sed -n 's/^\([0-9]*\) proofs hold.*/\1/p' <<<"$summary")
((verified == exchanged)) || fail "$exchanged items were exchanged and ${verified:-0} are proven"

for name in a b; do
  "$jisr" --data "$work/$name" ledger check >"$work/check.out" || {
    cat "$work/check.out" >&2
    fail "$name: the ledger does not hold"
  }
done

printf 'mainjob: %d items exchanged, %d verified, correction ok, kill ok\n' "$exchanged" "$verified"
