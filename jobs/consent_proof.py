"""Proof that what members said is still what stands in the database.

`findings` computes every seal again (`jobs.consent_chain`) and trusts no trigger. What one
statement's chain can't show, a row cut off at its end or a statement gone whole, shows against the
anchors: each run keeps a hash over all seals up to a point, and every later run computes all of
them again.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from django.db import transaction
from django.db.models import Min

from accounts import letters
from accounts.roles import staff_with
from jobs import consent_chain, notices
from jobs.models import (
    Consent,
    ConsentCheck,
    ConsentEvent,
    ConsentNotice,
    ConsentStatus,
    ReviewDecision,
    ReviewVerdict,
)

Row = TypeVar("Row", ConsentEvent, ReviewDecision)

VERDICTS: dict[str, ReviewVerdict] = {  # a first approval of two changes no status
    ConsentStatus.APPROVED: ReviewVerdict.APPROVE,
    ConsentStatus.REJECTED: ReviewVerdict.REJECT,
    ConsentStatus.QUESTIONED: ReviewVerdict.ASK,
}
CONSENTS_IN_A_QUERY = 500
CHECK_EVERY = timedelta(days=1)
PROBLEMS_IN_A_LETTER = 20
# A transaction may take a number and commit a moment after one with a later number: younger events
# are not anchored yet, or an honest latecomer would look like one that was slipped in.
SETTLED_AFTER = timedelta(minutes=10)


@dataclass(frozen=True)
class Anchor:
    """A hash over all seals up to an event."""

    last_event: int
    seals_sha256: str


def check(now: datetime) -> ConsentCheck:
    """Prove all consents now, keep what was found, and write to reviewers if something is wrong."""
    found, anchor = findings(now)
    with transaction.atomic():
        checked = ConsentCheck.objects.create(
            at=now,
            consent_count=Consent.objects.count(),
            last_event=anchor.last_event,
            seals_sha256=anchor.seals_sha256,
            problems=found,
        )
        for person in staff_with("jobs.review_consent") if found else ():
            letters.write(
                to=person,
                kind="consents_changed",
                key=f"consents-changed:{checked.pk}:{person.pk}",
                context={"count": len(found), "problems": found[:PROBLEMS_IN_A_LETTER]},
            )
    return checked


def check_if_due(now: datetime) -> ConsentCheck | None:
    """`check`, unless done in the last day: a clock that stood still loses no day's proof."""
    if ConsentCheck.objects.filter(at__gt=now - CHECK_EVERY).exists():
        return None
    return check(now)


def findings(now: datetime) -> tuple[list[str], Anchor]:
    """Everything that is not as it was sealed, one sentence each; and the new anchor.

    Three queries for each 500 consents, and six for the rest.
    """
    anchored, anchor = _anchors(now)
    return [*_notices(), *_consents(), *anchored], anchor


# --- Texts ------------------------------------------------------------------------------------
def _notices() -> Iterator[str]:
    expected = 1
    for notice in ConsentNotice.objects.order_by("version"):
        if notice.version != expected:
            yield f"notices: version {expected} is missing"
        if notices.sha256_of(notice.text) != notice.sha256:
            yield f"notice {notice.version}: its text is not the one that was published"
        expected = notice.version + 1


# --- Statements and their events ----------------------------------------------------------------
def _consents() -> Iterator[str]:
    # Decisions made before they had rows of their own are told of by their events alone.
    since = ReviewDecision.objects.aggregate(first=Min("at"))["first"]
    ids = Consent.objects.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=5_000)
    while some := list(islice(ids, CONSENTS_IN_A_QUERY)):
        consents = Consent.objects.filter(pk__in=some).select_related("notice", "photo")
        events = _by_consent(ConsentEvent.objects.filter(consent__in=some).order_by("number"))
        decisions = _by_consent(ReviewDecision.objects.filter(consent__in=some).order_by("pk"))
        for consent in consents.order_by("pk"):
            yield from _consent(consent, events[consent.pk], decisions[consent.pk], since)


def _by_consent(rows: Iterable[Row]) -> defaultdict[uuid.UUID, list[Row]]:
    found: defaultdict[uuid.UUID, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.consent_id].append(row)
    return found


