"""Amounts and figures are written as their reader does."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import translation

from accounts import money
from accounts.figures import rounded
from desk.templatetags.desk import percent_of
from jobs import catalog
from tests.speaking import german

PATTERN = {"$%(amount)s": "%(amount)s\u00a0$"}


@pytest.mark.parametrize(
    ("micros", "english", "in_german"),
    [
        (5_000_000, "$5.00", "5,00\u00a0$"),
        (4_355, "$0.004355", "0,004355\u00a0$"),
        (1_234_503_100, "$1,234.5031", "1.234,5031\u00a0$"),
        (999_999_000_001, "$999,999.000001", "999.999,000001\u00a0$"),
        (0, "$0.00", "0,00\u00a0$"),
    ],
)
def test_an_amount_is_written_as_its_reader_does_and_exactly(
    micros: int, english: str, in_german: str
):
    assert money.dollars(micros) == english == money.dollars_on_record(micros)
    with german(PATTERN), translation.override("de"):
        assert money.dollars(micros) == in_german
        assert money.dollars_on_record(micros) == english
        assert (
            Template("{% load heirloom %}{{ m|money }}").render(Context({"m": micros})) == in_german
        )


def test_a_buttons_amount_has_no_cents_where_there_are_none():
    assert (money.whole_dollars(5_000_000), money.whole_dollars(5_500_000)) == ("$5", "$5.50")
    with german(PATTERN), translation.override("de"):
        assert money.whole_dollars(1_000_000_000) == "1.000\u00a0$"


def test_figures_are_rounded_not_cut_off():
    assert (rounded(1234.56, 1), rounded(0.05, 1), rounded(Decimal("2.675"), 2)) == (
        "1,234.6",
        "0.1",
        "2.68",
    )
    with translation.override("de"):
        assert rounded(1234.56, 1) == "1.234,6"


def test_sizes_and_shares_are_written_so_too():
    assert (catalog.megapixels(4_230_000), percent_of(1_255, 10_000)) == ("4.2 MP", "12.6 %")
    with translation.override("de"):
        assert (catalog.megapixels(4_230_000), percent_of(1_255, 10_000)) == ("4,2 MP", "12,6 %")
        size = catalog.quote.print_size(3000, 1500)
        assert "25,4 × 12,7" in size
