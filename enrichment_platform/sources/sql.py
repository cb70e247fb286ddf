"""The result of a SQL query as batches of rows, streamed from any database that SQLAlchemy knows."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from enrichment_platform.errors import SourceError
from enrichment_platform.sources.columns import refuse_duplicates
from enrichment_platform.sources.environment import expand
from enrichment_platform.sources.records import Batch, FrameValues, Reading
from enrichment_platform.sources.sql_types import declared_types, typed_frame
from enrichment_platform.sources.template import local
from enrichment_platform.spec import PartitionsSpec, PartitionWindow, SqlSource

FETCH_ROWS = 5_000


def read_sql(source: SqlSource, partitions: PartitionsSpec, window: PartitionWindow, root: Path) -> Reading:
    """The rows of the query; rejected rows are called `sql:<n>`, so an ORDER BY keeps their ids stable.

    The query may use these, as they are needed:

    * `:partition_key`, text.
    * `:partition_start` (inclusive) and `:partition_end` (exclusive). PostgreSQL: timestamps with time
      zone, in a session whose time zone is that of the partitions, so that dates and timestamps without
      zone compare in it too. SQLite, which keeps dates as text: text in the partitions' time zone,
      `2026-01-01` where the partition starts at midnight (right for `2026-01-01`, `2026-01-01 10:00` and
      `2026-01-01T10:00` alike), else `2026-01-01 10:00:00`; columns written with `T` then need
      `datetime(column)`. Others: timestamps without zone, in the partitions' time zone.

    Raises:
        SourceError: The URL, the driver, the server, a table or the query is wrong. The password is never
            shown.
    """
    text = expand(source.url, "source.url")
    url = _url(text, root)
    statement = sa.text(source.query)
    used = set(statement.compile().params)
    if url.get_backend_name() == "postgresql":
        # Untyped, a moment compared with a timestamp without time zone would lose its offset.
        moment = sa.DateTime(timezone=True)
        moments = [sa.bindparam(name, type_=moment) for name in ("partition_start", "partition_end") if name in used]
        statement = statement.bindparams(*moments)
    values = {name: value for name, value in _bounds(url, partitions, window).items() if name in used}
    if used - set(values):
        raise SourceError(
            f"source.query uses :{sorted(used - set(values))[0]}, which this partition does not have; use"
            f" {', '.join(f':{name}' for name in _bounds(url, partitions, window))} (write \\: for a colon)"
        )
    name = _shown(url)
    batches = _rows(url, statement, values, partitions.timezone, name)
    return Reading(name, batches, whole=not used)


def _rows(url: sa.URL, statement: sa.TextClause, values: dict[str, Any], timezone: str, name: str) -> Iterator[Batch]:
    postgresql = url.get_backend_name() == "postgresql"
    try:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            if postgresql:
                connection.execute(sa.text("SELECT set_config('TimeZone', :zone, false)"), {"zone": timezone})
            streaming = connection.execution_options(stream_results=True, yield_per=FETCH_ROWS)
            result = streaming.execute(statement, values)
            columns = tuple(result.keys())
            refuse_duplicates(columns, name)
            declared = declared_types(result.cursor) if postgresql else {}
            yield Batch("sql", "row", columns, (), FrameValues(typed_frame([], columns, declared)))
            first = 1
            for rows in result.partitions(FETCH_ROWS):
                frame = typed_frame(rows, columns, declared)
                yield Batch("sql", "row", columns, range(first, first + len(rows)), FrameValues(frame))
                first += len(rows)
    except (sa.exc.SQLAlchemyError, ImportError, OSError, TypeError) as error:
        raise SourceError(_message(error, url, name)) from None  # its chain would show the connection's arguments


def _url(text: str, root: Path) -> sa.URL:
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise SourceError(
            "source.url is not a SQLAlchemy URL; write e.g. postgresql://user:${PASSWORD}@host/database"
        ) from None
    if url.drivername in ("postgresql", "postgres"):
        driver = "psycopg2" if importlib.util.find_spec("psycopg2") else "pg8000"
        url = url.set(drivername=f"postgresql+{driver}")
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:" and not url.query:
        path = root / Path(url.database).expanduser()
        if not path.exists():  # SQLite would make an empty one
            raise SourceError(f"source.url: there is no SQLite file {path}")
        url = url.set(database=str(path))
    return url


def _bounds(url: sa.URL, partitions: PartitionsSpec, window: PartitionWindow) -> dict[str, Any]:
    if window.start is None or window.end is None:
        return {"partition_key": window.key}
    start, end = local(window.start, partitions), local(window.end, partitions)
    backend = url.get_backend_name()
    if backend == "sqlite":
        midnight = _is_midnight(start) and _is_midnight(end)
        form = "%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M:%S"
        return {
            "partition_key": window.key,
            "partition_start": start.strftime(form),
            "partition_end": end.strftime(form),
        }
    if backend != "postgresql":
        start, end = start.replace(tzinfo=None), end.replace(tzinfo=None)
    return {"partition_key": window.key, "partition_start": start, "partition_end": end}


def _is_midnight(moment: datetime) -> bool:
    return (moment.hour, moment.minute, moment.second) == (0, 0, 0)


def _shown(url: sa.URL) -> str:
    """The URL without what may be secret: user, password and options."""
    bare = sa.URL.create(url.drivername, host=url.host, port=url.port, database=url.database)
    return bare.render_as_string()


def _message(error: Exception, url: sa.URL, name: str) -> str:
    reason = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error
    detail = reason.args[0] if reason.args else ""
    if isinstance(detail, dict):  # pg8000 gives the fields of PostgreSQL's answer: M is the message, D the row
        # The message of a data error (class 22) quotes the value: its code has to do.
        code = str(detail.get("C", ""))
        detail = f"data error {code}" if code.startswith("22") else detail.get("M", "")
    text = f"{name}: {type(error).__name__}: {detail or reason}"
    for secret in (url.password, *(value for value in url.query.values() if isinstance(value, str))):
        text = text.replace(str(secret), "***") if secret else text
    if isinstance(error, ImportError):
        text += ". Install the driver or name another one in source.url"
    return text
