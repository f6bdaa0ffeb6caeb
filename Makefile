SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo phone test test-networks check unit js words clean bench bench-recovery lighthouse

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: ready ## Set everything up and serve the product (PORT=8000)
	@exec $(BIN)/python manage.py serve

phone: ready ## The same for the phones in this network, over HTTPS, with a QR code to scan
	@exec $(BIN)/python manage.py phone

test: check js system ## Set everything up and run every check and test
	$(BIN)/python -m pytest -rs

check: $(VENV)/dev.stamp node_modules/stamp ## Style, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy wire calls bot pages signaling doctor voicedemo examples
	$(BIN)/lint-imports
	$(BIN)/node node_modules/typescript/bin/tsc --project tsconfig.json

js: $(VENV)/dev.stamp ## The page's modules under Node's test runner
	$(BIN)/node --test 'tests/js/*.test.js'

unit: $(VENV)/dev.stamp ## The quick tests: no browser
	$(BIN)/python -m pytest -m "not e2e and not natlab"

test-networks: $(VENV)/dev.stamp system ## A call in each of twenty bad networks, in two browsers (root)
	$(BIN)/python -m pytest -rs tests/natlab/test_networks.py

words: $(VENV)/dev.stamp ## Compile the translations in locale/
	$(BIN)/python -c 'import pathlib, polib; [polib.pofile(str(p)).save_as_mofile(str(p.with_suffix(".mo"))) for p in pathlib.Path("locale").rglob("*.po")]'

bench: $(VENV)/dev.stamp ## Calls a core, cost and latency, beside other products (a quarter of an hour; ARGS=--quick: two minutes)
	$(BIN)/python -m tests.bench.load $(ARGS)

bench-recovery: $(VENV)/dev.stamp system ## What a voice loses when its network goes (root, about an hour)
	$(BIN)/python -m tests.bench.recovery

lighthouse: check system ## What Lighthouse makes of the pages, as a phone on slow 4G
	$(BIN)/python -m tests.bench.lighthouse

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

$(VENV)/run.stamp: requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/run.stamp

node_modules/stamp: package.json package-lock.json $(VENV)/dev.stamp
	PATH="$(abspath $(BIN)):$$PATH" npm ci --loglevel=error --no-audit --no-fund
	@touch $@
