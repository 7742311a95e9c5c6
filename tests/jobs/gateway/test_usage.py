"""gateway.usage: an export is read exactly and whole, or every bad line is named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.gateway.usage import UnreadableUsage, UsageEntry, read_usage

NOW = datetime(2026, 5, 21, tzinfo=UTC)
HEADER = "request_id,model,cost,time\n"


def read(text: str | bytes, most_lines: int = 1000) -> list[UsageEntry]:
    data = text if isinstance(text, bytes) else text.encode()
    return read_usage(data, most_lines=most_lines, now=NOW)


def problems(text: str | bytes, **limits: int) -> Sequence[str]:
    with pytest.raises(UnreadableUsage) as refused:
        read(text, **limits)
    return refused.value.problems


def test_a_line_is_read_to_the_micro_dollar_and_the_second():
    assert read(HEADER + "gfpgan_1,gfpgan,0.003101,2026-05-20 13:19:23\n") == [
        UsageEntry(2, "gfpgan_1", "gfpgan", 3101, datetime(2026, 5, 20, 13, 19, 23, tzinfo=UTC))
    ]


def test_columns_in_any_order_more_of_them_a_byte_order_mark_crlf_and_quotes_are_fine():
    text = 'note,TIME,cost,"model", request_id \r\n"a, b\nc",2026-05-20T10:00Z,"1",m,"r"\r\n\r\n'
    assert read(b"\xef\xbb\xbf" + text.encode()) == [
        UsageEntry(3, "r", "m", 1_000_000, datetime(2026, 5, 20, 10, tzinfo=UTC))
    ]


@given(micros=st.integers(min_value=0, max_value=10**15 - 1), places=st.integers(0, 6))
def test_no_cost_is_rounded(micros: int, places: int):
    cost = f"{Decimal(micros).scaleb(-places):f}"
    (entry,) = read(HEADER + f"r,m,{cost},2026-05-20T10:00Z\n") if micros < 10**9 else [None]
    if entry is not None:
        assert entry.cost_micros == micros * 10 ** (6 - places)


@pytest.mark.parametrize(
    ("said", "hour", "day"),
    [
        ("2026-05-20T10:00:00.123Z", 10, 20),
        ("2026-05-20t10:00:00z", 10, 20),
        ("2026-05-20 10:00:00", 10, 20),
        ("2026-05-20T23:30:00-02:00", 1, 21),
        ("2026-05-20T00:30:00+02:00", 22, 19),
    ],
)
def test_a_time_without_a_zone_is_utc_and_one_with_a_zone_becomes_utc(
    said: str, hour: int, day: int
):
    (entry,) = read(HEADER + f"r,m,1,{said}\n")
    assert (entry.at.hour, entry.at.day, entry.at.tzinfo) == (hour, day, UTC)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("r,m,0.0031001,2026-05-20T10:00Z", "more than 6 decimals"),
        ("r,m,-0.0031,2026-05-20T10:00Z", "no amount of dollars"),
        ("r,m,$0.0031,2026-05-20T10:00Z", "no amount of dollars"),
        ("r,m,1e-3,2026-05-20T10:00Z", "no amount of dollars"),
        ("r,m,NaN,2026-05-20T10:00Z", "no amount of dollars"),
        ("r,m,٣,2026-05-20T10:00Z", "no amount of dollars"),
        ("r,m,,2026-05-20T10:00Z", "no amount of dollars"),
        ('r,m,"1,000",2026-05-20T10:00Z', "no amount of dollars"),
        (",m,1,2026-05-20T10:00Z", "no request_id"),
        ("r,,1,2026-05-20T10:00Z", "no model"),
        ("r\x00,m,1,2026-05-20T10:00Z", "the request_id is no name"),
        (f"{'r' * 201},m,1,2026-05-20T10:00Z", "the request_id is no name"),
        ("r,m,1,2026-05-20", "the time '2026-05-20' is none"),
        ("r,m,1,2026-13-20T10:00Z", "is none"),
        ("r,m,1,0001-01-01T00:00+14:00", "is none"),
        ("r,m,1,yesterday", "is none"),
        ("r,m,1,2026-05-23T10:00Z", "lies in the future"),
        ("r,m,1,2019-12-31T23:59:59Z", "lies before 2020"),
        ("r,m,1,2020-01-01T00:00+01:00", "lies before 2020"),
        ("r,m,1,0001-01-01T00:00Z", "lies before 2020"),
        ("r,m,1", "3 fields where the first line has 4"),
        ("r,m,1,2026-05-20T10:00Z,more", "5 fields where the first line has 4"),
    ],
)
def test_a_line_that_cannot_be_trusted_is_named_with_its_number_and_reason(line: str, reason: str):
    (problem,) = problems(HEADER + "a,m,1,2026-05-20T10:00Z\n" + line + "\n")
    assert problem.startswith("Line 3: ")
    assert reason in problem


def test_every_bad_line_is_named_up_to_twenty_and_the_rest_counted():
    """Without a mark for thousands: which one it is depends on the reader."""
    found = problems(HEADER + "r,m,free,2026-05-20T10:00Z\n" * 1_025, most_lines=2_000)
    assert [line.partition(":")[0] for line in found[:20]] == [f"Line {n}" for n in range(2, 22)]
    assert found[20:] == ["And 1005 more lines."]


def test_what_is_no_export_at_all_is_said_in_a_sentence():
    assert problems(b"\xff\xfe\x00") == ["This is not text in UTF-8."]
    assert problems("") == [
        "The first line must name the columns; missing: request_id, model, cost, time."
    ]
    assert problems("request_id,model,cost\n") == [
        "The first line must name the columns; missing: time."
    ]
    assert problems("request_id,model,cost,time,cost\n") == [
        "The first line names a column twice: cost."
    ]
    assert problems(HEADER + '"never closed,m,1,2026-05-20T10:00Z\n')[0].startswith("Line 2: ")


def test_too_many_lines_are_refused():
    line = "r,m,1,2026-05-20T10:00Z\n"
    assert len(read(HEADER + line * 3, most_lines=3)) == 3
    assert problems(HEADER + line * 4, most_lines=3) == ["More than 3 lines: import it in parts."]
