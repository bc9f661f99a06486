# Taskloom: `make demo` and `make test` set up what they need and run; a second run of the set-up takes a second.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.taskloom-setup
OUT ?= runs/demo
PYTEST_ARGS ?=
# Without a visible GPU this version has CPU-only builds, so that no CUDA libraries are pulled where the index offers
# one; elsewhere say where they are: make setup TORCH_ARGS="--index-url <the CPU index of PyTorch>".
TORCH_CPU := torch==2.13.0
TORCH_ARGS ?=

.PHONY: setup demo test test-slow lint clean-run

setup: $(STAMP)

$(STAMP): pyproject.toml .ci/setup
	VENV=$(VENV) TORCH_CPU="$(TORCH_CPU)" TORCH_ARGS="$(TORCH_ARGS)" bash .ci/setup
	touch $(STAMP)

demo: setup
	$(BIN)/taskloom generate --preset demo --out $(OUT)

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports

test: lint
	$(BIN)/pytest -m "not long" $(PYTEST_ARGS)

test-slow: lint
	$(BIN)/pytest $(PYTEST_ARGS)

clean-run:
	rm -rf $(OUT)
