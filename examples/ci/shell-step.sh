#!/usr/bin/env bash
# A CI step: start the application, wait until it answers, say what its frontend must be able to do and what nobody
# else may do, and fail the job when one of these does not come true.
#
#   bash examples/ci/shell-step.sh
#
# PYTHON is the interpreter with corscheck and the application's packages, PORT where the application listens.
# Exit status: that of the first probe that did not come as expected (1 blocked or allowed against expectation,
# 2 wrong usage, 3 inconclusive: no answer to judge).
set -euo pipefail

python="${PYTHON:-python3}"
port="${PORT:-8000}"
base="http://127.0.0.1:${port}"
frontend="https://app.example.com"
reports="${REPORTS:-.}"

cd "$(dirname "$0")/.."
"$python" -m uvicorn fastapi_production:app --port "$port" --log-level warning &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true' EXIT

corscheck() { "$python" -m corscheck "$@"; }

# --wait-for keeps asking while the server is still starting, and only then begins to judge.
corscheck probe "$base/data" --origin "$frontend" --credentials include --wait-for 30

# The preflight of a request that changes data. The PUT itself is not sent (that would take --send always).
corscheck probe "$base/data" --origin "$frontend" --credentials include \
  -X PUT -H 'Content-Type: application/json' -H 'X-Tenant: 7' --json "$reports/cors-put.json"

# Nobody else gets in: exit 0 because blocked is what we expect.
corscheck probe "$base/data" --origin https://evil.example --origin null --expect blocked
