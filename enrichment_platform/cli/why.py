"""`enrichment why`: where a value came from."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import click

from enrichment_platform.cli.group import as_json
from enrichment_platform.cli.output import cell, finite, plain, table
from enrichment_platform.printable import printable

if TYPE_CHECKING:
    from enrichment_platform.inference.audit import Audit
    from enrichment_platform.stages.explanation import Explanation

_ATTEMPT = ("sent_at", "cause", "outcome", "endpoint", "model", "input_tokens", "cached_tokens", "output_tokens")
_ATTEMPT_COLUMNS = (*_ATTEMPT, "cost_usd", "latency_ms", "detail")


@click.command()
@click.argument("name")
@click.argument("row_id")
@click.option("--partition", metavar="KEY", help="Needed where several partitions hold a row of that id.")
@click.option("--replay", is_flag=True, help="Ask again and compare, field by field; the answer is not stored.")
@as_json
def why(name: str, row_id: str, partition: str | None, replay: bool, json_output: bool) -> None:
    """Show where the values of row ROW_ID of NAME came from: source, text, prompt, attempts, evidence, cost.

    Prints the row's own text, to this terminal only.
    """
    from enrichment_platform.cleaning import cleaning_version
    from enrichment_platform.inference.ledger import Ledger
    from enrichment_platform.inference.pool import open_endpoints, resolve_pool
    from enrichment_platform.inference.task import Task
    from enrichment_platform.lake.location import ledger_url
    from enrichment_platform.lake.tables import Lake
    from enrichment_platform.location import load_location
    from enrichment_platform.stages.labelled_rows import cleaned_schema, nearest_examples
    from enrichment_platform.stages.why import compare, explain, find_partition, question_of, stored_values

    location = load_location()
    spec = location.enrichment(name)
    lake = Lake.from_environment()
    key = find_partition(lake, spec, row_id, partition)
    task = Task(spec, cleaning_version(spec), nearest_examples(spec, location.root, cleaned_schema(lake, spec)))
    pool = resolve_pool(location.pools[spec.model.pool])
    audit, differences = None, []
    with Ledger(ledger_url()) as ledger:
        if replay:
            from enrichment_platform.inference.audit import ask_again
            from enrichment_platform.stages.classified import terms

            question = question_of(lake, task, row_id, key)
            endpoint = open_endpoints(pool, spec.data_class, spec.budget)[0]
            audit = asyncio.run(
                ask_again(
                    ledger, task, endpoint, key, question, lambda run, now: terms(spec, pool, task, key, run).caps(now)
                )
            )
        found = explain(lake, ledger, task, row_id, key, open_endpoints(pool, spec.data_class))
    if audit:
        differences = compare(stored_values(spec, found), audit.values)
    if json_output:
        document = found.as_dict()
        if audit:
            from dataclasses import asdict

            document["replay"] = {**asdict(audit), "compared": differences}
        click.echo(json.dumps(finite(document), default=plain))
        return
    _print(found)
    if audit:
        _print_replay(audit, differences)


def _print(found: Explanation) -> None:
    _title(f"{found.name} {found.row_id}, partition {found.partition_key}: {found.standing}")
    for reason in found.reasons:
        _line(f"in quarantine at {reason['stage']}: {reason['reason']} - {reason['detail']}")
    for check in found.named_by:
        _line(f"named by {check['check']}: {check['message']}")
    _section("source row", found.source)
    _section("cleaned", found.cleaned)
    _duplicate(found)
    _prompt(found)
    _fingerprint(found.fingerprint)
    if found.answer:
        told = found.answer
        _title("answer")
        _line(f"{told['status']}, by {told['model'] or 'no model'} at {told['endpoint']}, {_or_unknown(told)}")
        if told["text"] is not None:
            _line(told["text"])
        if told["staged_since"]:
            newer = told["staged_since"]
            _line(f"what is staged now is another answer ({newer['status']}), which is not published")
    _section("values", found.values)
    if found.evidence:
        _title("evidence")
        for span in found.evidence:
            at = f" at {span.start} to {span.end} of {span.column}" if span.column else ""
            _line(f"{span.field}: {span.quote!r}: {span.found}{at}")
    _attempts(found)


def _duplicate(found: Explanation) -> None:
    of = found.duplicate
    if of is None:
        return
    alike = of.kind if of.similarity is None else f"{of.kind}, {of.similarity:.2f}"
    where = f"row {of.of} of partition {of.partition} ({alike})"
    if found.asked is not None:
        _title(f"asked in the words of {where}")
        _pairs(found.asked)
    elif of.kind == "exact":
        _title(f"the same words as {where}")
    else:
        _title(f"a duplicate of {where}, asked in its own words")


def _prompt(found: Explanation) -> None:
    if found.prompt is None:
        return
    proof = {
        True: "this is what was sent",
        False: "the prompt or the row has changed since; this is what would be sent now",
        None: "nothing was sent",
    }
    _title(f"prompt ({proof[found.prompt_is_what_was_sent]})")
    for message in found.prompt:
        _line(f"[{message['role']}] {message['content']}")


def _fingerprint(told: dict[str, Any]) -> None:
    changed = {True: "unchanged", False: "changed since", None: "whether it changed is not known"}
    _title(
        f"fingerprint {told['recorded'] or '(no answer)'}"
        + (f": {changed[told['unchanged']]}" if told["recorded"] else "")
    )
    if "problem" in told:
        _line(told["problem"])
    _pairs({name: value for name, value in told["parts"].items() if value is not None})


def _attempts(found: Explanation) -> None:
    cost = found.cost
    _title(
        f"{cost['requests']} requests: {cost['input_tokens']} tokens in ({cost['cached_tokens']} cached),"
        f" {cost['output_tokens']} out, ${cost['cost_usd']:.6f}"
        + (f", {cost['requests_without_usage']} without known usage" if cost["requests_without_usage"] else "")
    )
    if found.shared:
        of = found.shared
        _line(f"the answer was asked for row {of.row_id} of {of.enrichment} {of.partition_key}; this row cost nothing")
    if found.attempts:
        rows = [[_figure(one[column]) for column in _ATTEMPT_COLUMNS] for one in found.attempts]
        table(list(_ATTEMPT_COLUMNS), rows)
    for number, one in enumerate(found.attempts, 1):
        if one["sampling_changed"]:
            asked = ", ".join(f"{name} {_figure(value)}" for name, value in one["sampling_changed"].items())
            _line(f"request {number} asked for {asked}; the specification says otherwise")


def _print_replay(audit: Audit, differences: list[dict[str, Any]]) -> None:
    _title(f"asked again: {audit.status}, by {audit.model} at {audit.endpoint}, ${audit.cost_usd:.6f}")
    if audit.detail:
        _line(audit.detail)
    if audit.values is None:
        _line(audit.text)
        return
    for one in differences:
        _line(
            f"{one['column']}: the same" if one["same"] else f"{one['column']}: {one['before']!r} -> {one['after']!r}"
        )


def _or_unknown(told: dict[str, Any]) -> str:
    return f"finish reason {told['finish_reason']}" if told["finish_reason"] else f"request {told['request_key']}"


def _section(name: str, values: dict[str, Any] | None) -> None:
    if values is not None:
        _title(name)
        _pairs(values)


def _pairs(values: dict[str, Any]) -> None:
    for name, value in values.items():
        _line(f"{name}: {value}")


def _figure(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return cell(plain(value)[:23] if hasattr(value, "isoformat") else value)


def _title(text: str) -> None:
    click.echo(click.style(printable(text), bold=True))


def _line(text: str) -> None:
    click.echo("\n".join(f"  {line}" for line in printable(str(text)).split("\n")))
