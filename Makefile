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

.PHONY: setup test-tools demo test test-slow test-usd test-consumers lint clean-run

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

# A browser and a database, for the tests that need them.
test-tools:
	bash .ci/test-tools

test: lint test-tools
	$(BIN)/pytest -m "not long" $(PYTEST_ARGS)

test-slow: lint test-tools
	$(BIN)/pytest $(PYTEST_ARGS)

# Newton and MuJoCo Warp pin other versions of MuJoCo and USD than ours, hence an environment of their own.
test-usd: setup
	[ -x .venv-usd/bin/python ] || $(BIN)/python -m venv .venv-usd
	.venv-usd/bin/python -m pip --disable-pip-version-check -qq install "newton[sim]==1.8.0" "newton-usd-schemas>=0.6" \
	    "usd-core>=26.5,<26.9" scipy trimesh pytest pytest-timeout
	rm -rf .venv-usd/scenes
	$(BIN)/python tests/usd/export_scenes.py .venv-usd/scenes
	TASKLOOM_USD_SCENES=.venv-usd/scenes .venv-usd/bin/python -m pytest -p no:cacheprovider tests/usd $(PYTEST_ARGS)

# Trainers pin other versions of torch, zarr and Python than ours, hence environments of their own.
test-consumers: setup
	VENV=$(VENV) TORCH_CPU="$(TORCH_CPU)" bash tests/consumers/run $(PYTEST_ARGS)

clean-run:
	rm -rf $(OUT)
