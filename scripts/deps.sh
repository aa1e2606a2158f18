#!/usr/bin/env bash
# Installs what the tests start, where that is possible, and says what is
# missing where it is not: PostgreSQL, Chromium, ffmpeg and what bundles the
# editor, from the system's packages; an S3 server, from its Go module.
set -euo pipefail

command -v versitygw >/dev/null 2>&1 || [ -x "$(go env GOPATH)/bin/versitygw" ] || [ -x "$(go env GOBIN)/versitygw" ] || {
  echo "installing versitygw" >&2
  go install github.com/versity/versitygw/cmd/versitygw@v1.8.0
}

missing=()
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null 2>&1 ||
  [ -n "${JISR_TEST_POSTGRES:-}" ] || missing+=(postgresql)
command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || missing+=(chromium)
{ command -v ffmpeg && command -v ffprobe; } >/dev/null 2>&1 || missing+=(ffmpeg)
command -v npm >/dev/null 2>&1 || missing+=(npm)

[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing ${missing[*]}" >&2
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  exit 0
fi
echo "the tests need: ${missing[*]} (Debian: apt-get install ${missing[*]})" >&2
exit 1
