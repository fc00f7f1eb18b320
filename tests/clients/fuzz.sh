#!/usr/bin/env bash
# Asks the service what its OpenAPI description allows, and what it does not: no answer may have a
# status that is not described, break its schema, or be an error of the service. Most of it with a key
# for everything; then a little with each kind of key that is refused, and with none, so that those
# refusals are seen as well.
set -euo pipefail
here=$(pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

# fuzz STATUS EXAMPLES PHASES [HEADER...]: fails where no answer had that status.
fuzz() {
  local wanted=$1 examples=$2 phases=$3
  shift 3
  local headers=()
  for header in "$@"; do headers+=(--header "$header"); done
  "$(dirname "$CESOU_PYTHON")/schemathesis" --config-file "$here/schemathesis.toml" --no-color \
    run "$CESOU_ADDRESS/api/v1/openapi.json" "${headers[@]}" --phases "$phases" \
    --max-examples "$examples" --seed 7 --report har --report-har-path "$scratch/$wanted.har"
  "$CESOU_PYTHON" - "$scratch/$wanted.har" "$wanted" <<'PYTHON'
import collections, json, sys
entries = json.load(open(sys.argv[1]))["log"]["entries"]
seen = collections.Counter(entry["response"]["status"] for entry in entries)
print(dict(seen))
assert seen[int(sys.argv[2])], f"no answer was a {sys.argv[2]}"
PYTHON
}

fuzz 200 "${CESOU_FUZZ_EXAMPLES:-15}" examples,coverage,fuzzing,stateful \
  "Authorization: Bearer $CESOU_ADMIN_KEY"
# No key, one that may only search, one that is for another site, one that asks more than it may.
fuzz 401 1 fuzzing
fuzz 403 1 fuzzing "Authorization: Bearer $CESOU_SEARCH_KEY"
fuzz 403 1 fuzzing "Authorization: Bearer $CESOU_SITE_KEY" "Origin: https://elsewhere.example"
fuzz 429 1 fuzzing "Authorization: Bearer $CESOU_SLOW_KEY"
