"""Connections are kept while they are good, and given up when they are not."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from typing import Any

import pytest
from yarl import URL

from enrichment_platform.inference.endpoints import http_client, http_connection
from enrichment_platform.inference.endpoints.http_client import HttpClient
from enrichment_platform.inference.endpoints.http_response import Response
from enrichment_platform.inference.endpoints.protocol import EndpointError, Failure
from enrichment_platform_tests.inference.endpoints.http_clients import (
    ClientOf,
    Run,
    asked,
    both,
    failure,
    lean,
)
from enrichment_platform_tests.inference.endpoints.raw_server import ANSWER, OK, RawServer, raw_server


def test_a_failed_request_costs_its_connection_and_the_next_one_succeeds(run: Run) -> None:
    sent = iter([OK, b"garbage\r\n\r\n", OK, OK + b"HTTP/1.1 200 OK\r\n", OK, OK + b"\r\n", OK])

    async def answer(writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(next(sent))

    answers, server = run(lambda: asked(answer, times=7))
    assert [isinstance(one, Response) and one.status for one in answers] == [200, False, 200, 200, 200, 200, 200]
    # New: after the garbage, and after what came behind an answer. A blank line there means nothing.
    assert server.connections == 3


def test_each_request_has_the_whole_timeout_though_they_share_a_connection(run: Run) -> None:
    async def answer(writer: asyncio.StreamWriter, number: int) -> None:
        await asyncio.sleep(0.4 if number < 4 else 9)
        writer.write(OK)

    async def scenario() -> tuple[list[Any], float]:
        async with raw_server(answer) as server:
            client = lean(server.url, timeout_s=1.2)
            for _ in range(4):
                await client.request("POST", server.url, b"")
            started = asyncio.get_running_loop().time()
            with pytest.raises(EndpointError) as caught:
                await client.request("POST", server.url, b"")
            took = asyncio.get_running_loop().time() - started
            assert server.connections == 1
            await client.close()
        return [caught.value], took

    (error,), took = run(scenario)
    assert failure(error) == (Failure.TIMEOUT, True)
    assert 1.18 < took < 6, "not the server's nine seconds"


class Blocking(asyncio.Protocol):
    """Answers where the loop looks at its sockets, past the transport, and holds the loop up there."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._descriptor = transport.get_extra_info("socket").fileno()

    def data_received(self, data: bytes) -> None:
        os.write(self._descriptor, OK)
        time.sleep(0.7)


def test_an_answer_that_came_in_time_to_a_loop_that_was_held_up_is_read(run: Run) -> None:
    async def scenario() -> int:
        server = await asyncio.get_running_loop().create_server(Blocking, "127.0.0.1", 0)
        url = URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        client = lean(url, timeout_s=0.5)
        try:
            return (await client.request("POST", url, b"")).status
        finally:
            await client.close()
            server.close()

    assert run(scenario) == 200


def test_an_answer_that_trickles_in_has_no_more_time_than_another(run: Run) -> None:
    async def answer(writer: asyncio.StreamWriter, number: int) -> None:
        for byte in OK:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.02)

    async def scenario() -> float:
        async with raw_server(answer) as server:
            client, began = lean(server.url, timeout_s=0.5), asyncio.get_running_loop().time()
            with pytest.raises(EndpointError) as caught:
                await client.request("POST", server.url, b"")
            took = asyncio.get_running_loop().time() - began
            await client.close()
        assert failure(caught.value) == (Failure.TIMEOUT, True)
        return took

    assert run(scenario) < 2, "not the server's three seconds"


def test_idle_connections_end_before_the_server_hangs_up(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "KEEP_ALIVE_S", 1.0)

    async def scenario() -> None:
        async with raw_server(OK) as server:
            client = lean(server.url)
            await asyncio.gather(*(client.request("POST", server.url, b"") for _ in range(3)))
            assert server.open == 3
            clock, stood_still = asyncio.get_running_loop().time, False
            for _ in range(6):  # the connection used last is used next, and the others run out
                before = clock()
                await asyncio.sleep(0.25)
                await client.request("POST", server.url, b"")
                stood_still |= clock() - before > 0.9  # the machine: the connection in use ran out, too
            assert server.open == 1
            assert server.connections == 3 or stood_still
            await asyncio.sleep(1.5)
            assert server.open == 0
            await client.close()

    run(scenario)


