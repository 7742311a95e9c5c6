"""The one engine that drives all steps.

`run_due(step)` claims what is due, runs the calls side by side on threads that may not touch the
database, and records each outcome in its own transaction, refilling while calls are in flight.
What is in flight keeps its lease, however long its call takes: it is renewed from here when a third
of it has gone, and always before anything is claimed. A call that fails in a way its step did not
foresee is logged and tried again later; a worker that is killed leaves leases that end by
themselves.

A step may look once more, with the database, at the very moment before its call is handed to a
thread: `instead_of_call(work, now)` returns an outcome that is recorded instead, or None.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db import DatabaseError, connection, models, transaction
from django.utils import timezone

from accounts.models.leased import Leased, due, renew, still_ours
from jobs import backoff
from jobs.steps import collect, erase, learn, observe, prepare, send, submit, tell

log = logging.getLogger(__name__)
LOOK_AGAIN_SECONDS = 0.25  # while calls are in flight: for more to claim, for leases to renew
RENEWALS_IN_A_LEASE = 3  # so that one may fail, or come late


class Step(Protocol):
    """What the engine asks of a step; see `jobs.steps`."""

    NAME: str
    CONCURRENCY: int

    def waiting(self) -> models.QuerySet[Any]: ...
    def claim(self, limit: int, now: datetime) -> list[Any]: ...
    def call(self, work: Any, /) -> Any: ...
    def record(self, work: Any, outcome: Any, now: datetime, /) -> None: ...


STEPS: dict[str, Step] = {
    step.NAME: step for step in (prepare, submit, observe, collect, tell, send, erase, learn)
}


def run_due(step: Step, *, budget_seconds: float) -> int:
    """Work off what is due, for at most about `budget_seconds`; returns how many were recorded."""
    stop_claiming = time.monotonic() + budget_seconds
    renewed_at = timezone.now()
    recorded = 0
    in_flight: dict[Future[Any], Any] = {}
    width = min(step.CONCURRENCY, settings.CALLS_IN_FLIGHT)
    with ThreadPoolExecutor(max_workers=width, thread_name_prefix=step.NAME) as pool:
        while True:
            renewed_at = _renew(in_flight.values(), renewed_at)
            room = width - len(in_flight)
            if room and time.monotonic() < stop_claiming:
                try:
                    claimed = step.claim(room, timezone.now())
                except DatabaseError:
                    if not in_flight:
                        raise
                    log.exception("%s claims no more: what is in flight is recorded", step.NAME)
                    claimed, stop_claiming = [], time.monotonic()
                for work in claimed:
                    in_flight[_begin(pool, step, work)] = work
            if not in_flight:
                return recorded
            # A call that hangs keeps its own thread; what falls due meanwhile is not kept waiting.
            done, _ = wait(in_flight, timeout=LOOK_AGAIN_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                _record(step, in_flight.pop(future), future)
                recorded += 1


def steps_due(now: datetime) -> list[str]:
    """The names of the steps that have something to do now; one indexed query each."""
    return [name for name, step in STEPS.items() if due(step.waiting(), now).exists()]


class DatabaseTouched(Exception):
    """A step's call asked the database: claim should have brought what it needs."""


def _begin(pool: ThreadPoolExecutor, step: Step, work: Any) -> Future[Any]:
    """The call, begun; or what the step's last look says instead of it."""
    look = getattr(step, "instead_of_call", None)
    settled: Future[Any] = Future()
    try:
        outcome = look(work, timezone.now()) if look else None
    except Exception as problem:
        settled.set_exception(problem)
        return settled
    if outcome is None:
        return pool.submit(_call, step, work)
    settled.set_result(outcome)
    return settled


def _call(step: Step, work: Any) -> Any:
    """The call, on a thread of the pool, kept from the database."""

    def refuse(*query: Any) -> Any:
        raise DatabaseTouched(f"{step.NAME} asked the database in its call")

    try:
        with connection.execute_wrapper(refuse):
            return step.call(work)
    finally:
        connection.close()  # a call that asked all the same has opened this thread's own


def _renew(in_flight: Collection[Any], renewed_at: datetime) -> datetime:
    """Renew the leases of what is in flight if it is time; returns when they last were."""
    now, seconds = timezone.now(), settings.LEASE_SECONDS
    if now < renewed_at + timedelta(seconds=seconds / RENEWALS_IN_A_LEASE):
        return renewed_at
    if rows := [row for work in in_flight for row in _rows(work)]:
        try:
            renew(rows, seconds=seconds, now=now)
        except DatabaseError:
            log.exception("leases of %s not renewed; trying again at once", _named(rows))
            return renewed_at
    return now


def _record(step: Step, work: Any, future: Future[Any]) -> None:
    rows = _rows(work)
    try:
        outcome = future.result()
        with transaction.atomic():
            step.record(work, outcome, timezone.now())
    except DatabaseError:
        log.exception("%s of %s not recorded; the lease will end", step.NAME, _named(rows))
    except Exception:
        log.exception("%s of %s failed; trying again later", step.NAME, _named(rows))
        for row in rows:
            _postpone(row)


def _rows(work: Any) -> list[Leased]:
    """What is leased for a piece of work: itself, its job, or its jobs."""
    if isinstance(work, Leased):
        return [work]
    return work.jobs if hasattr(work, "jobs") else [work.job]


def _named(rows: list[Leased]) -> str:
    return ", ".join(str(row.pk) for row in rows)


def _postpone(row: Leased) -> None:
    with transaction.atomic():
        ours = still_ours(row)
        if ours is None:
            return
        type(ours)._default_manager.filter(pk=ours.pk).update(
            due_at=backoff.retry_at(timezone.now(), ours.tries + 1),
            tries=min(ours.tries + 1, 1000),
            lease_token=None,
            lease_until=None,
        )
