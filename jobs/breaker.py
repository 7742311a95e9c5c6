"""Whether a vendor may be asked now, and what its answers change: the one writer of `Breaker`.

402, 401 or 403 stops everything that would go to the vendor, for all workers, because it is our own
balance or key: members' jobs wait in READY, and staff are written to. Now and then exactly one job
goes as a probe; when the vendor takes it, all go again. A 429 holds everything for as long as the
vendor says. All of it is rows, so Redis may be away.

What closes it again is of the kind that opened it. What submitting opened: a 202. A refusal of one
photo (400) shows that our key was let in, but may have come before the balance was looked at; so it
closes what a key had opened, and after a 402 lets the next job try at once. What a status request
had opened: a status that the vendor tells. 5xx, 429 and broken connections prove nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit, letters
from accounts.models import User
from accounts.roles import staff_with
from jobs import backoff, vendors
from jobs.catalog import MODELS, VENDORS, Route
from jobs.gateway import errors
from jobs.models import Breaker, BreakerEvent, BreakerEventKind, BreakerState, RestorationJob
from jobs.states import JobState

log = logging.getLogger(__name__)
PERMISSION = "jobs.change_breaker"
KEY_REFUSED = (401, 403)
BY_SUBMITTING = Q(met_by="submit")


class NotStopped(Exception):
    """Nothing holds this vendor: it is being sent to already."""


class Passage(Enum):
    """What a vendor's breaker says to one more submission."""

    FREE = auto()
    CAREFUL = auto()  # a 429's wait is over: one at a time until the vendor takes one
    PROBE = auto()  # stopped, but one may try now
    WAIT = auto()  # the vendor asked us to wait
    STOPPED = auto()


@dataclass(frozen=True)
class Gates:
    """All breakers at a moment, by vendor. No row: nothing was ever wrong.

    Without `lets_try` a vendor that is stopped is so for the one that may try, too.
    """

    rows: Mapping[str, Breaker]
    now: datetime
    lets_try: bool = True

    def passage(self, vendor: str) -> Passage:
        row = self.rows.get(vendor)
        if row is None:
            return Passage.FREE
        waits = row.wait_until is not None and row.wait_until > self.now
        if row.state == BreakerState.OPEN:
            assert row.probe_at is not None  # the database's constraint
            may_try = self.lets_try and not waits and row.probe_at <= self.now
            return Passage.PROBE if may_try else Passage.STOPPED
        if waits:
            return Passage.WAIT
        return Passage.FREE if row.wait_until is None else Passage.CAREFUL

    def is_stopped_for_asking(self, vendor: str) -> bool:
        """Whether it was a status request that it refused us."""
        row = self.rows.get(vendor)
        return row is not None and row.state == BreakerState.OPEN and row.met_by != "submit"

    def waits_until(self, vendor: str) -> datetime | None:
        """Until when the vendor asked us to leave it alone, if it did."""
        row = self.rows.get(vendor)
        wait_until = row.wait_until if row else None
        return wait_until if wait_until and wait_until > self.now else None

    @property
    def one_at_a_time(self) -> bool:
        """Whether a vendor that jobs would go to now should get no crowd.

        One that is only for when another is stopped slows nobody down before.
        """
        if not self.rows:
            return False
        first = {
            ways[0].vendor
            for model in MODELS.values()
            if (ways := self.ways(vendors.routes(model)))
        }
        return any(self.passage(vendor) in (Passage.CAREFUL, Passage.PROBE) for vendor in first)

    def ways(self, routes: Iterable[Route]) -> list[Route]:
        """The routes that could be gone now, best first.

        Another vendor than the usual one is for when that one is stopped; a vendor that asked us to
        wait a little is waited for.
        """
        found = []
        for route in routes:
            passage = self.passage(route.vendor)
            if passage == Passage.WAIT:
                break
            if passage != Passage.STOPPED:
                found.append(route)
        return found

    def sendable(self) -> Q | None:
        """Which READY jobs some route could take now; None when nothing is held.

        A job whose consent names no vendor that is held passes, too: `submit` ends it.
        """
        held = [
            vendor
            for vendor in self.rows
            if self.passage(vendor) in (Passage.WAIT, Passage.STOPPED)
        ]
        if not held:
            return None
        sendable = ~_names_any(held)
        for model in MODELS.values():
            for route in self.ways(vendors.routes(model)):
                said = {f"parameters__{key}": value for key, value in route.unsaid.items()}
                sendable |= Q(model_key=model.key, **said) & _names_any([route.vendor])
        return sendable


