# Two commands do everything: `make demo` and `make test`. Both make .venv when it is missing.

PYTHON ?= python3
BIN := .venv/bin
LEARN := archsim learn homodyne digits_cnn --granularity op --target-energy 4 --cost energy --steps 300
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-engines test-faults lint bench clean

help:
	@echo "make demo   run a shipped network on a shipped machine, then learn its repetitions"
	@echo "make test   check style, types and layers, then run the tests"
	@echo "make test-slow   the tests that make test leaves out: large networks on labelled data"
	@echo "make test-engines   both engines on runs that take SimPy seconds"
	@echo "make test-faults   sweeps whose workers, cluster or coordinator are killed"
	@echo "make lint   only style, types and layers"
	@echo "make bench  measure speed and memory (minutes)"
	@echo "make clean  remove .venv and every cache"

$(READY): pyproject.toml constraints.txt
	@echo "== making .venv with archsim and its tools (minutes the first time) =="
	@$(PYTHON) -c 'import sys; sys.exit("archsim needs Python 3.11 or later; set PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,export]'
	@echo "== compiling the engine (seconds, once) =="
	@$(BIN)/archsim run homodyne lenet5 > /dev/null
	@touch $(READY)

demo: $(READY)
	@echo "== archsim run homodyne digits_cnn --repetitions 4 --accuracy =="
	@$(BIN)/archsim run homodyne digits_cnn --repetitions 4 --accuracy
	@echo "== the same energy, spent where it matters: $(LEARN) =="
	@$(BIN)/$(LEARN)

lint: $(READY)
	@echo "== ruff: style =="
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "== mypy --strict: types =="
	@$(BIN)/mypy
	@echo "== import-linter: layers =="
	@$(BIN)/lint-imports

test: lint
	@echo "== pytest =="
	@$(BIN)/pytest -n auto --dist worksteal

test-slow: $(READY)
	@$(BIN)/pytest -m slow

test-engines: $(READY)
	@echo "== pytest: both engines on long runs =="
	@$(BIN)/pytest -m slow -n auto --dist worksteal tests/contract -k on_long_runs

test-faults: $(READY)
	@echo "== pytest: sweeps under fire =="
	@$(BIN)/pytest -m slow tests/contract/test_sweep_faults.py tests/contract/test_sweep_on_dask.py

bench: $(READY)
	@for script in tests/bench/bench_*.py; do echo "== $$script =="; $(BIN)/python $$script || exit 1; done

clean:
	rm -rf .venv .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
