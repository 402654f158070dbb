# infermint: everything a developer types. `make demo` and `make test` work on a machine that has Python >= 3.11 only.
SHELL := /bin/sh
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
  command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
export PIP_NO_INPUT := 1

# Folders in which every test compiles: quick does not even import them.
COMPILED := outcomes parity policies theory

.PHONY: demo compiled test test-all quick bench lint lock schema docs site verification clean help

help:
	@echo "make demo      set up and run the main study; ends with its report"
	@echo "make test      set up and run the tests (about 10 minutes on 2 cores, 2 more once)"
	@echo "make quick     the tests that need no compilation (under 45 s)"
	@echo "make test-all  every test, the slow ones too"
	@echo "make bench     speeds beside a yardstick loop and other simulators (25 minutes)"
	@echo "make lint      ruff and mypy"
	@echo "make schema    remake the JSON Schema of scenarios"
	@echo "make docs      remake docs/ASSUMPTIONS.md and docs/reference/*.md"
	@echo "make site      the docs as a site in build/site"
	@echo "make verification  all queueing cases at their size into docs/verification.md (half an hour)"
	@echo "make lock      remake requirements/*.txt (needs uv)"

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then echo "infermint needs Python >= 3.11 with venv: install it first (Debian: apt-get install python3 python3-venv)." >&2; exit 2; fi
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "Installing the packages of requirements/run.txt into $(VENV) (about 0.7 GB on disk, once) ..."
	@$(PIP) install --require-hashes -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/test.stamp: requirements/test.txt $(VENV)/run.stamp | $(BIN)/python
	@echo "Installing the packages of requirements/test.txt into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements/test.txt
	@touch $@

$(VENV)/docs.stamp: requirements/docs.txt | $(BIN)/python
	@echo "Installing the packages of requirements/docs.txt into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements/docs.txt
	@touch $@

demo: $(VENV)/run.stamp
	@$(BIN)/infermint run scenarios/demo.yaml

# Compiled code lies in a cache of this machine; first, so that no two test processes compile the same.
compiled: $(VENV)/test.stamp
	@echo "Compiling what the cache of this machine lacks (a minute, once) ..."
	@$(BIN)/python -m benchmarks.compiling --keep

test: compiled
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not slow"

test-all: compiled
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal

quick: $(VENV)/test.stamp
	@$(BIN)/python -m pytest -q -n 2 -p no:nbmake -m "not slow and not compiled and not browser and not long" $(COMPILED:%=--ignore=tests/%)

bench: $(VENV)/run.stamp
	@$(BIN)/python -m benchmarks && $(BIN)/python -m benchmarks.plain && $(BIN)/python -m benchmarks.large_fleet \
	  && $(BIN)/python -m benchmarks.large_fleet --against 20000 && $(BIN)/python -m benchmarks.large_fleet --requests 100000000 --loads 0.7 --rounds 1 \
	  && $(BIN)/python -m benchmarks.operators && $(BIN)/python -m benchmarks.compiling

lint: $(VENV)/test.stamp
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

schema: $(VENV)/run.stamp
	@$(BIN)/python -m sim.scenario.schema

docs: $(VENV)/run.stamp
	@$(BIN)/python -m sim.scenario.assumptions && $(BIN)/python -m sim.scenario.format_page && $(BIN)/python -m sim.records.page

site: $(VENV)/docs.stamp
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict -q && echo "site: build/site/index.html"

verification: $(VENV)/run.stamp
	@mkdir -p build && $(BIN)/infermint verify --whole --json > build/verification.json && $(BIN)/python -m sim.verify.page build/verification.json

lock:
	@uv pip compile -q --universal --generate-hashes --no-header --fork-strategy fewest --python-version 3.11 pyproject.toml --group build -o requirements/run.txt
	@uv pip compile -q --universal --generate-hashes --no-header --fork-strategy fewest --python-version 3.11 pyproject.toml --group build --group test --group lint --group docs -c requirements/run.txt -o requirements/test.txt
	@uv pip compile -q --universal --generate-hashes --no-header --fork-strategy fewest --python-version 3.11 --group docs -c requirements/test.txt -o requirements/docs.txt

clean:
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
