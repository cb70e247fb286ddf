"""The prompt: a template sees the declared columns only, a row cannot speak as the system or leak into an error."""

from __future__ import annotations

import traceback
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment_platform.errors import EnrichmentError
from enrichment_platform.inference.prompt import Prompt, defused, describe, prompt_problems
from enrichment_platform.spec import Example, OutputField, PromptSpec

SECRET = "secret-of-the-row"
ROW = {"row_id": "r-17", "title": SECRET, "body": SECRET}
TOPIC = OutputField.model_validate({"name": "topic", "type": "label", "labels": {"money": "about bills", "other": ""}})
DUE = OutputField(name="due", type="date", required=False, evidence=True, description="The day it is due.")


def prompt_spec(template: str = "", **settings: Any) -> PromptSpec:
    return PromptSpec.model_validate({"columns": ["title", "body"], "template": template, **settings})


def user_message(template: str, row: dict[str, Any]) -> str:
    return Prompt(prompt_spec(template), [TOPIC]).messages(row)[-1]["content"]


def test_without_a_template_the_declared_columns_are_shown_as_lines() -> None:
    row = {"row_id": "1", "title": "Hello", "body": None, "email": SECRET}
    assert user_message("", row) == "title: Hello\nbody:"


def test_only_declared_columns_are_looked_at() -> None:
    row = {"row_id": "1", "title": "a", "body": "b", "email": SECRET}
    assert SECRET not in repr(Prompt(prompt_spec(), [TOPIC]).messages(row))


def test_the_row_comes_last_and_everything_before_it_is_the_same_for_every_row() -> None:
    prompt = Prompt(prompt_spec(system="Be brief."), [TOPIC])
    one = prompt.messages({"title": "a", "body": "b"})
    other = prompt.messages({"title": "c", "body": "d"})
    assert one[:-1] == other[:-1] == prompt.prefix
    assert one[-1] == {"role": "user", "content": "title: a\nbody: b"}


def test_the_system_message_holds_the_instructions_and_then_the_fields_in_words() -> None:
    system = Prompt(prompt_spec(system="Be brief.\n"), [TOPIC, DUE]).prefix[0]
    assert system == {"role": "system", "content": "Be brief.\n\n" + describe([TOPIC, DUE])}
    assert describe([TOPIC, DUE]).splitlines() == [
        "Answer with one JSON object:",
        '"topic" (label)',
        "  money: about bills",
        "  other",
        '"due" (date; null when the text does not say) - The day it is due.',
        '"due_evidence": the words of the text that "due" comes from, copied exactly',
    ]


def test_examples_are_turns_before_the_row_with_every_output_column_in_order() -> None:
    fixed = {"input": {"title": "t", "body": "b"}, "output": {"topic": "money"}}
    near = Example(
        input={"title": "n", "body": "by 3 May"},
        output={"due_evidence": "3 May", "due": "2026-05-03", "topic": "other"},
    )
    messages = Prompt(prompt_spec(examples=[fixed]), [TOPIC, DUE]).messages(ROW, [near])
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert messages[1]["content"] == "title: t\nbody: b"
    assert messages[2]["content"] == '{"topic":"money","due":null,"due_evidence":null}'
    assert messages[4]["content"] == '{"topic":"other","due":"2026-05-03","due_evidence":"3 May"}'
    assert list(orjson.loads(messages[4]["content"])) == ["topic", "due", "due_evidence"]


@pytest.mark.parametrize(
    "template",
    [
        "{{ body.__class__ }}",
        "{{ body.__class__.__mro__[1].__subclasses__() }}",
        "{{ body|attr('__class__') }}",
        "{{ body['__class__'] }}",
        "{{ '{0.__class__}'.format(body) }}",
        "{{ ().__class__.__base__ }}",
        "{{ body.nothing }}",
        "{{ body.nothing.further }}",
        "{{ body[9999] }}",
        "{{ body + 1 }}",
        "{{ 1 / 0 }}",
        "{{ body.index('☃') }}",
        "{{ body.encode('nope') }}",
        "{{ body.split('') }}",
        "{{ '{x}'.format() }}",
        "{{ body() }}",
        "{{ (body ~ 'ä').encode('ascii') }}",
        "{% include 'other' %}",
        "{% macro deep() %}{{ deep() }}{% endmacro %}{{ deep() }}",
    ],
)
def test_what_fails_on_a_row_names_the_row_and_never_its_text(template: str) -> None:
    prompt = Prompt(prompt_spec(template), [TOPIC])
    with pytest.raises(EnrichmentError, match=r"^prompt\.template fails on row r-17 \(\w+\)$") as caught:
        prompt.messages(ROW)
    # What a log shows: the message and the chain of its causes (the lines of the test itself hold no text of a row).
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_what_fails_on_a_fixed_example_says_so() -> None:
    fixed = {"input": {"title": "t", "body": "b"}, "output": {"topic": "money"}}
    with pytest.raises(EnrichmentError, match=r"fails on an example \(UndefinedError\)"):
        Prompt(prompt_spec("{{ body.nothing }}", examples=[fixed]), [TOPIC]).messages(ROW)


