"""Showing a step only the rows that it may change gives what showing it every row gives."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from enrichment_platform.cleaning import operations
from enrichment_platform.cleaning.operation import REGISTRY
from enrichment_platform.cleaning.plan import PlannedStep
from enrichment_platform.cleaning.text_column import HostText
from enrichment_platform_tests.cleaning.conftest import applied

QUICK = sorted(set(operations.__all__) - {"keep_languages", "quarantine_injection"})  # those see every row
PIECES = st.sampled_from(
    [
        *"<>&;Ââ€™Ã©°œ\u00a0\u2003\r\n\t @.:-/1",
        "  ",
        "<b>",
        "&amp;",
        "&lt;",
        "\u200b",
        "\u0301",
        "e",
        "a",
        "ftp",
        "www.",
        "://",
        "From: x\n",
        "\n-- \n",
        "jane@example.com",
        "4111 1111 1111 1111",
        "+44 20 7946 0958",
        "日本",
        "\x1b[0m",
        "&#226;",
    ]
)
TEXTS = st.lists(st.none() | st.lists(PIECES | st.text(max_size=2), max_size=12).map("".join), min_size=1, max_size=8)


@given(texts=TEXTS, names=st.lists(st.sampled_from(QUICK), min_size=1, max_size=6))
@settings(max_examples=500)
def test_steps_in_any_order_do_what_their_kernels_do_to_every_row(texts: list[str | None], names: list[str]) -> None:
    column = HostText(pl.Series("text", texts, dtype=pl.String))
    for name in names:
        operation = REGISTRY[name]
        step = PlannedStep(operation, {key: parameter.default for key, parameter in operation.parameters.items()})
        wanted = applied(name, column.series().to_list())
        if operation.kind == "filter":
            assert column.details(step).to_list() == wanted, name
        else:
            before = column.series().to_list()
            differs = column.transform(step).to_list()
            assert column.series().to_list() == wanted, name
            assert differs == [one != other for one, other in zip(before, wanted, strict=True)]
