#!/usr/bin/env bash
# A CI step with a policy: start the application, wait until it answers, hold it against corscheck.toml, keep the report.
#
#   bash examples/ci/policy-step.sh
#
# PYTHON is the interpreter with corscheck and the application's packages, PORT where the application listens, REPORTS
# where the report goes. Exit status: 0 all as expected, 1 not so, 2 the policy is wrong, 3 no answer to judge.
set -euo pipefail

python="${PYTHON:-python3}"
port="${PORT:-8000}"
mkdir -p "${REPORTS:-.}"
reports="$(cd "${REPORTS:-.}" && pwd)"

cd "$(dirname "$0")/.."
"$python" -m uvicorn fastapi_production:app --port "$port" --log-level warning &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true' EXIT

"$python" -m corscheck run ci/corscheck.toml --base-url "http://127.0.0.1:${port}" --wait-for 30 --json "$reports/cors.json"
