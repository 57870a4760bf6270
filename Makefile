# make demo     install, fetch the drawn benchmarks, run the whole pipeline
# make install  into .venv, or VENV=...
# make test     install, run the tests          make test-fast  those that take a minute together
# make test-long   a flow on two workers, one killed; a second clone; a team's servers
# make check    lint and test                   make lint       check format, rules and types
# make chaos    kill a small flow at random moments: make chaos RUNS=100 SEED=0 JOINT=1
# make format   format, mend what can be        make bench      speed, into benchmarks/results.md
# make prefect  Prefect's server and page      make mlflow  MLflow's page
# make deploy   give the flows to that server  make worker  run what it schedules; stages: POOL=cpu, POOL=gpu
# make run      the whole pipeline, by that worker; one benchmark: make run BENCHMARK=viper
# make results  a recipe on whole benchmarks: make results DATA=folder IDS=lists RECIPE=modern
# make release-network   the network for real people, from DATA=folder of benchmarks
# make docs     the pages, into site/           make dist   a wheel of library and command line
# make clean    remove the environment and Prefect's history; data, models, MLflow stay

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
STORE := .mlflow/mlflow.db
IN := $(BIN)/python -m flows
# A file's tests share what they made, so a file stays with one process; in conftest.py's order.
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
SERVER := PREFECT_API_URL=$(or $(PREFECT_API_URL),http://127.0.0.1:4200/api)

.PHONY: demo install repository test test-fast test-long chaos check lint format bench docs prefect mlflow deploy worker run results dist release-network clean

demo: repository $(READY)
	@$(BIN)/python -m benchmarks.demo
	$(IN) dvc pull -r demo data
	$(BIN)/python -m flows.reproduce

install: $(READY)

repository:
	@git rev-parse --git-dir > /dev/null 2>&1 || \
	  { echo "error: DVC needs git: clone the repository, or run git init here" >&2; exit 1; }

test: $(READY)
	$(PYTEST)

test-fast: $(READY)
	$(PYTEST) -m "not slow and not pipeline"

test-long: $(READY)
	$(BIN)/python -m pytest -m long

chaos: RUNS := 100
chaos: SEED := 0
chaos: $(READY)
	$(BIN)/python -m tests.chaos --runs $(RUNS) --seed $(SEED) $(if $(JOINT),--joint)

check: lint test

lint: $(READY)
	@status=0; for check in "ruff format --check" "ruff check" mypy; do \
	  echo "$$check"; $(BIN)/$$check || status=1; done; exit $$status

format: $(READY)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(READY)
	$(BIN)/python -m benchmarks

docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

$(VENV)/.docs: $(READY)
	$(BIN)/pip install -c requirements.lock -e '.[docs]'
	touch $@

# flows/environment.py makes the password of Prefect's server, and hands it to these commands.
prefect: $(READY)
	$(IN) prefect server start --host 127.0.0.1

deploy: $(READY)
	@for pool in flows cpu gpu; do \
	  said=$$($(SERVER) $(IN) prefect work-pool create $$pool --type process 2>&1) || \
	  case "$$said" in *exists*) ;; *) echo "$$said" >&2; exit 1;; esac; done
	@said=$$($(SERVER) $(IN) prefect --no-prompt deploy --all 2>&1) || { echo "$$said" >&2; exit 1; }
	@echo "deployed; \`make worker\` runs them, \`make run\` or \`make run BENCHMARK=...\` starts one now"

run: $(READY)
	$(SERVER) $(IN) prefect deployment run $(if $(BENCHMARK),target/one -p 'benchmark=$(BENCHMARK)',reproduce/weekly)

# IDS: lists of test persons, where the benchmark's own aren't wanted; flows/results.py tells more.
results: RECIPE := modern
results: $(READY)
	$(BIN)/python -m flows.results '$(DATA)' --recipe configs/$(RECIPE).yaml $(if $(IDS),--ids '$(IDS)')

worker: POOL := flows
worker: $(READY)
	@test $(POOL) = flows || $(IN) python -m flows.clone
	exec env $(SERVER) $(IN) prefect worker start --pool $(POOL) --limit 1 --name "$$(hostname) $$$$"

mlflow: PORT := 5000
mlflow: $(READY)
	$(BIN)/python -m tasks.store  # made first, or fitted to its folder
	MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false $(IN) mlflow server --host 127.0.0.1 --port $(PORT) --workers 1 \
	  --allowed-hosts 127.0.0.1:$(PORT),localhost:$(PORT) \
	  --cors-allowed-origins http://127.0.0.1:$(PORT),http://localhost:$(PORT) \
	  --backend-store-uri sqlite:///$(STORE) --artifacts-destination .mlflow/artifacts

dist: $(READY)
	rm -rf build dist
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .
	@echo "pip install $$(ls dist/*.whl): library and command line; with all of it: '...whl[pipeline]'"

release-network: $(READY)
	@test -n "$(DATA)" || { echo "error: make release-network DATA=folder of benchmarks" >&2; exit 2; }
	$(BIN)/python -m tasks.release $(DATA)

# TORCH_INDEX, an index of torch's CPU builds, spares what only a GPU needs: README, Installation.
LOCK := $(if $(TORCH_INDEX),grep -vE '^(nvidia-|cuda-|triton=)',cat) requirements.lock

# The stamp is written last: an installation that failed is tried again.
$(READY): requirements.lock pyproject.toml
	@python3 -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
	  { echo "error: python3 is older than 3.11; install a newer one" >&2; exit 1; }
	@python3 -c "import ensurepip, venv" 2> /dev/null || \
	  { echo "error: python3-venv is missing; install it (Debian: apt install python3-venv)" >&2; exit 1; }
	python3 -m venv $(VENV)
	$(LOCK) | $(BIN)/pip install --no-deps $(if $(TORCH_INDEX),--extra-index-url '$(TORCH_INDEX)') -r /dev/stdin
	$(BIN)/pip install --no-deps -e .
	touch $(READY)

clean:
	rm -rf .venv .prefect .locks site .mypy_cache .ruff_cache .pytest_cache dist *.egg-info
