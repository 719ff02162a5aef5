#!/usr/bin/env bash
# Builds the kiosk and runs it. Arguments go to the program.
#
# With a screen it opens there. Without one it runs on a virtual screen and
# leaves pictures of it in .cache/screenshots (or $AGENTID_SHOTS), until Ctrl-C
# or for AGENTID_RUN_FOR seconds. Without a configured camera it is the demo.
set -euo pipefail
# shellcheck source=packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

need_go
packaging/setup.sh
load_env "${ENV_FILE:-.env}"
say "building the kiosk (minutes the first time, seconds later)"
mkdir -p bin
# -buildvcs=false: a checkout of another owner is no reason not to run.
go build -buildvcs=false -tags "$tags" -o bin/agentid ./app

if [ -n "${DISPLAY:-}" ] && xdpyinfo >/dev/null 2>&1; then
  if [ -n "${AGENTID_RUN_FOR:-}" ]; then exec timeout --preserve-status "$AGENTID_RUN_FOR" bin/agentid "$@"; fi
  exec bin/agentid "$@"
fi

size=${AGENTID_UI_WIDTH:-1280}x${AGENTID_UI_HEIGHT:-800}
shots=${AGENTID_SHOTS:-$root/.cache/screenshots}
mkdir -p "$shots"
rm -f "$shots"/shot-*.png "$shots"/latest.png
log=$shots/kiosk.log

kiosk_pid=
stopping=
stop() {
  stopping=1
  if [ -n "$kiosk_pid" ]; then kill -TERM "$kiosk_pid" 2>/dev/null || true; fi
}
finish() {
  if [ -n "$kiosk_pid" ] && kill -0 "$kiosk_pid" 2>/dev/null; then
    kill -TERM "$kiosk_pid" 2>/dev/null || true
    for _ in $(seq 100); do
      kill -0 "$kiosk_pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$kiosk_pid" 2>/dev/null || true
  fi
  stop_xvfb
}
trap stop INT TERM
trap finish EXIT

if [ -n "${DISPLAY:-}" ]; then say "there is no screen at DISPLAY=$DISPLAY"; fi
start_xvfb "$size"
say "no screen here: the kiosk runs on a virtual one ($DISPLAY, $size)"
say "pictures of it go to $shots, its log to $log"
if [ -n "${AGENTID_RUN_FOR:-}" ]; then say "it runs for $AGENTID_RUN_FOR seconds"; else say "Ctrl-C ends it"; fi

began=$SECONDS
bin/agentid --windowed --width "${size%x*}" --height "${size#*x}" "$@" >"$log" 2>&1 </dev/null &
kiosk_pid=$!

# shot SECOND takes a picture; none is left half written.
shot() {
  local name
  name=$(printf 'shot-%05ds.png' "$1")
  if import -window root "png:$shots/.$name" 2>/dev/null; then
    mv "$shots/.$name" "$shots/$name"
    ln -sf "$name" "$shots/latest.png"
    say "picture: $shots/$name"
  fi
}

# Of the pictures after the first four, the last six are kept.
prune() {
  local old
  for old in $(find "$shots" -maxdepth 1 -name 'shot-*.png' | sort | tail -n +5 | head -n -6); do rm -f "$old"; done
}

next=5
while [ -z "$stopping" ] && kill -0 "$kiosk_pid" 2>/dev/null; do
  now=$((SECONDS - began))
  if [ "$now" -ge "$next" ]; then
    shot "$now"
    prune
    if [ "$next" -lt 20 ]; then next=$((next + 5)); else next=$((next + 30)); fi
  fi
  if [ -n "${AGENTID_RUN_FOR:-}" ] && [ "$now" -ge "$AGENTID_RUN_FOR" ]; then
    stop
    break
  fi
  sleep 0.5 || true
done

status=0
wait "$kiosk_pid" || status=$?
# A signal to this script interrupts the wait, not the kiosk.
while kill -0 "$kiosk_pid" 2>/dev/null; do
  status=0
  wait "$kiosk_pid" || status=$?
done
if [ -n "$stopping" ]; then
  say "ended; pictures are in $shots"
  exit 0
fi
if [ "$status" -ne 0 ]; then
  say "the kiosk ended with status $status; the end of its log:"
  tail -n 20 "$log" >&2
fi
exit "$status"
