# make help explains every target. Needs nothing but make and Python 3.10 or newer.
PYTHON ?= python3
ARGS ?=
bin := .venv/bin
ready := .venv/ready
ready_bench := .venv/ready-bench

.DEFAULT_GOAL := help
.PHONY: help setup train test test-slow test-faults lint bench docs tensorboard clean

help:  ## Explain every target
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

# The virtual environment is made once, and again when the dependencies change.
$(ready): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "charrec needs Python 3.10 or newer; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(bin)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

setup: $(ready)  ## Make .venv and install charrec into it (the other targets do this themselves)

train: $(ready)  ## Train on the embedded letters; settings go in ARGS="optimizer=adam hsize=64"
	@$(bin)/python -m charrec.train $(ARGS)

pytest := $(bin)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=worksteal

test: lint  ## Check style and types, then run the tests (ARGS="-k tanh" for a part)
	$(pytest) $(ARGS)

test-slow: $(ready)  ## Run the tests that take ten seconds or more each (five minutes or so)
	$(pytest) -m slow $(ARGS)

test-faults: $(ready)  ## Kill, interrupt, starve and damage runs by the hundred (an hour or so)
	$(bin)/python -m pytest tests/faults -m "long or not long" -s $(ARGS)

lint: $(ready)  ## Check style and types alone
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy

# scikit-learn is needed to be compared with, and for nothing else.
$(ready_bench): $(ready)
	$(bin)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
	@touch $@

bench: $(ready_bench)  ## Measure charrec beside other libraries, twenty minutes (ARGS="--quick")
	$(bin)/python -m benchmarks.bench $(ARGS)

docs: $(ready)  ## Make a site of the pages in docs/: site/index.html, for a browser, no network
	@$(bin)/python -m docs.building.settings_page
	@NO_MKDOCS_2_WARNING=1 $(bin)/python -m mkdocs build

tensorboard: $(ready)  ## Show the curves of every run under outputs/
	$(bin)/tensorboard --logdir outputs

clean:  ## Remove .venv and caches; outputs/ stays
	rm -rf .venv dist build site .mypy_cache .ruff_cache .pytest_cache .hypothesis
