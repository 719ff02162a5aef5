#!/usr/bin/env bash
# Runs all of Agent ID on this machine: the centre with a PostgreSQL and an S3
# server of its own (packaging/central.sh), and the demo kiosk, which joins it by
# itself. Everything is kept in .cache/stack; removing that folder begins anew.
# Ctrl-C ends all of it. Arguments go to the kiosk.
#
# Set before: AGENTID_CENTRAL_LISTEN (127.0.0.1:8443), CENTRAL_S3_LISTEN,
# AGENTID_RUN_FOR (seconds).
set -euo pipefail
# shellcheck source=packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

need_go
packaging/setup.sh
home=$root/.cache/stack
central=$home/central
listen=${AGENTID_CENTRAL_LISTEN:-127.0.0.1:8443}
mkdir -p "$home/keys" "$central"
chmod 700 "$home/keys"

# A kiosk of its own: nothing of a configured one is read or written.
for v in $(compgen -e AGENTID_); do
  case $v in AGENTID_CENTRAL_LISTEN | AGENTID_MODELS | AGENTID_SHOTS | AGENTID_RUN_FOR | AGENTID_SKIP_SETUP | AGENTID_LANG | AGENTID_UI_*) ;; *) unset "$v" ;; esac
done
: >"$home/kiosk.toml"
export AGENTID_CONFIG=$home/kiosk.toml AGENTID_DATA_DIR=$home/kiosk
export AGENTID_MASTER_KEY_FILE=$home/keys/master.key AGENTID_BADGE_KEY_FILE=$home/keys/badge.key
export AGENTID_DEMO=true AGENTID_SNAPSHOTS_ENABLED=true AGENTID_TELEMETRY_ADDR=${STACK_TELEMETRY:-127.0.0.1:9465}
export AGENTID_CENTRE_URL=https://$listen AGENTID_CENTRE_CA_FILE=$central/tls/cert.pem
export AGENTID_SHOTS=${AGENTID_SHOTS:-$home/screenshots}

central_pid= kiosk_pid=
finish() {
  trap '' INT TERM
  local pid
  for pid in $kiosk_pid $central_pid; do
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Sessions of their own: Ctrl-C is this script's first, which ends the kiosk
# before its centre.
say "starting the centre (its log: .cache/stack/central.out)"
: >"$home/central.out"
install -m 600 /dev/null "$home/code"
rm -f "$central/env"
CENTRAL_HOME=$central setsid packaging/central.sh >"$home/code" 2>"$home/central.out" &
central_pid=$!
for ((i = 0; ; i++)); do
  if [ -e "$central/env" ]; then break; fi
  if ! kill -0 "$central_pid" 2>/dev/null || [ "$i" -ge 3000 ]; then
    say "the centre did not start:"
    tail -n 10 "$home/central.out" >&2
    exit 1
  fi
  sleep 0.2
done

say "building the kiosk (minutes the first time, seconds later)"
go build -buildvcs=false -tags "$tags" -o bin/agentid ./app
if ! bin/agentid sync status --json | grep -q '"state": "online"'; then
  bin/agentid sync enrol --name "demo" - <"$home/code" >&2
fi
rm -f "$home/code"

# What is where, for who wants to look.
dsn=$(sed -n 's/^AGENTID_CENTRAL_DSN=//p' "$central/env")
say ""
say "centre      https://$listen   (certificate: .cache/stack/central/tls/cert.pem; API: docs/central-openapi.json)"
say "  ask it    curl --cacert .cache/stack/central/tls/cert.pem -H \"Authorization: Bearer \$(cat .cache/stack/central/admin.token)\" https://$listen/v1/admin/summary"
say "  its tool  CENTRAL_HOME=.cache/stack/central packaging/central-cli.sh kiosk list"
say "rows        psql '$dsn' -c 'SELECT seq, kind, reason, at, person FROM events ORDER BY received_at DESC LIMIT 10'"
say "            (rows and objects of a visit come with the first greeting; people were told when the kiosk joined)"
say "objects     find .cache/stack/central/objects -type f -path '*snapshots*'"
say "kiosk       curl http://$AGENTID_TELEMETRY_ADDR/sync   (health: /healthz)"
say "Ctrl-C ends all of it"
say ""
for v in $(compgen -e AGENTID_CENTRAL_); do unset "$v"; done # the centre's own business
ENV_FILE=/dev/null AGENTID_SKIP_SETUP=1 setsid packaging/run.sh "$@" &
kiosk_pid=$!
status=0
wait "$kiosk_pid" || status=$?
kiosk_pid=
exit "$status"
