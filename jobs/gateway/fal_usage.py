"""fal's own account of a time: what it bills by day, as its Platform APIs answer.

Contract: fal's documentation, "Usage" of the Platform APIs (`GET https://api.fal.ai/v1/models/usage`
with `timezone=UTC&timeframe=day`): `time_series` of buckets, each with `results` of an endpoint and
their `cost` in dollars. No request is named in it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from jobs.gateway.sentences import Sentence
from jobs.gateway.sentences import gettext_noop as _

DECIMALS = 6


class UnreadableFalUsage(Exception):
    """Not an answer that can be trusted. The `sentence` is for the clerk."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def read_usage(data: bytes) -> dict[date, int]:
    """What fal bills for each day that it speaks of, in micro-dollars, rounded once a day.

    Raises UnreadableFalUsage.
    """
    try:
        said = json.loads(data, parse_float=Decimal, parse_int=Decimal)
        buckets = said["time_series"]
        is_all = said.get("has_more") is not True
        sums: dict[date, Decimal] = defaultdict(Decimal)
        for bucket in buckets:
            day = _day(bucket["bucket"])
            sums[day] += sum((_dollars(one) for one in bucket["results"]), Decimal())
    except UnreadableFalUsage:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError, InvalidOperation):
        raise UnreadableFalUsage(
            Sentence(_("This is not the JSON of fal’s usage report."))
        ) from None
    if not is_all:
        raise UnreadableFalUsage(
            Sentence(_("This is one page of several: ask fal for all days at once."))
        )
    return {
        day: int(cost.scaleb(DECIMALS).to_integral_value(ROUND_HALF_UP))
        for day, cost in sums.items()
    }


def _day(said: str) -> date:
    at = datetime.fromisoformat(said)
    if at.utcoffset() != timedelta():
        raise UnreadableFalUsage(
            Sentence(_("Its days are not those of UTC: ask fal with timezone=UTC."))
        )
    return at.astimezone(UTC).date()


def _dollars(result: dict[str, Any]) -> Decimal:
    if result["currency"] != "USD":
        raise UnreadableFalUsage(Sentence(_("It is not in dollars.")))
    cost = result["cost"]
    if not isinstance(cost, Decimal) or not 0 <= cost < 10**9:
        raise ValueError("no amount")
    return cost
