# Nhịp Cầu. `make` alone lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# The rehearsal province: which scenario, where the product and the simulated outside worlds listen, where data is kept.
SCENARIO ?= nghe-an
ADDR     ?= 127.0.0.1:8080
SIM_ADDR ?= 127.0.0.1:8090
DATA     ?= var/demo/$(SCENARIO)

# Which packages `make test` runs, and for how long at most.
PKG          ?= ./...
TEST_TIMEOUT ?= 40m

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X github.com/nhipcau/nhipcau/internal/app.Version=$(VERSION)

.PHONY: help demo demo-reset build test soak check bench web generate feature deps

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## ?/\1\t/' | expand -t 14

demo: ## the rehearsal province in the browser (SCENARIO=nghe-an|nghe-an-2024, ADDR, SIM_ADDR, DATA)
	@scripts/web --try
	@mkdir -p bin "$(DATA)" && { [ -n "$$(ls -A "$(DATA)")" ] || touch "$(DATA)/.rehearsal"; }
	go build -o bin/rehearsal ./cmd/rehearsal
	exec bin/rehearsal --scenario "$(SCENARIO)" --addr "$(ADDR)" --sim-addr "$(SIM_ADDR)" --data "$(DATA)"

demo-reset: ## forget what the rehearsal has stored (DATA)
	@[ ! -e "$(DATA)" ] || [ -e "$(DATA)/.rehearsal" ] || { echo "$(DATA) was not made by make demo: remove it yourself" >&2; exit 1; }
	rm -rf -- "$(DATA)"

build: web ## bin/nhipcau, one file with everything in it
	@mkdir -p bin
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/nhipcau ./cmd/nhipcau

deps: ## install or name what the tests need (PostgreSQL, Chromium, …)
	@scripts/deps

test: deps web ## everything: both engines and the browser
	NHIPCAU_REQUIRE_POSTGRES=1 go run ./scripts/testsum -postgres $(if $(filter ./...,$(PKG)),-pages) -- -timeout $(TEST_TIMEOUT) $(PKG)

soak: deps web ## the long form of the kill test, the refresh race and the soak
	NHIPCAU_SOAK=1 NHIPCAU_REQUIRE_POSTGRES=1 go run ./scripts/testsum -postgres -- -count=1 -timeout 12h -run 'Soak|Kill|Race' $(PKG)

check: ## format, vet, lint, shape and short tests: before every commit
	@scripts/check

bench: web ## measure, and print the ratios for docs/benchmarks.md
	go run ./bench

web: ## fetch the npm packages and bundle the browser islands
	@scripts/web

generate: ## Go code from the *.templ pages
	go tool templ generate

feature: ## a new feature from the reference slice (NAME=x)
	@go run ./scripts/newfeature "$(NAME)"
