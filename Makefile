# make demo and make test work on a fresh clone with Python >= 3.11 (with venv), make and git.
# Every other target needs no more; CONTRIBUTING.md says what each is for.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
UV ?= uv
PIP_INSTALL := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet
WORKERS ?= 2
PYTEST_ARGS ?=
FUZZ_TARGETS ?= ingress requests events responses answers
FUZZ_SECONDS ?= 600
CONFORMANCE_ARGS ?=

.PHONY: demo test check conformance nightly bench fuzz lock programs clean
.DEFAULT_GOAL := test

demo: $(VENV)/demo.stamp
	$(BIN)/yett demo

test: $(VENV)/dev.stamp
	$(BIN)/python -W error -m pytest -n $(WORKERS) --dist loadgroup --randomly-seed=1 $(PYTEST_ARGS)

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/test_tidy.py tests/test_architecture.py

# The official conformance suite, directly and through the gateway, side by side. CONFORMANCE_ARGS=--json for programs.
conformance: programs
	$(BIN)/python -m tests.conformance $(CONFORMANCE_ARGS)

# The full counts of property tests, kill tests and simulations, with fresh seeds, then the fuzzers; test runs a tenth of the
# counts, with fixed seeds. About an hour, and ten minutes for each fuzzer.
nightly: $(VENV)/dev.stamp
	YETT_NIGHTLY=1 YETT_ORACLE_PAIRS=100000 YETT_ORACLE_SEED=$$(date +%s) $(BIN)/python -W error -m pytest -n $(WORKERS) --dist loadgroup --timeout 1800 $(PYTEST_ARGS)
	$(MAKE) fuzz

bench: $(VENV)/dev.stamp
	$(BIN)/python -m bench.decide $(BENCH_ARGS)
	$(BIN)/python -m bench.gateway $(BENCH_ARGS)
	$(BIN)/python -m bench.redbook_cards

# Real servers and clients from npm, and Node where the machine has none: what tests/integration skips without.
programs: $(VENV)/dev.stamp
	tests/integration/install-programs

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "no Python >= 3.11 with the venv module was found; install one, or name it: make PYTHON=/path/to/python" >&2; exit 3; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.stamp: requirements/demo.txt pyproject.toml redbook/pyproject.toml | $(VENV)/bin/python
	$(PIP_INSTALL) --require-hashes -r requirements/demo.txt
	$(PIP_INSTALL) --no-deps --no-build-isolation -e . -e ./redbook
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt pyproject.toml redbook/pyproject.toml | $(VENV)/bin/python
	$(PIP_INSTALL) --require-hashes -r requirements/dev.txt
	$(PIP_INSTALL) --no-deps --no-build-isolation -e . -e ./redbook
	@touch $@ $(VENV)/demo.stamp

# Coverage-guided fuzzing of what reads bytes from outside; each target in turn, for as long as it takes to find nothing.
fuzz: $(VENV)/dev.stamp
	tests/fuzz/install
	for target in $(FUZZ_TARGETS); do .programs/fuzz/venv/bin/python -m tests.fuzz.run $$target $(FUZZ_SECONDS) || exit 1; done

# Locked versions and hashes, without index lines: pip and uv read the same files.
LOCK := $(UV) pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-emit-index-url --no-emit-find-links --no-emit-package redbook-mcp --custom-compile-command "make lock"

lock:
	$(LOCK) --extra demo --group dev --group build --output-file requirements/dev.txt
	$(LOCK) --extra demo --group build --constraint requirements/dev.txt --output-file requirements/demo.txt
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
		--no-emit-find-links --custom-compile-command "make lock" --group node --output-file requirements/node.txt

clean:
	rm -rf $(VENV) .programs .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
