"""llama.cpp's HTTP server inside this process: one per settings, stopped with the process."""

from __future__ import annotations

import atexit
import ctypes
import http.client
import json
import os
import secrets
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from enrichment_platform.errors import EndpointUnavailableError

_HTTP_THREADS = 32  # a kept-alive connection holds one, and several partitions may share the server
_WARM_UP_TIMEOUT_S = 120.0
_SILENT = -1  # llama.cpp logs prompts at its default verbosity


@dataclass(frozen=True)
class Settings:
    """What makes two servers the same one."""

    gguf: str
    alias: str
    slots: int
    context_tokens: int


@dataclass
class Running:
    """A server of this process; `url` ends in /v1."""

    server: Any = field(repr=False)
    url: str
    api_key: str = field(repr=False)


_running: dict[Settings, Running] = {}
_lock = threading.Lock()


def require_xllamacpp() -> None:
    """See that the library is installed.

    Raises:
        EndpointUnavailableError: it is not; the message says what to install.
    """
    try:
        import xllamacpp  # noqa: F401
    except ImportError as error:
        raise EndpointUnavailableError(
            f"the embedded model needs xllamacpp ({error}): pip install 'enrichment-platform[embedded]',"
            " or set ENRICHMENT_ENDPOINT to the URL of an OpenAI-compatible server"
        ) from error


def running(settings: Settings) -> Running:
    """The server of these settings, started where it does not run yet; blocks while it loads and answers once.

    It runs until the process ends, so that the next partition of the process finds the model loaded.

    Raises:
        EndpointUnavailableError: the model cannot be loaded.
    """
    with _lock:
        if settings not in _running:
            _running[settings] = _started(settings)
        return _running[settings]


def _started(settings: Settings) -> Running:
    import xllamacpp

    with open(settings.gguf, "rb") as file:
        if file.read(4) != b"GGUF":
            raise EndpointUnavailableError(f"{settings.gguf} is not a GGUF file; see ENRICHMENT_GGUF")
    api_key = secrets.token_hex(16)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = settings.gguf
    parameters.model_alias = {settings.alias}
    parameters.port = 0
    parameters.api_keys = [api_key]
    parameters.n_parallel = settings.slots
    parameters.n_ctx = settings.slots * settings.context_tokens
    # One thread that sleeps while it waits: two that spin are ~50 times slower on busy cores.
    for threads in (parameters.cpuparams, parameters.cpuparams_batch):
        threads.n_threads = 1
        threads.poll = 0
    parameters.n_threads_http = _HTTP_THREADS
    parameters.verbosity = _SILENT
    parameters.cache_ram_mib = 0  # a slot keeps the prompts' common prefix; up to 8 GB of old prompts help nobody
    parameters.ui = False
    parameters.endpoint_slots = False  # it would show prompts
    try:
        server = xllamacpp.Server(parameters)
    except (RuntimeError, ValueError, OSError) as error:
        raise EndpointUnavailableError(f"llama.cpp cannot load {settings.gguf}: {error}") from error
    started = Running(server, f"{server.listening_address}/v1", api_key)
    _warm_up(started)
    return started


def _warm_up(started: Running) -> None:
    # The first answer of a fresh server pays for page faults and was once seen to be odd.
    url = urlsplit(started.url)
    connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=_WARM_UP_TIMEOUT_S)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {started.api_key}"}
    body = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8, "temperature": 0}
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        status = connection.getresponse().status
    except OSError as error:
        raise EndpointUnavailableError(f"the embedded model does not answer: {error}") from error
    finally:
        connection.close()
    if status != 200:
        raise EndpointUnavailableError(f"the embedded model does not answer: status {status}")


def _stop_all() -> None:
    with _lock:
        for each in _running.values():
            each.server = None  # its destructor stops the threads and closes the port
        _running.clear()


def _forget_after_fork() -> None:
    # A forked child has the objects but not their threads: their destructors would wait for ever.
    global _lock  # noqa: PLW0603 - the parent's lock may have been held at the fork
    _lock = threading.Lock()
    for each in _running.values():
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(each.server))
    _running.clear()


atexit.register(_stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
