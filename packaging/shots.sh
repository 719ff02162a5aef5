#!/usr/bin/env bash
# Takes the pictures of docs/img anew, from the running kiosk: single screens,
# and contact sheets of what a visitor goes through.
set -euo pipefail
# shellcheck source=packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

need_go
packaging/setup.sh
steps=$(mktemp -d)
trap 'rm -rf "$steps"' EXIT
AGENTID_SHOTS=$root/docs/img go test -tags "$tags" -count=1 -run TestKioskGreets ./app
AGENTID_SHOTS=$steps go test -tags "$tags" -count=1 -run 'TestVisitorsByTouch|TestAdminPagesByTouch' ./app

# sheet NAME FILE... puts pictures three abreast, small.
sheet() {
  local name=$1
  shift
  montage "$@" -tile 3x -geometry 480x300+6+6 -background '#E3E4E0' -quality 88 "docs/img/$name.jpg"
}
sheet registration-es "$steps"/visit-0[1-9]-*-es.png
sheet registration-en "$steps"/visit-1[3-9]-*-en.png "$steps"/visit-2[0-9]-*-en.png
sheet validation-es "$steps"/visit-1[0-2]-*-es.png "$steps"/visit-2[0-9]-*-es.png "$steps"/withdraw-*-es.png

# The admin tab's pages are to be read: larger, and two abreast.
montage "$steps"/pages-*-{today,people,events,cases,faq,cameras,recognition,audit}-es.png -tile 2x -geometry 720x450+6+6 \
  -background '#E3E4E0' -quality 88 docs/img/admin-es.jpg
