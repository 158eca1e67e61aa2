# Thin targets: each names what it needs and calls one program. `make` alone lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:

PYTHON ?= $(firstword $(foreach name,python3.11 python3 python,$(shell command -v $(name))))
VENV := .venv
RUN := $(VENV)/bin
PYTEST := $(RUN)/python -m pytest

ENVIRONMENT := $(VENV)/.ready
BOOK := _build/.book
NOTEBOOKS := _build/.notebooks
WIDGETS := _build/widget.js

LIBRARY := $(shell find minigraph -name '*.py' -o -name '*.js' -o -name '*.css')
BOOK_SOURCES := _config.yml _toc.yml index.md tools/offline_book.py tools/widget_scripts.py \
	tools/docstrings.py tools/catalogue.py tools/book.css $(LIBRARY) \
	$(shell find book exercises -type f -not -path '*/.*' 2>/dev/null)
READING_PATH := $(shell $(PYTHON) tools/lines.py --path)
NOTEBOOK_SOURCES := $(wildcard book/*.ipynb solutions/*.ipynb)

.PHONY: help
help:
	@echo "make book       build the book into _build/html"
	@echo "make lab        open the chapters in JupyterLab"
	@echo "make test       run every check: lint, unit, nbval, book, browser"
	@echo "make lines      print the lines of code of each floor and file"
	@echo "make notebooks  run all notebooks again and store what they print"
	@echo "make exercises  make the exercises from the solutions"
	@echo "make pictures   draw the pictures of the README again"
	@echo "make reference  recompute the values in tests/reference, with Keras"
	@echo "make bench      time the library beside its peers, in a separate environment"
	@echo "make mutation   count the mistakes in gradients that the tests notice"
	@echo "make faults     load 200,000 damaged and forged files, kill fits, interrupt 20,000 calls"
	@echo "make pins       rewrite requirements.txt from pyproject.toml"
	@echo "make clean      remove all that was made here, the environment too"

$(ENVIRONMENT): requirements.txt pyproject.toml tools/environment.py
	@test -n "$(PYTHON)" || { echo "No Python was found. Name one: make book PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) tools/environment.py make $(VENV)
	@touch $@

# Built afresh each time: a build that continues an older one does not repeat its warnings.
$(BOOK): $(ENVIRONMENT) $(BOOK_SOURCES)
	@rm -rf _build/html _build/.doctrees
	$(RUN)/jupyter-book build . --all -W -n --keep-going --quiet
	@touch $@

$(WIDGETS): $(ENVIRONMENT) tools/widget_scripts.py $(LIBRARY)
	$(RUN)/python tools/widget_scripts.py $@

$(NOTEBOOKS): $(ENVIRONMENT) $(NOTEBOOK_SOURCES) $(LIBRARY) tests/broken_models.py
	$(RUN)/python tools/gallery.py
	$(RUN)/python tools/run_notebooks.py
	@mkdir -p _build && touch $@

.PHONY: book lab test lint lines unit nbval browser notebooks exercises pictures reference bench mutation faults pins clean
book: $(BOOK)
	@echo "Open this page: $(CURDIR)/_build/html/index.html"

# With its own extension and settings, the widgets of a trusted notebook are alive before it runs.
lab: $(ENVIRONMENT) $(WIDGETS)
	$(RUN)/jupyter lab --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/book \
		--LabApp.extra_labextensions_path="$(CURDIR)/tools/lab/extensions" \
		--LabApp.app_settings_dir="$(CURDIR)/tools/lab/settings" $(LAB_OPTIONS)

test: lint lines unit nbval book browser

lint: $(ENVIRONMENT)
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/ruff check --select C901 --config lint.mccabe.max-complexity=12 $(READING_PATH)
	$(RUN)/python tools/check_scripts.py
	$(RUN)/python tools/check_types.py

lines: $(ENVIRONMENT)
	$(RUN)/python tools/lines.py

unit: $(ENVIRONMENT)
	$(PYTEST) -n 2 -m "not browser"

nbval: $(ENVIRONMENT)
	$(PYTEST) --nbval --nbval-current-env -n 2 --dist loadscope book solutions

browser: $(BOOK)
	$(PYTEST) -m browser tests/browser

notebooks: $(NOTEBOOKS)

exercises: $(ENVIRONMENT)
	$(RUN)/python tools/make_exercises.py

# The screenshots need a Chromium, and another one draws the letters a little differently.
pictures: $(ENVIRONMENT)
	$(RUN)/python tools/pictures.py
	$(RUN)/python tools/screenshots.py

reference: _build/reference/.ready
	_build/reference/bin/python tests/reference/make_fixtures.py

_build/reference/.ready: tests/reference/requirements.txt
	$(PYTHON) -m venv --clear _build/reference
	_build/reference/bin/pip install --quiet -r $<
	@touch $@

bench: _build/bench/.ready
	_build/bench/bin/python -m benchmarks $(BENCH_OPTIONS)

# A peer that cannot be installed here is left out of the tables.
_build/bench/.ready: benchmarks/requirements.txt
	$(PYTHON) -m venv --clear _build/bench
	@for pin in $$(grep -v '^#' $<); do _build/bench/bin/pip install --quiet $$pin \
		|| echo "$$pin could not be installed"; done
	@touch $@

mutation: $(ENVIRONMENT)
	$(RUN)/python tests/mutation.py

faults: $(ENVIRONMENT)
	$(RUN)/python tests/test_resume.py
	$(RUN)/python tests/faults.py

pins:
	$(PYTHON) tools/environment.py pin

clean:
	rm -rf $(VENV) _build dist node_modules .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
