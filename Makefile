# Two commands do everything: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
CNAP := $(VENV)/bin/cnap
IMAGE = ghcr.io/cnap/cnap:0.1.0
export MODELS ASSETS LOAD

.PHONY: help run install test e2e image demo soak bench lint lock screenshot clean

help:  ## What there is to make
	@sed -n 's/^\([a-z0-9]*\):.*##/\1\t/p' $(MAKEFILE_LIST)

run: $(VENV)/.installed  ## The pipeline on this machine (ARGS="--stream gate=gate.mp4", PORT=8800)
	@$(CNAP) up $(if $(PORT),--port $(PORT)) $(ARGS)

install: $(VENV)/.installed  ## Everything the pipeline needs, in .venv

test: $(VENV)/.tested lint  ## Every test that needs no cluster
	@$(VENV)/bin/python -m pytest $(ARGS)

image:  ## The image of everything (IMAGE=, MODELS=, ASSETS=FOLDER, LOAD="kind load image-archive")
	@./image.sh $(IMAGE)

e2e: IMAGE = dev.local/cnap:test
e2e: $(VENV)/.tested image  ## Tests on the cluster of KUBECONFIG; the image goes there by LOAD
	@CNAP_E2E=1 $(VENV)/bin/python -m pytest -s tests/e2e $(ARGS)

demo:  ## From zero to eight streams and back, on the cluster of KUBECONFIG (ARGS="-n NAMESPACE")
	@$(PYTHON) bench/demo.py $(ARGS)

soak: $(VENV)/.tested  ## Cameras and mishaps for an hour, then the reckoning (ARGS="--minutes 10")
	@$(VENV)/bin/python -m bench.soak $(ARGS)

bench: $(VENV)/.installed  ## How fast the pipeline is here, beside other programs (ARGS="--quick --json a.json")
	@$(CNAP) bench run $(ARGS)

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
	@./install.sh peers
	@touch $@
