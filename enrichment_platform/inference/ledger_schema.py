"""Tables of the ledger: every attempt, every answer, what was spent, who is alive, what is halted."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Float, Index, Integer, MetaData, String, Table, Text, text

LEDGER_VERSION = 3  # counts up with every change of the tables below

metadata = MetaData()

# One row: whoever opens the ledger with another version is told so instead of failing in the middle of a run.
ledger_version = Table("ledger_version", metadata, Column("version", Integer, nullable=False))

# One row a request key: what was answered, for good. Resume, cache and dedup are lookups here.
# Tokens, cost and attempts are sums over the attempts of the row that it was asked for (partition_key, row_id).
answers = Table(
    "answers",
    metadata,
    Column("request_key", String(32), primary_key=True),
    Column("fingerprint", String(32), nullable=False),
    Column("enrichment", String(63), nullable=False),
    Column("partition_key", String(255), nullable=False),
    Column("row_id", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("finish_reason", String(32), nullable=False),
    Column("model", String(255), nullable=False),
    Column("endpoint", String(255), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cost_usd", Float, nullable=False),
    Column("latency_ms", Float, nullable=False),
    Column("answered_at", DateTime(timezone=True), nullable=False),
)

# One row a request that was sent or is about to be; until it is settled it is a lease on its lease key, and it is
# the reservation of what it may cost at most. `lost`: its process died; what it cost is not known.
# A request key names the model, a lease key does not: processes that see different endpoints of a pool share it.
attempts = Table(
    "attempts",
    metadata,
    Column("attempt_id", String(32), primary_key=True),  # begins with the time, so that inserts go to the index's end
    Column("request_key", String(32), nullable=False),
    Column("fingerprint", String(32), nullable=False),
    Column("enrichment", String(63), nullable=False),
    Column("partition_key", String(255), nullable=False),
    Column("row_id", Text, nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("holder", String(32), nullable=False),
    Column("endpoint", String(255), nullable=False),
    Column("cause", String(32), nullable=False),
    Column("reserved_tokens", BigInteger, nullable=False),
    Column("reserved_nano_usd", BigInteger, nullable=False),
    Column("lease_key", String(32), nullable=False),
    Column("temperature", Float),  # what was asked for; null where the request did not say
    Column("seed", BigInteger),
    Column("max_output_tokens", Integer),
    Column("sent_at", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True)),
    Column("outcome", String(32)),
    Column("detail", Text),
    Column("finish_reason", String(32)),
    Column("model", String(255)),
    Column("input_tokens", BigInteger),  # null where the endpoint did not say: the reservation then stays
    Column("cached_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("cost_usd", Float),
    Column("latency_ms", Float),
    Column("archive_id", String(32)),
    Index("attempts_by_row", "enrichment", "partition_key", "row_id"),
    Index(
        "open_attempts",
        "lease_key",
        unique=True,
        sqlite_where=text("settled_at IS NULL"),
        postgresql_where=text("settled_at IS NULL"),
    ),
)

# One row a scope (a partition, a run, a day): settled spending and open reservations together.
spend = Table(
    "spend",
    metadata,
    Column("scope", String(512), primary_key=True),
    Column("tokens", BigInteger, nullable=False),
    Column("nano_usd", BigInteger, nullable=False),
    Column("requests", BigInteger, nullable=False),
)

# One row a process that asks; its attempts are its own until `expires_at` (seconds since 1970).
holders = Table(
    "holders",
    metadata,
    Column("holder", String(32), primary_key=True),
    Column("expires_at", Float, nullable=False),
)

# Theoretical arrival times of the generic cell rate algorithm, in seconds since 1970, by endpoint.
rates = Table(
    "rates",
    metadata,
    Column("endpoint", String(512), primary_key=True),
    Column("requests_at", Float, nullable=False),
    Column("tokens_at", Float, nullable=False),
)

# The kill switch: an enrichment's name, or `*` for all.
halts = Table(
    "halts",
    metadata,
    Column("scope", String(63), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("halted_at", DateTime(timezone=True), nullable=False),
)

# Rows of a partition that the last run left unasked: a cap, a deadline or the kill switch.
deferrals = Table(
    "deferrals",
    metadata,
    Column("enrichment", String(63), primary_key=True),
    Column("partition_key", String(255), primary_key=True),
    Column("rows", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("deferred_at", DateTime(timezone=True), nullable=False),
)
