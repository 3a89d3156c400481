# The commands of this project; each sets itself up first (the second time that takes no work).
.SUFFIXES:
.DEFAULT_GOAL := help

# Asks no server for a newer pyright, and lets no one replace the pinned one.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
# The tests start a hundred processes: each would compile every file again.
unexport PYTHONDONTWRITEBYTECODE
unexport PYRIGHT_PYTHON_FORCE_VERSION PYRIGHT_PYTHON_PYLANCE_VERSION

BIN := .venv/bin

# One path below tests (with or without ::test) is run as it is, in this process; anything else is an expression for -k.
FILTER ?=
FILTERED_FILE := $(firstword $(subst ::, ,$(FILTER)))
FILTERED_PATH := $(if $(word 2,$(FILTER)),,$(wildcard $(filter tests tests/%,$(FILTERED_FILE))))
TESTS := $(if $(FILTER),$(if $(FILTERED_PATH),'$(FILTER)',-n 2 --dist loadfile -k '$(FILTER)'),-n 2 --dist loadfile)

.PHONY: help demo test check docs format crash-demo crash-test fault-injection mutants real-engine histories bench-hub bench-text bench-import lock clean setup

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

demo: setup ## The main job on emulators: six VMs, from queue messages to images; half a minute
	@$(BIN)/python -m tools.demo

test: setup ## All tests; FILTER=… selects by path, or by a word of their names (pytest -k)
	@TMPDIR=$$(sh tools/setup/test_folder.sh) $(BIN)/python -m pytest $(TESTS)

check: setup ## Lint, types, layer rules, shell scripts, generated pages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/shellcheck $$(sh tools/setup/shell_files.sh)
	$(BIN)/python -m tools.docgen --check
	$(BIN)/pyright

docs: setup ## Write every generated page, schema and the scripts' hashes again
	@$(BIN)/python -m tools.docgen

format: setup ## Fix and format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

crash-demo: setup ## The demo while engine and host are killed in every stage
	@$(BIN)/python -m tools.demo.crash

crash-test: setup ## 200 seeded kills of engine or worker: nothing lost, nothing repeated
	@$(BIN)/python -m tools.crash_test

fault-injection: setup ## Every ARM call of clone and publish with every kind of fault; a quarter of an hour
	@GRPC_VERBOSITY=NONE $(BIN)/python -m tools.fault_injection

mutants: setup ## Guards of the product removed one by one: a test must notice each; eight minutes
	@TMPDIR=$$(sh tools/setup/test_folder.sh) $(BIN)/python -m tools.mutants

real-engine: setup ## The app on Microsoft's own Durable extension, if its program is on PATH; ten minutes
	@GRPC_VERBOSITY=NONE $(BIN)/python -m tools.real_engine

histories: setup ## Record the histories anew for the version in host.json (decision 10 says when)
	@GRPC_VERBOSITY=NONE $(BIN)/python -m tests.histories.record

bench-hub: setup ## The local engine against durabletask's in-memory one
	@$(BIN)/python benchmarks/hub.py

bench-text: setup ## How the time to read a guest's text grows with its length
	@$(BIN)/python benchmarks/hostile_text.py

bench-import: setup ## What a cold start imports
	@$(BIN)/python benchmarks/import_time.py

lock: setup ## Lock the dependencies anew (UPGRADE=… for one package)
	sh tools/setup/lock.sh $(UPGRADE)

clean: ## Remove everything that the commands installed or wrote
	rm -rf .venv emulators/azurite/node_modules .pytest_cache .ruff_cache .hypothesis .import_linter_cache .azurite .durable
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup:
	@sh tools/setup/setup.sh
