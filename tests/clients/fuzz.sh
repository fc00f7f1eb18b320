#!/usr/bin/env bash
# Asks the service what its OpenAPI description allows, and what it does not: no answer may have a
# status that is not described, break its schema, or be an error of the service.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
exec "$(dirname "$CESOU_PYTHON")/schemathesis" run "$CESOU_ADDRESS/api/v1/openapi.json" \
  --header "Authorization: Bearer $CESOU_ADMIN_KEY" \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,negative_data_rejection \
  --max-examples "${CESOU_FUZZ_EXAMPLES:-15}" --seed 7 --no-color
