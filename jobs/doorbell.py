"""Ring a worker: "something is due for this step". The queue carries no state.

Rung after the commit, never inside a transaction. A Redis that is down is logged and counted,
never an error for the caller: the periodic sweep rings again. At most one unanswered ring per step
stands in the queue, so a thousand jobs cost a handful of tasks.
"""

from __future__ import annotations

import logging

import django_rq
from django.db import transaction
from redis.exceptions import RedisError

log = logging.getLogger(__name__)
UNANSWERED_SECONDS = 30  # a ring lost with its queue is forgotten after this

unheard = 0  # rings that Redis did not take, in this process


def ring_on_commit(step: str) -> None:
    """Ring once the current transaction is committed (at once, when there is none)."""
    # No partial: Django asks what breaks for its __qualname__.
    transaction.on_commit(lambda: ring(step), robust=True)


def ring(step: str) -> bool:
    """Ring now; False if Redis did not take it."""
    global unheard
    try:
        queue = django_rq.get_queue("default")
        if queue.connection.set(_flag(step), 1, nx=True, ex=UNANSWERED_SECONDS):
            queue.enqueue("jobs.tasks.answer", step, result_ttl=0, failure_ttl=3600)
    except (RedisError, OSError) as problem:
        unheard += 1
        log.warning("doorbell for %s not heard (%d so far): %s", step, unheard, problem)
        return False
    return True


def answered(step: str) -> None:
    """From here on a new ring is queued again."""
    try:
        django_rq.get_queue("default").connection.delete(_flag(step))
    except (RedisError, OSError) as problem:
        log.warning("doorbell for %s not cleared: %s", step, problem)


def _flag(step: str) -> str:
    return f"heirloom:ring:{step}"
