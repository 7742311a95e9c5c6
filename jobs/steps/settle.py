"""Apply what the vendor says of a request: state and money move together, once.

A callback and a poll come through the same door, `apply`. Statuses are ranked, so a late
PROCESSING after COMPLETED changes nothing. An early callback (before the 202 was stored) proves
that the request was accepted: the job passes through QUEUED on its way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts import ledger
from accounts.models import User
from jobs import backoff
from jobs.gateway import fal, fal_signature, pixazo
from jobs.gateway.types import MalformedReport, StatusReport
from jobs.models import (
    Attempt,
    AttemptOutcome,
    Delivery,
    RestorationJob,
    SigningKeys,
    Verdict,
)
from jobs.moves import move
from jobs.states import WAITING_FOR_VENDOR, JobState
from jobs.steps import abandon, waiver

# COMPLETED last: after a failure it moves no job any more, but the vendor may bill it.
RANK = {"": 0, "QUEUED": 1, "PROCESSING": 2, "FAILED": 3, "ERROR": 3, "COMPLETED": 4}
FAILED = ("FAILED", "ERROR")
READERS: dict[str, Callable[[bytes], StatusReport]] = {
    "pixazo": pixazo.read_report,
    "fal": fal.read_report,
}
ONLY_COUNTED = "later ones that move nothing are only counted"
FAILURE_WORDS = gettext_noop("The restorer could not restore this photo.")


@dataclass(frozen=True)
class Settlement:
    """What a report did."""

    verdict: Verdict
    note: str = ""


def deliver(
    *,
    token: str,
    body: bytes,
    byte_size: int | None = None,
    vendor: str = "pixazo",
    headers: Mapping[str, str] | None = None,
) -> Settlement:
    """A callback: find its attempt by the token, apply it, keep it raw with what it did.

    `body` is at most CALLBACK_MAX_BYTES of the `byte_size` that were sent; `headers`, where fal
    puts its signature. One transaction; no outbound call. Whoever has the token may call without
    end: all are listened to, and past CALLBACKS_KEPT only those that move the job are kept.
    """
    byte_size = len(body) if byte_size is None else byte_size
    attempt = Attempt.objects.filter(token_sha256=Attempt.hash_token(token), vendor=vendor).first()
    if attempt is None:
        return _keep_forged(body, byte_size, vendor, timezone.now())
    with transaction.atomic():
        settlement = _settle(attempt, body, byte_size, headers or {})
        number = Attempt.objects.count_callback(attempt)
        if number <= settings.CALLBACKS_KEPT or settlement.verdict == Verdict.APPLIED:
            last = number == settings.CALLBACKS_KEPT
            note = f"{settlement.note} ({ONLY_COUNTED})" if last else settlement.note
            Delivery.objects.create(
                vendor=vendor,
                attempt=attempt,
                body=_text(body),
                byte_size=byte_size,
                verdict=settlement.verdict,
                note=note.strip()[:300],
            )
    return settlement


def replay(delivery: Delivery, *, by: User) -> Delivery:
    """A delivery's raw body once more, now, as a delivery of its own: what would it do today?

    Whether it was genuine was judged when it came; the caller has looked at that.
    """
    with transaction.atomic():
        attempt = delivery.attempt
        assert attempt is not None  # the database's constraint, but for a forged one
        try:
            report = READERS[attempt.vendor](delivery.body.encode())
            settlement = apply(attempt, report, by=f"replay by {by}")
            if settlement.verdict == Verdict.DUPLICATE:
                settlement = Settlement(Verdict.DUPLICATE, _what_it_did(delivery))
        except MalformedReport as problem:
            settlement = Settlement(Verdict.MALFORMED, str(problem))
        return Delivery.objects.create(
            vendor=delivery.vendor,
            attempt=attempt,
            body=delivery.body,
            byte_size=delivery.byte_size,
            verdict=settlement.verdict,
            note=settlement.note[:300],
            replay_of=delivery,
            replayed_by=by,
        )


def _what_it_did(delivery: Delivery) -> str:
    """For whoever replays it and learns nothing new."""
    did = f"callback {delivery.pk}: {delivery.get_verdict_display()}"
    return f"{did} ({delivery.note})" if delivery.note else did


def _settle(
    attempt: Attempt, body: bytes, byte_size: int, headers: Mapping[str, str]
) -> Settlement:
    if byte_size > settings.CALLBACK_MAX_BYTES:
        return Settlement(Verdict.TOO_LARGE, "only its beginning was read")
    if attempt.vendor == "fal" and (doubt := _doubt(attempt, body, headers)):
        return doubt
    try:
        return apply(attempt, READERS[attempt.vendor](body), by="callback")
    except MalformedReport as problem:
        return Settlement(Verdict.MALFORMED, str(problem))


def _doubt(attempt: Attempt, body: bytes, headers: Mapping[str, str]) -> Settlement | None:
    """Why a callback with the right token is not believed all the same; None when it is.

    What can't be checked is a hint to ask the vendor itself, now. What is signed by somebody else
    is not even that; but the keys may have changed, so they are fetched again, and as we don't
    answer 2xx, a genuine sender comes back.
    """
    now = timezone.now()
    seal = fal_signature.judge(
        headers, body, keys=SigningKeys.objects.known(attempt.vendor), now=now
    )
    if seal == fal_signature.Seal.GENUINE:
        return None
    if seal.proves_nothing:
        RestorationJob.objects.filter(
            pk=attempt.job_id, state__in=WAITING_FOR_VENDOR, due_at__gt=now
        ).update(due_at=now)
    if seal in (fal_signature.Seal.WRONG, fal_signature.Seal.NO_KEYS):
        SigningKeys.objects.want(attempt.vendor, now)
    return Settlement(Verdict.UNSIGNED if seal.proves_nothing else Verdict.MISSIGNED, seal.value)


def _keep_forged(body: bytes, byte_size: int, vendor: str, now: datetime) -> Settlement:
    """Sent to no address of ours. Anybody can do that, so little is kept, and not for ever.

    Past FORGED_KEPT_AN_HOUR nothing is written at all, so that a flood costs two reads a call.
    """
    forged = Delivery.objects.filter(verdict=Verdict.FORGED)
    newest = forged.filter(received_at__gt=now - timedelta(hours=1)).count()
    if newest >= settings.FORGED_KEPT_AN_HOUR:
        return Settlement(Verdict.FORGED, "too many to keep")
    last = newest + 1 == settings.FORGED_KEPT_AN_HOUR
    settlement = Settlement(
        Verdict.FORGED, "further ones in the same hour are not kept" if last else ""
    )
    with transaction.atomic():
        older = forged.order_by("-received_at", "-pk")[settings.FORGED_KEPT - 1 :]
        Delivery.objects.filter(pk__in=list(older.values_list("pk", flat=True))).delete()
        Delivery.objects.create(
            vendor=vendor,
            body=_text(body[: settings.FORGED_KEPT_BYTES]),
            byte_size=byte_size,
            verdict=settlement.verdict,
            note=settlement.note,
        )
    return settlement


def _text(body: bytes) -> str:
    """As a database can keep it."""
    return body.decode("utf-8", "replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")


def apply(attempt: Attempt, report: StatusReport, *, by: str) -> Settlement:
    """Move the job by what a vendor reported of one attempt. Idempotent.

    Lock order: job, attempt, wallet.
    """
    with transaction.atomic():
        job = RestorationJob.objects.select_for_update().get(pk=attempt.job_id)
        attempt = Attempt.objects.select_for_update().get(pk=attempt.pk)
        if attempt.request_id is None:
            if Attempt.objects.filter(vendor=attempt.vendor, request_id=report.request_id).exists():
                return Settlement(Verdict.MISMATCHED, "this request belongs to another attempt")
            attempt.request_id = report.request_id
        elif attempt.request_id != report.request_id:
            return Settlement(Verdict.MISMATCHED, "names another request than ours")
        news = RANK[report.status] > RANK[attempt.vendor_status]
        superseded = _is_superseded(attempt)
        if attempt.outcome != AttemptOutcome.ACCEPTED:
            if superseded and not attempt.house_cost_micros:
                # It was refused and yet taken: the attempt after it is the one that counts.
                attempt.house_cost_micros = max(attempt.cost_micros, 1)
            attempt.outcome = AttemptOutcome.ACCEPTED
            attempt.answered_at = attempt.answered_at or timezone.now()
        if news:
            attempt.vendor_status = report.status
            attempt.completed_at = timezone.now() if report.status == "COMPLETED" else None
        attempt.save()
        if report.status in FAILED and attempt.vendor_status == "COMPLETED":
            return Settlement(Verdict.STALE, "contradicts what it said before: COMPLETED")
        if not news and job.state != JobState.UNKNOWN:
            return Settlement(Verdict.DUPLICATE)
        if superseded and report.status != "COMPLETED":
            return Settlement(Verdict.STALE, "a later attempt counts")
        if job.state == JobState.READY and not superseded:
            _not_bought_twice(job, attempt)
        settlement = _move_on(job, report, by)
        if report.status == "COMPLETED" and settlement.verdict == Verdict.STALE:
            _book_on_house(job, attempt)
        return settlement


def take_back(job: RestorationJob, attempt: Attempt, *, by: str) -> None:
    """A late yes to a job that was about to be sent once more: it is not.

    One that was sent again stays as it is: both are bought, and the first is on the house's list.
    The caller holds the locks of job and attempt.
    """
    if job.state == JobState.READY and not _is_superseded(attempt):
        _not_bought_twice(job, attempt)
        _wait_for_vendor(job, by)


def _is_superseded(attempt: Attempt) -> bool:
    return Attempt.objects.filter(job_id=attempt.job_id, number__gt=attempt.number).exists()


def _not_bought_twice(job: RestorationJob, attempt: Attempt) -> None:
    """What was booked on the house for a second submission goes: there was none."""
    if job.resubmissions and attempt.house_cost_micros:
        attempt.house_cost_micros = 0
        attempt.save(update_fields=["house_cost_micros"])
        job.resubmissions = 0
        job.save(update_fields=["resubmissions"])


def _wait_for_vendor(job: RestorationJob, by: str) -> None:
    """The vendor has what we were about to send, or were sending."""
    if job.state == JobState.READY:
        move(job, JobState.SUBMITTING, by=by, why="the vendor has it already")
    if job.state == JobState.SUBMITTING:
        now = timezone.now()
        move(
            job,
            JobState.QUEUED,
            by=by,
            why="the vendor reports on it",
            submitted_at=now,
            due_at=backoff.poll_at(now, 0),
        )


def _book_on_house(job: RestorationJob, attempt: Attempt) -> None:
    """The vendor bills what no member pays for: the job had ended uncharged before."""
    charged = ledger.balance_of(job.hold).charged if job.hold is not None else 0
    if charged == 0 and attempt.house_cost_micros == 0:
        attempt.house_cost_micros = max(attempt.cost_micros, 1)
        attempt.save(update_fields=["house_cost_micros"])


def _move_on(job: RestorationJob, report: StatusReport, by: str) -> Settlement:
    _wait_for_vendor(job, by)
    if job.state not in WAITING_FOR_VENDOR:
        return Settlement(Verdict.STALE, f"the job is {job.state}")
    match report.status:
        case "COMPLETED":
            _complete(job, by)
        case "FAILED" | "ERROR":
            abandon.end(
                job,
                JobState(report.status),
                by=by,
                code=f"vendor_{report.status.lower()}",
                words=FAILURE_WORDS,
                why=report.error,
            )
        case status if job.state != status and status in _onward(job):
            move(job, JobState(status), by=by, due_at=job.due_at, tries=job.tries)
        case _:
            return Settlement(Verdict.DUPLICATE)
    return Settlement(Verdict.APPLIED)


def _onward(job: RestorationJob) -> tuple[str, ...]:
    """The vendor's waiting words that come after the job's state."""
    return ("PROCESSING",) if job.state == JobState.QUEUED else ("QUEUED", "PROCESSING")


def _complete(job: RestorationJob, by: str) -> None:
    """COMPLETED and the charge are one."""
    now = timezone.now()
    move(job, JobState.COMPLETED, by=by, completed_at=now, due_at=now)
    if job.hold is not None:
        ledger.capture(hold=job.hold, amount_micros=job.quoted_micros, key=f"capture:{job.pk}")
    elif job.is_free:
        waiver.give(job)
