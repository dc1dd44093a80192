# `make` alone lists what there is.

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help run test check fix bench

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(READY) ## open the window on the sample photograph; make run ARGS="photo.jpg" on another
	$(BIN)/python main.py $(ARGS)

test: $(READY) ## run all tests, without a screen; make test ARGS="-k undo" some of them
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest $(ARGS)

check: $(READY) ## format, lint, types, import contracts and the fast tests: before every commit
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	OMP_NUM_THREADS=1 QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -q -m "not slow" \
		--numprocesses auto --maxprocesses 8 --dist worksteal $(ARGS)

fix: $(READY) ## put format and lint right where it can be done automatically
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(READY) ## measure seconds per click on this machine
	$(BIN)/python main.py bench $(ARGS)

# Set up once, and again when the pins change.
$(READY): constraints.txt pyproject.toml .ci/system-libraries.sh
	sh .ci/system-libraries.sh $(PYTHON)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; try: make run PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt ".[dev]"
	@touch $@
