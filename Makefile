# Everything a developer does here. `make help` lists it.
GO      ?= go
TOOLS   := configs/tools/go.mod
PKGS    := ./...
TAGS    := grpcnotrace

.DEFAULT_GOAL := help
.PHONY: help build run cluster load soak test prove bench fuzz lint lint-all fmt widget console widget-trace flow-docs requirements detector needs clean

help: ## Show what can be done
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

build: ## Build bin/zgoda and bin/zgoda-load
	$(GO) build -trimpath -tags $(TAGS) -o bin/zgoda ./gateway/cmd/zgoda
	$(GO) build -trimpath -o bin/zgoda-load ./loadtest/cmd/zgoda-load

run: build ## Build and run one gateway with the demo shop (another port: ZGODA_LISTEN=127.0.0.1:9000 make run)
	bin/zgoda run

cluster: build ## Three gateways, Redis, PostgreSQL and a balancer on this machine; Ctrl-C stops all
	@sh configs/deploy/cluster.sh

load: build ## Visitors against three gateways of its own, with a verdict, within two minutes
	bin/zgoda-load lead --cluster 3 --html bin/load.html

soak: build ## The same for an hour, with gateways, Redis and PostgreSQL hurt meanwhile
	bin/zgoda-load soak --cluster 3 --html bin/soak.html

test: needs ## Run every test: race detector on, order shuffled
	$(GO) test -race -shuffle=on -timeout 10m $(PKGS)

prove: needs ## Run the proofs at full size
	ZGODA_PROVE=1 $(GO) test -race -shuffle=on -timeout 60m $(PKGS)

bench: ## Measure, in ratios to a floor
	$(GO) test -run '^$$' -bench . -benchmem $(PKGS)

FUZZTIME ?= 60s
fuzz: ## Run every fuzz target for FUZZTIME each
	@for p in $$($(GO) list $(PKGS)); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
	    echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$p || exit 1; \
	  done; \
	done

lint: ## gofumpt, vet, staticcheck, arrows
	@out=$$($(GO) tool -modfile=$(TOOLS) gofumpt -l botengine gateway loadtest persistence configs); \
	  if [ -n "$$out" ]; then echo "not gofumpt-ed (make fmt does it):"; echo "$$out"; exit 1; fi
	$(GO) vet $(PKGS)
	$(GO) tool -modfile=$(TOOLS) staticcheck $(PKGS)
	$(GO) test -run 'TestArrows|TestTopLevel' ./gateway

lint-all: lint ## The same, alerts and dashboards by promtool, types of the widget and the console where there is npm
	@command -v promtool >/dev/null 2>&1 || { \
	  echo "make lint-all needs promtool: install the package prometheus (apt-get install --no-install-recommends prometheus, or make needs)" >&2; exit 1; }
	promtool check rules configs/prometheus/rules.yaml configs/prometheus/alerts.yaml
	$(GO) test -count=1 -run 'TestPromtool|TestRules|TestDashboards|TestEveryAlert|TestRunbook' ./gateway/telemetry ./gateway/cmd/zgoda
	$(GO) test -count=1 -run '^TestC58_MetricsNameNobody$$' ./gateway/e2e
	@if command -v npm >/dev/null 2>&1; then \
	  for part in widget console; do \
	    [ -d gateway/$$part/node_modules/typescript ] || npm ci --silent --ignore-scripts --prefix gateway/$$part || exit 1; \
	    echo "tsc gateway/$$part"; npm run --silent --prefix gateway/$$part check || exit 1; \
	  done; \
	else echo "npm is not installed: the types of the widget and the console were not checked"; fi

fmt: ## Format the Go sources
	$(GO) tool -modfile=$(TOOLS) gofumpt -w botengine gateway loadtest persistence configs

widget: ## Bundle the widget's TypeScript into gateway/widget/dist
	$(GO) run -C configs/tools ./bundle gateway/widget

console: ## Bundle the console into gateway/console/dist, and check its types (this needs npm)
	npm ci --silent --ignore-scripts --prefix gateway/console
	npm run --silent --prefix gateway/console check
	$(GO) run -C configs/tools ./bundle gateway/console

widget-trace: ## Write how the widget loads, in a real browser, to gateway/widget/LOADING.md
	$(GO) test -short -count=1 -run TestLoading ./gateway/widget -args -update

flow-docs: ## Write the flow language's schema and reference into configs/flows
	$(GO) generate ./gateway/cmd/zgoda

requirements: ## Rewrite the table of consent requirements from the tests
	$(GO) test ./gateway -run '^TestRequirements$$' -update

detector: ## Measure the detector of contact details and write its table
	@$(GO) test -count=1 -run '^TestC24_DetectorFigures$$' ./botengine -update
	@cat botengine/testdata/detector/RESULTS.md

needs: ## Find or install what the tests need (Debian, Ubuntu)
	@sh configs/needs.sh

clean: ## Remove what was built; data/ is kept
	rm -rf bin
