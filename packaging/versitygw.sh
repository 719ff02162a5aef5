#!/usr/bin/env bash
# Installs the S3 server of the tests and of `make central` into .cache/bin,
# where it is missing: versitygw, pinned.
set -euo pipefail
# shellcheck source=packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

version=v1.8.0
bin=$root/.cache/bin
if command -v versitygw >/dev/null || [ -x "$bin/versitygw" ]; then exit 0; fi
need_go
say "installing versitygw $version into .cache/bin (2 minutes, once)"
mkdir -p "$bin"
GOBIN=$bin GOFLAGS=-buildvcs=false CGO_ENABLED=0 go install "github.com/versity/versitygw/cmd/versitygw@$version"
