"""Whether statements, their events and their decisions are what was sealed (`consent_chain`)."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Generic, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Min, OuterRef, QuerySet

from jobs import consent_chain
from jobs.models import (
    Consent,
    ConsentEvent,
    ConsentNotice,
    ConsentStatus,
    RestorationJob,
    ReviewDecision,
    ReviewVerdict,
)
from jobs.notices import sha256_of
from jobs.rows import CANNOT_BE_READ, Lost, Stored, in_batches, named, read

Row = TypeVar("Row", ConsentEvent, ReviewDecision)
Texts = Mapping[tuple[int, str], str]

VERDICTS: dict[str, ReviewVerdict] = {  # a first approval of two changes no status
    ConsentStatus.APPROVED: ReviewVerdict.APPROVE,
    ConsentStatus.REJECTED: ReviewVerdict.REJECT,
    ConsentStatus.QUESTIONED: ReviewVerdict.ASK,
}
CONSENTS_IN_A_QUERY = 500
BESIDE = ("notice", "wording", "photo")
# Of those what is compared, and no more: `texts` looks at the rest.
COMPARED = (
    *(column.name for column in Consent._meta.concrete_fields),
    *("notice__version", "notice__sha256", "photo__sha256"),
    *("wording__sha256", "wording__first_shown_at"),
)


def left_behind() -> Iterator[str]:
    """What belongs to a statement that isn't there."""
    there = Exists(Consent.objects.filter(pk=OuterRef("consent_id")))
    left: defaultdict[str, list[str]] = defaultdict(list)
    for what, rows in (
        ("events", ConsentEvent.objects.order_by()),
        ("decisions", ReviewDecision.objects.order_by()),
        ("restorations", RestorationJob.objects.order_by()),
    ):
        alone = rows.filter(~there).annotate(stored=Stored("consent_id"))
        for stored in alone.values_list("stored", flat=True).distinct():
            left[named(stored)].append(what)
    for name, kinds in sorted(left.items()):
        yield f"consent {name}: it is gone, and has left {' and '.join(kinds)}"


def findings() -> Iterator[str]:
    since, texts = _decisions_since(), _texts()
    stored = Consent.objects.order_by("pk").annotate(stored=Stored("pk"))
    names = map(named, stored.values_list("stored", flat=True).iterator(chunk_size=5_000))
    while some := list(islice(names, CONSENTS_IN_A_QUERY)):
        ids = []
        for name in some:
            try:
                ids.append(uuid.UUID(name))
            except ValueError:
                yield f"consent {name}: its number is none"
        for suspect in [pk for pk, words in _some_consents(ids, since, texts) if words]:
            yield from _look_again(suspect, since, texts)


def _texts() -> Texts:
    """SHA-256 of every text there is, by its notice and language; what is no text is left out.

    That each is the one that was published is proved by `texts`.
    """
    published, _ = read(ConsentNotice.objects.order_by("version"))
    found = {(one.pk, settings.LANGUAGE_CODE): one.sha256 for one in published}
    for one in published:
        for code, said in one.translations.items():
            if isinstance(said, dict) and isinstance(said.get("text"), str):
                found[one.pk, code] = sha256_of(said["text"])
    return found


def _decisions_since() -> datetime | None:
    """Decisions made before they had rows of their own are told of by their events alone."""
    decisions = ReviewDecision.objects.only("at")
    try:
        first: datetime | None = decisions.aggregate(first=Min("at"))["first"]
    except CANNOT_BE_READ:
        whole = (row.at for rows, _ in in_batches(decisions) for row in rows)
        first = min(whole, default=None)
    return first


def _look_again(pk: uuid.UUID, since: datetime | None, texts: Texts) -> list[str]:
    """Under its lock: its rows were read one after the other, and it may have changed between."""
    with transaction.atomic():
        list(Consent.objects.select_for_update().filter(pk=pk).values_list("pk"))
        ((_, words),) = _some_consents([pk], since, texts)
    return [f"consent {pk}: {one}" for one in words]


@dataclass
class Filed(Generic[Row]):
    """What one statement has of a kind of row: what can be read, and what can't."""

    whole: list[Row] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)


