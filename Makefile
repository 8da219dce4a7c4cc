# Each target is one line, and works when typed without make.
BIN := $(or $(RECSTACK_VENV),.venv)/bin
PYTHON := $(BIN)/python
.DEFAULT_GOAL := help
.PHONY: help install up status stop reset traffic demo test test-quick lint types format lock dashboards bench quality

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: ## Make .venv/ with what tests and linters need
	@./setup.sh install --dev

up: ## Install, start everything, print where it answers
	./setup.sh

status: ## What runs, and whether it answers
	./setup.sh status

stop: ## End everything that was started
	./setup.sh stop

reset: ## Stop, and drop the data
	./setup.sh reset

traffic: ## Users of the generated population against the running API, until Ctrl-C
	$(PYTHON) -m data_generator simulate

demo: ## The guided tour of a running platform
	$(PYTHON) demo.py

test: install ## Every test that this machine can run (ten minutes at most)
	OPENBLAS_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(PYTHON) -m pytest -n 2

test-quick: install ## The unit tests (a minute or two)
	OPENBLAS_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(PYTHON) -m pytest tests/unit -n 2

lint: install ## Style and layers
	$(PYTHON) -m ruff check && $(PYTHON) -m ruff format --check && PYTHONPATH=services $(BIN)/lint-imports

types: install ## Strict types
	$(PYTHON) -m mypy

format: install ## Rewrite to the house style
	$(PYTHON) -m ruff check --fix && $(PYTHON) -m ruff format

lock: install ## Write requirements/*.txt anew from pyproject.toml
	$(PYTHON) -m native.locks

dashboards: install ## Write grafana/dashboards/*.json anew from grafana/*.py
	$(PYTHON) -m grafana.dashboards

bench: install ## How fast the API answers, beside a bare ASGI answer
	$(PYTHON) benchmarks/hot_path.py

quality: install ## Judge the models on the public sets in RECSTACK_TEST_DATA, and write docs/quality.md (three quarters of an hour)
	$(PYTHON) benchmarks/quality.py
