"""What an address may say beside a word: a number that a row can have, and nothing like one."""

from __future__ import annotations

import pytest

from desk.converters import row_number


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("0", 0),
        ("7", 7),
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", None),
        ("9" * 5_000, None),
        ("", None),
        ("-1", None),
        ("1e3", None),
        ("٣", None),
    ],
)
def test_a_number_is_one_that_a_row_can_have(words: str, number: int | None):
    assert row_number(words) == number
