# make demo     install, fetch the drawn benchmarks, run the whole pipeline
# make test     install, run the tests
# make check    format, lint, types, tests      make bench   speed, into benchmarks/results.md
# make prefect  Prefect's server and page      make mlflow  MLflow's page
# make deploy   give the flows to that server  make worker  run what it schedules
# make docs     the pages, into site/
# make clean    remove the environment and Prefect's history; data, models, MLflow stay

BIN := .venv/bin
READY := .venv/.ready
STORE := .mlflow/mlflow.db
IN := $(BIN)/python -m flows
SERVER := PREFECT_API_URL=http://127.0.0.1:4200/api

.PHONY: demo test check bench docs prefect mlflow deploy worker clean

demo: $(READY)
	$(BIN)/dvc pull -r demo data
	$(BIN)/python -m flows.reproduce

test: $(READY)
	$(BIN)/python -m pytest

check: $(READY)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/python -m pytest

bench: $(READY)
	$(BIN)/python -m benchmarks

docs: .venv/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

.venv/.docs: $(READY)
	$(BIN)/pip install -c requirements.lock -e '.[docs]'
	touch $@

prefect: $(READY)
	$(IN) prefect server start --host 127.0.0.1

deploy: $(READY)
	$(SERVER) $(IN) prefect work-pool create gpu --type process --overwrite
	$(SERVER) $(IN) prefect --no-prompt deploy --all

worker: $(READY)
	$(SERVER) $(IN) prefect worker start --pool gpu --limit 1

mlflow: $(STORE)
	MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false $(IN) mlflow server --host 127.0.0.1 --workers 1 \
	  --backend-store-uri sqlite:///$(STORE) --artifacts-destination .mlflow/artifacts

$(STORE): | $(READY)
	$(BIN)/python -c "from tasks import store; store.client()"

# The stamp is written last: an installation that failed is tried again.
$(READY): requirements.lock pyproject.toml
	@python3 -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
	  { echo "error: python3 is older than 3.11; install a newer one" >&2; exit 1; }
	@python3 -c "import ensurepip, venv" 2> /dev/null || \
	  { echo "error: python3-venv is missing; install it (Debian: apt install python3-venv)" >&2; exit 1; }
	python3 -m venv .venv
	$(BIN)/pip install --no-deps -r requirements.lock
	$(BIN)/pip install --no-deps -e .
	touch $(READY)

clean:
	rm -rf .venv .prefect .locks site .mypy_cache .ruff_cache .pytest_cache dist *.egg-info
