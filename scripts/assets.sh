#!/usr/bin/env bash
# Bundles the editor of drafts. A machine without npm, or without its registry,
# goes on without: drafts then have a plain field.
set -euo pipefail
cd "$(dirname "$0")/../assets"

if ! command -v npm >/dev/null 2>&1; then
  echo "no npm: drafts keep the plain field (Debian: apt-get install npm, then make assets)" >&2
  exit 0
fi
if ! npm ci --silent --ignore-scripts --no-audit --no-fund; then
  echo "the packages of the editor cannot be had: drafts keep the plain field" >&2
  exit 0
fi
npm run --silent build -- --log-level=warning
