# The commands of the project. `make run` needs Python ≥ 3.11; Java ≥ 17 and Maven give the real broker.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MUTANTS := .venv-mutants
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The sample county and a data folder of its own, unless the environment says otherwise.
export TOCSIN_DATA_DIR ?= var
export TOCSIN_DIRECTORY ?= deploy/sample/county.yaml

.PHONY: run test faults check format bench bench-scale bench-notify bench-roll-call lock contracts soak sim stories mutants clean

run: $(VENV)/.run ## start a broker, every service and the sample county
	$(BIN)/tocsin up --sample

test: $(VENV)/.dev ## run everything that can run here
	$(BIN)/python -m pytest

check: $(VENV)/.dev ## linters, types, layers, stale contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/tocsin contracts check

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## latency and lateness, beside this machine's floor
	$(BIN)/python -m tests.bench

bench-scale: $(VENV)/.dev ## a million open cases: restart, memory, lateness, throughput, the tick, the storm
	$(BIN)/python -m tests.bench.scale

bench-notify: $(VENV)/.dev ## messages a second of one notifier beside a bare POST loop; incidents beside a bulk notice
	$(BIN)/python -m tests.bench.notify

bench-roll-call: $(VENV)/.dev ## a province's answers a second; 70,000 schools missing at one moment, and incidents meanwhile
	$(BIN)/python -m tests.bench.roll_call

faults: $(VENV)/.dev ## only the tests that kill, freeze, cut and wipe the real parts
	$(BIN)/python -m pytest -m faults

soak: $(VENV)/.dev ## the property tests for a long time, then the faults three times over
	HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest tests/property -o timeout=7200
	for round in 1 2 3; do $(BIN)/python -m pytest -m faults || exit 1; done

sim: $(VENV)/.dev ## the whole chain in virtual time, thousands of seeded lives full of faults: SIM_RUNS=2000 SIM_FROM=1
	$(BIN)/python -m tests.simulation --runs $(or $(SIM_RUNS),2000) --from $(or $(SIM_FROM),1)

stories: $(VENV)/.dev ## write tests/stories/told anew; read the difference before it is kept
	$(BIN)/python -m tests.stories

mutants: $(MUTANTS)/.done ## break the core in small ways: does a test notice? May be stopped, and goes on: MUTANTS_JOBS=2
	$(MUTANTS)/bin/python -m tests.mutants $(MUTANTS_LIKE)

contracts: $(VENV)/.dev ## write contracts/ anew from the code
	$(BIN)/tocsin contracts write

lock: ## resolve the dependencies anew; needs uv
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--extra embedded pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--extra embedded --extra dev pyproject.toml -o requirements-dev.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group mutants -o requirements-mutants.lock

clean:
	rm -rf $(VENV) $(MUTANTS) mutants var .mypy_cache .ruff_cache .pytest_cache

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Tocsin needs Python 3.11 or newer, this is " + sys.version.split()[0] + ": make PYTHON=python3.11 …" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@ $(VENV)/.run

$(MUTANTS)/.done: requirements-mutants.lock
	@echo "mutmut gets an environment of its own, $(MUTANTS): its click is too new for faust's"
	$(PYTHON) -m venv $(MUTANTS)
	$(MUTANTS)/bin/python -m pip install --quiet --require-hashes -r requirements-mutants.lock
	touch $@
