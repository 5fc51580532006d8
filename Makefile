# make bench and make test need Python 3.11+ and nothing else; both can be repeated cheaply.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LIGHT := $(VENV)/.light
STAMP := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest
PIP := $(BIN)/python -m pip --disable-pip-version-check install --constraint constraints.txt

FLOORS := .venv-floors

.PHONY: help bench test test-slow test-floors perf paper lint format clean docs

help:
	@echo "make bench      install into .venv, run the benchmark table"
	@echo "make test       install into .venv, run the tests"
	@echo "make test-slow  the long checks"
	@echo "make test-floors  the table and the quick tests with the oldest versions that are allowed"
	@echo "make perf       timings, side by side"
	@echo "make paper      every figure and verdict of the paper, into results/reference/paper"
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

# A file's tests stay together: some share what takes long to make.
test: $(STAMP)
	$(PYTEST) --numprocesses auto --maxprocesses 4 --dist loadfile

test-slow: $(STAMP)
	$(PYTEST) -m slow

# Old versions warn of deprecations in newer ones that they need: there a warning is no error.
test-floors:
	$(PYTHON) -m venv --clear $(FLOORS)
	$(PYTHON) tools/floors.py > $(FLOORS)/constraints.txt
	$(FLOORS)/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint $(FLOORS)/constraints.txt --editable '.[all]'
	$(FLOORS)/bin/splitbench run --seeds 1 --store $(FLOORS)/floors.sqlite
	$(FLOORS)/bin/python -m pytest -o filterwarnings=default tests/problems tests/solvers \
		tests/baselines tests/results

perf: $(STAMP)
	OMP_NUM_THREADS=1 $(PYTEST) -m perf --benchmark-disable-gc -s tests/perf

# Resumable: cells that paper.sqlite has are not run again.
paper: $(STAMP)
	$(BIN)/splitbench paper all --jobs 2 --store paper.sqlite --out results/reference/paper
	$(BIN)/python -m tools.result_pages

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
