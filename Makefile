# Development of Tenantry. `make` alone explains itself.
#
# Everything that is built once and used often (tools, control plane) lives in the cache of hack/stack:
# $TENANTRY_CACHE, else $XDG_CACHE_HOME/tenantry, else ~/.cache/tenantry.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Packages to test, for example: make test PKG=./internal/boundary/...
PKG ?= ./...
# Further flags of go test, for example: make test TESTFLAGS='-race -run TestPlan'
TESTFLAGS ?=
# Packages tested side by side. Each may start servers of its own, so more cores do not mean more of them.
TEST_PARALLEL ?= $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$(( n < 4 ? n : 4 )))
# How long each fuzz target runs.
FUZZTIME ?= 20s
# Namespace that `make run` takes for the operator's own; it must exist.
NAMESPACE ?= tenantry-system
# Program of cmd/ that goes into the image, and the image.
PROGRAM ?= manager
IMG ?= ghcr.io/tenantry/tenantry$(if $(filter-out manager,$(PROGRAM)),-$(PROGRAM)):latest
KUBECTL ?= kubectl
DOCKER ?= docker

CACHE := $(or $(TENANTRY_CACHE),$(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME)/tenantry),$(HOME)/.cache/tenantry)
# A tool is rebuilt when its version or the compiler changes: golangci-lint cannot read code newer than its own Go.
TOOLS := $(CACHE)/tools/$(shell (cat hack/tools/go.mod; go env GOVERSION) | cksum | cut -d' ' -f1)
CONTROLLER_GEN := $(TOOLS)/controller-gen
CRD_REF_DOCS := $(TOOLS)/crd-ref-docs
GOLANGCI_LINT := $(TOOLS)/golangci-lint
STACK := bin/stack

##@ General

.PHONY: help
help: ## Show this help
	@awk 'BEGIN {FS = ":.*##"; printf "Usage: make \033[36m<target>\033[0m [VARIABLE=value]\n"} \
		/^[a-zA-Z_-]+:.*?##/ {printf "  \033[36m%-14s\033[0m %s\n", $$1, $$2} \
		/^##@/ {printf "\n\033[1m%s\033[0m\n", substr($$0, 5)}' $(firstword $(MAKEFILE_LIST))

.PHONY: tools
tools: $(STACK) ## Install or build whatever tests, demo and generators need (minutes, once)
	$(STACK) ensure
	@$(MAKE) --no-print-directory $(CONTROLLER_GEN) $(CRD_REF_DOCS) $(GOLANGCI_LINT)

.PHONY: clean
clean: ## Remove what builds left in the tree; the cache stays
	rm -rf bin dist

##@ Development

.PHONY: generate
generate: $(CONTROLLER_GEN) $(CRD_REF_DOCS) ## Regenerate deep copies, CRDs, RBAC and the API reference
	$(CONTROLLER_GEN) object paths=./api/...
	$(CONTROLLER_GEN) crd paths=./api/... output:crd:artifacts:config=config/crd/bases
	$(CONTROLLER_GEN) rbac:roleName=manager paths=./internal/controller/... output:rbac:artifacts:config=config/rbac
	@mkdir -p docs/reference
	$(CRD_REF_DOCS) --log-level=ERROR --source-path=api --config=hack/crd-ref-docs.yaml --renderer=markdown \
		--output-path=docs/reference/api.md

.PHONY: fmt
fmt: $(GOLANGCI_LINT) ## Format the Go code
	$(GOLANGCI_LINT) fmt

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Lint PKG
	$(GOLANGCI_LINT) run $(PKG)

.PHONY: verify
verify: $(CONTROLLER_GEN) $(CRD_REF_DOCS) $(GOLANGCI_LINT) ## Check that generated files are current, code is formatted, vetted, linted, modules tidy
	hack/verify.sh

