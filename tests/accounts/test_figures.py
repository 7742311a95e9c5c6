"""Amounts and figures as their reader writes them, and what somebody types read as they mean it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.template import Context, Template
from django.utils import translation
from hypothesis import example, given
from hypothesis import strategies as st

from accounts import money
from accounts.figures import rounded
from accounts.forms import DayInput, DollarsField
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


# --- What is typed -------------------------------------------------------------------------------
def read(text: str, **options: Any) -> int | str | None:
    """The micro-dollars, or the refusal's words."""
    try:
        return DollarsField(required=False, **options).clean(text)
    except forms.ValidationError as problem:
        return str(problem.messages[0])


UNCLEAR = "This can be read in two ways."
NO_AMOUNT = "Please write an amount in dollars"


@pytest.mark.parametrize(
    ("text", "english", "in_german"),
    [
        ("12", 12_000_000, 12_000_000),
        ("12.50", 12_500_000, 12_500_000),
        ("12,50", NO_AMOUNT, 12_500_000),
        ("$12.50", 12_500_000, 12_500_000),
        ("12,50 $", NO_AMOUNT, 12_500_000),
        ("12,50\u00a0$", NO_AMOUNT, 12_500_000),
        ("0.0031", 3_100, 3_100),
        ("0,0031", NO_AMOUNT, 3_100),
        ("0,003", NO_AMOUNT, 3_000),
        ("0.003", 3_000, 3_000),
        ("1,250.50", 1_250_500_000, 1_250_500_000),
        ("1.250,50", NO_AMOUNT, 1_250_500_000),
        ("1,234", 1_234_000_000, UNCLEAR),
        ("1.234", 1_234_000, UNCLEAR),
        ("123.456", 123_456_000, UNCLEAR),
        ("1.2340", 1_234_000, 1_234_000),
        ("1,2340", NO_AMOUNT, 1_234_000),
        ("1234.500", 1_234_500_000, 1_234_500_000),
        ("1234,567", NO_AMOUNT, 1_234_567_000),
        ("1.234.567", NO_AMOUNT, "Please choose an amount"),
        ("12.34.56", NO_AMOUNT, NO_AMOUNT),
        ("1,23,45", NO_AMOUNT, NO_AMOUNT),
        (".50", NO_AMOUNT, NO_AMOUNT),
        (",50", NO_AMOUNT, NO_AMOUNT),
        ("12,", NO_AMOUNT, NO_AMOUNT),
        ("1e3", NO_AMOUNT, NO_AMOUNT),
        ("١٢", NO_AMOUNT, NO_AMOUNT),
        ("12 50", NO_AMOUNT, NO_AMOUNT),
        ("1'250", NO_AMOUNT, NO_AMOUNT),
        ("-5", NO_AMOUNT, NO_AMOUNT),
        ("", None, None),
    ],
)
def test_what_is_typed_is_read_as_it_is_meant_or_asked_about(
    text: str, english: int | str | None, in_german: int | str | None
):
    for language, expected in (("en", english), ("de", in_german)):
        with translation.override(language), german({}):
            found = read(text)
        if isinstance(expected, str):
            with german({}):
                assert isinstance(found, str), (language, found)
            assert language == "de" or found.startswith(expected)
        elif expected is not None or not text:
            assert found == expected, language


@pytest.mark.parametrize(("text", "is_unclear"), [("1.234", True), ("x", False)])
def test_the_refusal_says_what_is_wrong(text: str, is_unclear: bool):
    words = {
        "This can be read in two ways. Please write it with two decimals, such as 1234.00 or "
        "1.23.": "Zwei Lesarten.",
        "Please write an amount in dollars, such as 12.50.": "Kein Betrag.",
    }
    with german(words), translation.override("de"):
        assert read(text) == ("Zwei Lesarten." if is_unclear else "Kein Betrag.")


def test_whole_cents_are_asked_for_in_german_too():
    with translation.override("de"):
        assert isinstance(read("1,2345", decimal_places=2), str)
        assert read("1,23", decimal_places=2) == 1_230_000


@pytest.mark.parametrize("language", ["en", "de"])
@given(micros=st.integers(0, 999_999_000_000))
@example(micros=1_234_000)
def test_what_stands_in_a_field_is_read_as_itself(language: str, micros: int):
    with translation.override(language):
        shown = DollarsField().prepare_value(micros)
        assert read(shown) == micros


@pytest.mark.parametrize("language", ["en", "de"])
@given(text=st.from_regex(r"[0-9]{1,6}([.,][0-9]{1,4}){0,2}", fullmatch=True))
def test_no_amount_is_read_a_thousandfold_in_german(language: str, text: str):
    """Whatever is read at all is what both ways of writing mean by it, or what one alone can."""
    with translation.override(language):
        found = read(text)
    marks = [letter for letter in text if letter in ".,"]
    if isinstance(found, int) and language == "de" and len(marks) == 1:
        assert found == money.micros(Decimal(text.replace(",", ".")))


def test_a_browsers_calendar_is_given_iso_days_in_every_language():
    import datetime

    day = datetime.date(2026, 11, 20)
    for language in ("en", "de"):
        with translation.override(language):
            assert 'value="2026-11-20"' in DayInput().render("day", day)
            assert forms.DateField(widget=DayInput()).clean("2026-11-20") == day
