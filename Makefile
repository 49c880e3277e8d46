# make train   train a model, score it, and write a page of what it got wrong
# make test    run the tests, on all cores
# make speed   time the package beside others, and put the table into the README
# make lint    check style, format and types
# make base    test the built package on the base install, on every Python at hand
# make fuzz    broken files, odd texts and threads, for SECONDS=60
# make torture kill prediction, training and pretraining at random, KILLS=20 times each
# make release write pins with hashes and a bill of materials into build/
#
# Each sets up .venv first. make train CORPUS=FOLDER takes train.jsonl, dev.jsonl and test.jsonl
# from FOLDER.

PYTHON ?= python3
BASELINES ?= runs/baselines
CORPUS ?= $(or $(wildcard ../shared/corpus),asn_nlp/data/corpus)

BIN := .venv/bin
INSTALLED := .venv/installed

SECONDS ?= 60
KILLS ?= 20

.PHONY: train speed test lint base fuzz torture release
.DELETE_ON_ERROR:

train: $(INSTALLED)
	$(BIN)/python scripts/train.py --overwrite --data.train $(CORPUS)/train.jsonl --data.dev $(CORPUS)/dev.jsonl
	$(BIN)/python scripts/evaluate.py runs/latest $(CORPUS)/test.jsonl

# spaCy's pipeline and the CRF are trained where BASELINES keeps none yet.
speed: $(INSTALLED)
	$(BIN)/python scripts/benchmark.py --file $(CORPUS)/test.jsonl --train $(CORPUS)/train.jsonl \
		--dev $(CORPUS)/dev.jsonl --cache $(BASELINES) --output docs
	sed -i -e '/^<!-- speed -->/,/^<!-- end of speed -->/{//!d}' \
		-e '/^<!-- speed -->/r docs/speed.md' README.md

test: $(INSTALLED)
	$(BIN)/pytest --numprocesses auto --dist loadfile

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

base: $(INSTALLED)
	$(BIN)/python .ci/base_install.py

fuzz: $(INSTALLED)
	$(BIN)/python tests/hostile/fuzz.py --seconds $(SECONDS)

torture: $(INSTALLED)
	$(BIN)/python tests/hostile/torture.py --kills $(KILLS)

# Made where a release is made, and not kept here, where it would fall behind constraints.txt.
release:
	$(PYTHON) -m venv build/tools
	build/tools/bin/pip install --quiet uv==0.13.9 cyclonedx-bom==7.5.0
	build/tools/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--extra tables --constraint constraints.txt --output-file build/requirements.txt \
		pyproject.toml
	build/tools/bin/cyclonedx-py requirements constraints.txt --output-file build/bill.json

# PyTorch goes first and by name, so that the version constraints.txt names is the one that the
# rest of the resolution starts from: the processor's build where pip can see it.
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@
