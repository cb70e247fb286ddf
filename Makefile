# Targets make their own environment in .venv; nothing has to be installed by hand but Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
IMAGE ?= enrichment-platform
TAG ?= dev
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export DAGSTER_DISABLE_TELEMETRY = 1

.DEFAULT_GOAL := help
.PHONY: help install install-dev demo dev test test-slow test-kubernetes test-cudf try-test-cudf test-vllm lock-cudf bench bench-cleaning helm helm-values helm-snapshots lint format lock image clean

help:  ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else f"Python 3.11 to 3.13 is needed, {sys.executable} is {v.major}.{v.minor}; set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv

.venv/.installed: requirements.lock pyproject.toml | .venv/pyvenv.cfg
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps -e .
	@touch $@

.venv/.installed-dev: requirements-dev.lock .venv/.installed
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

install: .venv/.installed  ## Make .venv from the hashed lock
install-dev: .venv/.installed-dev  ## The same with what the tests need

demo: install  ## Enrich generated support tickets with a real language model and say what became of every row
	$(BIN)/enrichment demo

dev: install  ## The Dagster UI at http://127.0.0.1:3000, on the data of the demo
	$(BIN)/enrichment dev

test: install-dev  ## The test suite
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow and not cudf and not vllm and not kubernetes"

test-slow: install-dev  ## What takes minutes: kills, death at every write, whole bills, eight processes, the embedded model
	$(BIN)/python -m pytest -n 2 --dist load -m slow

test-kubernetes: install-dev  ## Runs, pods and their faults on a fake Kubernetes cluster: 4 minutes, no cluster needed
	$(BIN)/python -m pytest -m kubernetes --session-timeout 900 enrichment_platform_tests/kubernetes

.venv-cudf/.installed: requirements.lock requirements-dev.lock requirements-cudf.lock pyproject.toml
	$(PYTHON) -m venv .venv-cudf
	.venv-cudf/bin/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock
	.venv-cudf/bin/python -m pip install --quiet --no-deps --require-hashes -r requirements-dev.lock
	.venv-cudf/bin/python -m pip install --quiet --no-deps --require-hashes -r requirements-cudf.lock
	.venv-cudf/bin/python -m pip install --quiet --no-build-isolation --no-deps -e .
	@touch $@

test-cudf: .venv-cudf/.installed  ## What cuDF's wheels prove without a GPU: patterns, names, the plan (Linux; 1 GB to fetch)
	.venv-cudf/bin/python -m pytest -m cudf enrichment_platform_tests/cleaning/cudf_lane
	.venv-cudf/bin/enrichment verify-parity --lint-only

.venv-vllm/model: install-dev
	@gguf=$$($(BIN)/python -c "from enrichment_platform.inference.endpoints.model_file import default_model_file as f; print(f())") && \
		enrichment_platform_tests/kubernetes/vllm_lane/environment.sh $(PYTHON) .venv-vllm "$$gguf"

test-vllm: .venv-vllm/model  ## A real vLLM on the CPU, started as the sidecar is, and 120 real complaints (Linux; 3 GB to fetch, 6 GB of memory)
	VLLM_ENVIRONMENT=$(CURDIR)/.venv-vllm VLLM_MODEL=$(CURDIR)/.venv-vllm/model $(BIN)/python -m pytest -s -m vllm enrichment_platform_tests/kubernetes/vllm_lane

try-test-cudf:  # for CI: where the wheels cannot be had nothing is proven, and that is said; a failing test fails
	@if $(MAKE) --no-print-directory .venv-cudf/.installed; then $(MAKE) --no-print-directory test-cudf; else \
		printf '\n%s\n%s\n%s\n\n' '!!! NOT RUN: make test-cudf. The wheels of requirements-cudf.lock cannot be installed here (above).' \
		'!!! Nothing was proven of the patterns in cuDF or of the plan on cuDF-Polars in this run.' \
		'!!! Run `make test-cudf` on Linux with access to them before a release.' >&2; fi

bench: install-dev  ## The engine against aiohttp and the OpenAI client (pip install openai), with its bars
	$(BIN)/python -m benchmarks.dispatcher --check

bench-cleaning: install-dev  ## Cleaning beside memcpy, pandas, DuckDB, datatrove and datasketch at 50 and 500 MB, with its bars
	@$(BIN)/python -c "import datasketch, datatrove, pandas" 2>/dev/null || $(BIN)/python -m pip install --quiet datasketch==2.0.0 datatrove==0.10.1 pandas==3.1.1
	$(BIN)/python -m benchmarks.cleaning_quality --check
	$(BIN)/python -m benchmarks.cleaning --megabytes 50 500 --check

helm: install-dev  ## The chart: lint and render with Helm 3 and 4 over all values, schemas of Kubernetes, snapshots
	$(BIN)/python -m pytest -n 2 --dist loadfile enrichment_platform_tests/helm

helm-values: install-dev  ## Write values.yaml, values.schema.json and the table of docs/kubernetes.md from the model
	$(BIN)/python -m enrichment_platform.kubernetes.chart_schema

helm-snapshots: install-dev  ## Write the chart's rendered manifests anew, for a reviewer
	$(BIN)/python -m enrichment_platform_tests.helm.write_snapshots

lint: install-dev  ## Linter, formatter, strict types, import contracts, definitions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	ENRICHMENT_HOME=$$(mktemp -d) $(BIN)/dg check defs

format: install-dev  ## Format the code and mend what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: install-dev  ## Resolve the dependencies again
	$(BIN)/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 --extra embedded --group build \
		--generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" -o requirements.lock
	$(BIN)/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 --extra embedded --group build --group dev \
		-c requirements.lock --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 --extra embedded --extra kubernetes --group build \
		-c requirements.lock --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" -o requirements-kubernetes.lock

lock-cudf: install-dev  ## Pin cuDF's wheels of the lane again
	$(BIN)/uv pip compile --quiet requirements-cudf.in --no-deps --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
		--generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock-cudf" -o requirements-cudf.lock

image:  ## Build the images `platform` and `gpu-clean`: make image PYTHON_DIGEST=sha256:... IMAGE=registry/name TAG=1.2.3 (Docker with BuildKit)
	@test -n "$(PYTHON_DIGEST)" || { echo "PYTHON_DIGEST is missing: the digest of python:3.11-slim-bookworm (docker buildx imagetools inspect python:3.11-slim-bookworm)" >&2; exit 2; }
	docker build --build-arg PYTHON_DIGEST=$(PYTHON_DIGEST) --target platform --tag $(IMAGE):$(TAG) .
	docker build --build-arg PYTHON_DIGEST=$(PYTHON_DIGEST) --target gpu-clean --tag $(IMAGE):$(TAG)-gpu-clean .

clean:  ## Remove the environment and all local state (.enrichment)
	rm -rf .venv .venv-cudf .venv-vllm .enrichment build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