def look(now: datetime) -> Gates:
    """One query."""
    return Gates(Breaker.objects.in_bulk(), now)


def kept_back(jobs: Iterable[RestorationJob], now: datetime) -> frozenset[UUID]:
    """Those that wait because no vendor that they may go to takes anything: for their members.

    Two queries at most, and none when none of them waits to be sent.
    """
    ready = {job.pk for job in jobs if job.state == JobState.READY}
    if not ready:
        return frozenset()
    sendable = Gates(Breaker.objects.in_bulk(), now, lets_try=False).sendable()
    if sendable is None:
        return frozenset()
    free = RestorationJob.objects.filter(sendable, pk__in=ready).values_list("pk", flat=True)
    return frozenset(ready.difference(free))


def take_probe(vendor: str, now: datetime) -> bool:
    """Whether this caller, and nobody else, may send the probe that is due.

    Call it in the transaction that opens the attempt. The next one comes later, whatever becomes of
    this one: a worker that is killed with it holds nothing up.
    """
    row = Breaker.objects.filter(vendor=vendor, state=BreakerState.OPEN, probe_at__lte=now).first()
    if row is None:
        return False
    taken = Breaker.objects.filter(
        vendor=vendor, state=BreakerState.OPEN, probe_at=row.probe_at, probes=row.probes
    ).update(probe_at=backoff.probe_at(now, row.probes + 1), probes=row.probes + 1)
    return bool(taken)


def refused(
    problem: errors.GatewayError, *, vendor: str, by: str, now: datetime, is_probe: bool = False
) -> None:
    """What a failed call says of the vendor's account; most failures say nothing.

    `by` is the step that met it. Call it in the transaction that records the failure.
    """
    match problem:
        case errors.AccountBlocked():
            _stop(problem, vendor=vendor, by=by, now=now, is_probe=is_probe)
        case errors.Throttled():
            _hold(problem, vendor=vendor, now=now)
        case errors.Refused() if is_probe:
            if _close_if(BY_SUBMITTING & Q(http_status__in=KEY_REFUSED), vendor=vendor):
                return
            probe_at_once(vendor, now=now)
        case _:
            pass
    if is_probe and not isinstance(problem, errors.AccountBlocked | errors.Refused):
        _note(vendor, BreakerEventKind.PROBED, why=str(problem))


def accepted(*, vendor: str, now: datetime, is_probe: bool) -> None:
    """The vendor took a probe, or the first submission after it had asked us to wait.

    What was sent before it stopped proves nothing, however late its 202 comes. Nor does a 202 prove
    that we may ask: of the job that was taken we shall ask soon.
    """
    Breaker.objects.filter(vendor=vendor, wait_until__lte=now).update(wait_until=None)
    if is_probe:
        _close_if(BY_SUBMITTING, vendor=vendor)


def told_status(*, vendor: str) -> None:
    """The vendor told a status: our key works, as far as asking goes."""
    _close_if(~BY_SUBMITTING, vendor=vendor)


def probe_at_once(vendor: str, *, now: datetime) -> None:
    """The probe proved nothing and its job is gone: let the next one try."""
    Breaker.objects.filter(vendor=vendor, state=BreakerState.OPEN).update(probe_at=now)


# --- What staff do ------------------------------------------------------------------------------
def try_now(*, vendor: str, by: User, now: datetime) -> None:
    """Let one job try at once. Raises NotStopped."""
    with transaction.atomic():
        tried = Breaker.objects.filter(vendor=vendor, state=BreakerState.OPEN).update(
            probe_at=now, wait_until=None
        )
        if not tried:
            raise NotStopped(vendor)
        audit.record(
            actor=by,
            action="breaker.try",
            what=f"Had one restoration try whether {VENDORS.get(vendor, vendor)} works again",
            subject=f"breaker {vendor}",
        )