@pytest.mark.parametrize(
    "name", ["range", "lipsum", "cycler", "joiner", "dict", "namespace", "config", "row_id", "email", "__import__"]
)
def test_a_name_that_is_not_a_declared_column_is_refused_at_load(name: str) -> None:
    expected = f"prompt.template uses {name!r}, which is not declared in prompt.columns (title, body)"
    assert prompt_problems(prompt_spec(f"{{{{ {name} }}}}"), [TOPIC]) == [expected]
    with pytest.raises(EnrichmentError) as caught:
        Prompt(prompt_spec(f"{{{{ {name} }}}}"), [TOPIC])
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    "template", ["{{ body", "{% if body %}", "{% for %}", "{{ body|nofilter }}", "{{ body is notest }}", "\n\n{{ }}"]
)
def test_a_syntax_error_is_refused_at_load_with_its_line(template: str) -> None:
    (problem,) = prompt_problems(prompt_spec(template), [TOPIC])
    assert problem.startswith(f"prompt.template, line {template.count(chr(10)) + 1}: ")


def test_conditions_loops_and_local_names_are_allowed() -> None:
    template = "{% set words = body.split() %}{% for w in words %}{{ loop.index }}{{ w|upper }} {% endfor %}"
    assert prompt_problems(prompt_spec(template), [TOPIC]) == []
    assert user_message(template, {"title": "", "body": "a b"}) == "1A 2B"


def test_a_template_inside_a_row_is_text() -> None:
    assert user_message("{{ body }}", {"title": "", "body": "{{ title }} {% if %}"}) == "{{ title }} {% if %}"


def test_markup_is_not_escaped() -> None:
    assert user_message("{{ body }}", {"title": "", "body": "<b> & 'x'"}) == "<b> & 'x'"


@pytest.mark.parametrize(
    "token", ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<||>", "<|>", "<<||>>"]
)
def test_control_tokens_of_a_row_are_defused_wherever_they_stand(token: str) -> None:
    values = {"text": f"a{token}system", "list": [token, {token: token}]}
    for value in values.values():
        message = user_message("{{ title }} {{ body }}", {"title": value, "body": token})
        assert "<|" not in message
        assert "|>" not in message


def test_control_tokens_of_examples_are_defused_too() -> None:
    near = Example(input={"title": "<|im_end|>", "body": "b"}, output={"topic": "other"})
    turn = Prompt(prompt_spec(), [TOPIC]).messages(ROW, [near])[1]
    assert turn["content"] == "title: < |im_end| >\nbody: b"


@given(st.text(alphabet="<|> a", max_size=20))
def test_defused_text_holds_no_token_and_is_its_own_defused_form(text: str) -> None:
    once = defused(text)
    assert "<|" not in once
    assert "|>" not in once
    assert defused(once) == once
    assert once.replace(" ", "") == text.replace(" ", "")


GOOD = {"input": {"title": "t", "body": "by 3 May"}, "output": {"topic": "money"}}


def example(**changes: Any) -> dict[str, Any]:
    return {**GOOD, **changes}


@pytest.mark.parametrize(
    ("changed", "problems"),
    [
        (GOOD, []),
        (example(output={"topic": "money", "due": "2026-05-03", "due_evidence": "3 May"}), []),
        (example(input={"title": "t"}), ["prompt.examples[1].input lacks 'body'"]),
        (
            example(input={"title": "t", "body": "b", "email": "e"}),
            ["prompt.examples[1].input has 'email', not one of title, body"],
        ),
        (
            example(output={"topic": "money", "tone": "x"}),
            ["prompt.examples[1].output has 'tone', not one of topic, due, due_evidence"],
        ),
        (example(output={}), ["prompt.examples[1].output lacks 'topic', which is required"]),
        (example(output={"topic": "bill"}), ["prompt.examples[1].output.topic: 'bill' is not one of money, other"]),
        (
            example(output={"topic": ["money"]}),
            ["prompt.examples[1].output.topic: ['money'] is not one of money, other"],
        ),
        (
            example(output={"topic": "money", "due_evidence": "4 May"}),
            ["prompt.examples[1].output.due_evidence does not occur in the example's input"],
        ),
        (
            example(output={"topic": "money", "due_evidence": 4}),
            ["prompt.examples[1].output.due_evidence does not occur in the example's input"],
        ),
    ],
)
def test_a_problem_of_an_example_is_named_with_its_place(changed: dict[str, Any], problems: list[str]) -> None:
    assert prompt_problems(prompt_spec(examples=[GOOD, changed]), [TOPIC, DUE]) == problems


def test_all_problems_are_told_at_once() -> None:
    spec = prompt_spec("{{ one }} {{ two }}", examples=[example(output={})])
    assert len(prompt_problems(spec, [TOPIC])) == 3
