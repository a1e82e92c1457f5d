# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
# So many test files run side by side; `make test WORKERS=0` runs them in one process.
WORKERS ?= 2

.PHONY: setup demo test bench bench-peers docs notebooks lint verify-all wheel bundle clean

setup: $(BIN)/packerlab

$(BIN)/packerlab: requirements.lock pyproject.toml
	@scripts/need-python $(PYTHON)
	@$(PYTHON) scripts/setup.py .venv
	@touch $@

demo: setup
	@scripts/need packer bubblewrap
	$(BIN)/packerlab demo

test: setup lint
	@scripts/need packer bubblewrap iproute2 docker mmdebstrap podman chromium
	@scripts/need-dockerd
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

bench: setup
	@scripts/need packer bubblewrap iproute2 docker mmdebstrap podman
	@scripts/need-dockerd
	$(BIN)/packerlab sandbox build
	$(BIN)/python -m benchmarks.run

# PEERS=FOLDER keeps the other graders' environments for the next run.
bench-peers: setup
	@scripts/need packer bubblewrap
	$(BIN)/python -m benchmarks.peers.run $(PEERS)

docs: setup
	$(BIN)/python scripts/pictures.py
	$(BIN)/python scripts/reference.py
	$(BIN)/python scripts/navigation.py
	$(BIN)/python scripts/lab_pages.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

notebooks: setup
	$(BIN)/python scripts/notebooks.py

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/words.py

# By default with the Packer that is installed; PACKER=FILE PLUGINS=FOLDER name another one.
NAMED = $(if $(PACKER),PACKERLAB_PACKER=$(PACKER)) $(if $(PLUGINS),PACKER_PLUGIN_PATH=$(PLUGINS))
verify-all: setup
	@scripts/need packer bubblewrap iproute2 docker mmdebstrap podman
	@scripts/need-dockerd
	$(BIN)/packerlab sandbox build $(if $(PACKER),--packer $(PACKER)) $(if $(PLUGINS),--plugins $(PLUGINS))
	for row in $$($(BIN)/python -c 'from packerlab.sandbox import BACKENDS; print(*BACKENDS)'); do $(NAMED) $(BIN)/packerlab verify --record --sandbox $$row || exit 1; done

wheel: setup
	$(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

# For a machine without internet: PACKER=FILE (or its zip) and PLUGINS=FOLDER go in if they are named.
bundle: setup
	@scripts/need mmdebstrap
	$(BIN)/python scripts/bundle.py $(if $(PACKER),--packer $(PACKER)) $(if $(PLUGINS),--plugins $(PLUGINS)) dist/offline

clean:
	rm -rf .venv dist site .mypy_cache .ruff_cache .pytest_cache
