# Every target sets up what it needs; a new machine needs nothing but Python 3.11 or newer.
PYTHON ?= python3
UV := .venv/tools/bin/uv
BIN := .venv/dev/bin
LANES := airflow dagster prefect
DBTS := dbt110 dbt112
OTHERS := 3.12 3.13
SHOP := examples/shop
MANIFEST := $(SHOP)/dbt/target/manifest.json
# without compiled modules each of the thousands of processes of a test run compiles its own
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test check lint format snapshots lab fuzz bench setup lanes editor others pins clean

help:  ## Show what there is.
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: setup $(MANIFEST)  ## Render the example for every back end, and run it on DuckDB.
	$(PYTHON) $(SHOP)/demo.py $(abspath $(BIN))

test: check lanes  ## Everything, on the real orchestrators and each dbt.
	$(MAKE) --jobs 2 $(DBTS:%=on-%)
	$(BIN)/python -m pytest -n 2 --dist loadgroup tests/conformance tests/packaging

on-%: .venv/%/.synced
	.venv/$*/bin/python -m pytest -q tests/dbt

check: setup lint editor others $(MANIFEST)  ## The quick loop: style, types, layers, and all tests but the slow.
	$(BIN)/python -m pytest -n 2 tests --ignore tests/conformance --ignore tests/packaging

lab: setup lanes  ## What takes hours: every case everywhere, 500 drawn pipelines, live servers.
	$(BIN)/python -m pytest -q -m lab tests
	PIPEGEN_DRAWS=500 $(BIN)/python -m pytest -q -n 2 --dist loadgroup tests/conformance/test_drawn.py
	for dbt in $(DBTS); do .venv/$$dbt/bin/python -m pytest -q -m lab tests/dbt || exit 1; done

fuzz: setup  ## The trust tests with many times the cases; FUZZ=100 for more.
	PIPEGEN_FUZZ=$(or $(FUZZ),50) $(BIN)/python -m pytest -q -rP tests/trust

bench: setup $(LANES:%=.venv/%/.synced) .venv/peers/.synced  ## What pipegen and its output cost, each beside its peer.
	$(BIN)/python benchmarks/validate.py
	$(BIN)/python benchmarks/selections.py
	$(BIN)/python benchmarks/load.py
	$(BIN)/python benchmarks/overhead.py

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup  ## Format the code.
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

snapshots: setup $(MANIFEST)  ## Rewrite the expected files; read the diff before you commit it.
	$(BIN)/python -m pytest -q tests/snapshot tests/diagnostics --update-snapshots
	cd $(SHOP) && $(abspath $(BIN))/pipegen render

setup: .venv/dev/.installed

editor: .venv/editor/.installed

others: $(UV)  ## Environments of the other Pythons this machine has.
	@for version in $(OTHERS); do \
	  python=$$(ls $${PYENV_ROOT:-$$HOME/.pyenv}/versions/$$version.*/bin/python 2>/dev/null | tail -1); \
	  python=$${python:-$$(command -v python$$version)}; \
	  "$${python:-false}" -c pass 2>/dev/null || continue; \
	  test -x .venv/py$$version/bin/python || $(UV) venv --quiet --python $$python .venv/py$$version; \
	  $(UV) pip sync --quiet --python .venv/py$$version/bin/python requirements/dev.txt || exit 1; \
	done

lanes: $(LANES:%=.venv/%/.synced) $(DBTS:%=.venv/%/.synced)

$(MANIFEST): $(shell find $(SHOP)/dbt -type f -not -path '*/target/*' -not -path '*/logs/*') | setup
	cd $(SHOP)/dbt && $(abspath $(BIN))/dbt --quiet parse --profiles-dir .
	@touch $@

.venv/tools/bin/uv: requirements/tools.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pipegen needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv/tools
	.venv/tools/bin/python -m pip install --quiet --requirement requirements/tools.txt
	touch $@

.venv/dev/.installed: .venv/dev/.synced pyproject.toml
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

.venv/editor/.installed: .venv/editor/.synced requirements/editor/package.json
	cp requirements/editor/package.json .venv/editor/package.json
	.venv/editor/bin/npm install --silent --prefix .venv/editor --ignore-scripts --no-package-lock --no-audit --no-fund
	touch $@

.venv/%/.synced: requirements/%.txt $(UV)
	test -x .venv/$*/bin/python || $(UV) venv --quiet --python .venv/tools/bin/python .venv/$*
	$(UV) pip sync --quiet --python .venv/$*/bin/python requirements/$*.txt
	touch $@

pins: $(UV)  ## Resolve requirements/*.in again; PINS=--upgrade for the newest.
	for lane in dev editor peers $(LANES) $(DBTS); do $(UV) pip compile --quiet --universal --no-header --no-annotate \
	  --python-version 3.11 --override requirements/overrides.txt $(PINS) \
	  requirements/$$lane.in --output-file requirements/$$lane.txt || exit 1; done

clean:  ## Remove the environments and what tools leave behind.
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache dist
