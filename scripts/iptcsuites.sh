#!/bin/sh
# Checks IPTC's validation suites with jisr convert --check: the files that must pass
# and that must fail of every published ninjs, those of NewsML-G2 and its listings.
#
#   scripts/iptcsuites.sh [FOLDER]
#
# The suites are IPTC's (CC BY 4.0) and stay outside this repository: they are cloned
# at fixed commits into FOLDER, by default one that is removed afterwards. A FOLDER
# that has them is used as it is, without a network.
set -eu
cd "$(dirname "$0")/.."

folder=${1:-}
if [ -z "$folder" ]; then
	folder=$(mktemp -d)
	trap 'rm -rf "$folder"' EXIT
fi

fetch() { # name commit
	[ -d "$folder/$1" ] && return
	git init -q "$folder/$1"
	if ! git -C "$folder/$1" fetch -q --depth 1 "https://github.com/iptc/$1" "$2"; then
		rm -rf "${folder:?}/$1"
		echo "iptcsuites: github.com cannot be reached: clone iptc/$1 into $folder elsewhere, then name the folder" >&2
		exit 1
	fi
	git -C "$folder/$1" checkout -q FETCH_HEAD
}
fetch newsinjson 055b5f7a1fb248a673b4b2cbfe8ea1d441d34344 # ninjs 1.8, 2.4, 3.3
fetch newsml-g2 7db85b1450d98333f05efc43c85e87a48b91398b  # 2.36

JISR_IPTC_SUITES=$(cd "$folder" && pwd) go test -count=1 -v -run TestIPTCSuitesComeOutRight ./cmd/jisr
