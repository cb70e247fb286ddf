# syntax=docker/dockerfile:1
# Images of the platform: `platform` (web server, daemon, code location, runs, steps) and `gpu-clean` (the same with cuDF).
# vLLM is upstream's image. `make image` builds them; the base is pinned by the digest that is given.
ARG PYTHON_DIGEST

FROM docker.io/library/python:3.11-slim-bookworm@${PYTHON_DIGEST} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
WORKDIR /opt/enrichment
# The lock first: it changes less often than the code.
COPY requirements-kubernetes.lock ./
RUN /opt/venv/bin/python -m pip install --no-deps --require-hashes -r requirements-kubernetes.lock
COPY pyproject.toml README.md ./
COPY enrichment_platform ./enrichment_platform
# Editable: Dagster finds the enrichments by the project's pyproject.toml, which stands above the package.
RUN /opt/venv/bin/python -m pip install --no-deps --no-build-isolation --editable .

FROM build AS build-platform
# What builds and installs packages stays out of the final layers.
RUN /opt/venv/bin/python -m pip uninstall --yes hatchling editables pip

FROM build AS build-gpu-clean
COPY requirements-cudf.lock ./
RUN /opt/venv/bin/python -m pip install --no-deps --require-hashes -r requirements-cudf.lock \
 && /opt/venv/bin/python -m pip uninstall --yes hatchling editables pip

FROM docker.io/library/python:3.11-slim-bookworm@${PYTHON_DIGEST} AS runtime
# One user for all containers, as the pod profiles and the chart have it; nothing in the image belongs to it.
RUN groupadd --gid 10001 enrichment \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin enrichment \
 && python -m pip uninstall --yes pip setuptools wheel \
 && rm -rf /usr/local/lib/python3.11/ensurepip
# Everything that is written goes to /tmp, a volume of the pod; the rest of the file system may be read-only.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    DAGSTER_DISABLE_TELEMETRY=1 \
    ENRICHMENT_HOME=/tmp/enrichment
WORKDIR /opt/enrichment
USER 10001:10001
CMD ["dagster", "code-server", "start", "--host", "0.0.0.0", "--port", "4000", "--module-name", "enrichment_platform.definitions"]

FROM runtime AS platform
COPY --from=build-platform /opt/venv /opt/venv
COPY --from=build-platform /opt/enrichment /opt/enrichment

FROM runtime AS gpu-clean
COPY --from=build-gpu-clean /opt/venv /opt/venv
COPY --from=build-gpu-clean /opt/enrichment /opt/enrichment
# The node's container runtime mounts the driver; CUDA's own libraries come with cuDF's wheels.
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
