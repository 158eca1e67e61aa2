# Thin targets: each names what it needs and calls one program. `make` alone lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= $(firstword $(foreach name,python3.11 python3 python,$(shell command -v $(name))))
VENV := .venv
READY := $(VENV)/.ready
RUN := $(VENV)/bin

# One thread for linear algebra: the same numbers on every machine, and two processes that run
# side by side do not fight over the cores.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

.PHONY: help
help:
	@echo "make book    build the book into _build/html"
	@echo "make test    run every check"

.PHONY: environment
environment: $(READY)

$(READY): requirements.txt pyproject.toml tools/environment.py
	@test -n "$(PYTHON)" || { echo "No Python found. Install Python 3.11 or newer, or name it: make book PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) tools/environment.py make $(VENV)
	@touch $@
