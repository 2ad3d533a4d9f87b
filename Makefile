# make install | run | evaluate | test | lint
PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin

.PHONY: install run evaluate test lint

install: .venv/.installed .venv/.prepared

.venv/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -c 'import sys; sys.exit("Python 3.11 or newer is needed: make install PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

# The embedding model, verified and compiled into the user's cache directory.
.venv/.prepared: .venv/.installed
	$(BIN)/python -m ingest prepare
	touch $@

# A file that could not be read (exit 1) still opens the page; no index at all (exit 2) does not.
run: install
	$(BIN)/python -m ingest sync || test $$? -eq 1
	$(BIN)/python -m assistant serve --port $(PORT)

# How good the answers are, by our own questions on the built-in library.
evaluate: install
	$(BIN)/python -m ingest sync || test $$? -eq 1
	$(BIN)/python -m assistant evaluate

test: install
	$(BIN)/python -m pytest --cov --cov-report=term --cov-fail-under=90

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
