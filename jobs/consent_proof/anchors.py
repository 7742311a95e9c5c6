"""What earlier checks saw, computed again: shows what is gone whole, or was sealed anew."""

from __future__ import annotations

import hashlib
import math
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.db.models import Max, QuerySet

from jobs import consent_chain
from jobs.models import Consent, ConsentCheck, ConsentEvent, ConsentNotice, ReviewDecision
from jobs.rows import Stored, in_batches, read, told

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


@dataclass(frozen=True)
class Mark:
    """What a check saw of one kind of row: a hash over all up to number `last`."""

    last: int
    sha256: str
    check: ConsentCheck


def findings(
    now: datetime, checks: Sequence[ConsentCheck]
) -> tuple[list[str], Anchor, frozenset[int]]:
    """What checks saw, compared in one pass over all rows of each kind.

    With the new anchor, and the keys of the checks that saw something else than is there.
    """
    last_event = _newest(ConsentEvent.objects.filter(at__lt=now - SETTLED_AFTER))
    seals_sha256, events_missed = _replayed(
        _seals(ConsentEvent.objects.all()),
        [Mark(one.last_event, one.seals_sha256, one) for one in checks],
        up_to=last_event,
    )
    last_decision = _newest(ReviewDecision.objects.filter(at__lt=now - SETTLED_AFTER))
    decisions_sha256, decisions_missed = _replayed(
        _decisions(),
        [Mark(one.last_decision, one.decisions_sha256, one) for one in checks],
        up_to=last_decision,
    )
    published, _ = read(ConsentNotice.objects.order_by("version"))
    last_notice = max((notice.version for notice in published), default=0)
    notices_sha256, notices_missed = _replayed(
        ((notice.version, f"{notice.pk}:{notice.seal}") for notice in published),
        [Mark(one.last_notice, one.notices_sha256, one) for one in checks],
        up_to=last_notice,
    )
    young = _seals(ConsentEvent.objects.filter(pk__gt=last_event))
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
    more = [one for one in checks if one.consent_count > anchor.consent_count]
    gone = _young_gone(checks)
    problems = [
        *_fewer(anchor.consent_count, more),
        *_different("events", events_missed),
        *_different("decisions", decisions_missed),
        *_different("notices", notices_missed),
        *_young_missed(gone),
    ]
    marks = [*events_missed, *decisions_missed, *notices_missed]
    missed = {mark.check.pk for mark in marks}
    missed |= {check.pk for check in more} | {check.pk for check, _ in gone}
    return problems, anchor, frozenset(missed)


def _seals(events: QuerySet[ConsentEvent]) -> Iterator[tuple[int, str]]:
    rows = events.order_by("pk").annotate(stored=Stored("sha256")).values_list("pk", "stored")
    return ((pk, told(stored)) for pk, stored in rows.iterator(chunk_size=5_000))


def _decisions() -> Iterator[tuple[int, str]]:
    for whole, lost in in_batches(ReviewDecision.objects.all()):
        seals = [(row.pk, consent_chain.decision_sha256(row)) for row in whole]
        yield from sorted(seals + [(row.pk, str(row)) for row in lost])


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


def _fewer(count: int, more: Sequence[ConsentCheck]) -> Iterator[str]:
    saw = max(more, key=lambda one: one.consent_count, default=None)
    if saw is not None:
        yield f"consents: there are {count}, the check of {moment(saw)} saw {saw.consent_count}"


def _different(what: str, missed: Sequence[Mark]) -> Iterator[str]:
    if missed:
        first = min(missed, key=lambda mark: mark.check.pk)
        yield (
            f"{what}: those up to {first.last} are not the ones that the check of "
            f"{moment(first.check)} saw; some were changed, added or taken away"
        )


def _young_gone(checks: Sequence[ConsentCheck]) -> list[tuple[ConsentCheck, list[str]]]:
    """What a check saw young must be there as it was; only what has joined it since is honest."""
    numbers = {int(pk) for check in checks for pk in check.young if pk.isdecimal() and len(pk) < 19}
    standing = {str(pk): sha256 for pk, sha256 in _seals_of(numbers)}
    gone = [
        (check, [pk for pk, sha256 in check.young.items() if standing.get(pk) != sha256])
        for check in checks
    ]
    return [(check, missed) for check, missed in gone if missed]


def _seals_of(numbers: Collection[int]) -> Iterator[tuple[int, str]]:
    """SQLite takes only so many numbers in a query."""
    left = iter(sorted(numbers))
    while some := list(islice(left, 500)):
        yield from _seals(ConsentEvent.objects.filter(pk__in=some))


def _young_missed(gone: Sequence[tuple[ConsentCheck, list[str]]]) -> Iterator[str]:
    for check, missed in gone[:1]:
        yield (
            f"events: {', '.join(missed)} of those that the check of {moment(check)} saw are "
            "not what they were, or gone"
        )


def moment(check: ConsentCheck) -> str:
    return f"{check.at:%Y-%m-%d %H:%M} UTC"
