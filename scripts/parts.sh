# For check.sh and test.sh: runs parts one after the other, keeps their numbers in $TEST_RESULTS, ends with what failed.
export CI=true
failed=()
if [ -z "${TEST_RESULTS:-}" ]; then
  TEST_RESULTS=$(mktemp -d)
  export TEST_RESULTS
  trap 'rm -rf "$TEST_RESULTS"' EXIT
  outermost=1
fi

# part NAME COMMAND...: a failing one counts as one failed test.
part() {
  local name=$1
  shift
  local began=$SECONDS
  if "$@" </dev/null; then
    echo "ok      $name ($((SECONDS - began)) s)"
  else
    echo "FAILED  $name ($((SECONDS - began)) s)"
    failed+=("$name")
    # What a nested script has counted is not counted twice.
    [ "$name" = check ] || echo '{"numPassedTests":0,"numFailedTests":1}' >"$TEST_RESULTS/$name.json"
  fi
}

# tests PROJECT: one project of vitest; its numbers come from its own report.
tests() {
  local began=$SECONDS
  if node_modules/.bin/vitest run --project "$1" --passWithNoTests --reporter=default --reporter=json \
    --outputFile.json="$TEST_RESULTS/tests-$1.json" </dev/null; then
    echo "ok      $1 tests ($((SECONDS - began)) s)"
  else
    echo "FAILED  $1 tests ($((SECONDS - began)) s)"
    failed+=("$1 tests")
    # It died before it could report.
    [ -s "$TEST_RESULTS/tests-$1.json" ] ||
      echo '{"numPassedTests":0,"numFailedTests":1}' >"$TEST_RESULTS/tests-$1.json"
  fi
}

finish() {
  if [ ${#failed[@]} -gt 0 ]; then
    echo "failed: ${failed[*]}"
  fi
  if [ -n "${outermost:-}" ]; then
    node scripts/tally.mjs "$TEST_RESULTS" "${#failed[@]}"
  fi
  [ ${#failed[@]} -eq 0 ]
}
