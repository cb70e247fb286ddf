"""A fake OpenAI-compatible provider: a process of its own that keeps a bill and misbehaves when told to.

    python -m enrichment_platform_tests.servers.openai_server --port 0 --latency 0.05

prints its port on the first line. In a test:

    with openai_server() as server:
        server.behave({"kind": "500", "share": 0.1, "seed": 1})
        ...  # talk to server.url
        assert server.stats()["requests"] == 10

`POST /behaviour` takes one behaviour or a list (the first that applies wins): `kind`, and either `first`
(that many requests from now on) or `share` (of all requests, drawn with `seed`); neither means every request.
Kinds: any status from 400 to 599, hang, reset, malformed (the answer is not JSON), truncated (cut,
finish_reason length), refusal, garbage (the body is not JSON), empty (no choices), null (null content, usage
and finish_reason), ok. Error bodies echo the prompt, as some servers do. A 429 or 503 sends `retry_after` as
Retry-After where given.

Settings, with a behaviour or in an object of their own (times are seconds from now):

- `latency_s`: seconds an answer takes.
- `slots`: how many requests are worked on at once; beyond it 429, with `retry_after` as told beside `slots`
  where no `kind` is. 0: no limit. `capacity`: `[[0, 64], [8, 32], [16, 64]]`, slots from these times on.
- `queue`: true, and requests beyond the slots wait instead.
- `outage`: `[start_s, end_s, kind]`: all requests that come or would be answered then fail. Kinds: reset, 503,
  hang, refuse (connections are cut and refused, also to /stats). The next POST /behaviour ends it.

`GET /timeline` has arrivals, answers, rejections and failures in buckets of 100 ms; `POST /reset` empties it
and the bill.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from enrichment_platform_tests.servers.http_protocol import HttpServer
from enrichment_platform_tests.servers.openai_bill import prompt_hash
from enrichment_platform_tests.servers.openai_provider import MODEL, Provider

__all__ = ["RunningServer", "openai_server", "prompt_hash"]

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class RunningServer:
    """The provider as a test sees it."""

    port: int
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        """Base URL for clients."""
        return f"http://127.0.0.1:{self.port}/v1"

    def stats(self) -> dict[str, Any]:
        """The bill so far."""
        return self._call("/stats", None)

    def timeline(self) -> dict[str, Any]:
        """Counts in buckets of `bucket_s` seconds: arrivals, answers, rejections, failures."""
        return self._call("/timeline", None)

    def behave(self, *behaviours: dict[str, Any]) -> None:
        """Misbehave so from now on; without arguments, behave well."""
        self._call("/behaviour", list(behaviours))

    def reset(self) -> None:
        """Start an empty bill and timeline."""
        self._call("/reset", {})

    def _call(self, path: str, body: Any) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", data, timeout=10) as response:
            result: dict[str, Any] = json.load(response)
            return result


@contextlib.contextmanager
def openai_server(*arguments: str) -> Iterator[RunningServer]:
    """Run the provider for the length of a with-block; arguments as on the command line."""
    command = [
        sys.executable,
        "-m",
        "enrichment_platform_tests.servers.openai_server",
        "--port",
        "0",
        *arguments,
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield RunningServer(int(process.stdout.readline()), process)
        finally:
            process.kill()


async def serve(options: argparse.Namespace) -> None:
    """Listen, say where, and answer for ever."""
    server = HttpServer(options.port, read_authorization=bool(options.api_key))
    Provider(
        server,
        model=options.model,
        latency_s=options.latency,
        slots=options.slots,
        api_key=options.api_key,
        keep_prompts=options.prompts,
    )
    server.listen()
    print(server.port, flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds per answer")
    parser.add_argument("--slots", type=int, default=0, help="429 beyond that many at once; 0 for no limit")
    parser.add_argument("--model", default=MODEL, help="name of the model; empty: no /models route")
    parser.add_argument("--api-key", help="refuse requests without it")
    parser.add_argument("--no-prompts", dest="prompts", action="store_false", help="keep no hash of each prompt")
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
