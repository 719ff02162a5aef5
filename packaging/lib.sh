# Shared by the scripts beside it; to be sourced.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tags=migrated_fynedo

say() { printf '%s\n' "$*" >&2; }

need_go() {
  command -v go >/dev/null && return
  say "Go is not on the PATH. Install Go 1.26 or later (https://go.dev/dl), then try again."
  exit 1
}

xvfb_pid=

# start_xvfb WxH starts an X server without a screen on a free display, and
# exports DISPLAY.
start_xvfb() {
  local fifo number
  fifo=$(mktemp -u)
  mkfifo "$fifo"
  Xvfb -displayfd 3 -screen 0 "$1x24" -nolisten tcp -noreset 3>"$fifo" >/dev/null 2>&1 &
  xvfb_pid=$!
  if ! read -r -t 20 number <"$fifo"; then
    rm -f "$fifo"
    say "Xvfb did not start. Run packaging/setup.sh, or set DISPLAY to a screen that there is."
    exit 1
  fi
  rm -f "$fifo"
  export DISPLAY=":$number"
  export LIBGL_ALWAYS_SOFTWARE=1
}

stop_xvfb() {
  if [ -n "$xvfb_pid" ]; then
    kill "$xvfb_pid" 2>/dev/null || true
    wait "$xvfb_pid" 2>/dev/null || true
    xvfb_pid=
  fi
}

# load_env FILE exports the variables of a file of KEY=VALUE lines that are not
# set yet. The file is read, not run.
load_env() {
  local line key value
  [ -r "$1" ] || return 0
  while IFS= read -r line || [ -n "$line" ]; do
    [[ $line =~ ^([A-Z][A-Z0-9_]*)=(.*)$ ]] || continue
    key=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
    [[ $value =~ ^\"(.*)\"$ || $value =~ ^\'(.*)\'$ ]] && value=${BASH_REMATCH[1]}
    if [ -z "${!key+set}" ]; then export "$key=$value"; fi
  done <"$1"
}
