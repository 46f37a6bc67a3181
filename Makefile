# Two commands for everybody, from a clean clone with nothing but python3 and make:
#   make demo   the whole network on this machine, with a case walked through it; ONCE=1 walks and exits, HOLD=seconds
#   make test   what is tested, but for what takes long by itself; ALL=1 runs everything, as .ci/run does
# and for who works on it: make check, make browser, make pictures, make bench, make sim, make crash, make fuzz,
# make planted, make testing, make image.
# Whatever is said while installing goes to standard error: the last line of `make demo ONCE=1` belongs to the demo. (Called
# from elsewhere, as make -C folder, make adds a line of its own at the end; make -s -C folder does not.)

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/pip install --quiet --quiet --disable-pip-version-check
RUNS := $(VENV)/.runs
TESTS := $(VENV)/.tests
FUZZED := $(VENV)/.fuzzed

# Programs that tests and rigs start a hundred times read what was compiled before, wherever the shell says otherwise.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test check browser pictures bench sim crash fuzz planted testing image
.DELETE_ON_ERROR:

demo: $(RUNS)
	@$(BIN)/center-node demo $(if $(filter-out 0,$(ONCE)),--once) $(if $(HOLD),--hold $(HOLD))

# The database and the browser are the system's: found, or installed where we may, or their tests say that they are skipped.
# The slow ones come first: one that began last would keep one of them busy alone. Three for two cores: while one waits for
# a browser, a line or a process of its own, the others go on. Two in forty tests take two thirds of the time (days of people
# in a browser, nodes as processes, the rigs themselves): they are for .ci/run, and for ALL=1.
test: $(TESTS)
	@.ci/system-packages postgresql chromium shell fuse fat fiu || true
	@$(if $(filter-out 0,$(ALL)),,echo "Slow tests are left out; all of them: make test ALL=1" >&2)
	@$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder $(if $(filter-out 0,$(ALL)),,-m "not slow") $(PYTEST_ARGS)

check: $(TESTS)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/pytest -q tests/architecture

browser: $(TESTS)
	@.ci/system-packages chromium shell
	@SANJI_REQUIRE=browser $(BIN)/pytest -m browser $(PYTEST_ARGS)

# The pictures of the READMEs, drawn anew by the pages; look at each before it is committed.
pictures: $(TESTS)
	@.ci/system-packages chromium shell
	@SANJI_REQUIRE=browser SANJI_PICTURES=tests/browser/pictures $(BIN)/pytest -q tests/browser/test_pictures.py

bench: $(TESTS)
	@$(BIN)/python -m tests.benchmarks

# SEED=17 DAYS=30 plays one seed again; SEEDS=200 DAYS=30 is the usual campaign, SEEDS=1000 DAYS=60 the one of a release.
sim: $(TESTS)
	@$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED)) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(DAYS),--days $(DAYS)) $(SIM_ARGS)

# Power cuts on a recorded disk (needs root and FUSE) and kill -9 of whole processes: STATES=100000 KILLS=2000 for a release.
crash: $(TESTS)
	@$(BIN)/python -m tests.crash $(if $(STATES),--states $(STATES)) $(if $(KILLS),--kills $(KILLS)) $(CRASH_ARGS)

# Everything that reads what strangers wrote, led by coverage: EXECUTIONS=2000000 for a release.
fuzz: $(FUZZED)
	@$(BIN)/python -m tests.fuzz $(if $(EXECUTIONS),--runs $(EXECUTIONS)) $(FUZZ_ARGS)

# Each fault of tests/planted/faults in a copy of the tree, caught by the test that it names; FAULTS='01 47' plants
# only some of them.
planted: $(TESTS)
	@$(BIN)/python -m tests.planted $(FAULTS)

# All four rigs, and tests/TESTING.md written from their last lines; TESTING_ARGS="--seeds 1000 --days 60" for a release.
testing: $(FUZZED)
	@$(BIN)/python -m tests.testing $(TESTING_ARGS)

image: $(RUNS)
	@docker/build-image $(BIN)/python

# Installed again only when pyproject.toml changes; the packages themselves are read from the tree (an editable install).
$(RUNS): pyproject.toml | $(BIN)/pip
	@echo "Installing Sanji into $(VENV), about a minute ..." >&2
	@$(PIP_INSTALL) --editable . >&2
	@touch $@

$(TESTS): pyproject.toml | $(BIN)/pip
	@echo "Installing Sanji and what tests it into $(VENV), about two minutes ..." >&2
	@$(PIP_INSTALL) --editable '.[test,county,browser]' >&2
	@touch $@ $(RUNS)

$(FUZZED): $(TESTS)
	@$(PIP_INSTALL) --editable '.[fuzz]' >&2
	@touch $@

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Sanji needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || .ci/system-packages python3-venv
	@$(PYTHON) -m venv $(VENV) >&2