def _some_consents(
    some: Sequence[uuid.UUID], since: datetime | None, texts: Texts
) -> Iterator[tuple[uuid.UUID, list[str]]]:
    """Each with what is wrong about it."""
    events = _by_consent(ConsentEvent.objects.filter(consent__in=some).order_by("number"))
    decisions = _by_consent(ReviewDecision.objects.filter(consent__in=some).order_by("pk"))
    found = Consent.objects.filter(pk__in=some)
    whole, lost = read(found.select_related(*BESIDE).only(*COMPARED), beside=BESIDE)
    consents = {consent.pk: consent for consent in whole}
    unread = {one.pk: [f"its row {one}"] for one in lost}
    # What is no day reads as if there were none.
    with_a_day = set(found.filter(keep_until__isnull=False).values_list("pk", flat=True))
    for pk in some:
        if pk not in consents:
            yield pk, unread.get(pk, ["its photo or its notice is gone"])
        elif pk in with_a_day and consents[pk].keep_until is None:
            yield pk, ["its row can't be read: keep_until"]
        else:
            consent = consents[pk]
            words = list(_consent(consent, events[pk], decisions[pk], since))
            if texts.get((consent.notice_id, consent.notice_language)) != consent.notice_sha256:
                words.append("the text that it says was read is none of its notice's")
            yield pk, words


def _by_consent(rows: QuerySet[Row]) -> defaultdict[uuid.UUID, Filed[Row]]:
    found: defaultdict[uuid.UUID, Filed[Row]] = defaultdict(Filed)
    whole, lost = read(rows)
    for row in whole:
        found[row.consent_id].whole.append(row)
    for one in lost:
        found[rows.values_list("consent_id", flat=True).get(pk=one.pk)].lost.append(one)
    return found


def _consent(
    consent: Consent,
    events: Filed[ConsentEvent],
    decisions: Filed[ReviewDecision],
    since: datetime | None,
) -> Iterator[str]:
    if not (events.whole or events.lost):
        yield "nothing is on record of how it came about"
    broken = [event for event in events.whole if not _holds(event, consent)]
    if broken and len(broken) == len(events.whole):
        yield "what was said is not what was sealed"
    else:
        yield from (f"event {event.number} is not what was sealed" for event in broken)
    yield from (f"the event in row {one.pk} {one}" for one in events.lost)
    yield from (f"decision {one.pk} {one}" for one in decisions.lost)
    if consent.photo.sha256 != consent.photo_sha256:
        yield "its photo has other bytes than those it is about"
    yield from _about_something_else(consent, decisions.whole)
    if not events.lost:
        yield from _links(events.whole)
        yield from _status(consent, events.whole)
        if not decisions.lost:
            yield from _decisions(consent, events.whole, decisions.whole, since)


def _status(consent: Consent, events: Sequence[ConsentEvent]) -> Iterator[str]:
    if events and events[-1].to_status != consent.status:
        yield f"it stands as {consent.status}, its last event says {events[-1].to_status}"


def _holds(event: ConsentEvent, consent: Consent) -> bool:
    statement = consent_chain.statement_sha256(consent, form=event.form)
    computed = consent_chain.event_sha256(event, statement=statement, form=event.form)
    return computed == event.sha256


def _about_something_else(consent: Consent, decisions: Sequence[ReviewDecision]) -> Iterator[str]:
    for decision in decisions:
        if decision.photo_sha256 != consent.photo_sha256:
            yield f"decision {decision.pk} is about other bytes"
        if decision.notice_version != consent.notice.version:
            yield f"decision {decision.pk} is about another notice"


def _decisions(
    consent: Consent,
    events: Sequence[ConsentEvent],
    decisions: Sequence[ReviewDecision],
    since: datetime | None,
) -> Iterator[str]:
    """Each decision is told of by one event, which holds its hash."""
    telling = [event for event in events if _tells_of_a_decision(event, consent, since)]
    if len(telling) != len(decisions):
        yield f"it has {len(decisions)} decisions, its events tell of {len(telling)}"
        return
    for event, decision in zip(telling, decisions, strict=True):
        if not _fits(event, decision):
            yield f"decision {decision.pk} is not the one that event {event.number} tells of"


def _tells_of_a_decision(event: ConsentEvent, consent: Consent, since: datetime | None) -> bool:
    if event.form >= 2:
        return bool(event.decision_sha256)
    by_a_reviewer = event.by_id not in (None, consent.given_by_id)
    return by_a_reviewer and since is not None and event.at >= since


def _fits(event: ConsentEvent, decision: ReviewDecision) -> bool:
    if event.form >= 2:
        return event.decision_sha256 == consent_chain.decision_sha256(decision)
    return (
        decision.reviewer_id == event.by_id
        and decision.note in event.why
        and decision.verdict == VERDICTS.get(event.to_status, ReviewVerdict.APPROVE)
    )


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
