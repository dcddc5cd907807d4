# What a person does with govpipes, in one word each; `make help` lists it.
# Everything that runs is in .venv, made from requirements.lock with uv where it is installed, else with venv and pip.

SHELL := /bin/sh
.DEFAULT_GOAL := help
BIN := .venv/bin
STAMP := .venv/.installed
ARGS ?=

.PHONY: help install demo score ui down test soak bench bench-full lint types format check validate lock clean clean-data

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## make .venv from requirements.lock (the other targets do it by themselves)
	@echo ".venv is as requirements.lock says"

demo: $(STAMP) ## a practice province: ten days from empty systems to a released warehouse
	@$(BIN)/govpipes demo $(ARGS)

score: demo ## the demo's golden records, links and rejected rows against the truth; ARGS='--preset s' needs a GOVPIPES_HOME of its own
	@$(BIN)/govpipes score

ui: $(STAMP) ## the Dagster UI with its daemon, on loopback; Ctrl-C stops everything
	@$(BIN)/govpipes up $(ARGS)

down: $(STAMP) ## stop the embedded PostgreSQL that commands leave running
	@$(BIN)/govpipes down

test: $(STAMP) ## the whole test suite, two files at a time; `make test ARGS='-k catalogue -x'` for a part of it
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

soak: $(STAMP) ## an hour or more: every point of the crash tests, thousands of random histories
	@$(BIN)/python -m pytest --hypothesis-profile=soak -m "soak or not soak" govpipes_tests/crashes govpipes_tests/laws $(ARGS)

bench: $(STAMP) ## how fast it is, beside a hand-written script and what people glue; a few minutes
	@$(BIN)/python -m benchmarks $(ARGS)

bench-full: $(STAMP) ## the same with large sizes: hours, 60 GB of disk; ARGS='--only publish' for one case
	@$(BIN)/python -m benchmarks --full $(ARGS)

lint: $(STAMP) ## ruff: style and common mistakes
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(STAMP) ## mypy --strict
	@$(BIN)/mypy

format: $(STAMP) ## let ruff mend what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

validate: $(STAMP) ## check every contract under data/catalogue
	@$(BIN)/govpipes catalogue validate

check: lint types validate test ## all that must hold before a change is handed in

lock: ## resolve pyproject.toml afresh into requirements.lock
	@scripts/lock

clean: ## stop PostgreSQL and remove .venv and caches; the runtime data stays
	@if [ -x $(BIN)/govpipes ] && [ -d .govpipes ]; then $(BIN)/govpipes down; fi
	@rm -rf .venv .pytest_cache .hypothesis
	@find govpipes govpipes_tests -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "removed .venv and caches"

clean-data: $(STAMP) ## stop PostgreSQL and, after asking, delete ALL runtime data
	@$(BIN)/govpipes down --delete-data $(ARGS)

# The stamp is written last: an installation that was broken off is begun again.
$(STAMP): requirements.lock pyproject.toml scripts/install
	@scripts/install
