"""Proof that what members said is still what stands in the database.

`findings` computes every seal again (`jobs.consent_chain`) and trusts no trigger. What one
statement's chain can't show, a row cut off at its end or a statement gone whole, shows against the
anchors: each run keeps hashes over all that it saw, and every later run computes them again. What
is written and removed whole between two runs leaves no trace that is proof; numbers that no event
has are told as remarks, because a write that was given up leaves such a gap as well.
"""

from __future__ import annotations

import hashlib
import math
import uuid
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from django.db import transaction
from django.db.models import Exists, Max, Min, OuterRef, QuerySet

from accounts import letters
from accounts.roles import staff_with
from jobs import consent_chain, notices
from jobs.models import (
    Consent,
    ConsentCheck,
    ConsentEvent,
    ConsentNotice,
    ConsentStatus,
    RestorationJob,
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
# A transaction may take a number and commit a moment after one with a later number: a hash over
# younger events would make an honest latecomer look like one that was slipped in. Until then each
# is kept by itself.
SETTLED_AFTER = timedelta(minutes=10)


@dataclass(frozen=True)
class Anchor:
    """What one run saw: hashes over all rows up to one of each kind; younger events one by one."""

    consent_count: int
    last_event: int
    seals_sha256: str
    young: Mapping[str, str]
    last_decision: int
    decisions_sha256: str
    last_notice: int
    notices_sha256: str


def check(now: datetime) -> ConsentCheck:
    """Prove all consents now, keep what was found, and write to reviewers if something is wrong."""
    found, anchor = findings(now)
    with transaction.atomic():
        checked = ConsentCheck.objects.create(at=now, problems=found, **asdict(anchor))
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

    Three queries for each 500 consents, and a dozen for the rest.
    """
    anchored, anchor = _anchors(now)
    return [*_notices(), *_without_a_consent(), *_consents(), *anchored], anchor


def gaps() -> list[str]:
    """The numbers that no event has, as `7` or `9-12`: removed, or given up before they stood."""
    found, last = [], 0
    for pk in ConsentEvent.objects.order_by("pk").values_list("pk", flat=True).iterator():
        if pk > last + 1:
            found.append(str(last + 1) if pk == last + 2 else f"{last + 1}-{pk - 1}")
        last = pk
    return found


# --- Texts ------------------------------------------------------------------------------------
def _notices() -> Iterator[str]:
    expected = 1
    for notice in ConsentNotice.objects.order_by("version"):
        if notice.version != expected:
            yield f"notices: version {expected} is missing"
        if notices.sha256_of(notice.text) != notice.sha256:
            yield f"notice {notice.version}: its text is not the one that was published"
        elif consent_chain.notice_sha256(notice) != notice.seal:
            yield f"notice {notice.version}: it is not what was published"
        expected = notice.version + 1


# --- Statements and their events ----------------------------------------------------------------
def _without_a_consent() -> Iterator[str]:
    """What belongs to a statement that isn't there."""
    there = Exists(Consent.objects.filter(pk=OuterRef("consent_id")))
    left: defaultdict[uuid.UUID, list[str]] = defaultdict(list)
    for what, rows in (
        ("events", ConsentEvent.objects.order_by()),
        ("decisions", ReviewDecision.objects.order_by()),
        ("restorations", RestorationJob.objects.order_by()),
    ):
        for pk in rows.filter(~there).values_list("consent_id", flat=True).distinct():
            left[pk].append(what)
    for pk, kinds in sorted(left.items()):
        yield f"consent {pk}: it is gone, and has left {' and '.join(kinds)}"


def _consents() -> Iterator[str]:
    # Decisions made before they had rows of their own are told of by their events alone.
    since = ReviewDecision.objects.aggregate(first=Min("at"))["first"]
    ids = Consent.objects.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=5_000)
    while some := list(islice(ids, CONSENTS_IN_A_QUERY)):
        for suspect in [pk for pk, words in _some_consents(some, since) if words]:
            yield from _look_again(suspect, since)


def _look_again(pk: uuid.UUID, since: datetime | None) -> list[str]:
    """Under its lock: its rows were read one after the other, and it may have changed between."""
    with transaction.atomic():
        list(Consent.objects.select_for_update().filter(pk=pk).values_list("pk"))
        ((_, words),) = _some_consents([pk], since)
    return [f"consent {pk}: {one}" for one in words]


def _some_consents(
    some: Sequence[uuid.UUID], since: datetime | None
) -> Iterator[tuple[uuid.UUID, list[str]]]:
    """Each with what is wrong about it."""
    events = _by_consent(ConsentEvent.objects.filter(consent__in=some).order_by("number"))
    decisions = _by_consent(ReviewDecision.objects.filter(consent__in=some).order_by("pk"))
    consents = Consent.objects.select_related("notice", "photo").in_bulk(some)
    for pk in some:
        if pk in consents:
            yield pk, list(_consent(consents[pk], events[pk], decisions[pk], since))
        else:
            yield pk, ["its photo or its notice is gone"]


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
    if not events:
        yield "nothing is on record of how it came about"
    broken = [event for event in events if not _holds(event, consent)]
    if broken and len(broken) == len(events):
        yield "what was said is not what was sealed"
    else:
        yield from (f"event {event.number} is not what was sealed" for event in broken)
    yield from _links(events)
    if events and events[-1].to_status != consent.status:
        yield f"it stands as {consent.status}, its last event says {events[-1].to_status}"
    if consent.photo.sha256 != consent.photo_sha256:
        yield "its photo has other bytes than those it is about"
    yield from _decisions(consent, events, decisions, since)


