SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes

.PHONY: help demo phone test test-all test-networks fuzz attack chaos soak check unit js words clean bench bench-recovery bench-faults bench-workers lighthouse observatory lock audit sbom

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: ready ## Install everything needed and start the server (PORT=8000)
	@exec $(BIN)/python manage.py serve

phone: ready ## Start the server over HTTPS for phones in this network, with a QR code to scan
	@exec $(BIN)/python manage.py phone

# The tests mostly wait, so one more runs than there are cores. With more than that, pages are late.
WORKERS ?= $(shell echo $$(( 1 + $$(getconf _NPROCESSORS_ONLN) )))
PYTEST := $(BIN)/python -m pytest -rs
SIDE_BY_SIDE := -n $(WORKERS) --dist loadgroup --no-loadscope-reorder --durations=20

test: check js system ## Run all checks, and all tests but the long ones (about a quarter of an hour)
	$(PYTEST) $(SIDE_BY_SIDE) -m "not long"

# The attacks measure what callers hear, and a million inputs take all of a core: nothing runs beside them.
test-all: check js system ## Run all checks and all tests but `make chaos` and `make soak` (about 40 minutes)
	$(PYTEST) tests/attack tests/fuzz
	$(PYTEST) $(SIDE_BY_SIDE) --ignore=tests/attack --ignore=tests/fuzz --ignore=tests/chaos --ignore=tests/soak

check: $(VENV)/dev.stamp node_modules/stamp ## Check style, types and the rules for imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy wire calls fleet bot pages signaling doctor voicedemo examples tests
	$(BIN)/lint-imports
	$(BIN)/node node_modules/typescript/bin/tsc --project tsconfig.json
	$(BIN)/node node_modules/@biomejs/biome/bin/biome check --error-on-warnings .

js: $(VENV)/node.stamp ## Run the tests of the page's modules in Node
	$(BIN)/node --test tests/js/*.test.js

unit: $(VENV)/dev.stamp $(VENV)/node.stamp ## Run the tests that need no browser (less than a minute)
	$(PYTEST) $(SIDE_BY_SIDE) -m "not e2e and not natlab and not long"

N ?= 10000000
fuzz: $(VENV)/dev.stamp ## Feed N inputs to everything that reads what strangers send (N=10000000; SEED=2: other ones)
	FUZZ_INPUTS=$(N) FUZZ_SEED=$(or $(SEED),1) $(PYTEST) -s tests/fuzz/test_parsers.py -m long

attack: $(VENV)/dev.stamp system ## Attack a server of its own, in networks of its own (needs root; five minutes)
	$(PYTEST) -s tests/attack

TIMES ?= 1
chaos: $(VENV)/dev.stamp system ## Let processes, Redis and the database fail with 60 calls up (TIMES=10: so often; five minutes each)
	for time in $$(seq $(TIMES)); do $(PYTEST) -s tests/chaos || exit; done

HOURS ?= 1
soak: $(VENV)/dev.stamp system ## Let visitors come and go for HOURS, with faults, and see what stays behind (HOURS=1; SEED=2: other ones)
	SOAK_HOURS=$(HOURS) SOAK_SEED=$(or $(SEED),1) $(PYTEST) -s tests/soak

test-networks: $(VENV)/dev.stamp system ## Make a call in each of the bad networks, in two browsers (needs root)
	$(PYTEST) $(SIDE_BY_SIDE) tests/natlab/test_networks.py

words: $(VENV)/dev.stamp ## Compile the translations in locale/
	$(BIN)/python -c 'import pathlib, polib; [polib.pofile(str(p)).save_as_mofile(str(p.with_suffix(".mo"))) for p in pathlib.Path("locale").rglob("*.po")]'

bench: $(VENV)/dev.stamp ## Measure calls per core, cost and latency beside other products (15 minutes; ARGS=--quick: 2 minutes)
	$(BIN)/python -m tests.bench.load $(ARGS)

bench-recovery: $(VENV)/dev.stamp system ## Measure what a voice loses when its network goes (needs root; about an hour)
	$(BIN)/python -m tests.bench.recovery

bench-faults: $(VENV)/dev.stamp system ## Measure what a caller loses when a bot worker dies or is replaced (5 minutes; ARGS=--quick)
	$(BIN)/python -m tests.bench.faults $(ARGS)

bench-workers: $(VENV)/dev.stamp system ## Measure what a second worker adds, and 20 calls a second that begin (15 minutes)
	$(BIN)/python -m tests.bench.load.workers
	$(BIN)/python -m tests.bench.load.setups

lighthouse: check system ## Rate all pages with Lighthouse, as a phone on slow 4G (five minutes)
	$(BIN)/python -m tests.bench.lighthouse

observatory: $(VENV)/dev.stamp system ## Grade the security headers of all pages with Mozilla's HTTP Observatory
	$(PYTEST) -s tests/e2e/test_observatory.py

lock: $(VENV)/dev.stamp ## Write the versions and hashes of all packages into the lock files (UPGRADE="name …": newer ones)
	$(BIN)/python -m tests.supply.lock $(UPGRADE)

audit: $(VENV)/dev.stamp $(VENV)/node.stamp ## Ask whether a package has a known hole (AUDIT=strict: fail if nobody can tell)
	$(BIN)/python -m tests.supply.audit

sbom: $(VENV)/dev.stamp $(VENV)/node.stamp ## List all packages in var/sbom, as CycloneDX
	$(BIN)/python -m tests.supply.sbom

clean: ## Remove everything that make has made, except the key that signs the links on posters
	rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	@if [ -d var ]; then find var -mindepth 1 -maxdepth 1 ! -name secret_key -exec rm -rf {} +; fi
	@if [ -f var/secret_key ]; then \
	  echo "Kept var/secret_key: without it, the links on printed posters lose their labels."; \
	  echo "To remove it too: rm -r var"; \
	else rm -rf var; fi

.PHONY: ready
ready: $(VENV)/run.stamp
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py collectstatic --no-input --verbosity 0

.PHONY: system
system:
	@tests/install_system.sh

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "voicedemo needs Python 3.11 or newer: PYTHON=python3.12 make $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements.lock | $(VENV)/bin/python
	$(INSTALL) -r requirements.lock
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock | $(VENV)/bin/python
	$(INSTALL) -r requirements-dev.lock
	@touch $@ $(VENV)/run.stamp

# Node 20 or newer, where the machine has it; from PyPI otherwise.
$(VENV)/node.stamp: requirements-node.lock | $(VENV)/bin/python
	@if node -e 'process.exit(+(process.versions.node.split(".")[0] < 20))' 2>/dev/null && command -v npm >/dev/null; \
	then ln -sf "$$(command -v node)" "$$(command -v npm)" $(BIN)/; \
	else $(INSTALL) -r requirements-node.lock; fi
	@touch $@

node_modules/stamp: package.json package-lock.json $(VENV)/node.stamp
	PATH="$(abspath $(BIN)):$$PATH" npm ci --loglevel=error --no-audit --no-fund
	@touch $@
