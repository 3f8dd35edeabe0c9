# make demo    two nodes, three matters, one evidence package checked offline
# make test    everything that must hold, ending with pytest's closing line
# make bench   what it costs, measured on this machine
# make durability   a hundred deaths, fifty lost transactions, a thousand erasures (some minutes)
#
# Each makes .venv from a hashed requirements file if it is missing or outdated. Nothing is installed outside it.

PYTHON ?=
export PYTHON
# The tests start a hundred processes; without compiled modules on disk each would compile all it imports anew.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --build-deps-for editable \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options

.PHONY: help demo test tests bench durability check requirements install install-dev clean
.DEFAULT_GOAL := help

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

demo: install ## Run the demonstration (about a minute after the install)
	$(BIN)/comity demo

test: install-dev ## Run every check and, at the same time, every test
	@$(MAKE) --no-print-directory --jobs=2 check tests

tests: install-dev ## Run every test
	@$(BIN)/python -m pytest -q

bench: install-dev ## Measure, and print one table
	$(BIN)/python -m bench.run

durability: install-dev ## Kill a node 100 times, drop what it wrote 50 times, erase 1 % of 10^5 records
	$(BIN)/python -m bench.durability

check: install-dev ## Run ruff, mypy --strict and the contract on imports
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

requirements: install-dev ## Pin anew what pyproject.toml asks for
	$(COMPILE) --upgrade --output-file requirements/run.txt pyproject.toml
	$(COMPILE) --upgrade --extra dev --constraint requirements/run.txt --output-file requirements/dev.txt pyproject.toml

install: ## Make .venv with what a node needs
	@requirements/install run

install-dev: ## Make .venv with what a node and its tests need
	@requirements/install dev

clean: ## Remove .venv and everything that was made from source
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache demo-data
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
