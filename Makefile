# Every target sets up what it needs; a new machine needs nothing but Python 3.11 or newer.
PYTHON ?= python3
UV := .venv/tools/bin/uv
DEV := .venv/dev/bin
LANES := airflow dagster prefect
SHOP := examples/shop

.PHONY: setup check test demo pins clean

setup: .venv/dev/.synced

.venv/tools/bin/uv: requirements/tools.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pipegen needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv/tools
	.venv/tools/bin/python -m pip install --quiet --requirement requirements/tools.txt
	touch $@

.venv/%/.synced: requirements/%.txt $(UV)
	test -x .venv/$*/bin/python || $(UV) venv --quiet --python .venv/tools/bin/python .venv/$*
	$(UV) pip sync --quiet --python .venv/$*/bin/python requirements/$*.txt
	touch $@

pins: $(UV)  ## Resolve requirements/*.in again.
	for lane in dev $(LANES); do $(UV) pip compile --quiet --universal --no-header --no-annotate --python-version 3.11 \
	  --override requirements/overrides.txt requirements/$$lane.in --output-file requirements/$$lane.txt $(PINS) || exit 1; done
