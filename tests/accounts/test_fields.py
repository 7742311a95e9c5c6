"""What somebody types is read as they mean it, in each language, or asked about."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.utils import translation
from django.utils.translation import gettext
from hypothesis import example, given
from hypothesis import strategies as st

from accounts import money
from accounts.fields import DayInput, DollarsField
from tests.speaking import german


def read(text: str, **options: Any) -> int | str | None:
    """The micro-dollars, or the refusal's words."""
    try:
        return DollarsField(required=False, **options).clean(text)
    except forms.ValidationError as problem:
        return str(problem.messages[0])


UNCLEAR = (
    "This can be read in two ways. Please write it with two decimals, such as 1234.00 or 1.23."
)
NO_AMOUNT = "Please write an amount in dollars, such as 12.50."
TOO_MUCH = "Please choose an amount from %(least)s to %(most)s."


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
        ("1.234.567", NO_AMOUNT, TOO_MUCH),
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
        with translation.override(language):
            if isinstance(expected, str):
                ends = {"least": money.dollars(0), "most": money.dollars(999_999_000_000)}
                expected = gettext(expected) % ends
            assert read(text) == expected, language


@pytest.mark.parametrize(("text", "is_unclear"), [("1.234", True), ("x", False)])
def test_the_refusal_says_what_is_wrong(text: str, is_unclear: bool):
    words = {UNCLEAR: "Zwei Lesarten.", NO_AMOUNT: "Kein Betrag."}
    with german(words), translation.override("de"):
        assert read(text) == ("Zwei Lesarten." if is_unclear else "Kein Betrag.")


def test_whole_cents_are_asked_for_in_german_too():
    with translation.override("de"):
        assert read("1,2345", decimal_places=2) == gettext("Please give whole cents.")
        assert read("1,23", decimal_places=2) == 1_230_000


@pytest.mark.parametrize("language", ["en", "de"])
@given(micros=st.integers(0, 999_999_000_000))
@example(micros=1_234_000)
def test_what_stands_in_a_field_is_read_as_itself(language: str, micros: int):
    with translation.override(language):
        shown = DollarsField().prepare_value(micros)
        assert read(shown) == micros


@given(text=st.from_regex(r"[0-9]{1,6}([.,][0-9]{1,4}){0,2}", fullmatch=True))
def test_no_amount_is_read_a_thousandfold_in_german(text: str):
    """Whatever is read at all is what both ways of writing mean by it, or what one alone can."""
    with translation.override("de"):
        found = read(text)
    marks = [letter for letter in text if letter in ".,"]
    if isinstance(found, int) and len(marks) == 1:
        assert found == money.micros(Decimal(text.replace(",", ".")))


def test_a_browsers_calendar_is_given_iso_days_in_every_language():
    day = date(2026, 11, 20)
    for language in ("en", "de"):
        with translation.override(language):
            assert 'value="2026-11-20"' in DayInput().render("day", day)
            assert forms.DateField(widget=DayInput()).clean("2026-11-20") == day
