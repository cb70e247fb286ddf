"""One client of benchmarks/dispatcher.py in a process of its own, so that its CPU time and memory are its own.

    python -m benchmarks.dispatcher_client NAME URL ROWS CONCURRENCY

says `ready` when it has imported what it needs, waits for a line, asks the rows, and prints what that took as JSON.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable

import aiohttp
import orjson
import uvloop

from benchmarks.dispatcher_task import bodies
from benchmarks.process_memory import memory_mb

PAUSE_S = 0.1  # before a rejected request is sent again
MOST_MEMORY = 4 * 2**30  # bytes; a client that runs away must not take the machine with it
Client = Callable[[str, int, int], Awaitable[int]]


async def run_aiohttp(url: str, rows: int, concurrency: int) -> int:
    """The least that a Python client can do: workers over one session, and JSON out and in."""
    pending = bodies(rows)
    good = 0
    connector = aiohttp.TCPConnector(limit=concurrency)
    headers = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def worker() -> None:
            nonlocal good
            for body in pending:
                while True:
                    async with session.post(f"{url}/chat/completions", data=orjson.dumps(body)) as response:
                        answer = orjson.loads(await response.read())
                    if response.status != 429:
                        break
                    await asyncio.sleep(PAUSE_S)
                good += answer["choices"][0]["finish_reason"] == "stop"

        await asyncio.gather(*(worker() for _ in range(concurrency)))
    return good


async def run_openai(url: str, rows: int, concurrency: int) -> int:
    """What the OpenAI package's users write: gather over all rows, and a semaphore."""
    package = importlib.import_module("openai")  # not among our dependencies
    slots = asyncio.Semaphore(concurrency)
    async with package.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:

        async def ask(body: dict[str, object]) -> bool:
            async with slots:
                answer = await client.chat.completions.create(**body)
            return bool(answer.choices[0].finish_reason == "stop")

        return sum(await asyncio.gather(*(ask(body) for body in bodies(rows))))


def client(name: str) -> Client:
    """Import what a client needs."""
    if name == "engine":
        run: Client = importlib.import_module("benchmarks.dispatcher_engine").run_engine
        return run
    if name == "openai":
        importlib.import_module("openai")
        return run_openai
    return run_aiohttp


def main() -> None:
    """Wait for the start, run, report."""
    name, url, rows, concurrency = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    run = client(name)

    async def measured() -> int:
        return await run(url, rows, concurrency)

    before_mb = memory_mb()["rss_mb"]
    print("ready", flush=True)
    sys.stdin.readline()
    used, started, began = resource.getrusage(resource.RUSAGE_SELF), time.time(), time.perf_counter()
    # The baseline is the loop that one writes, on asyncio's own event loop; `aiohttp+uvloop` is the same on uvloop.
    loop = None if name == "aiohttp" else uvloop.new_event_loop
    with asyncio.Runner(loop_factory=loop) as runner:
        good = runner.run(measured())
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    told = {"good": good, "seconds": seconds, "cpu_s": cpu_s, "started": started, "before_mb": before_mb}
    print(json.dumps(told | {"peak_mb": memory_mb()["peak_mb"]}), flush=True)


if __name__ == "__main__":
    main()
