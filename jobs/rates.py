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
        connection.set(key, 0, nx=True, ex=A_MINUTE)
        return int(connection.incr(key)) <= most
    except (RedisError, OSError) as problem:
        log.warning("nothing is counted: %s", problem)
        return True