.PHONY: build
build: ## Build bin/manager and bin/gateway
	CGO_ENABLED=0 go build -trimpath -o bin/manager ./cmd/manager
	CGO_ENABLED=0 go build -trimpath -o bin/gateway ./cmd/gateway

.PHONY: run
run: ## Run the operator against the current kubeconfig, as if it ran in NAMESPACE
	go run ./cmd/manager --namespace $(NAMESPACE) --leader-elect=false --metrics-bind-address=0

##@ Tests

.PHONY: test
test: $(STACK) ## Run the tests of PKG, from a bare machine
	$(STACK) run -- go test -count=1 -timeout 30m -p $(TEST_PARALLEL) $(TESTFLAGS) $(PKG)

.PHONY: bench
bench: $(STACK) ## Run the benchmarks
	$(STACK) run -- go test -run '^$$' -bench '^Benchmark(Table|Plain)' $(TESTFLAGS) ./internal/gateway ./scope/qdrant
	$(STACK) run -- go test -run '^$$' -bench . -timeout 60m $(TESTFLAGS) ./test/bench/...

.PHONY: attack
attack: $(STACK) ## Attack the engine, through the gateway and the SDK, and count what was tried
	$(STACK) run -- go test -count=1 -v -timeout 30m $(TESTFLAGS) ./test/attack/... | { grep -vE '^(=== | +--- PASS: Fuzz)' || true; }

.PHONY: fuzz
fuzz: ## Run each fuzz target of PKG for FUZZTIME
	PKG='$(PKG)' FUZZTIME='$(FUZZTIME)' hack/fuzz.sh

.PHONY: demo
demo: $(STACK) ## Start real servers and show tenants being isolated; KEEP=1 leaves everything running
	$(STACK) run -- go run ./hack/demo

.PHONY: stack
stack: $(STACK) ## Start the local servers and print where they are, until Ctrl-C
	$(STACK) up

##@ Deployment

.PHONY: install
install: ## Install the CRDs into the current cluster
	$(KUBECTL) apply --server-side -k config/crd

.PHONY: uninstall
uninstall: ## Remove the CRDs, and with them every Tenantry resource, from the current cluster
	$(KUBECTL) delete --ignore-not-found -k config/crd

.PHONY: deploy
deploy: ## Install the CRDs and the operator, with image IMG, into the current cluster
	$(KUBECTL) kustomize config/default | sed 's|image: ghcr.io/tenantry/tenantry:latest|image: $(IMG)|' | $(KUBECTL) apply --server-side -f -

.PHONY: deploy-gateway
deploy-gateway: ## Install the gateway of config/gateway, with image IMG, into the current cluster: needs PROGRAM=gateway
	@test '$(PROGRAM)' = gateway || { echo 'say make deploy-gateway PROGRAM=gateway [IMG=...]' >&2; exit 2; }
	$(KUBECTL) kustomize config/gateway | sed 's|image: ghcr.io/tenantry/tenantry-gateway:latest|image: $(IMG)|' | $(KUBECTL) apply --server-side -f -

.PHONY: docker-build
docker-build: ## Build the image IMG of cmd/PROGRAM
	$(DOCKER) build --build-arg PROGRAM=$(PROGRAM) --tag $(IMG) .

# Programs that other targets use. The Go build cache makes rebuilding bin/stack cheap.

.PHONY: $(STACK)
$(STACK):
	@test -x $@ || echo "compiling $@"
	@go build -o $@ ./hack/stack/cmd/stack

$(CONTROLLER_GEN): PACKAGE := sigs.k8s.io/controller-tools/cmd/controller-gen
$(CRD_REF_DOCS): PACKAGE := github.com/elastic/crd-ref-docs
$(GOLANGCI_LINT): PACKAGE := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
$(CONTROLLER_GEN) $(CRD_REF_DOCS) $(GOLANGCI_LINT):
	@echo "building $(notdir $@), once"
	@mkdir -p $(dir $@)
	@cd hack/tools && CGO_ENABLED=0 go build -trimpath -o $@ $(PACKAGE)
