"""What earlier checks saw, computed again: shows what is gone whole, or was sealed anew."""

from __future__ import annotations

import hashlib
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, QuerySet

from jobs import consent_chain, notices
from jobs.models import Consent, ConsentCheck, ConsentEvent, ConsentNotice, ReviewDecision

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


def findings(now: datetime) -> tuple[list[str], Anchor]:
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
