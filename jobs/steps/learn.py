"""Learn which keys fal signs its callbacks with, before they are needed and twice a day.

Where they can't be had, callbacks are only hints (`settle`), and the ones that we know go on to
count: nothing stops.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models

from accounts.models.leased import lease, still_ours
from jobs import backoff, vendors
from jobs.gateway import errors
from jobs.models import SigningKeys

log = logging.getLogger(__name__)
NAME = "learn"
CONCURRENCY = 1
KEPT_FOR = timedelta(hours=12)  # fal: at most 24 hours

Outcome = list[str] | errors.GatewayError


def waiting() -> models.QuerySet[SigningKeys]:
    return SigningKeys.objects.filter(vendor__in=vendors.reachable())


def claim(limit: int, now: datetime) -> list[SigningKeys]:
    return lease(waiting(), limit=limit, seconds=settings.LEASE_SECONDS, now=now)


def call(row: SigningKeys) -> Outcome:
    try:
        return vendors.signing_keys(row.vendor)
    except errors.GatewayError as problem:
        return problem


def record(row: SigningKeys, outcome: Outcome, now: datetime) -> None:
    ours = still_ours(row)
    if ours is None:
        return
    ours.lease_token = ours.lease_until = None
    if isinstance(outcome, errors.GatewayError):
        log.warning("the keys of %s can't be had: %s", row.vendor, outcome)
        ours.tries = min(ours.tries + 1, 1000)
        ours.due_at = backoff.retry_at(now, ours.tries)
    else:
        ours.keys, ours.learned_at = outcome, now
        ours.due_at, ours.tries = now + KEPT_FOR, 0
    ours.save()
