"""The server beside a step: waited for, watched, and told apart from a model that errs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from enrichment_platform.errors import EndpointUnavailableError
from enrichment_platform.kubernetes.sidecar import START_VARIABLE, Sidecar
from enrichment_platform_tests.waiting import wait_until

LOOK_S = 0.05


class Server:
    """Answers /health and /metrics as vLLM does (names and types of its 0.32), with the numbers that a test sets."""

    def __init__(self, port: int = 0) -> None:
        self.started = 1_000.0
        self.hits = self.queries = self.running = self.waiting = self.cache = 0.0
        self.requests = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests += 1
                body = b"" if self.path == "/health" else server.text().encode()
                self.send_response(200 if self.path in ("/health", "/metrics") else 404)
                self.send_header("Content-Length", f"{len(body)}")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._http.daemon_threads = True
        self.port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def text(self) -> str:
        engine = '{engine="0",model_name="m"}'
        return (
            f"# TYPE vllm:prefix_cache_queries_total counter\nvllm:prefix_cache_queries_total{engine} {self.queries}\n"
            f"# TYPE vllm:prefix_cache_queries_created gauge\n"
            f"vllm:prefix_cache_queries_created{engine} {self.started + 45}\n"
            f"# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds {self.started}\n"
            f"# TYPE vllm:prefix_cache_hits_total counter\nvllm:prefix_cache_hits_total{engine} {self.hits}\n"
            f"# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{engine} {self.running}\n"
            f"# TYPE vllm:num_requests_waiting gauge\nvllm:num_requests_waiting{engine} {self.waiting}\n"
            f"# TYPE vllm:kv_cache_usage_perc gauge\nvllm:kv_cache_usage_perc{engine} {self.cache}\n"
        )

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def two_looks(sidecar: Sidecar) -> None:
    looks = sidecar.seen.looks
    wait_until(lambda: sidecar.seen.looks >= looks + 2, "two looks")


def test_the_time_that_it_loaded_is_its_own_although_the_step_starts_after_it(server: Server) -> None:
    with Sidecar(server.url, 30, LOOK_S) as sidecar:
        assert sidecar.figures["sidecar_load_seconds"] == 45


def test_one_that_does_not_say_when_it_started_is_waited_for_and_the_time_is_told(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Server, "text", lambda _: "")
    port = server.port
    server.close()
    started: list[Server] = []
    timer = threading.Timer(0.5, lambda: started.append(Server(port)))
    timer.start()
    with Sidecar(f"http://127.0.0.1:{port}/v1", 30, LOOK_S) as sidecar:
        assert 0.3 < sidecar.figures["sidecar_load_seconds"] < 10
    started[0].close()


def test_one_that_never_answers_ends_the_wait_with_what_to_look_at(server: Server) -> None:
    server.close()
    with pytest.raises(EndpointUnavailableError, match=r"within 0\.2 s .*start_seconds.*kubectl logs POD -c vllm"):
        Sidecar(server.url, 0.2, LOOK_S).__enter__()


def test_hits_are_those_of_this_step_and_not_of_what_was_asked_before(server: Server) -> None:
    server.hits, server.queries = 900, 1_000
    with Sidecar(server.url, 30, LOOK_S) as sidecar:
        two_looks(sidecar)
        server.hits, server.queries, server.running, server.waiting, server.cache = 910, 1_100, 8, 3, 0.5
        two_looks(sidecar)
        server.running = server.waiting = server.cache = 0
        two_looks(sidecar)
    assert sidecar.figures == {
        "sidecar_load_seconds": 45,
        "sidecar_restarts": 0,
        "sidecar_down_seconds": 0,
        "sidecar_prefix_cache_hit_rate": 0.1,
        "sidecar_most_running": 8,
        "sidecar_most_waiting": 3,
        "sidecar_most_kv_cache": 0.5,
    }


def test_a_server_that_began_anew_is_counted_and_its_tokens_too(server: Server) -> None:
    server.hits, server.queries = 0, 100
    with Sidecar(server.url, 30, LOOK_S) as sidecar:
        two_looks(sidecar)
        server.hits, server.queries, server.started = 80, 160, 2_000  # of the new process
        two_looks(sidecar)
    assert sidecar.figures["sidecar_restarts"] == 1
    assert sidecar.figures["sidecar_prefix_cache_hit_rate"] == 0.5


def test_a_server_that_is_gone_is_told_apart_from_one_that_errs(server: Server) -> None:
    error = EndpointUnavailableError("no endpoint of pool 'default' answers (500)")
    with Sidecar(server.url, 30, LOOK_S) as sidecar:
        two_looks(sidecar)
        assert "it is the model or a request that fails" in str(sidecar.explained(error))
        server.close()
        two_looks(sidecar)
        gone = str(sidecar.explained(error))
        assert gone.startswith(str(error))
        assert "the vLLM sidecar is gone" in gone
        again = Server(server.port)
        two_looks(sidecar)
        assert "was down 1 time(s) on the way and answers /health again" in str(sidecar.explained(error))
        again.close()
    assert sidecar.figures["sidecar_down_seconds"] > 0


def test_there_is_one_only_where_the_pod_profile_has_put_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(START_VARIABLE, raising=False)
    monkeypatch.setenv("ENRICHMENT_ENDPOINT", "http://127.0.0.1:8000/v1")
    assert Sidecar.of_environment() is None
    monkeypatch.setenv(START_VARIABLE, "60")
    assert Sidecar.of_environment() is not None
