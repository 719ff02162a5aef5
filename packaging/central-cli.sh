#!/usr/bin/env bash
# Runs a command of the centre that packaging/central.sh has started:
#
#   packaging/central-cli.sh doctor
#   packaging/central-cli.sh kiosk code --site demo --branch centro
set -euo pipefail
# shellcheck source=packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
home=${CENTRAL_HOME:-$root/.cache/central}
if [ ! -r "$home/env" ]; then say "no centre was started here: make central"; exit 1; fi
load_env "$home/env"
exec "$root/bin/central" "$@"
