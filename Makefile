# make bench and make test need Python 3.11+ and nothing else; both can be repeated cheaply.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LIGHT := $(VENV)/.light
STAMP := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest
PIP := $(BIN)/python -m pip --disable-pip-version-check install --constraint constraints.txt

.PHONY: help bench test test-slow perf lint format clean docs

help:
	@echo "make bench      install into .venv, run the benchmark table"
	@echo "make test       install into .venv, run the tests"
	@echo "make test-slow  the long checks"
	@echo "make perf       timings, side by side"
	@echo "make lint       ruff and mypy --strict"
	@echo "make docs       build the documentation into build/site"

# The table needs neither torch nor linters: a light install, completed by what the tests need.
$(LIGHT): pyproject.toml constraints.txt
	@echo "Installing splitbench and its solvers into $(VENV) (about 650 MB, without torch) ..."
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	@touch $@

$(STAMP): $(LIGHT)
	@echo "Installing torch, linters and test tools into $(VENV) (about 2 GB in all) ..."
	$(PIP) --editable '.[all]'
	@touch $@

bench: $(LIGHT)
	$(BIN)/splitbench run

test: $(STAMP)
	$(PYTEST)

test-slow: $(STAMP)
	$(PYTEST) -m slow

perf: $(STAMP)
	OMP_NUM_THREADS=1 $(PYTEST) -m perf --benchmark-disable-gc -s tests/perf

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks

docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict --site-dir build/site
