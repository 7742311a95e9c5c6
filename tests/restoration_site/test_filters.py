"""The page's filters: what stands in an attribute is what HTML allows there."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.utils.translation import override

from restoration_site.templatetags.heirloom import instant, whole_cents


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2026, 11, 21, 8, 5, 9, 123456, tzinfo=UTC), "2026-11-21T08:05:09+00:00"),
        (date(2026, 11, 21), "2026-11-21"),
    ],
)
def test_a_time_in_an_attribute_has_no_more_digits_than_html_allows(moment: date, words: str):
    assert instant(moment) == words


@pytest.mark.parametrize(
    ("micros", "words"),
    [
        (19_951_524, "$19.95"),
        (1_239_999_999, "$1,239.99"),
        (10_000, "$0.01"),
        (9_999, "under $0.01"),
        (1, "under $0.01"),
        (0, "$0.00"),
        (-1, "minus $0.01"),
        (None, ""),
    ],
)
def test_where_there_is_little_room_cents_are_never_more_than_there_is(
    micros: int | None, words: str
):
    assert whole_cents(micros) == words


def test_less_than_a_cent_is_said_in_its_readers_language():
    with override("de"):
        assert whole_cents(9_999) == "unter 0,01\xa0$"
