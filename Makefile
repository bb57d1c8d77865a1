# Make targets for people who build, test and try Serin. `make` alone lists them.
# Only these targets install anything; the programs they build never do.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# What the version is called in the programs: the last tag, the commits since, the commit.
VERSION = $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
GO_BUILD = CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)'

# A change here is a change in scripts/setup/envoy.sh, too.
ENVOY_DIR := .cache/envoy/1.40.0

# How long the tests of one package may take, and what else go test is told, as in TESTFLAGS=-race.
TEST_TIMEOUT ?= 20m
TESTFLAGS ?=

# What the programs and the tests find the images and the Envoy by. The images' tags are known when the
# images are built, so they are read by the recipes, not by make.
WITH_IMAGES = SERIN_PROXY_IMAGE=$$(cat .cache/images/proxy) SERIN_BUILDER_IMAGE=$$(cat .cache/images/builder)
WITH_ENVOY = SERIN_ENVOY=$(CURDIR)/$(ENVOY_DIR)/envoy

# The Go files that people write, those not yet added included.
GO_FILES = git ls-files -z --cached --others --exclude-standard -- '*.go' | xargs -0 grep -ZL '^// Code generated .* DO NOT EDIT\.$$'

.PHONY: help
help: ## List what one can do
	@echo 'make TARGET, where TARGET is one of:'
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14 | sed 's/^/  /'

.PHONY: setup
setup: build ## Install and start what tests and demo need: Docker, Envoy, the images (Debian or Ubuntu, x86-64, root or sudo)
	@scripts/setup/docker.sh
	@scripts/setup/base-image.sh
	@scripts/setup/envoy.sh
	@scripts/setup/images.sh $(ENVOY_DIR)

.PHONY: packages
packages: # Small programs that everything else here calls
	@scripts/setup/packages.sh

.PHONY: build
build: packages ## Build bin/serin and bin/serin-proxy
	@echo '==> Building bin/serin and bin/serin-proxy, version $(VERSION)'
	@$(GO_BUILD) -o bin/serin ./cmd/serin
	@$(GO_BUILD) -o bin/serin-proxy ./cmd/serin-proxy

.PHONY: lint
lint: packages ## Check the format, go vet, staticcheck, and who imports whom
	@echo '==> Checking the format with gofumpt'
	@unformatted=$$($(GO_FILES) | xargs -0 go tool gofumpt -l); \
	if [[ -n $$unformatted ]]; then \
		printf 'These files are not formatted: run make format.\n%s\n' "$$unformatted" >&2; exit 1; \
	fi
	@echo '==> Checking with go vet'
	@go vet ./...
	@echo '==> Checking with staticcheck'
	@go tool staticcheck ./...
	@cd bench/rivals && go vet ./... && go tool -modfile=../../go.mod staticcheck ./...
	@echo '==> Checking who imports whom'
	@go test -count=1 ./internal/layout

.PHONY: format
format: packages ## Format the Go files
	@echo '==> Formatting with gofumpt'
	@$(GO_FILES) | xargs -0 go tool gofumpt -l -w

.PHONY: generate
generate: packages ## Make the generated files anew
	@echo '==> Running go generate'
	@go generate ./...

.PHONY: test
test: setup ## Set up, then run all tests, those on Docker and Envoy included
	@echo '==> Testing all packages but the stories'
	@go list ./... | grep -v '/e2e' | $(WITH_IMAGES) $(WITH_ENVOY) xargs go test -timeout $(TEST_TIMEOUT) $(TESTFLAGS)
	@echo '==> Testing the rivals, a module of its own'
	@cd bench/rivals && go test -timeout $(TEST_TIMEOUT) $(TESTFLAGS) ./...
	@echo '==> Telling the stories, which judge releases by what users got and want the machine for themselves'
	@$(WITH_IMAGES) $(WITH_ENVOY) go test -timeout $(TEST_TIMEOUT) $(TESTFLAGS) ./e2e/...

.PHONY: demo
demo: setup ## Set up, then show a canary release of the sample application; ARGS='...' goes to serin demo
	@echo '==> Running bin/serin demo $(ARGS)'
	@$(WITH_IMAGES) bin/serin demo $(ARGS)

.PHONY: clean
clean: ## Remove what was built or downloaded here; Docker and its images stay
	@echo '==> Removing bin and .cache'
	@rm -rf bin .cache

.PHONY: bench-judge
bench-judge: ## Compare Serin's judge with other tools' in the lab, into out/, for hours; ARGS=-short: a minute; ARGS=-help
	@echo '==> Playing the lab before Serin and its rivals; the report goes to out/'
	@cd bench/rivals && go run ./cmd/bench-judge -out $(CURDIR)/out $(ARGS)
