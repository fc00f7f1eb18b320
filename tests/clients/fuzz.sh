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
always=not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,unsupported_method

# fuzz STATUS CHECKS EXAMPLES PHASES [HEADER...]: fails where no answer had that status.
fuzz() {
  local wanted=$1 checks=$2 examples=$3 phases=$4
  shift 4
  local headers=()
  for header in "$@"; do headers+=(--header "$header"); done
  "$(dirname "$CESOU_PYTHON")/schemathesis" --config-file "$here/schemathesis.toml" --no-color \
    run "$CESOU_ADDRESS/api/v1/openapi.json" "${headers[@]}" --checks "$checks" --phases "$phases" \
    --max-examples "$examples" --seed 7 --report har --report-har-path "$scratch/$wanted.har"
  "$CESOU_PYTHON" - "$scratch/$wanted.har" "$wanted" <<'PYTHON'
import collections, json, sys
entries = json.load(open(sys.argv[1]))["log"]["entries"]
seen = collections.Counter(entry["response"]["status"] for entry in entries)
print(dict(seen))
assert seen[int(sys.argv[2])], f"no answer was a {sys.argv[2]}"
PYTHON
}

fuzz 200 "$always,negative_data_rejection,positive_data_acceptance" "${CESOU_FUZZ_EXAMPLES:-15}" \
  examples,coverage,fuzzing,stateful "Authorization: Bearer $CESOU_ADMIN_KEY"
# Whoever has no business here is told so before what is asked for is looked at.
fuzz 401 "$always" 1 fuzzing
fuzz 403 "$always" 1 fuzzing "Authorization: Bearer $CESOU_SEARCH_KEY"
fuzz 403 "$always" 1 fuzzing "Authorization: Bearer $CESOU_SITE_KEY" "Origin: https://elsewhere.example"
fuzz 429 "$always" 1 fuzzing "Authorization: Bearer $CESOU_SLOW_KEY"
