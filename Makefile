# Everything below works on a machine that has only Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export DO_NOT_TRACK := 1

.PHONY: demo test lint audit licences docs bench lock install clean

install: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Medlemskoll needs Python 3.11 or later; set PYTHON=/path/to/it")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q flows models sources expectations  # pip leaves an editable install uncompiled: each start would do it
	@touch $@

demo: install          ## a whole night on the bundled world
	$(BIN)/koll demo

test: lint             ## everything, on SQLite and on a real PostgreSQL
	$(BIN)/python -m pytest -n auto --dist loadfile

.PHONY: torture
KILLS ?= 200
INPUTS ?= 100000
torture: install       ## two hundred nights and every command killed at any step, a hundred thousand hostile inputs; fewer with KILLS=20 INPUTS=5000
	$(BIN)/python -m tests.torture --kills $(KILLS)
	$(BIN)/python -m tests.torture.fuzzing --inputs $(INPUTS)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python .ci/audit.py

audit: install         ## known vulnerabilities in what is pinned; fails when there is one
	$(BIN)/python .ci/audit.py --strict

licences: install      ## docs/licences.md anew
	$(BIN)/python .ci/licences.py

bench: $(VENV)/.bench  ## speed and memory, as ratios measured in one run; at a million rows and more with FULL=1
	$(BIN)/python -m bench $(if $(FULL),--full)

docs: install          ## the reference pages, from the program itself
	$(BIN)/python docs/build_reference.py

.PHONY: pictures
pictures: install      ## drawings, badges and screenshots under docs/pictures; needs Chromium for the screenshots
	$(BIN)/python -m docs.draw_pictures
	$(BIN)/koll demo --folder demo-world > /dev/null
	$(BIN)/python -m docs.take_pictures demo-world

$(VENV)/.bench: $(VENV)/.installed bench/requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r bench/requirements.lock
	@touch $@

LOCK := uv pip compile --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml
lock:                  ## needs uv; keeps hashes, names no download host
	$(LOCK) --extra dev -o requirements.lock
	$(LOCK) --extra bench -c requirements.lock -o bench/requirements.lock

clean:
	rm -rf $(VENV) demo-world .pytest_cache .mypy_cache .ruff_cache
