"""The page's filters: what stands in an attribute is what HTML allows there."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from restoration_site.templatetags.heirloom import instant


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2026, 11, 21, 8, 5, 9, 123456, tzinfo=UTC), "2026-11-21T08:05:09+00:00"),
        (date(2026, 11, 21), "2026-11-21"),
    ],
)
def test_a_time_in_an_attribute_has_no_more_digits_than_html_allows(moment: date, words: str):
    assert instant(moment) == words
