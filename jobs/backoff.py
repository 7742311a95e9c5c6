"""When to try again: doubling, bounded, jittered, so that a crowd does not come back together."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.conf import settings

JITTER = 0.2


def retry_at(now: datetime, tries: int) -> datetime:
    """After `tries` failed tries of anything that may work later."""
    return _after(now, settings.RETRY_FIRST_SECONDS, settings.RETRY_MOST_SECONDS, tries)


def poll_at(now: datetime, polls: int) -> datetime:
    """After `polls` looks at a request. Pixazo recommends every 5-10 seconds; we begin there."""
    slow = max(0, polls - 12)  # two minutes at the documented pace, then ever more rarely
    return _after(now, settings.POLL_FIRST_SECONDS, settings.POLL_MOST_SECONDS, slow)


def probe_at(now: datetime, probes: int) -> datetime:
    """When to see whether a vendor that refused our account takes a job, after `probes` in vain."""
    return _after(now, settings.PROBE_FIRST_SECONDS, settings.PROBE_MOST_SECONDS, probes)


def after_a_wait(until: datetime) -> datetime:
    """A moment after a vendor's wait, for one of a crowd: not all come back at once."""
    return until + timedelta(seconds=random.uniform(0, settings.WAIT_SPREAD_SECONDS))  # noqa: S311


def _after(now: datetime, first: float, most: float, doublings: int) -> datetime:
    seconds = min(first * 2 ** min(doublings, 16), most)
    return now + timedelta(seconds=seconds * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311
