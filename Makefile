# Agent ID. `make help` lists what there is.
SHELL := bash
TAGS  := migrated_fynedo
GO    ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0

# Models to try the product with, where they lie beside this folder.
ifeq ($(origin AGENTID_MODELS),undefined)
  ifneq ($(realpath ../shared/models),)
    export AGENTID_MODELS := $(realpath ../shared/models)
  endif
endif

.DEFAULT_GOAL := help
.PHONY: help setup run central stack test build bench soak shots lint fmt

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install the Debian packages that are missing
	@packaging/setup.sh

run: ## build and run the kiosk (ARGS="--lang en"); without a screen it leaves screenshots
	@packaging/run.sh $(ARGS)

central: ## run the centre here, with a PostgreSQL and an S3 server of its own
	@packaging/central.sh

stack: ## run the centre and a demo kiosk that has joined it, together
	@packaging/stack.sh $(ARGS)

test: ## set up, vet, and run all tests (PKG=./app/... for some)
	@packaging/test.sh $(PKG)

build: setup ## build the programs into bin/
	$(GO) build -tags $(TAGS) -o bin/ ./app ./vision/espcam
	@mv bin/app bin/agentid
	CGO_ENABLED=0 $(GO) build -tags $(TAGS) -o bin/central ./sync/central

bench: setup ## run the benchmarks (BENCH=regexp)
	$(GO) test -tags $(TAGS) -run '^$$' -bench '$(or $(BENCH),.)' -benchmem ./...

soak: setup ## run the long tests: AGENTID_SOAK is for how long, 5m by default
	AGENTID_SOAK=$(or $(AGENTID_SOAK),5m) xvfb-run -a -s "-screen 0 1280x800x24" \
	  $(GO) test -tags $(TAGS) -v -count=1 -timeout 24h -run Soak ./...

shots: ## take the pictures of docs/img anew, from the running kiosk
	@packaging/shots.sh

lint: setup ## check format, vet and staticcheck
	@test -z "$$(gofmt -l . | tee /dev/stderr)" || { echo "run: make fmt" >&2; exit 1; }
	$(GO) vet -tags $(TAGS) ./...
	$(GO) run $(STATICCHECK) -tags $(TAGS) ./...

fmt: ## format the code
	gofmt -w .
