#!/usr/bin/env bash
# Makes a client from the service's OpenAPI description, as its users would, and searches with it.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
bin=$(dirname "$CESOU_PYTHON")

"$CESOU_PYTHON" - "$scratch/openapi.json" <<'PYTHON'
import os, sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
open(sys.argv[1], "wb").write(opener.open(os.environ["CESOU_ADDRESS"] + "/api/v1/openapi.json").read())
PYTHON
cat >"$scratch/config.yml" <<'YAML'
project_name_override: cesou-client
package_name_override: cesou_client
post_hooks: []
YAML
"$bin/openapi-python-client" generate --path "$scratch/openapi.json" --config "$scratch/config.yml" \
  --output-path "$scratch/client"
"$CESOU_PYTHON" -m compileall -q "$scratch/client/cesou_client"
PYTHONPATH=$scratch/client "$CESOU_PYTHON" - <<'PYTHON'
import os

from cesou_client import AuthenticatedClient
from cesou_client.api.search import search, suggest
from cesou_client.api.passages import passage
from cesou_client.models import SearchAnswer

client = AuthenticatedClient(
    base_url=os.environ["CESOU_ADDRESS"],
    token=os.environ["CESOU_SEARCH_KEY"],
    httpx_args={"trust_env": False},
)
found = search.sync(client=client, q="教师交流", province=["河北省"], per_page=3)
assert isinstance(found, SearchAnswer), found
assert found.total > 0 and len(found.hits) <= 3
first = found.hits[0]
assert first.region.province == "河北省", first
whole = passage.sync(id=first.id, client=client)
assert whole.text and whole.id == first.id
assert suggest.sync(client=client, q="jiaoshi").suggestions
print(found.total, first.report.title)
PYTHON
