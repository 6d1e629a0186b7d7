# One command each: make demo, make test, make check. Everything lives in .venv; nothing is asked.
PYTHON ?= python3
export PYTHON

BIN := .venv/bin
MANIFESTS := pyproject.toml constraints.txt $(wildcard sandbox/pyproject.toml)
TYPED := $(wildcard src sandbox/src tests sandbox/tests)

.DEFAULT_GOAL := help
.PHONY: help demo test simulate chaos check bench changes format constraints clean

help:
	@echo "make demo      the whole main job on this machine, from purchase to proven zero"
	@echo "make test      all tests"
	@echo "make simulate  ten thousand seeds of the simulation; a thousand are part of make test"
	@echo "make chaos     processes and the database killed two hundred times"
	@echo "make check     formatting, lint, strict types, import contracts, then all tests"
	@echo "make bench     measure, each figure beside the limit of this machine"
	@echo "make changes   500 changes behind our back must be found, 200 clean accounts raise no alarm"
	@echo "make format    format the code"
	@echo "make clean     remove .venv and what tools left behind"
	@echo "PYTHON=... names the interpreter, 3.11 or later"

# Reinstalled only when a manifest changes.
.venv/.installed-run: $(MANIFESTS) tools/install.sh
	@tools/install.sh run

.venv/.installed-dev: $(MANIFESTS) tools/install.sh
	@tools/install.sh dev
	@touch .venv/.installed-run

demo: .venv/.installed-run
	@tools/second-opinion.sh
	@$(BIN)/drawdown demo $(ARGS)

test: .venv/.installed-dev
	@$(BIN)/python -m pytest $(ARGS)
	@$(BIN)/drawdown simulate --seeds 1000 --jobs 2

simulate: .venv/.installed-dev
	@$(BIN)/drawdown simulate --seeds 10000 --jobs 2 $(ARGS)

chaos: .venv/.installed-dev
	@CHAOS_KILLS=200 $(BIN)/python -m pytest tests/chaos $(ARGS)

check: .venv/.installed-dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy $(TYPED)
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m pytest $(ARGS)

# Arguments belong to one bench: make bench BENCH=ingest ARGS="--full"
bench: .venv/.installed-dev
	@if [ -n '$(ARGS)' ] && [ -z '$(BENCH)' ]; then \
	    echo 'name the bench that takes these arguments: make bench BENCH=ingest ARGS=--full' >&2; exit 2; fi
	@set -e; found=; for file in bench/*.py sandbox/bench/*.py; do \
	    name=$${file##*/}; case $$name in _*) continue;; esac; \
	    if [ -z '$(BENCH)' ] || [ "$$name" = '$(BENCH).py' ]; then found=1; $(BIN)/python $$file $(ARGS); fi; \
	done; if [ -z "$$found" ]; then echo 'there is no bench $(BENCH)' >&2; exit 2; fi

changes: .venv/.installed-dev
	@$(BIN)/python tools/changes.py $(ARGS)

format: .venv/.installed-dev
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

# The versions that are tested together, out of a fresh environment; commit the result.
constraints:
	@rm -rf .venv
	@CONSTRAINTS=/dev/null tools/install.sh dev
	@{ echo "# Exact versions that are tested together. Written by: make constraints"; \
	   $(BIN)/python -m pip freeze --exclude-editable --disable-pip-version-check; } > constraints.txt

clean:
	@rm -rf .venv .venv.lock .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	@find src sandbox tests bench tools -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