def _consent(
    consent: Consent,
    events: Sequence[ConsentEvent],
    decisions: Sequence[ReviewDecision],
    since: datetime | None,
) -> Iterator[str]:
    name = f"consent {consent.pk}"
    if not events:
        yield f"{name}: nothing is on record of how it came about"
    statement = consent_chain.statement_sha256(consent)
    broken = [
        event
        for event in events
        if consent_chain.event_sha256(event, statement=statement) != event.sha256
    ]
    if broken and len(broken) == len(events):
        yield f"{name}: what was said is not what was sealed"
    else:
        yield from (f"{name}: event {event.number} is not what was sealed" for event in broken)
    yield from (f"{name}: {words}" for words in _links(events))
    if events and events[-1].to_status != consent.status:
        yield f"{name}: it stands as {consent.status}, its last event says {events[-1].to_status}"
    if consent.photo.sha256 != consent.photo_sha256:
        yield f"{name}: its photo has other bytes than those it is about"
    yield from (f"{name}: {words}" for words in _decisions(consent, events, decisions, since))


def _decisions(
    consent: Consent,
    events: Sequence[ConsentEvent],
    decisions: Sequence[ReviewDecision],
    since: datetime | None,
) -> Iterator[str]:
    """A decision's row has no seal of its own: it must fit the sealed event that tells of it."""
    for decision in decisions:
        if decision.photo_sha256 != consent.photo_sha256:
            yield f"decision {decision.pk} is about other bytes"
        if decision.notice_version != consent.notice.version:
            yield f"decision {decision.pk} is about another notice"
    sealed = [
        event
        for event in events
        if event.by_id not in (None, consent.given_by_id)
        and (decisions or (since is not None and event.at > since))
    ]
    if len(sealed) != len(decisions):
        yield f"it has {len(decisions)} decisions, its events tell of {len(sealed)}"
        return
    for event, decision in zip(sealed, decisions, strict=True):
        if (
            decision.reviewer_id != event.by_id
            or decision.note not in event.why
            or decision.verdict
            != VERDICTS.get(ConsentStatus(event.to_status), ReviewVerdict.APPROVE)
        ):
            yield f"decision {decision.pk} is not the one that event {event.number} tells of"


def _links(events: Sequence[ConsentEvent]) -> Iterator[str]:
    """Where the chain is broken: a number left out, a hash or a status that does not follow."""
    number, sha256, status = 0, consent_chain.FIRST, ""
    for event in events:
        if event.number != number + 1:
            yield f"event {number + 1} is missing"
        else:
            if event.previous_sha256 != sha256:
                yield f"event {event.number} does not follow from the one before"
            if event.from_status != status:
                yield f"event {event.number} begins at another status than the one before ended at"
        number, sha256, status = event.number, event.sha256, event.to_status


# --- Anchors ------------------------------------------------------------------------------------
def _anchors(now: datetime) -> tuple[list[str], Anchor]:
    """What earlier checks saw, compared in one pass over all seals."""
    earlier = iter(ConsentCheck.objects.order_by("last_event", "pk").iterator(chunk_size=1_000))
    pending = next(earlier, None)
    missed: list[ConsentCheck] = []
    newest = ConsentEvent.objects.filter(at__lt=now - SETTLED_AFTER).order_by("-pk").first()
    last = newest.pk if newest else 0
    seals = hashlib.sha256()
    anchor = Anchor(last_event=0, seals_sha256=seals.hexdigest())

    def compare(up_to: int) -> None:
        """All checks whose last event lies before `up_to`."""
        nonlocal pending
        while pending is not None and pending.last_event < up_to:
            if pending.seals_sha256 != seals.hexdigest():
                missed.append(pending)
            pending = next(earlier, None)

    rows = ConsentEvent.objects.order_by("pk").values_list("pk", "sha256")
    for pk, sha256 in rows.iterator(chunk_size=5_000):
        compare(pk)
        seals.update(f"{pk}:{sha256}\n".encode())
        if pk <= last:
            anchor = Anchor(last_event=pk, seals_sha256=seals.hexdigest())
    compare(2**63)
    if not missed:
        return [], anchor
    first = min(missed, key=lambda one: one.pk)
    return [
        f"events: those up to {first.last_event} are not the ones that the check of "
        f"{first.at:%Y-%m-%d %H:%M} UTC saw; some were changed, added or taken away"
    ], anchor
