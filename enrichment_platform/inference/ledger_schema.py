"""Tables of the ledger: every attempt, every answer."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Float, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

# One row a request key: what was answered, for good. Resume, cache and dedup are lookups here.
answers = Table(
    "answers",
    metadata,
    Column("request_key", String(64), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("enrichment", String(63), nullable=False),
    Column("status", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("finish_reason", String(32), nullable=False),
    Column("model", String(255), nullable=False),
    Column("endpoint", String(255), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("input_tokens", Integer, nullable=False),
    Column("cached_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("cost_usd", Float, nullable=False),
    Column("latency_ms", Float, nullable=False),
    Column("answered_at", DateTime(timezone=True), nullable=False),
)

# One row a request that was sent; `outcome` stays null when the process died before the answer came.
attempts = Table(
    "attempts",
    metadata,
    Column("attempt_id", String(32), primary_key=True),
    Column("request_key", String(64), nullable=False),
    Column("enrichment", String(63), nullable=False),
    Column("partition_key", String(255), nullable=False),
    Column("row_id", Text, nullable=False),
    Column("endpoint", String(255), nullable=False),
    Column("cause", String(32), nullable=False),
    Column("sent_at", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True)),
    Column("outcome", String(32)),
    Column("detail", Text),
    Column("finish_reason", String(32)),
    Column("model", String(255)),
    Column("input_tokens", Integer),
    Column("cached_tokens", Integer),
    Column("output_tokens", Integer),
    Column("cost_usd", Float),
    Column("latency_ms", Float),
    Index("attempts_by_request", "request_key"),
    Index("attempts_by_partition", "enrichment", "partition_key"),
)
