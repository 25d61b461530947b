# Every check and every figure is a target here; `.ci/run` calls the same ones.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable
# What a user has, what the tests need besides, the peer that only benchmarks need, and what builds the site: the first
# table need not wait for the rest.
READY := $(VENV)/ready
READY_TEST := $(VENV)/ready-test
READY_BENCH := $(VENV)/ready-bench
READY_DOCS := $(VENV)/ready-docs
READY_SPARK := $(VENV)/ready-spark
PYTEST := $(BIN)/python -m pytest --quiet
# One worker more than cores, as many tests wait for a process that they started.
WORKERS ?= $(shell expr $$(nproc) + 1)
SPREAD := --numprocesses=$(WORKERS) --maxprocesses=8 --dist=worksteal
# The tests of kernels run them as plain Python too.
COVER := --cov=src/fastmetrics --cov-report=term:skip-covered

.PHONY: help demo test pytest test-all test-everything test-lowest test-pythons soak stubs check rooms coverage
.PHONY: bench bench-full bench-text bench-values bench-quick bench-revisions causes intervals precision docs clean

help: ## Show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 17

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) .
	touch $@

$(READY_TEST): $(READY)
	$(INSTALL) ".[delta,dev,iceberg,peers,plot,yaml]"
	touch $@

$(READY_BENCH): $(READY_TEST)
	$(INSTALL) ".[bench]"
	touch $@

$(READY_SPARK): $(READY_TEST)
	$(INSTALL) ".[spark]"
	touch $@

$(READY_DOCS): $(READY)
	$(INSTALL) ".[docs]"
	touch $@

demo: $(READY) ## Write a month of LLM prediction logs, count them, show who got worse
	$(BIN)/python -m fastmetrics.demo

test: check pytest ## Style, types, import direction and all tests but the slow and heavy ones

pytest: $(READY_TEST)
	$(PYTEST) $(SPREAD) -m "not slow and not heavy"

# Before a release. A test that `make test` leaves out runs here.
test-all: check docs test-everything soak test-lowest test-pythons ## All there is, before a release

test-everything: $(READY_SPARK) ## The slow and heavy tests too, those on Spark among them, and benchmarks once each
	$(PYTEST) $(SPREAD) $(COVER)
	$(PYTEST) benchmarks/quick --benchmark-disable

test-lowest: ## The tests with the lowest versions that pyproject.toml allows
	mkdir -p build
	$(PYTHON) tests/lowest.py > build/lowest.txt
	PIP_CONSTRAINT=$(CURDIR)/build/lowest.txt $(MAKE) pytest VENV=.venv-lowest

test-pythons: $(READY_TEST) ## The tests on every other Python from 3.11 to 3.14 that is installed
	for version in 3.11 3.12 3.13 3.14; do \
		if python$$version --version > /dev/null 2>&1 && ! test -e $(BIN)/python$$version; then \
			$(MAKE) pytest VENV=.venv-$$version PYTHON=python$$version || exit 1; \
		fi; \
	done

coverage: $(READY_TEST) ## The share of lines that tests run, kernels as plain Python
	$(PYTEST) $(SPREAD) -m "not slow and not heavy" $(COVER)

SEED ?= $(shell date +%s)
soak: $(READY_TEST) ## The laws of the tests in large, for minutes; SEED= repeats a run
	@echo "SEED=$(SEED)"
	SEED=$(SEED) $(PYTEST) tests/soak

stubs: $(READY_TEST) ## Write what is made from rows: stubs for type checkers, docs/metrics.md, options.md and signals.md
	$(BIN)/python tests/stubs.py
	$(BIN)/python tests/row_pages.py

check: $(READY_TEST) ## Style, types and import direction
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

rooms: ## The rooms of the source and the arrows between them
	$(PYTHON) tests/rooms.py

bench: $(READY_BENCH) ## Equality with the peers, then CPU-time ratios: benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.expressions --rows 4000000 --rounds 5

bench-full: $(READY_BENCH) ## The same on 50 million rows, and on a billion of them in Parquet
	$(BIN)/python -m benchmarks.speed --full --rows 50000000
	$(BIN)/python -m benchmarks.expressions
	$(BIN)/python -m benchmarks.arrays

bench-text: $(READY_BENCH) ## Measures of text beside the reference packages: the section "Text" of benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.text

bench-values: $(READY_BENCH) ## Numbers and flags beside Polars and sketches: the section "Values" of RESULTS.md
	$(BIN)/python -m benchmarks.values

# CPU time, beside the run before, which is kept in build/bench-quick.
bench-quick: $(READY_TEST) ## The core works beside numpy, in a minute, and beside the last run
	$(PYTEST) benchmarks/quick -W default::pytest_benchmark.logger.PytestBenchmarkWarning \
		--benchmark-timer=time.process_time --benchmark-columns=min,median,rounds \
		--benchmark-storage=build/bench-quick --benchmark-autosave --benchmark-compare

bench-revisions: $(READY_TEST) ## What a change costs: BEFORE=FOLDER is a checkout without it, the two take turns
	$(BIN)/python -m benchmarks.revisions $(BEFORE)

causes: $(READY_TEST) ## Root causes against planted ones: FAULTBENCH, ROOTS, TRAINING and LATTICES .md in benchmarks
	$(BIN)/python -m benchmarks.faultbench --log employment_MA --seeds 0:200 --nulls 0:1000 --jobs 2
	$(BIN)/python -m benchmarks.faultbench --log synthetic_sample --seeds 0:200 --nulls 0:1000 --jobs 2
	for set in S L; do $(BIN)/python -m benchmarks.roots --set $$set --cases 100 --seed 1000; done
	$(BIN)/python -m benchmarks.curves
	$(BIN)/python -m benchmarks.lattices

intervals: $(READY_TEST) ## The measured coverage of every interval: benchmarks/COVERAGE.md
	$(BIN)/python -m benchmarks.interval_coverage

precision: $(READY_TEST) ## 1e8 values around 1e12 against exact rational arithmetic
	$(BIN)/python -m benchmarks.precision

docs: $(READY_DOCS) ## The pages as a site: build/site
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -c docs -d build/doctrees . build/site

clean: ## Remove what the targets made
	rm -rf $(VENV) .venv-* demo-log build dist
