# Every target sets itself up: .venv from hash-pinned requirements, Debian packages where tests need them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test lint soak bench venv dev debian requirements clean

$(VENV)/.runtime: requirements.txt requirements-build.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements.txt
	$(PIP) --require-hashes -r requirements-build.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q worker connectors
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.txt
	$(PIP) --require-hashes -r requirements-dev.txt
	touch $@

venv: $(VENV)/.runtime
dev: $(VENV)/.dev

debian:
	sh tests/debian.sh

demo: venv
	$(BIN)/mail-to-case demo $(ARGS)

# Two at a time: much of it waits for servers. A file's tests stay together, as they share what they start.
JOBS ?= 2
test: dev debian lint
	$(BIN)/pytest -n $(JOBS) --dist loadfile $(ARGS)

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

soak: dev debian
	$(BIN)/pytest -m soak --timeout 3600 $(ARGS)

bench: dev debian
	$(BIN)/mail-to-case bench $(ARGS)

requirements:
	uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header pyproject.toml -o requirements.txt
	uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --group dev pyproject.toml -o requirements-dev.txt
	uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --group build -o requirements-build.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
