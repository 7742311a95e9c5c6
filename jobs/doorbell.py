"""Ring a worker: "something is due for this step". The queue carries no state.

Rung after the commit, never inside a transaction, and never by the thread that serves a page: a
`Ringer` does it beside, so that a Redis that hangs delays nobody. A Redis that is down is logged
and counted, never an error for the caller: the periodic sweep rings again. At most one unanswered
ring per step stands in its queue (`jobs.queues`), so a thousand jobs cost a handful of tasks.
"""

from __future__ import annotations

import logging
import threading

import django_rq
from django.db import transaction
from redis.exceptions import RedisError

from jobs.queues import QUEUES

log = logging.getLogger(__name__)
UNANSWERED_SECONDS = 30  # a ring lost with its queue is forgotten after this

unheard = 0  # rings that Redis did not take, in this process


def ring_on_commit(step: str) -> None:
    """Let it be rung once the current transaction is committed (soon, when there is none)."""
    # No partial: Django asks what breaks for its __qualname__.
    transaction.on_commit(lambda: ring_soon(step), robust=True)


def ring_soon(step: str) -> None:
    """Leave it to this process's ringer; returns at once, whatever Redis does."""
    _ringer.ring(step)


def ring(step: str) -> bool:
    """Ring now; False if Redis did not take it."""
    global unheard
    try:
        queue = django_rq.get_queue(QUEUES[step])
        if queue.connection.set(_flag(step), 1, nx=True, ex=UNANSWERED_SECONDS):
            queue.enqueue("jobs.tasks.answer", step, result_ttl=0, failure_ttl=3600)
    except (RedisError, OSError) as problem:
        unheard += 1
        log.warning("doorbell for %s not heard (%d so far): %s", step, unheard, problem)
        return False
    return True


class Ringer:
    """One thread that rings, one step after the other, whatever was asked for meanwhile once.

    It touches no database, and what it holds is no more than the names of steps. The thread begins
    with the first ring (so a process that forks later has its own) and ends with the process: what
    it had not rung by then, the sweep does.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._wanted: dict[str, None] = {}  # in the order in which they were asked for
        self._thread: threading.Thread | None = None

    def ring(self, step: str) -> None:
        with self._changed:
            self._wanted[step] = None
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="ringer", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted)
                step = next(iter(self._wanted))
                del self._wanted[step]
            try:
                ring(step)
            except Exception:
                log.exception("doorbell for %s broke", step)


_ringer = Ringer()


def answered(step: str) -> None:
    """From here on a new ring is queued again."""
    try:
        django_rq.get_queue(QUEUES[step]).connection.delete(_flag(step))
    except (RedisError, OSError) as problem:
        log.warning("doorbell for %s not cleared: %s", step, problem)


def _flag(step: str) -> str:
    return f"heirloom:ring:{step}"