def test_a_connection_that_the_server_hung_up_on_is_not_used(run: Run) -> None:
    async def answer(writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(OK)
        asyncio.get_running_loop().call_later(0.05, writer.close)

    async def scenario() -> RawServer:
        async with raw_server(answer) as server:
            client = lean(server.url)
            for _ in range(3):
                assert (await client.request("POST", server.url, b"")).status == 200
                await asyncio.sleep(0.15)
            await client.close()
        return server

    assert run(scenario).connections == 3


def test_bytes_that_nobody_asked_for_end_an_idle_connection(run: Run) -> None:
    async def answer(writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(OK)
        asyncio.get_running_loop().call_later(0.05, writer.write, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong")

    async def scenario() -> list[bytes]:
        async with raw_server(answer) as server:
            client = lean(server.url)
            bodies = []
            for _ in range(3):
                bodies.append((await client.request("POST", server.url, b"")).body)
                await asyncio.sleep(0.15)
            await client.close()
        return bodies

    assert b"wrong" not in run(scenario)


@pytest.mark.parametrize("end", [False, True])
def test_what_arrived_while_the_loop_was_held_up_ends_an_idle_connection_too(run: Run, end: bool) -> None:
    writers: list[asyncio.StreamWriter] = []

    async def answer(writer: asyncio.StreamWriter, number: int) -> None:
        writers.append(writer)
        writer.write(OK)

    async def scenario() -> list[bytes]:
        async with raw_server(answer) as server:
            client = lean(server.url)
            bodies = [(await client.request("POST", server.url, b"")).body]
            with socket.socket(fileno=os.dup(writers[0].get_extra_info("socket").fileno())) as servers:
                if end:
                    servers.shutdown(socket.SHUT_WR)
                else:
                    servers.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong")
            bodies.append((await client.request("POST", server.url, b"")).body)  # the loop has read nothing between
            await client.close()
            assert server.connections == 2
        return bodies

    assert run(scenario) == [ANSWER, ANSWER]


@both
def test_a_cancelled_request_takes_its_connection_along(run: Run, client_of: ClientOf) -> None:
    async def answer(writer: asyncio.StreamWriter, number: int) -> None:
        await asyncio.sleep(0.1)
        writer.write(OK)

    async def scenario() -> None:
        async with raw_server(answer) as server:
            client = client_of(server.url)
            task = asyncio.create_task(client.request("POST", server.url, b"first"))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await client.request("POST", server.url, b"second")).status == 200
            assert server.connections == 2
            await client.close()

    run(scenario)


def test_cancelling_at_the_moment_of_the_answer_harms_no_other_request(run: Run) -> None:
    async def scenario() -> int:
        async with raw_server(OK) as server:
            client = lean(server.url, connections=4)
            tasks = [asyncio.create_task(client.request("POST", server.url, b"%d" % n)) for n in range(300)]
            for number, task in enumerate(tasks):
                if number % 3 == 0:
                    await asyncio.sleep(0.0005)
                    task.cancel()
            answers = await asyncio.gather(*tasks, return_exceptions=True)
            await client.close()
        assert not [answer for answer in answers if isinstance(answer, EndpointError)]
        return sum(isinstance(answer, Response) for answer in answers)

    assert run(scenario) >= 200


@both
def test_hundreds_at_once_get_each_their_own_answer(run: Run, client_of: ClientOf) -> None:
    async def echo(writer: asyncio.StreamWriter, number: int) -> None:
        body = server.bodies[-1]
        await asyncio.sleep(0.001 * (len(server.bodies) % 7))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    async def scenario() -> None:
        nonlocal server
        async with raw_server(echo) as server:
            client = client_of(server.url)
            bodies = [b"%d" % number for number in range(1500)]

            async def some(own: list[bytes]) -> None:
                for body in own:
                    assert (await client.request("POST", server.url, body)).body == body

            await asyncio.gather(*(some(bodies[start::500]) for start in range(500)))
            assert server.connections <= 500
            await client.close()
            await asyncio.sleep(0.05)
            assert server.open == 0

    server: RawServer
    run(scenario)


def test_closing_fails_what_is_in_flight_and_leaves_no_descriptor(run: Run) -> None:
    async def silent(writer: asyncio.StreamWriter, number: int) -> None:
        await asyncio.sleep(9)

    async def scenario() -> None:
        async with raw_server(silent) as server:
            before = len(os.listdir("/proc/self/fd"))
            client = lean(server.url)
            tasks = [asyncio.create_task(client.request("POST", server.url, b"")) for _ in range(5)]
            await asyncio.sleep(0.1)
            await client.close()
            answers = await asyncio.gather(*tasks, return_exceptions=True)
            assert [failure(answer) for answer in answers] == [(Failure.CONNECTION, True)] * 5
            await asyncio.sleep(0.05)
            assert len(os.listdir("/proc/self/fd")) <= before + 5  # the server's own ends

    run(scenario)


def test_small_requests_do_not_wait_for_full_packets(run: Run) -> None:
    async def scenario() -> list[int]:
        async with raw_server(OK) as server:
            client = lean(server.url)
            await client.request("POST", server.url, b"")
            sockets = [one._transport.get_extra_info("socket") for one in client._open]
            delays = [one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for one in sockets]
            await client.close()
        return delays

    assert all(run(scenario))


def test_the_bounds_are_those_documented() -> None:
    assert (http_connection.MAX_HEAD_BYTES, http_connection.MAX_BODY_BYTES) == (65536, 64 * 1024 * 1024)
    assert http_client.KEEP_ALIVE_S < 5


def test_a_host_of_which_one_address_is_dead_is_reached_by_the_next(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> float:
        async with raw_server(OK) as server:
            with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as filler:
                filler.connect(full.getsockname())  # the queue is full now: further packets are dropped
                refusing = ("127.0.0.1", 9)
                addresses = [full.getsockname(), refusing, ("127.0.0.1", server.url.port)]

                async def resolved(_: HttpClient) -> list[Any]:
                    return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", one) for one in addresses]

                monkeypatch.setattr(HttpClient, "_resolved", resolved)
                client = lean(server.url)
                started = asyncio.get_running_loop().time()
                await asyncio.gather(*(client.request("POST", server.url, b"") for _ in range(5)))
                took = asyncio.get_running_loop().time() - started
                await client.close()
        return took

    assert run(scenario) < 2
