"""One job with everything that happened to it, in order: for the inspector's page.

Read only, in a fixed number of queries. What gives access is hidden (`desk.masking`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from accounts.models import AuditEntry, Transfer
from accounts.models.wallet import WAIVERS
from accounts.money import dollars
from desk import callbacks
from desk.callbacks import Callbacks
from desk.masking import masked
from jobs import breaker
from jobs.models import Attempt, Delivery, RestorationJob
from jobs.states import JobState
from jobs.steps import intervene
from jobs.steps.intervene import Deed

DEED_WORDS: dict[Deed, str | Promise] = {
    Deed.POLL: lazy("Has the vendor asked at once how it stands, or the result fetched at once."),
    Deed.RELEASE: lazy(
        "Takes it from the worker that has it in hand, so that another can. Do this only "
        "when that worker is surely dead: what a living one is about to learn would not count."
    ),
    Deed.END: lazy(
        "Ends it as an error: what is set aside or charged goes back, and the member is "
        "told. If the vendor completes it all the same, the house pays."
    ),
}
RESUBMIT_WORDS: dict[JobState, str | Promise] = {
    JobState.READY: lazy("Sends it at once instead of when its turn comes."),
    JobState.UNKNOWN: lazy(
        "Sends it once more without waiting to learn whether the first submission "
        "arrived. If it did, the house pays for it: this is possible once."
    ),
}


KINDS: dict[str, str | Promise] = {
    "event": lazy("state"),
    "attempt": lazy("attempt"),
    "delivery": lazy("callback"),
    "transfer": lazy("transfer"),
    "letter": lazy("letter"),
    "deed": lazy("by staff"),
}


@dataclass(frozen=True)
class Entry:
    """One line of the timeline. `tone` is good, care or bad."""

    at: datetime
    kind: str  # of KINDS
    what: str
    who: str = ""
    why: str = ""
    tone: str = ""

    @property
    def kind_words(self) -> str | Promise:
        return KINDS[self.kind]


@dataclass(frozen=True)
class Button:
    """A deed that can be done now, or why it can't."""

    deed: Deed
    words: str | Promise
    obstacle: str


@dataclass(frozen=True)
class JobFile:
    """What the inspector shows."""

    job: RestorationJob
    timeline: list[Entry]
    attempts: list[Attempt]
    callbacks: Callbacks
    transfers: list[Transfer]
    buttons: list[Button]
    consent_is_live: bool
    is_kept_back: bool
    now: datetime

    @property
    def is_in_hand(self) -> bool:
        return self.job.lease_until is not None and self.job.lease_until > self.now

    @property
    def is_overdue(self) -> bool:
        """Due, and nobody has it: a worker should have taken it up, if a vendor takes work."""
        is_due = self.job.due_at is not None and self.job.due_at <= self.now
        return is_due and not self.is_in_hand and not self.is_kept_back


def of_job(
    job_id: uuid.UUID,
    *,
    now: datetime,
    page: str = "1",
    shown: int | None = None,
    whole: int | None = None,
) -> JobFile:
    """Of its callbacks, a page; `shown` and `whole` are as in `callbacks.of_job`.

    Raises RestorationJob.DoesNotExist.
    """
    job = RestorationJob.objects.select_related("owner", "photo", "consent__notice", "hold").get(
        pk=job_id
    )
    attempts = list(job.attempts.all())
    deliveries = list(
        Delivery.objects.filter(attempt__job=job)
        .select_related("replayed_by")
        .defer("body")
        .order_by("-pk")
    )
    of_it = Q(pk=job.hold_id) | Q(hold=job.hold_id)
    if job.is_free:
        of_it = Q(kind__in=WAIVERS, reference=str(job.pk))
    moves = Transfer.objects.filter(of_it).select_related("actor")
    transfers = list(moves.order_by("pk")) if job.hold_id or job.is_free else []
    deeds = AuditEntry.objects.filter(subject=f"job {job.pk}", action__startswith="job.")
    entries = [
        *_events(job),
        *_attempts(attempts),
        *_deliveries(deliveries),
        *_transfers(transfers),
        *_deeds(deeds.select_related("actor").order_by("pk")),
    ]
    if job.told_at is not None:
        entries.append(Entry(job.told_at, "letter", _("The member was told"), str(job.owner)))
    return JobFile(
        job=job,
        timeline=list(_brief(sorted(entries, key=lambda entry: entry.at))),
        attempts=attempts,
        callbacks=callbacks.of_job(deliveries, attempts, page=page, shown=shown, whole=whole),
        transfers=transfers,
        buttons=_buttons(job, now),
        consent_is_live=any(
            job.consent.is_live_for(route.vendor, now=now) for route in job.model.routes
        ),
        is_kept_back=bool(breaker.kept_back([job], now)),
        now=now,
    )


