# make install | run | evaluate | test | lint | reference | benchmark | test-scale
PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin

.PHONY: install run evaluate test lint reference benchmark test-scale

install: .venv/.installed .venv/.prepared

# What a reader needs, and no more.
.venv/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -c 'import sys; sys.exit("Python 3.11 or newer is needed: make install PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	@echo "Installing the packages into .venv; the first time this takes a few minutes."
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -c constraints.txt -e . | sed -u -n 's/^Collecting /  /p; s/^Installing collected.*/  unpacking .../p; /ERROR/p'
	@$(BIN)/python -c 'import streamlit, tokenizers' || { echo "The packages could not be installed: see above." >&2; exit 1; }
	touch $@

# What a developer needs besides: the tools of tests, lint and types.
.venv/.developing: .venv/.installed
	@echo "Installing the tools of development."
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -c constraints.txt -e '.[dev]' | sed -u -n 's/^Collecting /  /p; s/^Installing collected.*/  unpacking .../p; /ERROR/p'
	@$(BIN)/python -c 'import pytest, ruff' || { echo "The packages could not be installed: see above." >&2; exit 1; }
	touch $@

# The embedding model, verified and compiled into the user's cache directory.
.venv/.prepared: .venv/.installed
	@echo "Checking the embedding model and compiling it for this machine, once; this takes about a minute."
	$(BIN)/python -m ingest prepare
	touch $@

# A file that could not be read (exit 1) still opens the page; no index at all (exit 2) does not.
run: install
	@echo "Bringing the index up to date; the first time this takes about a minute."
	$(BIN)/python -m ingest sync || test $$? -eq 1
	$(BIN)/python -m assistant serve --port $(PORT)

# How good the answers are, by our own questions on the built-in library.
evaluate: install
	$(BIN)/python -m ingest sync || test $$? -eq 1
	$(BIN)/python -m assistant evaluate

test: install .venv/.developing
	$(BIN)/python -m pytest --cov --cov-report=term --cov-fail-under=90

lint: install .venv/.developing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# docs/reference.md, from the code: commands, settings, JSON fields.
reference: install .venv/.developing
	$(BIN)/python tests/reference.py

# Next to the plain pipeline, and from 1,000 passages to SIZES; the figures go into docs/performance.md.
CORPUS ?= ../shared/corpus
SIZES ?= 1000,5000,20000,100000
benchmark: install .venv/.developing
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[benchmark]'
	mkdir -p build
	$(BIN)/python tests/benchmark/compare.py --corpus $(CORPUS) --output build/compared.json
	$(BIN)/python tests/benchmark/growth.py --sizes $(SIZES) --output build/growth.json
	$(BIN)/python tests/benchmark/report.py build/compared.json build/growth.json docs

# The tests of sync --engine ray, which `make test` skips where Ray is not installed (200 MB).
test-scale: install .venv/.developing
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[scale]'
	$(BIN)/python -m pytest --no-cov -m slow
