#!/usr/bin/env bash
# Installs the Debian packages that Agent ID needs and this machine lacks.
#
#   packaging/setup.sh            what building, testing and running need
#   packaging/setup.sh runtime    what a kiosk needs that only runs the program
#   packaging/setup.sh --list     only print the names
#   packaging/setup.sh --missing  only print those that are missing
#
# It asks the network only when something is missing. AGENTID_SKIP_SETUP=1 skips
# it, for systems that bring these libraries in another way.
set -euo pipefail

# For every machine: the data that the program opens, and its screen.
runtime=(
  opencv-data                # Haar cascades
  libdlib-data               # 68-point landmarks
  libgl1-mesa-dri            # OpenGL without a graphics card too
  ca-certificates            # model downloads
)
# Compiler, libraries and headers.
build=(
  g++ pkg-config
  libopencv-dev              # gocv: OpenCV 4.6
  libdlib-dev libblas-dev libatlas-base-dev liblapack-dev libjpeg62-turbo-dev # go-face
  xorg-dev libgl1-mesa-dev libegl-dev libgles-dev libwayland-dev libxkbcommon-dev # Fyne
)
# A screen where there is none, hands to touch it, and pictures of it.
headless=(xvfb xauth xdotool x11-utils imagemagick)
# The centre's database, for its tests and `make central`.
database=(postgresql)

say() { printf '%s\n' "setup: $*" >&2; }
die() { say "$@"; exit 1; }

what=all
case "${1:-}" in
  '' | all | --list | --missing) ;;
  runtime) what=runtime ;;
  -h | --help) sed -n '2,10p' "$0" | sed 's/^# \{0,1\}//'; exit 0 ;;
  *) die "unknown argument '$1' (try --help)" ;;
esac

packages=("${runtime[@]}")
if [ "$what" = all ]; then packages+=("${build[@]}" "${headless[@]}" "${database[@]}"); fi
if [ "${1:-}" = --list ]; then printf '%s\n' "${packages[@]}"; exit 0; fi

if [ "${AGENTID_SKIP_SETUP:-}" = 1 ]; then exit 0; fi

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  die "this is not Debian: install what these packages hold, then set AGENTID_SKIP_SETUP=1:" "${packages[@]}"
fi

# Prints the packages that are not installed.
missing() {
  local p
  for p in "${packages[@]}"; do
    case "$(dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null || true)" in
      ?i*) ;;
      *) printf '%s\n' "$p" ;;
    esac
  done
}

mapfile -t todo < <(missing)
if [ "${1:-}" = --missing ]; then
  if [ "${#todo[@]}" -gt 0 ]; then printf '%s\n' "${todo[@]}"; fi
  exit 0
fi
if [ "${#todo[@]}" -eq 0 ]; then exit 0; fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || die "these packages are missing, and installing them needs root: ${todo[*]}"
  as_root=(sudo)
fi
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -qq
  -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 -o APT::Color=0)

# Debian's postgresql makes and starts a cluster when it is installed. Agent ID
# makes its own, elsewhere: tell it not to, unless this machine has said already.
for p in "${todo[@]}"; do
  if [ "$p" = postgresql ] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    "${as_root[@]}" mkdir -p /etc/postgresql-common/createcluster.d
    echo "create_main_cluster = false" | "${as_root[@]}" tee /etc/postgresql-common/createcluster.d/agentid.conf >/dev/null
  fi
done

log=$(mktemp)
trap 'rm -f "$log"' EXIT
say "installing ${#todo[@]} Debian packages: ${todo[*]}"
for attempt in 1 2 3; do
  # A broken list of somebody else's packages is no reason to give up.
  "${apt[@]}" update >"$log" 2>&1 || say "apt-get update had errors; going on with the lists that there are"
  if "${apt[@]}" install --yes --no-install-recommends "${todo[@]}" </dev/null >>"$log" 2>&1; then
    mapfile -t todo < <(missing)
    if [ "${#todo[@]}" -eq 0 ]; then
      say "done"
      exit 0
    fi
  fi
  if [ "$attempt" -lt 3 ]; then
    say "attempt $attempt did not succeed; trying again"
    sleep $((attempt * 5))
  fi
done
tail -n 25 "$log" >&2
die "these packages could not be installed: ${todo[*]}. What apt-get said is above: check the network, and that /etc/apt/sources.list has Debian 12 (bookworm) main"
