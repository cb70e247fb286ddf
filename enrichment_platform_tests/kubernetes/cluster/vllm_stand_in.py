"""Takes the place of `vllm serve` in a pod: its flags, its routes and its key, answers of the fake provider.

    python -m enrichment_platform_tests.kubernetes.cluster.vllm_stand_in [settings] serve MODEL --port 8000 ...

Settings stand before `serve` and are the image's own. Every request and every answer is a line of JSON in its log,
with the hash of its prompt: that is how tests count what was paid for.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from typing import Any

import orjson
import uvloop

from enrichment_platform.pod_spec import OWN_FLAGS
from enrichment_platform_tests.servers.http_protocol import Exchange, HttpServer, response
from enrichment_platform_tests.servers.openai_behaviour import Behaviour
from enrichment_platform_tests.servers.openai_bill import Bill
from enrichment_platform_tests.servers.openai_provider import Provider

ADDRESS = "TEST_POD_ADDRESS"
"""Variable with the pod's own address: pods share this machine's network."""


STARTED_AT = time.time()


class Journal(Bill):
    """A bill that is also written down line by line."""

    def arrived(self, client: Any, messages: list[dict[str, str]]) -> str | None:
        key = super().arrived(client, messages)
        print(json.dumps({"asked": key}), flush=True)
        return key

    def completed(self, usage: tuple[int, int, int], prompt: str | None) -> None:
        super().completed(usage, prompt)
        print(json.dumps({"answered": prompt}), flush=True)


class VllmStandIn(Provider):
    """The fake provider with vLLM's further routes; another model's name is refused as vLLM refuses it."""

    def __init__(self, server: HttpServer, **settings: Any) -> None:
        super().__init__(server, **settings)
        self.bill, self.loaded_at = Journal(), time.time()
        self._routes |= {b"/health": lambda exchange: exchange.respond(response(200, b"")), b"/metrics": self.metrics}

    def chat(self, exchange: Exchange) -> None:
        named = orjson.loads(exchange.body).get("model")
        if named != self.model:
            error = {"error": {"message": f"The model `{named}` does not exist.", "type": "NotFoundError", "code": 404}}
            exchange.respond(response(404, orjson.dumps(error)))
            return
        super().chat(exchange)

    def metrics(self, exchange: Exchange) -> None:
        """GET /metrics: the counts that vLLM has under these names."""
        counts = {
            "num_requests_running": self.in_flight,
            "num_requests_waiting": 0,
            "kv_cache_usage_perc": min(1.0, self.in_flight / 256),
            "prefix_cache_queries_total": self.bill.prompt_tokens,
            "prefix_cache_hits_total": self.bill.cached_tokens,
            "prefix_cache_queries_created": self.loaded_at,
        }
        lines = [f"process_start_time_seconds {STARTED_AT}\n"]
        lines += [f'vllm:{name}{{engine="0",model_name="{self.model}"}} {value}\n' for name, value in counts.items()]
        exchange.respond(response(200, "".join(lines).encode(), content_type="text/plain"))


def options(arguments: list[str]) -> tuple[argparse.Namespace, argparse.Namespace]:
    """The image's settings, and vLLM's flags; an unknown one ends the process."""
    at = arguments.index("serve")
    settings = argparse.ArgumentParser()
    settings.add_argument("--load-seconds", type=float, default=0.3)
    settings.add_argument("--latency", type=float, default=0.02)
    settings.add_argument("--deaf", action="store_true", help="SIGTERM does nothing")
    settings.add_argument("--kind", help="of all answers, as the fake provider names it")
    flags = argparse.ArgumentParser(prog="vllm serve", allow_abbrev=False)
    flags.add_argument("model_tag")
    for flag in sorted(OWN_FLAGS):
        switch = flag.startswith(("--enable-", "--no-enable-"))
        flags.add_argument(flag, **({"action": "store_true"} if switch else {}))
    return settings.parse_args(arguments[:at]), flags.parse_args(arguments[at + 1 :])


async def serve(settings: argparse.Namespace, flags: argparse.Namespace) -> None:
    """Load, listen, answer for ever."""
    json.loads(flags.structured_outputs_config)
    await asyncio.sleep(settings.load_seconds)
    key = os.environ.get("VLLM_API_KEY")
    host = os.environ[ADDRESS] if flags.host == "0.0.0.0" else flags.host
    server = HttpServer(int(flags.port), read_authorization=bool(key), host=host)
    name = flags.served_model_name or flags.model_tag
    served = VllmStandIn(server, model=name, latency_s=settings.latency, slots=int(flags.max_num_seqs), api_key=key)
    served.queue = True
    served.behaviours = [Behaviour(settings.kind)] if settings.kind else []
    server.listen()
    await asyncio.Event().wait()


def main() -> None:
    """Serve until killed."""
    settings, flags = options(sys.argv[1:])
    if settings.deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    uvloop.run(serve(settings, flags))


if __name__ == "__main__":
    main()
