# Two commands do everything: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
CNAP := $(VENV)/bin/cnap

.PHONY: help run install test lint lock screenshot clean

help:  ## What there is to make
	@sed -n 's/^\([a-z]*\):.*##/\1\t/p' $(MAKEFILE_LIST)

run: $(VENV)/.installed  ## The pipeline on this machine (ARGS="--stream gate=gate.mp4", PORT=8800)
	@$(CNAP) up $(if $(PORT),--port $(PORT)) $(ARGS)

install: $(VENV)/.installed  ## Everything the pipeline needs, in .venv

test: $(VENV)/.tested lint  ## Every test that needs no cluster
	@$(VENV)/bin/python -m pytest $(ARGS)

lint: $(VENV)/.tested  ## Style and types of imports
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .

lock: $(VENV)/.tested  ## Newer versions of everything, within pyproject.toml's bounds
	@$(VENV)/bin/uv pip compile -q --universal --upgrade --generate-hashes pyproject.toml -o requirements.lock
	@$(VENV)/bin/uv pip compile -q --universal --upgrade --extra test -c requirements.lock pyproject.toml -o requirements-test.lock

screenshot: $(VENV)/.tested  ## docs/page.png, from the real page
	@$(VENV)/bin/python docs/screenshot.py

clean:  ## Removes .venv
	@rm -rf $(VENV)

$(VENV)/.installed: pyproject.toml requirements.lock
	@PYTHON=$(PYTHON) ./install.sh $(VENV) . requirements.lock
	@touch $@

$(VENV)/.tested: $(VENV)/.installed requirements-test.lock
	@PYTHON=$(PYTHON) ./install.sh $(VENV) '.[test]' requirements-test.lock
	@./install.sh chromium
	@touch $@
