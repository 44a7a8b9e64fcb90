# The whole set-up of a fresh machine that has python3 (3.11 or newer) and make.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check install --no-input --no-compile --require-hashes
WORKERS ?= $(shell getconf _NPROCESSORS_ONLN)
WAITERS ?= $(shell expr 2 '*' $(WORKERS))
# Half of them; of two, the one that runs make's command itself.
HALF ?= $(shell [ $(WORKERS) -gt 3 ] && expr $(WORKERS) / 2 || echo 0)

# What a test process compiles, the next one need not.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: .venv demo up test test-calls test-stacks thorough check lint types judges lock schemas long simulate strangers bench-copy bench-coldstart bench-cost bench-latency bench-scale bench screenshots clean help

help: ## this list
	@grep -hE '^[a-z.-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

.venv: .venv/laptop.stamp ## the environment that holds the `dropreel` command

.venv/laptop.stamp: requirements/pip.txt requirements/laptop.txt pyproject.toml
	@echo "· making .venv ($$($(PYTHON) --version))"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "dropreel needs Python 3.11 or newer")'
	@$(PYTHON) -m venv .venv
	@echo "· installing what the laptop stack needs (once, about half a minute)"
	@$(PIP) --requirement requirements/pip.txt
	@$(PIP) --requirement requirements/laptop.txt
	@$(BIN)/python -m pip -qq --disable-pip-version-check install --no-build-isolation --no-deps --editable .
	@touch $@

.venv/dev.stamp: .venv/laptop.stamp requirements/dev.txt
	@echo "· installing what the tests need (once)"
	@$(PIP) --requirement requirements/dev.txt
	@touch $@

demo: .venv/laptop.stamp ## a picture and a sound become a film, on this machine
	@$(BIN)/dropreel demo

up: .venv/laptop.stamp ## the whole stack on this machine, until Ctrl-C
	@$(BIN)/dropreel up

PYTEST := $(BIN)/python -m pytest --quiet
SHORT := -m 'not cdk_cli and not browser and not thorough and not long and not judge'

# Each part has processes of its own: moto keeps its accounts in the process, and one part's reset would end another's
# stack. To start a process and read a part's tests takes seconds, so there are few. Two rows of parts run side by side:
# one keeps the processors busy, while the other mostly waits. loadgroup is ours (tests/e2e/conftest.py).
test: lint ## everything that needs no more than Python, but for the types
	@echo "· tests"
	@$(MAKE) --no-print-directory --jobs 2 test-calls test-stacks

test-calls:
	@$(PYTEST) tests/unit $(SHORT) --numprocesses $(HALF) --dist worksteal
	@$(PYTEST) tests/simulation $(SHORT) --numprocesses $(HALF) --dist worksteal
	@$(PYTEST) tests/infra $(SHORT) --numprocesses $(HALF) --dist worksteal

test-stacks:
	@$(PYTEST) tests/e2e $(SHORT) --numprocesses $(WORKERS) --dist loadgroup
	@$(PYTEST) tests/integration $(SHORT) --numprocesses $(WORKERS) --dist worksteal

thorough: .venv/dev.stamp ## that the laptop stack is as strict as AWS, and the simulation finds what is wrong (minutes)
	@$(PYTEST) tests/unit -m thorough --numprocesses $(WORKERS) --dist worksteal
	@$(PYTEST) tests/simulation -m thorough --numprocesses $(WORKERS) --dist worksteal
	@$(PYTEST) tests/e2e -m thorough --numprocesses $(WAITERS) --dist loadgroup

check: lint types ## style, types and the unit tests that serve and copy nothing: the quick loop
	@echo "· unit tests"
	@$(PYTEST) tests/unit $(SHORT) --numprocesses $(WORKERS) --dist worksteal -k 'not copying and not simulated and not unpacking'

lint: .venv/dev.stamp
	@echo "· ruff"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .

.venv/types.stamp: .venv/dev.stamp requirements/types.txt
	@echo "· installing mypy (once)"
	@$(PIP) --requirement requirements/types.txt
	@touch $@