def _buttons(job: RestorationJob, now: datetime) -> list[Button]:
    return [
        Button(
            deed,
            DEED_WORDS.get(deed) or RESUBMIT_WORDS[JobState(job.state)],
            intervene.obstacle(job, deed, now),
        )
        for deed in Deed
        if deed in intervene.POSSIBLE[JobState(job.state)]
    ]


def _events(job: RestorationJob) -> Iterator[Entry]:
    tones = {"DELIVERED": "good", "COMPLETED": "good", "ERROR": "bad", "FAILED": "bad"}
    tones["UNKNOWN"] = "care"
    for event in job.events.all():
        what = f"{event.from_state} → {event.to_state}" if event.from_state else event.to_state
        yield Entry(
            event.at, "event", what, event.by, masked(event.why), tones.get(event.to_state, "")
        )


def _attempts(attempts: list[Attempt]) -> Iterator[Entry]:
    for attempt in attempts:
        words = _("Attempt %(number)s: begun") % {"number": attempt.number}
        yield Entry(attempt.created_at, "attempt", words, attempt.vendor)
        if attempt.answered_at is not None:
            tone = {"ACCEPTED": "", "NOT_ACCEPTED": "bad"}.get(attempt.outcome, "care")
            words = _("Attempt %(number)s: %(outcome)s") % {
                "number": attempt.number,
                "outcome": attempt.get_outcome_display(),
            }
            if attempt.http_status:
                words = f"{words} (HTTP {attempt.http_status})"
            problem = masked(attempt.problem, attempt.request_id)
            yield Entry(attempt.answered_at, "attempt", words, attempt.vendor, problem, tone)
        if attempt.polled_at is not None:
            words = ngettext(
                "Attempt %(number)s: asked once",
                "Attempt %(number)s: asked %(count)s times, last now",
                attempt.polls,
            ) % {"number": attempt.number, "count": attempt.polls}
            tone = "care" if attempt.poll_problem else ""
            problem = masked(attempt.poll_problem, attempt.request_id)
            yield Entry(attempt.polled_at, "attempt", words, attempt.vendor, problem, tone)


def _deliveries(deliveries: list[Delivery]) -> Iterator[Entry]:
    for row in deliveries:
        tone = "" if row.verdict in ("APPLIED", "DUPLICATE") else "care"
        words = {"number": row.pk, "verdict": row.get_verdict_display()}
        what = _("Callback %(number)s: %(verdict)s") % words
        who = row.vendor
        if row.replayed_by is not None:
            words["number"] = row.replay_of_id
            what = _("Callback %(number)s replayed: %(verdict)s") % words
            who = str(row.replayed_by)
        yield Entry(row.received_at, "delivery", what, who, row.note, tone)


def _brief(timeline: list[Entry]) -> Iterator[Entry]:
    """Callbacks that came one after the other and all did the same are one line."""
    for _sort, alike in groupby(timeline, key=_sort_of):
        first, *others = alike
        more = ngettext(
            "%(callback)s, %(count)s more the same",
            "%(callback)s, %(count)s more the same",
            len(others),
        ) % {"callback": first.what, "count": len(others)}
        yield replace(first, what=more) if others else first


def _sort_of(entry: Entry) -> object:
    if entry.kind != "delivery":
        return id(entry)
    return (entry.what.partition(":")[2], entry.who, entry.why)


def _transfers(transfers: list[Transfer]) -> Iterator[Entry]:
    for row in transfers:
        what = f"{row.get_kind_display()} {dollars(row.amount_micros)}"
        yield Entry(row.created_at, "transfer", what, str(row.actor or ""), row.reason)


def _deeds(deeds: Iterable[AuditEntry]) -> Iterator[Entry]:
    for row in deeds:
        yield Entry(row.at, "deed", row.what, str(row.actor), row.why, "care")
