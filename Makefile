# engage: `make demo` shows it at work, `make test` runs every test. Both make what they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The demo's own instant: the sample data ends the day before.
DEMO_AS_OF := 2026-11-23T10:00:00Z
# Signs the unsubscribe links of the demo's letters.
demo: export ENGAGE_UNSUBSCRIBE_KEY ?= the key of the demo shop

.PHONY: demo test lint format generated agreement kills bench clean sample-data

demo: $(VENV)/.installed
	@$(BIN)/engage check
	@$(BIN)/python -m sample_data.fortnight
	@$(BIN)/engage run --as-of $(DEMO_AS_OF)
	@$(BIN)/engage broadcast status black_friday --as-of $(DEMO_AS_OF)
	@find out/runs -type f -not -path '*/audiences/*' | LC_ALL=C sort

# Workers take tests from each other: by default the one that is given the long ones keeps them.
test: $(VENV)/.tested
	$(BIN)/pytest -n auto --dist worksteal

# A longer search for disagreements between the SQL and the plain evaluator.
generated: $(VENV)/.tested
	ENGAGE_EXAMPLES=20000 ENGAGE_TEST_THREADS=2 $(BIN)/pytest tests/generated -n auto

# 50,000 generated journeys, histories and schedules of ticks against the plain simulator; `make test` takes 2,000.
agreement: $(VENV)/.tested
	ENGAGE_EXAMPLES=25000 ENGAGE_TEST_THREADS=2 $(BIN)/pytest tests/generated/test_journey_agreement.py -n auto

# Ticks that are killed at every crash point and 500 times at random, and all else that is killed in tests, at every crash point; each run
# again: nothing is lost, nothing twice. `make test` kills at some of the points, and ticks eight times at random.
kills: $(VENV)/.tested
	ENGAGE_TEST_THREADS=2 ENGAGE_KILLS=500 ENGAGE_KILL_STRIDE=1 $(BIN)/pytest tests -k killed -n auto

# What engage costs, beside SQL written by hand, Polars and ClickHouse: docs/performance.md. Takes about an hour.
BENCH ?=
bench: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	$(BIN)/python -m benchmarks.run $(BENCH)

lint: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.tested
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

sample-data: $(VENV)/.installed
	$(BIN)/python -m sample_data.generate

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "engage needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.tested: $(VENV)/.installed pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

clean:
	rm -rf .engage out build *.egg-info
