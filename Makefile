# make train   train a model, score it, and write a page of what it got wrong
# make test    run the tests
# make lint    check style, format and types
# make base    test the built package on the base install, on every Python at hand
#
# Each sets up .venv first. make train CORPUS=FOLDER takes train.jsonl, dev.jsonl and test.jsonl
# from FOLDER.

PYTHON ?= python3
CORPUS ?= $(or $(wildcard ../shared/corpus),asn_nlp/data/corpus)

BIN := .venv/bin
INSTALLED := .venv/installed

.PHONY: train test lint base
.DELETE_ON_ERROR:

train: $(INSTALLED)
	$(BIN)/python scripts/train.py --data.train $(CORPUS)/train.jsonl --data.dev $(CORPUS)/dev.jsonl
	$(BIN)/python scripts/evaluate.py runs/latest $(CORPUS)/test.jsonl

test: $(INSTALLED)
	$(BIN)/pytest

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

base: $(INSTALLED)
	$(BIN)/python .ci/base_install.py

# PyTorch goes first and by name, so that the version constraints.txt names is the one that the
# rest of the resolution starts from: the processor's build where pip can see it.
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@
