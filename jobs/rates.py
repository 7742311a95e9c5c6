"""How often something may happen within a minute, counted in Redis, beside the doorbells.

It only spares the house work, so without Redis everything may.
"""

from __future__ import annotations

import logging

import django_rq
from redis.exceptions import RedisError

from jobs.queues import QUICK

log = logging.getLogger(__name__)
A_MINUTE = 60


def within(name: str, *, most: int) -> bool:
    """Count one more; False when more than `most` have been counted in the last minute."""
    key = f"heirloom:rate:{name}"
    try:
        connection = django_rq.get_queue(QUICK).connection
        together = connection.pipeline()
        together.incr(key)
        together.ttl(key)
        count, seconds_left = together.execute()
        if seconds_left < 0:  # a count without an end would shut the door for good
            connection.expire(key, A_MINUTE)
        return int(count) <= most
    except (RedisError, OSError) as problem:
        log.warning("nothing is counted: %s", problem)
        return True
