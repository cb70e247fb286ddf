"""Prompts: a sandboxed template over declared columns, rendered to chat messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import jinja2
import jinja2.meta
import orjson
from jinja2.sandbox import ImmutableSandboxedEnvironment

from enrichment_platform.errors import EnrichmentError
from enrichment_platform.spec import Example, OutputField, PromptSpec, output_columns

Message = dict[str, str]
_ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=jinja2.StrictUndefined, autoescape=False, keep_trailing_newline=False
)
del _ENVIRONMENT.filters["random"]  # the same row has to give the same prompt
_ENVIRONMENT.globals.clear()  # a template sees the declared columns and nothing else


class Prompt:
    """Turns a row into messages: system, few-shot turns, then the row. All but the last is the same for every row."""

    def __init__(self, spec: PromptSpec, output: list[OutputField]) -> None:
        """Compile the template.

        Raises:
            EnrichmentError: see `prompt_problems`, which names every problem at load.
        """
        problems = prompt_problems(spec, output)
        if problems:
            raise EnrichmentError("; ".join(problems))
        self._spec = spec
        self._output = output
        self._template = _ENVIRONMENT.from_string(template_source(spec))

    @cached_property
    def prefix(self) -> tuple[Message, ...]:
        """The messages that every row shares, so that a server computes them once."""
        system = "\n\n".join(part for part in (self._spec.system.strip(), describe(self._output)) if part)
        messages: list[Message] = [{"role": "system", "content": system}]
        for example in self._spec.examples:
            messages += self._turn(example)
        return tuple(messages)

    def messages(self, row: Mapping[str, Any], examples: Sequence[Example] = ()) -> tuple[Message, ...]:
        """Messages for one row, with further examples before it; only the declared columns are looked at."""
        turns = [message for example in examples for message in self._turn(example)]
        return (*self.prefix, *turns, {"role": "user", "content": self._user(row)})

    def _turn(self, example: Example) -> list[Message]:
        answer = {name: example.output.get(name) for field in self._output for name in output_columns(field)}
        return [
            {"role": "user", "content": self._user(example.input)},
            {"role": "assistant", "content": orjson.dumps(answer).decode()},
        ]

    def _user(self, row: Mapping[str, Any]) -> str:
        values = {column: defused(row[column]) for column in self._spec.columns}
        try:
            return self._template.render(values).strip()
        except Exception as error:  # noqa: BLE001 - a template may call any method of a str, which may raise anything
            # The error may quote the row, so only its kind is told and it is not chained.
            where = f"row {row['row_id']}" if "row_id" in row else "an example"
            raise EnrichmentError(f"prompt.template fails on {where} ({type(error).__name__})") from None


def defused(value: Any) -> Any:
    """Break chat control tokens (`<|im_start|>`) in row text: servers parse them, a row could speak as the system."""
    if value is None:
        return ""
    if isinstance(value, list):
        return [defused(item) for item in value]
    if isinstance(value, dict):
        return {defused(name): defused(item) for name, item in value.items()}
    return value.replace("<|", "< |").replace("|>", "| >") if isinstance(value, str) else value


def template_source(spec: PromptSpec) -> str:
    """The template, or `name: value` lines of the declared columns where none is given."""
    return spec.template or "\n".join(f"{column}: {{{{ {column} }}}}" for column in spec.columns)


def describe(output: list[OutputField]) -> str:
    """The output fields in words, for the system message."""
    lines = ["Answer with one JSON object:"]
    for field in output:
        optional = "" if field.required else "; null when the text does not say"
        about = f" - {field.description.strip()}" if field.description else ""
        lines.append(f'"{field.name}" ({field.type}{optional}){about}')
        lines.extend(f"  {label}: {meaning}" if meaning else f"  {label}" for label, meaning in field.labels.items())
        if field.evidence:
            lines.append(
                f'"{field.evidence_column}": the words of the text that "{field.name}" comes from, copied exactly'
            )
    return "\n".join(lines)


def prompt_problems(spec: PromptSpec, output: list[OutputField]) -> list[str]:
    """What is wrong with the template or its examples; empty when nothing is."""
    names = [c for c in spec.columns if not c.isidentifier() or c.lower() in ("true", "false", "none")]
    if names:
        return [f"prompt.columns: {', '.join(names)} cannot be a name in a template; rename in source.columns"]
    try:
        tree = _ENVIRONMENT.parse(template_source(spec))
        _ENVIRONMENT.from_string(template_source(spec))
    except jinja2.TemplateError as error:
        line = f", line {error.lineno}" if isinstance(error, jinja2.TemplateSyntaxError) else ""
        return [f"prompt.template{line}: {error}"]
    declared = ", ".join(spec.columns)
    problems = [
        f"prompt.template uses {name!r}, which is not declared in prompt.columns ({declared})"
        for name in sorted(jinja2.meta.find_undeclared_variables(tree) - set(spec.columns))
    ]
    names = [name for field in output for name in output_columns(field)]
    for index, example in enumerate(spec.examples):
        where = f"prompt.examples[{index}]"
        problems += [f"{where}.input lacks {c!r}" for c in spec.columns if c not in example.input]
        problems += [f"{where}.input has {c!r}, not one of {declared}" for c in example.input if c not in spec.columns]
        problems += [
            f"{where}.output has {c!r}, not one of {', '.join(names)}" for c in example.output if c not in names
        ]
        for field in output:
            value = example.output.get(field.name)
            if value is None and field.required:
                problems.append(f"{where}.output lacks {field.name!r}, which is required")
            if field.type == "label" and value is not None and value not in list(field.labels):
                problems.append(f"{where}.output.{field.name}: {value!r} is not one of {', '.join(field.labels)}")
            quoted = example.output.get(field.evidence_column)
            if field.evidence and quoted and not any(str(quoted) in text for text in example.input.values()):
                problems.append(f"{where}.output.{field.evidence_column} does not occur in the example's input")
    return problems
