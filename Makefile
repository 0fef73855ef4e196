# The steps that a newcomer, a developer and CI run, by the same names.

# Programs that the tests start would otherwise be compiled anew each time, where the environment forbids to keep that.
unexport PYTHONDONTWRITEBYTECODE
PYTHON ?= python3
UV := .venv/bin/uv
RUN := .venv/bin
# What is drawn by chance in tests follows from one number, 0 or the one asked for; `make chance` and each night take another.
SEED ?= 0
CHANCE = PHR_TEST_SEED=$(SEED) PYTHONHASHSEED=$(SEED)

.PHONY: demo test bench install lint types contracts unit chance nightly docs sbom advisories clean

demo: install
	@$(RUN)/phr demo $(ARGS)

test: install lint types contracts unit

bench: install
	@$(RUN)/phr bench all $(ARGS)

install: .venv/installed

# uv comes from PyPI into the environment itself, so that nothing but Python is needed.
.venv/installed: pyproject.toml uv.lock
	@$(PYTHON) -m venv .venv
	@$(RUN)/pip install --quiet --disable-pip-version-check 'uv>=0.9'
	@VIRTUAL_ENV=$(CURDIR)/.venv UV_PROJECT_ENVIRONMENT=$(CURDIR)/.venv $(UV) sync --frozen --inexact --quiet
	@touch $@

lint: install
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/codespell README.md docs phr ingest consent risk synthetic_data tests

types: install
	$(RUN)/mypy

contracts: install
	$(RUN)/lint-imports

unit: install
	$(CHANCE) $(RUN)/pytest -n 3 --dist loadfile --no-loadscope-reorder --cov --cov-report= -m "not slow" $(ARGS)
	$(RUN)/coverage report --fail-under=90
	$(RUN)/coverage report --include='consent/*,phr/domain/*' --fail-under=100

# Every test with a number that no run had: it finds what a test takes for impossible and chance can draw.
chance: SEED := $(shell date +%s)
chance: unit

# What takes hours: a million inputs for each decoder, a gigabyte of an export, long runs against every collector.
nightly: SEED := $(shell date +%s)
nightly: install
	PHR_FUZZ=$${PHR_FUZZ:-1000000} $(CHANCE) $(RUN)/pytest -n 2 --dist loadfile -m slow $(ARGS)

# The generated parts of the reference, and the picture of each page where there is a browser to take it.
docs: install
	$(RUN)/python -m docs.generate
	@if command -v chromium > /dev/null || command -v chromium-browser > /dev/null; then $(RUN)/python -m docs.screenshots --kept; \
	else echo "no Chromium on this machine: docs/pictures stays as it is"; fi

# The bill of materials: what is installed, and what the pages carry.
sbom: install
	@mkdir -p dist
	$(RUN)/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml --of JSON -o dist/sbom-python.json .venv/bin/python
	cd phr/web && npm sbom --package-lock-only --sbom-format cyclonedx --sbom-type application > ../../dist/sbom-pages.json

# Known faults of what is installed; needs PyPI's and npm's advisories.
advisories: install
	$(RUN)/pip-audit --local --progress-spinner off
	cd phr/web && npm audit --package-lock-only --omit dev

clean:
	rm -rf .venv .phr .coverage* .mypy_cache .pytest_cache .ruff_cache
