"""An endpoint over a language model inside this process: llama.cpp's server on a loopback port."""

from __future__ import annotations

import asyncio
import re
import threading
from pathlib import Path
from typing import Any

import orjson

from enrichment_platform.errors import EndpointUnavailableError
from enrichment_platform.inference.endpoints import llama_server, model_file, openai_wire
from enrichment_platform.inference.endpoints.openai import OpenAIEndpoint
from enrichment_platform.inference.endpoints.protocol import (
    Completion,
    CompletionRequest,
    EndpointError,
    Failure,
)
from enrichment_platform.inference.pricing import Price
from enrichment_platform.inference.records import RateLimit
from enrichment_platform.spec import DataClass

# One thread serves all slots, so a request waits for the others of its batch and of other partitions.
_TIMEOUT_S = 600.0
# llguidance knows no look-around, no word boundaries and no back references. With one of them in the grammar
# llama.cpp drops the whole constraint; without the pattern it keeps the rest, and the contract checks it.
_NOT_REGULAR = re.compile(r"\(\?(?:[=!]|<[=!])|\\[bBAZ1-9]|\(\?P=")


class EmbeddedEndpoint:
    """Answers with a GGUF model on the CPU of this process; endpoints of equal settings share one server.

    Args:
        name: Recorded with every attempt.
        data_classes: What it may see.
        gguf: The model; the default model (fetched once) where None.
        slots: Requests computed together; on one core, one is fastest (3.7 rows/s; 3.1 with two, 1.9 with four).
        context_tokens: Prompt and answer of one request together.
    """

    def __init__(
        self,
        name: str,
        data_classes: frozenset[DataClass],
        *,
        gguf: Path | None = None,
        slots: int = 1,
        context_tokens: int = 4096,
    ) -> None:
        self.name = name
        self.data_classes = data_classes
        self.max_concurrency = slots
        self.timeout_s = _TIMEOUT_S
        self.price = Price()
        self.rate_limit: RateLimit | None = None
        self.takes_priority = False
        self._encoder = openai_wire.BodyEncoder(grammar)
        self._identity: str | None = None
        self._gguf = gguf
        self._context_tokens = context_tokens
        self._starting = threading.Lock()
        self._http: OpenAIEndpoint | None = None

    async def model_identity(self) -> str:
        """`<file stem>@<first 12 hex digits of the file's SHA-256>`; neither loads nor fetches the model.

        Raises:
            EndpointUnavailableError: the file does not exist.
        """
        self._identity = await asyncio.to_thread(model_file.identity, self._gguf)
        return self._identity

    async def start(self) -> None:
        """Fetch the model where it is missing, start the server, and have it answer once.

        Raises:
            EndpointUnavailableError: xllamacpp is not installed, or the model cannot be fetched or loaded.
        """
        if self._http is None:
            await asyncio.to_thread(self._start)

    def encoded(self, request: CompletionRequest) -> bytes:
        """The body of a request; see `Endpoint.encoded`."""
        if self._identity is None:
            raise RuntimeError("the model's name is a part of the body: await `model_identity` before `encoded`")
        return self._encoder.encoded(request, self._identity)

    async def complete(self, request: CompletionRequest, body: bytes | None = None) -> Completion:
        """Answer one request; see `Endpoint.complete`. Starts the server where `start` was not called."""
        try:
            await self.start()
        except EndpointUnavailableError as error:
            raise EndpointError(Failure.CONNECTION, str(error), sent=False) from None
        http = self._http
        if http is None:
            raise EndpointError(Failure.CONNECTION, "closed while it started", sent=False)
        return await http.complete(request, body)

    async def close(self) -> None:
        """Release the connections; the server stays for the next partition and stops with the process."""
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    def _start(self) -> None:
        with self._starting:
            if self._http is not None:
                return
            llama_server.require_xllamacpp()
            path = model_file.existing(self._gguf) if self._gguf else model_file.default_model_file()
            self._identity = identity = model_file.identity(path)
            settings = llama_server.Settings(str(path), identity, self.max_concurrency, self._context_tokens)
            server = llama_server.running(settings)
            self._http = OpenAIEndpoint(
                self.name,
                server.url,
                self.data_classes,
                model=identity,
                api_key=server.api_key,
                max_concurrency=self.max_concurrency,
                timeout_s=self.timeout_s,
                encoder=self._encoder,
            )


def grammar(schema: dict[str, Any]) -> dict[str, Any]:
    """The field of a request's body that holds the answer's grammar, in place of its JSON schema.

    llama.cpp's own reading of a schema allows runs of white space (twice the tokens, and some answers never
    end) and accepts any string where a pattern uses `\\d`, `\\w` or is not anchored. llguidance, which
    xllamacpp carries, has neither fault.
    """
    wanted = {**_regular(schema), "x-guidance": {"whitespace_flexible": False}}
    return {"grammar": f"%llguidance {{}}\nstart: %json {orjson.dumps(wanted).decode()}"}


def _regular(schema: Any) -> Any:
    """The schema without patterns that are not regular languages."""
    if isinstance(schema, list):
        return [_regular(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    pattern = schema.get("pattern")
    drop = isinstance(pattern, str) and _NOT_REGULAR.search(pattern)
    return {key: _regular(value) for key, value in schema.items() if not (drop and key == "pattern")}
