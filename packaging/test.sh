#!/usr/bin/env bash
# Runs all tests: vet, then the packages that are pure Go with the race
# detector, then the others, on a virtual screen. Prints what failed, which
# tests were skipped and why, and go test's own line for each package.
# Arguments are packages, ./... by default.
set -euo pipefail
# shellcheck source=packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

targets=("$@")
if [ "$#" -eq 0 ]; then targets=(./...); fi

need_go
packaging/setup.sh
packaging/versitygw.sh || say "versitygw could not be installed: the tests that need an S3 server are skipped"
mkdir -p .cache
work=$(mktemp -d .cache/test.XXXXXX)
trap 'stop_xvfb; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "go vet"
go vet -tags "$tags" "${targets[@]}"

# A package is pure Go when neither it nor its tests reach a cgo package outside
# the standard library.
go list -tags "$tags" -deps -test -f '{{if and .CgoFiles (not .Standard)}}{{.ImportPath}}{{end}}' "${targets[@]}" | sort -u >"$work/cgo"
go list -tags "$tags" -test -f '{{.ImportPath}}|{{join .Deps " "}}' "${targets[@]}" | awk -F'|' -v list="$work/cgo" '
  BEGIN { while ((getline line < list) > 0) { sub(/ .*/, "", line); cgo[line] = 1 } }
  $1 ~ /\.test$/ {
    pkg = substr($1, 1, length($1) - 5)
    n = split($2, dep, " ")
    kind = "pure"
    for (i = 1; i <= n; i++) if (dep[i] in cgo) kind = "cgo"
    print kind, pkg
  }' | sort -u >"$work/packages"
mapfile -t pure < <(awk '$1 == "pure" { print $2 }' "$work/packages")
mapfile -t cgo < <(awk '$1 == "cgo" { print $2 }' "$work/packages")

if [ "${#pure[@]}" -eq 0 ] && [ "${#cgo[@]}" -eq 0 ]; then
  say "there is nothing to test in ${targets[*]}"
  exit 1
fi

# report shows a package's output where it failed, notes what was skipped, and
# passes on go test's own lines.
report() {
  awk -v skips="$work/skips" -v lines="$work/lines" '
    function flush_package(failed,   i, where) {
      for (i = 1; i <= n; i++) {
        if (failed && line[i] !~ /^=== |^ *--- PASS: /) print line[i]
        if (line[i] ~ /^ *--- SKIP: /) {
          where = line[i]; sub(/^ *--- SKIP: /, "", where); sub(/ \(.*/, "", where)
          print pkg " " where ": " (reason == "" ? "no reason given" : reason) >> skips
          reason = ""
        } else if (line[i] ~ /skipped: /) {
          reason = line[i]; sub(/.*skipped: /, "", reason)
        }
      }
      n = 0; reason = ""
    }
    /^(ok|FAIL|\?) *\t/ || /^ *\t.*coverage:/ {
      split($0, f, /[ \t]+/); pkg = f[2]
      flush_package(/^FAIL/)
      print; print >> lines; fflush(); next
    }
    /^FAIL$/ || /^PASS$/ { next }
    { line[++n] = $0 }
    END { flush_package(n > 0) }'
}

status=0
run() { go test -tags "$tags" -v -timeout 15m "$@" 2>&1 | report || status=1; }

touch "$work/skips" "$work/lines"
if [ "${#pure[@]}" -gt 0 ]; then
  # SQLite in Go, learning, reading and drawing pictures take ten times as long
  # under the race detector: of these only what several do at once runs under it.
  # So it is with sums over thousands of made faces, and with widgets, which
  # live in one goroutine.
  heavy='agentid/(app/chat|app/store|sync/client|vision/qr|vision/espcam/cast|ui/widgets)'
  sums='^(Test|Fuzz)Challenge'
  mapfile -t slow < <(printf '%s\n' "${pure[@]}" | grep -Ex "$heavy" || true)
  mapfile -t fast < <(printf '%s\n' "${pure[@]}" | grep -Exv "$heavy" || true)
  mapfile -t summed < <(printf '%s\n' "${pure[@]}" | grep -x agentid/vision || true)
  say "go test -race, packages of pure Go"
  if [ "${#fast[@]}" -gt 0 ]; then run -race -skip "$sums" "${fast[@]}"; fi
  if [ "${#summed[@]}" -gt 0 ]; then run -run "$sums" "${summed[@]}"; fi
  if [ "${#slow[@]}" -gt 0 ]; then
    run -race -short -run 'AtOnce|Concurrent|TwoStores|Conformance|BesideReader|Slots|Enrol|SeveralGoroutines' "${slow[@]}"
    run "${slow[@]}"
  fi
fi
if [ "${#cgo[@]}" -gt 0 ]; then
  say "go test, ${#cgo[@]} packages with cgo"
  start_xvfb 1280x800
  # The kiosk's own tests play visitors in real time: nothing runs beside them.
  mapfile -t alone < <(printf '%s\n' "${cgo[@]}" | grep -x 'agentid/app' || true)
  mapfile -t together < <(printf '%s\n' "${cgo[@]}" | grep -vx 'agentid/app' || true)
  if [ "${#together[@]}" -gt 0 ]; then run "${together[@]}"; fi
  if [ "${#alone[@]}" -gt 0 ]; then run "${alone[@]}"; fi
  stop_xvfb
fi

echo
if [ -s "$work/skips" ]; then
  echo "skipped tests:"
  sort "$work/skips" | sed 's/^/  skipped: /'
else
  echo "no test was skipped"
fi
echo
cat "$work/lines"
if [ "$status" -eq 0 ]; then echo "all tests passed"; else echo "tests FAILED"; fi
exit "$status"
