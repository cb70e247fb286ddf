"""The embedded model: one server a process, shared, quiet, and gone when its work is done."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from enrichment_platform.errors import EndpointUnavailableError
from enrichment_platform.inference.endpoints import llama_server
from enrichment_platform.inference.endpoints.embedded import EmbeddedEndpoint, grammar
from enrichment_platform.inference.endpoints.protocol import Completion, CompletionRequest

ROOT = Path(__file__).parents[3]
SCHEMA = {
    "type": "object",
    "properties": {
        "category": {"type": "string", "enum": ["delivery", "refund"]},
        "order_id": {"anyOf": [{"type": "string", "pattern": r"^ORD-\d{6}$"}, {"type": "null"}]},
    },
    "required": ["category", "order_id"],
    "additionalProperties": False,
}
SCRIPT = """
import asyncio, sys
from enrichment_platform.inference.endpoints import llama_server
from enrichment_platform.inference.endpoints.embedded import EmbeddedEndpoint
from enrichment_platform.inference.endpoints.protocol import CompletionRequest
async def main():
    endpoint = EmbeddedEndpoint("embedded", frozenset({"public"}))
    messages = ({"role": "user", "content": "zanzibar parcel is late"},)
    schema = {"type": "object", "properties": {"a": {"enum": ["b"]}}, "required": ["a"]}
    await endpoint.complete(CompletionRequest(messages, schema, 20, 0.0, 0))
    print(next(iter(llama_server._running.values())).url, flush=True)
    if "close" in sys.argv:
        await endpoint.close()
    if "wait" in sys.argv:
        await asyncio.sleep(600)
asyncio.run(main())
"""


def endpoint(name: str = "embedded", slots: int = 2) -> EmbeddedEndpoint:
    return EmbeddedEndpoint(name, frozenset({"public"}), slots=slots)


def request(text: str = "My parcel ORD-123456 has not arrived", tokens: int = 60) -> CompletionRequest:
    return CompletionRequest(({"role": "user", "content": text},), SCHEMA, tokens, 0.0, 0)


async def ask(endpoint: EmbeddedEndpoint, close: bool = True) -> Completion:
    try:
        return await endpoint.complete(request())
    finally:
        if close:
            await endpoint.close()


@pytest.mark.model
def test_an_answer_matches_the_schema_and_its_tokens_are_counted() -> None:
    done = asyncio.run(ask(endpoint()))
    answer = json.loads(done.text)
    assert answer["category"] in ("delivery", "refund")
    assert answer["order_id"] is None or re.fullmatch(r"ORD-\d{6}", answer["order_id"])
    assert ": " not in done.text, "white space costs tokens"
    assert (done.finish_reason, done.refusal) == ("stop", None)
    assert done.input_tokens > 10
    assert 5 < done.output_tokens < 40


@pytest.mark.model
def test_a_body_that_was_encoded_before_is_sent_as_it_is() -> None:
    async def scenario() -> tuple[Completion, Completion]:
        one = endpoint()
        await one.model_identity()
        body = one.encoded(request())
        try:
            return await one.complete(request(), body), await one.complete(request("something else", 5), body)
        finally:
            await one.close()

    first, second = asyncio.run(scenario())
    assert first.text == second.text


@pytest.mark.model
def test_the_served_model_is_the_one_that_was_identified() -> None:
    one = endpoint()
    identity = asyncio.run(one.model_identity())
    assert re.fullmatch(r".+@[0-9a-f]{12}", identity)
    assert one._http is None, "identifying a model does not load it"
    assert asyncio.run(ask(one)).model == identity


@pytest.mark.model
def test_endpoints_of_equal_settings_share_a_server_that_outlives_them() -> None:
    async def scenario() -> None:
        one, two, other = endpoint(), endpoint("again"), endpoint(slots=1)
        await asyncio.gather(one.start(), one.start(), two.start(), other.start())
        assert len(llama_server._running) == 2
        await other.close()
        await one.close()
        assert (await ask(two)).finish_reason == "stop"

    asyncio.run(scenario())
    before = dict(llama_server._running)
    assert asyncio.run(ask(endpoint())).finish_reason == "stop"
    assert llama_server._running == before, "the next partition finds the model loaded"


@pytest.mark.model
def test_loops_come_and_go_around_one_server() -> None:
    kept = endpoint()
    first = asyncio.run(ask(kept, close=False))
    assert asyncio.run(ask(kept, close=False)).text == first.text
    asyncio.run(kept.close())
    assert asyncio.run(ask(kept)).finish_reason == "stop", "it opens again after close"


@pytest.mark.model
def test_a_prompts_common_prefix_is_computed_once() -> None:
    async def scenario() -> list[Completion]:
        one = endpoint(slots=1)
        try:
            return [await one.complete(request("word " * 200 + end)) for end in ("first", "second")]
        finally:
            await one.close()

    _, second = asyncio.run(scenario())
    assert second.cached_tokens > 190


@pytest.mark.model
@pytest.mark.parametrize("how", ["close", "leave"])
def test_the_process_ends_by_itself_and_prints_nothing_of_the_model(how: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, how], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1
    assert "zanzibar" not in done.stderr
    if how == "close":
        assert done.stderr == ""


@pytest.mark.model
def test_a_killed_process_leaves_no_listener() -> None:
    command = [sys.executable, "-c", SCRIPT, "wait"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = urlsplit(process.stdout.readline()).port
        process.kill()
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(_connect(port))


async def _connect(port: int | None) -> None:
    await asyncio.open_connection("127.0.0.1", port)


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(EndpointUnavailableError, match=r"pip install 'enrichment-platform\[embedded\]'"):
        asyncio.run(endpoint().start())


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    path = tmp_path / "text.gguf"
    path.write_text("hello")
    one = EmbeddedEndpoint("x", frozenset({"public"}), gguf=path)
    with pytest.raises(EndpointUnavailableError, match="not a GGUF file"):
        asyncio.run(one.start())


def test_a_cut_off_model_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    path = tmp_path / "cut.gguf"
    path.write_bytes(b"GGUF\x03\x00\x00\x00" + b"\x00" * 100)
    one = EmbeddedEndpoint("x", frozenset({"public"}), gguf=path)
    with pytest.raises(EndpointUnavailableError, match="cannot load"):
        asyncio.run(one.start())


@pytest.mark.parametrize(
    ("pattern", "kept"), [(r"^\d+$", True), ("^(?:a|b)$", True), ("^(?=a).*$", False), (r"\bword\b", False)]
)
def test_only_patterns_that_the_grammar_knows_reach_it(pattern: str, kept: bool) -> None:
    schema = {
        "type": "object",
        "properties": {"pattern": {"type": "string", "pattern": pattern, "maxLength": 9}},
    }
    written = json.loads(grammar(schema)["grammar"].split("%json ", 1)[1])
    assert written["x-guidance"] == {"whitespace_flexible": False}
    assert ("pattern" in written["properties"]["pattern"]) is kept
    assert written["properties"]["pattern"]["maxLength"] == 9


def test_a_body_is_known_before_the_model_is_loaded() -> None:
    one = endpoint()
    identity = asyncio.run(one.model_identity())
    body = json.loads(one.encoded(request()))
    assert (body["model"], body["max_tokens"]) == (identity, 60)
    assert "grammar" in body
    assert "response_format" not in body
    assert one._http is None
