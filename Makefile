# The commands of this project; each sets itself up first (the second time that takes no work).
.SUFFIXES:

# Asks no server for a newer pyright, and lets no one replace the pinned one.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
unexport PYRIGHT_PYTHON_FORCE_VERSION PYRIGHT_PYTHON_PYLANCE_VERSION

BIN := .venv/bin

.PHONY: demo demo-crash kill-test bench-hub real-engine histories faults test check format bench-import lock clean setup

demo: setup
	@$(BIN)/python -m workbench.demo

demo-crash: setup
	@$(BIN)/python -m workbench.demo.crash

kill-test: setup
	@$(BIN)/python -m workbench.kill_test

bench-hub: setup
	@$(BIN)/python benchmarks/hub.py

# The app as shipped on the real Durable extension: docs/real-engine.md. Needs the program durable-extension-host.
real-engine: setup
	@GRPC_VERBOSITY=NONE $(BIN)/python -m workbench.real_engine

# Every ARM call of the clone-and-publish story with every kind of trouble, and SIGKILL in each stage.
faults: setup
	@GRPC_VERBOSITY=NONE $(BIN)/python -m workbench.fault_matrix

# Records the stories anew for the version in host.json; docs/decisions/0010-histories-are-replayed.md says when.
histories: setup
	@GRPC_VERBOSITY=NONE $(BIN)/python -m tests.histories.record

test: setup
	@$(BIN)/python -m pytest -n 2 --dist loadfile

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/shellcheck $$(sh workbench/setup/shell_files.sh)
	$(BIN)/pyright

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench-import: setup
	@$(BIN)/python benchmarks/import_time.py

lock: setup
	sh workbench/setup/lock.sh $(UPGRADE)

clean:
	rm -rf .venv workbench/azurite/node_modules .pytest_cache .ruff_cache .hypothesis .import_linter_cache .azurite .durable
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup:
	@sh workbench/setup/setup.sh
