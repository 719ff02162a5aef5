#!/usr/bin/env bash
# Runs the centre on this machine, from nothing: a PostgreSQL cluster and an S3
# server of its own, a self-signed certificate, a site and a branch. Prints an
# enrolment code. Ctrl-C ends all of it; .cache/central keeps what it holds, and
# removing that folder begins anew.
#
# Set before: AGENTID_CENTRAL_LISTEN (127.0.0.1:8443), CENTRAL_SITE (demo),
# CENTRAL_BRANCH (centro), CENTRAL_HOME (.cache/central). No cluster that this machine had is touched.
set -euo pipefail
# shellcheck source=packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

need_go
packaging/setup.sh
packaging/versitygw.sh
say "building the centre"
mkdir -p bin
CGO_ENABLED=0 go build -buildvcs=false -tags "$tags" -o bin/central ./sync/central

home=${CENTRAL_HOME:-$root/.cache/central}
site=${CENTRAL_SITE:-demo} branch=${CENTRAL_BRANCH:-centro}
listen=${AGENTID_CENTRAL_LISTEN:-127.0.0.1:8443}
mkdir -p "$home/objects" "$home/versions"
chmod 700 "$home/objects" "$home/versions"
pgbin=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
if [ ! -x "$pgbin/postgres" ]; then say "PostgreSQL is absent: run packaging/setup.sh"; exit 1; fi
gateway=$(command -v versitygw || echo "$root/.cache/bin/versitygw")

# Postgres will not run as root; then it is the user postgres who runs it.
as=()
if [ "$(id -u)" -eq 0 ]; then as=(setpriv --reuid postgres --regid postgres --clear-groups); fi
sockets=$(mktemp -d /tmp/agentid-central.XXXXXX)
data=$home/postgres
mkdir -p "$data"
if [ "${#as[@]}" -gt 0 ]; then chown -R postgres: "$data" "$sockets"; fi
if ! "${as[@]}" test -w "$data"; then
  say "the user postgres may not enter $data: keep the checkout where others may (chmod o+x on the folders above)"
  exit 1
fi
chmod 700 "$data"

pids=()
finish() {
  local i
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
    kill -INT "${pids[i]}" 2>/dev/null || true
    wait "${pids[i]}" 2>/dev/null || true
  done
  rm -rf "$sockets"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ ! -e "$data/PG_VERSION" ]; then
  say "making a PostgreSQL cluster in $home/postgres"
  (cd / && "${as[@]}" "$pgbin/initdb" -D "$data" -U postgres -A trust -E UTF8 --no-locale --no-instructions >/dev/null)
fi
# In a session of their own: Ctrl-C is the centre's first.
(cd / && exec setsid "${as[@]}" "$pgbin/postgres" -D "$data" -k "$sockets" -c listen_addresses= -c unix_socket_permissions=0700) >"$home/postgres.log" 2>&1 &
pids+=($!)
ready=
for _ in $(seq 150); do
  if "${as[@]}" "$pgbin/pg_isready" -q -h "$sockets"; then ready=1; break; fi
  sleep 0.2
done
if [ -z "$ready" ]; then say "PostgreSQL did not start:"; tail -n 5 "$home/postgres.log" >&2; exit 1; fi
psql=("${as[@]}" "$pgbin/psql" -qX -h "$sockets" -U postgres -v ON_ERROR_STOP=1)
if [ "$(cd / && "${psql[@]}" -Atc "SELECT count(*) FROM pg_roles WHERE rolname = 'central'")" = 0 ]; then
  (cd / && "${psql[@]}" -c "CREATE ROLE central LOGIN" -c "CREATE DATABASE central OWNER central")
fi

if [ ! -e "$home/s3.env" ]; then
  (umask 077 && printf 'ROOT_ACCESS_KEY=%s\nROOT_SECRET_KEY=%s\n' "$(head -c 10 /dev/urandom | od -An -tx1 | tr -d ' \n')" \
    "$(head -c 20 /dev/urandom | od -An -tx1 | tr -d ' \n')" >"$home/s3.env")
fi
load_env "$home/s3.env"
s3=${CENTRAL_S3_LISTEN:-127.0.0.1:7480}
setsid "$gateway" --port "$s3" --quiet --health /health posix --versioning-dir "$home/versions" "$home/objects" >"$home/s3.log" 2>&1 &
pids+=($!)

export AGENTID_CENTRAL_DSN="host=$sockets user=central dbname=central sslmode=disable"
export AGENTID_CENTRAL_SECRETS=$home/secrets AGENTID_CENTRAL_LISTEN=$listen
export AGENTID_CENTRAL_S3_ENDPOINT=http://$s3 AGENTID_CENTRAL_S3_ACCESS_KEY=$ROOT_ACCESS_KEY AGENTID_CENTRAL_S3_SECRET_KEY=$ROOT_SECRET_KEY
export AGENTID_CENTRAL_TLS_SELF_SIGNED=$home/tls AGENTID_CENTRAL_AUDIENCE=${AGENTID_CENTRAL_AUDIENCE:-https://$listen}
unset ROOT_ACCESS_KEY ROOT_SECRET_KEY
bin/central migrate >&2
bin/central site add "$site" "${CENTRAL_SITE_NAME:-Banco Demo}"
if [ ! -e "$home/admin.token" ]; then (umask 077 && bin/central admin create demo >"$home/admin.token"); fi

mv -f "$home/central.log" "$home/central.log.1" 2>/dev/null || true
setsid bin/central serve >"$home/central.log" 2>&1 &
pids+=($!)
central=$!
ready=
for _ in $(seq 150); do
  if grep -q msg=serving "$home/central.log"; then ready=1; break; fi
  kill -0 "$central" 2>/dev/null || break
  sleep 0.2
done
if [ -z "$ready" ]; then say "the centre did not start:"; tail -n 5 "$home/central.log" >&2; exit 1; fi
say ""
say "the centre is at https://$listen (certificate: $home/tls/cert.pem)"
say "an administrator's token is in $home/admin.token, the log in $home/central.log"
say "a kiosk joins with this code:"
bin/central kiosk code --site "$site" --branch "$branch"
say "another one: packaging/central-cli.sh kiosk code --site $site --branch $branch"
say "Ctrl-C ends it"
{
  for v in DSN SECRETS S3_ENDPOINT S3_ACCESS_KEY S3_SECRET_KEY AUDIENCE; do
    n=AGENTID_CENTRAL_$v
    printf '%s=%s\n' "$n" "${!n}"
  done
} >"$home/env.new"
chmod 600 "$home/env.new"
mv "$home/env.new" "$home/env"
status=0
wait "$central" || status=$?
exit "$status"
