#!/usr/bin/env bash
# The action's script: turns its inputs, which come as environment variables, into one command line, word by word.
set -uo pipefail

arguments=()
option() { if [ -n "$2" ]; then arguments+=("$1=$2"); fi; }
each_line() {
  while IFS= read -r line; do
    line="${line%$'\r'}"
    if [ -n "$line" ]; then arguments+=("$1=$line"); fi
  done <<<"$2"
}

each_line --config "${POLICY:-}"
each_line --select "${SELECT:-}"
option --env "${ENVIRONMENT:-}"
option --base-url "${BASE_URL:-}"
option --via "${VIA:-}"
option --shard "${SHARD:-}"
option --baseline "${BASELINE:-}"
option --wait-for "${WAIT_FOR:-}"
option --json "${JSON:-}"
option --jsonl "${JSONL:-}"
report() { if [ -n "$2" ]; then arguments+=("--report=$1:$2"); fi; }
report sarif "${SARIF:-}"
report junit "${JUNIT:-}"
report html "${HTML:-}"
report markdown "${MARKDOWN:-}"
if [ "${EXIT_ZERO:-false}" = true ]; then arguments+=(--exit-zero); fi

"${CORSCHECK:-${RUNNER_TEMP:-}/corscheck/bin/corscheck}" run ${arguments[@]+"${arguments[@]}"}
status=$?
if [ -n "${GITHUB_OUTPUT:-}" ]; then echo "exit-status=$status" >>"$GITHUB_OUTPUT"; fi
exit "$status"