def _holds(event: ConsentEvent, consent: Consent) -> bool:
    statement = consent_chain.statement_sha256(consent, form=event.form)
    computed = consent_chain.event_sha256(event, statement=statement, form=event.form)
    return computed == event.sha256


def _decisions(
    consent: Consent,
    events: Sequence[ConsentEvent],
    decisions: Sequence[ReviewDecision],
    since: datetime | None,
) -> Iterator[str]:
    """Each decision is told of by one event, which holds its hash."""
    for decision in decisions:
        if decision.photo_sha256 != consent.photo_sha256:
            yield f"decision {decision.pk} is about other bytes"
        if decision.notice_version != consent.notice.version:
            yield f"decision {decision.pk} is about another notice"
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


# --- Anchors ------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Mark:
    """What a check saw of one kind of row: a hash over all up to number `last`."""

    last: int
    sha256: str
    check: ConsentCheck


def _anchors(now: datetime) -> tuple[list[str], Anchor]:
    """What earlier checks saw, compared in one pass over all rows of each kind; and the new one."""
    checks = list(ConsentCheck.objects.order_by("pk"))
    last_event = _newest(ConsentEvent.objects.filter(at__lt=now - SETTLED_AFTER))
    seals_sha256, events_missed = _replayed(
        ConsentEvent.objects.order_by("pk").values_list("pk", "sha256").iterator(chunk_size=5_000),
        [Mark(one.last_event, one.seals_sha256, one) for one in checks],
        up_to=last_event,
    )
    last_decision = _newest(ReviewDecision.objects.filter(at__lt=now - SETTLED_AFTER))
    decisions = ReviewDecision.objects.order_by("pk").iterator(chunk_size=5_000)
    decisions_sha256, decisions_missed = _replayed(
        ((row.pk, consent_chain.decision_sha256(row)) for row in decisions),
        [Mark(one.last_decision, one.decisions_sha256, one) for one in checks],
        up_to=last_decision,
    )
    published = ConsentNotice.objects.order_by("version").values_list("version", "pk", "seal")
    last_notice = notices.newest_version()
    notices_sha256, notices_missed = _replayed(
        ((version, f"{pk}:{seal}") for version, pk, seal in published),
        [Mark(one.last_notice, one.notices_sha256, one) for one in checks],
        up_to=last_notice,
    )
    young = ConsentEvent.objects.filter(pk__gt=last_event).values_list("pk", "sha256")
    anchor = Anchor(
        consent_count=Consent.objects.count(),
        last_event=last_event,
        seals_sha256=seals_sha256,
        young={str(pk): sha256 for pk, sha256 in young},
        last_decision=last_decision,
        decisions_sha256=decisions_sha256,
        last_notice=last_notice,
        notices_sha256=notices_sha256,
    )
    problems = [
        *_fewer(anchor.consent_count, checks),
        *_different("events", events_missed),
        *_different("decisions", decisions_missed),
        *_different("notices", notices_missed),
        *_young_missed(checks),
    ]
    return problems, anchor


def _newest(rows: QuerySet[ConsentEvent] | QuerySet[ReviewDecision]) -> int:
    return rows.aggregate(last=Max("pk"))["last"] or 0


def _replayed(
    rows: Iterable[tuple[int, str]], marks: Sequence[Mark], *, up_to: int
) -> tuple[str, list[Mark]]:
    """The hash over all rows up to a number, and the marks that are not what is there now."""
    # A check from before this kind of row was kept has no hash of it.
    open_marks = deque(sorted((mark for mark in marks if mark.sha256), key=lambda mark: mark.last))
    missed: list[Mark] = []
    seals = hashlib.sha256()
    anchor = seals.hexdigest()

    def compare(until: float) -> None:
        while open_marks and open_marks[0].last < until:
            mark = open_marks.popleft()
            if mark.sha256 != seals.hexdigest():
                missed.append(mark)

    for number, seal in rows:
        compare(number)
        seals.update(f"{number}:{seal}\n".encode())
        if number <= up_to:
            anchor = seals.hexdigest()
    compare(math.inf)
    return anchor, missed


def _fewer(count: int, checks: Sequence[ConsentCheck]) -> Iterator[str]:
    saw = max(checks, key=lambda one: one.consent_count, default=None)
    if saw is not None and saw.consent_count > count:
        yield f"consents: there are {count}, the check of {_moment(saw)} saw {saw.consent_count}"


def _different(what: str, missed: Sequence[Mark]) -> Iterator[str]:
    if missed:
        first = min(missed, key=lambda mark: mark.check.pk)
        yield (
            f"{what}: those up to {first.last} are not the ones that the check of "
            f"{_moment(first.check)} saw; some were changed, added or taken away"
        )


def _young_missed(checks: Sequence[ConsentCheck]) -> Iterator[str]:
    """What a check saw young must be there as it was; only what has joined it since is honest."""
    standing = ConsentEvent.objects.in_bulk([int(pk) for check in checks for pk in check.young])
    for check in checks:
        missed = [
            pk
            for pk, sha256 in check.young.items()
            if int(pk) not in standing or standing[int(pk)].sha256 != sha256
        ]
        if missed:
            yield (
                f"events: {', '.join(missed)} of those that the check of {_moment(check)} saw are "
                "not what they were, or gone"
            )
            return


def _moment(check: ConsentCheck) -> str:
    return f"{check.at:%Y-%m-%d %H:%M} UTC"
