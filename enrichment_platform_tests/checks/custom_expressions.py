"""Functions that the tests name in `checks.custom`, as a project would have them."""

from __future__ import annotations

import polars as pl


def refund_has_a_vendor() -> pl.Expr:
    return ~pl.col("refund") | pl.col("vendor").is_not_null()


def of_a_source_column() -> pl.Expr:
    return pl.col("body").str.len_chars() > 10


def not_boolean() -> pl.Expr:
    return pl.col("vendor").str.len_chars()


def several() -> pl.Expr:
    return pl.col("vendor", "order_id").is_not_null()


def unknown_column() -> pl.Expr:
    return pl.col("nobody_has_it") > 1


def of_nothing() -> pl.Expr:
    return pl.lit(True)


def shorter() -> pl.Expr:
    return pl.col("refund").filter(pl.col("refund"))


def breaks_on_a_value() -> pl.Expr:
    return pl.col("vendor").cast(pl.Int64) > 1


def raises() -> pl.Expr:
    raise RuntimeError("never mind")


def not_an_expression() -> str:
    return "refund"


not_callable = 3