types: .venv/types.stamp ## mypy --strict (a minute at first, seconds then)
	@echo "· mypy --strict"
	@$(BIN)/mypy --no-error-summary
	@for handler in functions/*/handler.py; do $(BIN)/mypy --no-error-summary $$handler || exit 1; done

.build/judges.stamp: .venv/dev.stamp requirements/judges.txt
	@echo "· installing the judges (once)"
	@$(PYTHON) -m venv .build/judges
	@$(subst $(BIN),.build/judges/bin,$(PIP)) --requirement requirements/judges.txt
	@touch $@

judges: .build/judges.stamp ## what others than moto say: MiniStack, SeaweedFS, validators (minutes)
	@$(PYTEST) tests/judges --numprocesses 3 --dist loadfile >.build/judges.log 2>&1 & judges=$$!; \
	  $(BIN)/python -m tests.judges --quiet $(SHORT) --numprocesses $(WORKERS) --dist worksteal; \
	  tests=$$?; wait $$judges || tests=1; cat .build/judges.log; exit $$tests

lock: .venv/dev.stamp ## choose versions anew (needs uv)
	@for name in layers/vendor/requirements layers/http/requirements layers/catalog/requirements requirements/pip requirements/laptop requirements/dev requirements/types requirements/browser requirements/judges requirements/bench \
	  benchmarks/coldstart/bare/requirements benchmarks/coldstart/usual/requirements; do \
	  uv pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
	    --no-emit-index-url --no-strip-extras $$name.in --output-file $$name.txt || exit 1; done

schemas: .venv/laptop.stamp ## docs/schemas, by which editors complete a settings file
	@for model in $$($(BIN)/dropreel models --json | sed 's/^{"id": "\([^"]*\)".*/\1/'); do \
	  $(BIN)/dropreel models $$model --schema >docs/schemas/$$model.json || exit 1; done

long: .venv/dev.stamp ## the tests that take minutes: the command line, the docs' commands, every life of a job killed everywhere
	@$(PYTEST) tests/e2e -m long --numprocesses $(WORKERS) --dist worksteal
	@$(PYTEST) tests/simulation -m long --numprocesses $(WORKERS) --dist worksteal

simulate: .venv/dev.stamp ## 10,000 random schedules of crashes, repeats and refusals (most of an hour)
	@$(BIN)/python -m tests.simulation --schedules 10000

strangers: .venv/dev.stamp ## tens of thousands of hostile requests at the callback's door (minutes)
	@$(BIN)/python -m pytest tests/e2e/test_strangers.py --quiet --hypothesis-profile=long

.build/bench.stamp: .venv/laptop.stamp requirements/bench.txt
	@echo "· installing what the copy is compared with (once)"
	@$(PYTHON) -m venv .build/bench
	@$(subst $(BIN),.build/bench/bin,$(PIP)) --requirement requirements/bench.txt
	@touch $@

bench-copy: .build/bench.stamp ## the copy beside rclone, curl | aws and boto3 (ten minutes; renews docs/performance.md)
	@$(BIN)/python -m benchmarks.copy --runs 5 --write

bench-coldstart: .venv/laptop.stamp ## the functions' cold starts beside the usual ones (minutes; renews docs/performance.md)
	@$(BIN)/python -m benchmarks.coldstart --runs 7 --write

bench-cost: .venv/dev.stamp ## what a job costs beside the usual pattern (a quarter of an hour; renews docs/performance.md)
	@$(BIN)/python -m benchmarks.cost --write
	@$(BIN)/python -m benchmarks.cost.refusal --write

bench-latency: .venv/dev.stamp ## from the gateway's end to the object in the outbox (ten minutes; renews docs/performance.md)
	@$(BIN)/python -m benchmarks.latency --write

bench-scale: .venv/dev.stamp ## thousands of drops at once (half an hour; renews docs/performance.md)
	@$(BIN)/python -m benchmarks.scale --write

bench: bench-copy bench-coldstart bench-cost bench-latency bench-scale ## all of these, on a machine with nothing else to do

screenshots: .venv/dev.stamp ## the pictures in docs/, taken anew (needs Chromium)
	@$(PIP) --requirement requirements/browser.txt
	@$(BIN)/python -m tests.browser.screenshots

clean: ## forget everything that was built
	rm -rf .venv .build cdk.out
