# Everything runs in an environment of its own; nothing but git, make and Python >= 3.11 with venv is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: docs demo test lint format lock bench pictures wheel binary clean help

help:
	@echo "make demo    a shop with customers, made, run, shown in top, and removed"
	@echo "make test    all tests"
	@echo "make lint    style, types and the import contract"
	@echo "make format  put the code into its usual form"
	@echo "make docs    write docs/manifests.md from the models, and the man pages from the commands"
	@echo "make lock    renew requirements*.lock from pyproject.toml"
	@echo "make bench   measure it beside the plain way of doing the same"
	@echo "make pictures  take the pictures of the README anew"
	@echo "make wheel   build the wheel and the sdist into dist/"
	@echo "make binary  build the single binary into dist/; needs a C compiler and zstd's library"

demo: $(READY)
	$(BIN)/spacectl demo

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist worksteal

docs: $(READY)
	$(BIN)/python scripts/reference.py
	$(BIN)/python scripts/manual.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

pictures: $(READY)
	$(BIN)/python scripts/pictures.py docs/pictures

lock: $(READY)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade \
		pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--constraint requirements.lock pyproject.toml --group dev --output-file requirements-dev.lock

bench: $(READY)
	$(BIN)/python benchmarks/run.py

wheel: $(READY)
	$(BIN)/uv build --quiet --no-build-isolation --python $(BIN)/python

binary: $(READY)
	$(BIN)/python scripts/binary/build.py

clean:
	rm -rf $(VENV) dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# The environment is made anew when the lock changes; a half-made one is not taken for a whole one.
$(READY): requirements-dev.lock pyproject.toml
	@echo "preparing $(VENV) …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: Python 3.11 or newer is needed; name one with PYTHON=…" >&2; exit 6; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)