def close(*, vendor: str, by: User) -> None:
    """Send again, on this person's word. Raises NotStopped."""
    with transaction.atomic():
        row = Breaker.objects.select_for_update().filter(vendor=vendor).first()
        if row is None or (row.state == BreakerState.CLOSED and row.wait_until is None):
            raise NotStopped(vendor)
        Breaker.objects.filter(vendor=vendor).update(wait_until=None)
        if not _close_if(Q(), vendor=vendor, by=by):
            _note(vendor, BreakerEventKind.CLOSED, why="no longer waiting", by=by)
        audit.record(
            actor=by,
            action="breaker.close",
            what=f"Had restorations sent to {VENDORS.get(vendor, vendor)} again",
            why=row.why,
            subject=f"breaker {vendor}",
        )


# --- The moves themselves -----------------------------------------------------------------------
def _stop(
    problem: errors.AccountBlocked, *, vendor: str, by: str, now: datetime, is_probe: bool
) -> None:
    """Many calls in flight may meet the same refusal: the first stops it, and staff hear once."""
    told = {"why": str(problem)[:300], "http_status": problem.http_status, "met_by": by}
    Breaker.objects.get_or_create(vendor=vendor)
    opened = Breaker.objects.filter(vendor=vendor, state=BreakerState.CLOSED).update(
        state=BreakerState.OPEN,
        opened_at=now,
        probe_at=backoff.probe_at(now, 0),
        probes=0,
        **told,
    )
    if opened:
        log.error("%s refuses our account (%s): nothing is sent", vendor, problem.http_status)
        event = _note(vendor, BreakerEventKind.OPENED, why=_words(problem))
        _write_to_staff("gateway_stopped", vendor=vendor, event=event, status=problem.http_status)
    elif is_probe:
        before = Breaker.objects.get(vendor=vendor)
        Breaker.objects.filter(vendor=vendor, state=BreakerState.OPEN).update(**told)
        event = _note(vendor, BreakerEventKind.PROBED, why=_words(problem))
        if (before.http_status == 402) != (problem.http_status == 402):  # something else to do
            _write_to_staff(
                "gateway_stopped", vendor=vendor, event=event, status=problem.http_status
            )


def _hold(problem: errors.Throttled, *, vendor: str, now: datetime) -> None:
    until = now + timedelta(seconds=problem.retry_after_seconds)
    Breaker.objects.get_or_create(vendor=vendor)
    shorter = Q(wait_until=None) | Q(wait_until__lt=until)
    fresh = Q(wait_until=None) | Q(wait_until__lte=now)
    # The first of a crowd is for the diary; the others only make the wait longer.
    if Breaker.objects.filter(fresh, vendor=vendor).update(wait_until=until):
        _note(vendor, BreakerEventKind.THROTTLED, why=f"{problem.retry_after_seconds} seconds")
    else:
        Breaker.objects.filter(shorter, vendor=vendor).update(wait_until=until)


def _close_if(condition: Q, *, vendor: str, by: User | None = None) -> bool:
    closed = Breaker.objects.filter(condition, vendor=vendor, state=BreakerState.OPEN).update(
        state=BreakerState.CLOSED,
        opened_at=None,
        probe_at=None,
        probes=0,
        why="",
        http_status=None,
        met_by="",
    )
    if not closed:
        return False
    event = _note(vendor, BreakerEventKind.CLOSED, by=by)
    _write_to_staff("gateway_sending", vendor=vendor, event=event, by=str(by or ""))
    return True


def _note(
    vendor: str, kind: BreakerEventKind, *, why: str = "", by: User | None = None
) -> BreakerEvent:
    return BreakerEvent.objects.create(vendor=vendor, kind=kind, why=why[:300], by=by)


def _write_to_staff(
    kind: str, *, vendor: str, event: BreakerEvent, status: int | None = None, by: str = ""
) -> None:
    """To everybody who can do something about it, once for each event."""
    context = {
        "vendor": VENDORS.get(vendor, vendor),
        "status": status,
        "why": event.why,
        "by": by,
        "waiting": RestorationJob.objects.to_submit().count(),  # the one that met it, too
        "at": f"{timezone.now():%Y-%m-%d %H:%M}",
    }
    for person in staff_with(PERMISSION):
        letters.write(to=person, kind=kind, key=f"breaker:{event.pk}:{person.pk}", context=context)


def _words(problem: errors.GatewayError) -> str:
    return f"{problem.http_status}: {problem}"


def _names_any(vendors: Iterable[str]) -> Q:
    """The job's consent names at least one of these."""
    named = Q()
    for vendor in vendors:
        named |= Q(consent__vendors__contains=f"|{vendor}|")
    return named
