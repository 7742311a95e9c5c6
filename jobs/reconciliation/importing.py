"""Bring in an export of the vendor's bill, whole or not at all, and list what differs."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from jobs.gateway.usage import (
    FAST_CLOCK,
    FIRST_MOMENT,
    UnreadableUsage,
    UsageEntry,
    read_usage,
)
from jobs.models import Attempt, Finding, FindingKind, UsageImport, UsageLine
from jobs.reconciliation import judging
from jobs.reconciliation.days import ONE_DAY, VENDOR, start_of
from jobs.reconciliation.errors import CannotImport

K = FindingKind


@dataclass(frozen=True)
class Imported:
    """An export that is in, and how many findings of each kind it brought."""

    usage_import: UsageImport
    found: Counter[FindingKind]


def import_usage(
    *,
    file_name: str,
    data: bytes,
    by: User,
    first_day: date | None = None,
    last_day: date | None = None,
    overlaps: bool = False,
    now: datetime | None = None,
) -> Imported:
    """Take an export in whole, or not at all, and list what differs.

    `first_day` and `last_day` say for which days it is complete. With `overlaps`, lines that stand
    word for word in an earlier import are the same lines and not taken again; without it they are
    DOUBLED. Raises CannotImport. A fixed number of queries, however many lines.
    """
    now = now or timezone.now()
    if len(data) > settings.USAGE_MAX_BYTES:
        raise CannotImport(
            _("More than %(megabytes)s MB.") % {"megabytes": settings.USAGE_MAX_BYTES // 1_048_576}
        )
    try:
        entries = read_usage(data, most_lines=settings.USAGE_MAX_LINES, now=now)
    except UnreadableUsage as problem:
        raise CannotImport(*(one.translated(_) for one in problem.problems)) from None
    begin, end = _span(entries, first_day, last_day, now)
    sha256 = hashlib.sha256(data).hexdigest()
    with transaction.atomic():
        judging.one_at_a_time()
        _refuse_again(sha256)
        if overlaps:
            entries = _unseen(entries)
        usage_import = UsageImport.objects.create(
            vendor=VENDOR,
            file_name=_fit(file_name, 200) or "export.csv",
            sha256=sha256,
            line_count=len(entries),
            imported_by=by,
        )
        _write_lines(usage_import, entries)
        lines = UsageLine.objects.filter(usage_import=usage_import)
        _close_what_came(usage_import, by=by, now=now)
        adopted = _close_what_is_known_by_now(by=by, now=now)
        found = judging.judge(lines)
        if adopted:
            found += judging.judge(UsageLine.objects.filter(pk__in=adopted))
        found += judging.miss(begin, end)
        audit.record(
            actor=by,
            action="usage.import",
            what=f"{usage_import.file_name}: {len(entries):,} lines, {found.total():,} findings; "
            f"speaks for {begin:%Y-%m-%d} to {end - timedelta(microseconds=1):%Y-%m-%d}",
            subject=f"usage import {usage_import.pk}",
        )
    return Imported(usage_import, found)


def _refuse_again(sha256: str) -> None:
    """Raises CannotImport for a file that is in already."""
    earlier = UsageImport.objects.filter(sha256=sha256).select_related("imported_by").first()
    if earlier is not None:
        raise CannotImport(
            _(
                "This file is in already: %(email)s imported it as %(file_name)s on "
                "%(imported_at)s UTC."
            )
            % {
                "email": earlier.imported_by.email,
                "file_name": earlier.file_name,
                "imported_at": f"{earlier.imported_at:%Y-%m-%d %H:%M}",
            }
        )


def _write_lines(usage_import: UsageImport, entries: list[UsageEntry]) -> None:
    UsageLine.objects.bulk_create(
        [
            UsageLine(
                usage_import=usage_import,
                number=entry.number,
                request_id=entry.request_id,
                model=entry.model,
                cost_micros=entry.cost_micros,
                at=entry.at,
                day=entry.at.date(),
            )
            for entry in entries
        ],
        batch_size=2000,
    )


def _span(
    entries: list[UsageEntry], first: date | None, last: date | None, now: datetime
) -> tuple[datetime, datetime]:
    """From when until when (exclusive) the export is complete."""
    times = [entry.at for entry in entries]
    if not times and not (first and last):
        raise CannotImport(_("There are no lines in it. For a day without any, name the days."))
    first, last = first or min(times).date(), last or max(times).date()
    if first > last:
        raise CannotImport(_("The first day lies after the last."))
    if first < FIRST_MOMENT.date():
        raise CannotImport(_("The first day lies before %(year)s.") % {"year": FIRST_MOMENT.year})
    if last > (now + FAST_CLOCK).date():
        raise CannotImport(_("The last day lies in the future."))
    if (last - first).days >= settings.USAGE_MAX_DAYS:
        raise CannotImport(
            _("It would speak for more than %(days)s days: name the days, or import it in parts.")
            % {"days": settings.USAGE_MAX_DAYS}
        )
    end = start_of(last) + ONE_DAY
    if end > now:
        last_line = max(times, default=start_of(first))
        end = max(min(now, last_line), start_of(first))
    return start_of(first), end


def _unseen(entries: list[UsageEntry]) -> list[UsageEntry]:
    """Without what earlier imports have word for word, each of their lines standing for one."""
    if not entries:
        return []
    days = [entry.at.date() for entry in entries]
    seen = Counter(
        UsageLine.objects.filter(day__range=(min(days), max(days))).values_list(
            "request_id", "model", "cost_micros", "at"
        )
    )
    unseen = []
    for entry in entries:
        line = (entry.request_id, entry.model, entry.cost_micros, entry.at)
        if seen[line]:
            seen[line] -= 1
        else:
            unseen.append(entry)
    return unseen


def _close_what_came(usage_import: UsageImport, *, by: User, now: datetime) -> None:
    lines = UsageLine.objects.filter(usage_import=usage_import)
    Finding.objects.unexplained().filter(
        kind=K.MISSING, request_id__in=lines.values("request_id")
    ).update(explanation=f"Came in {usage_import.file_name}", closed_by=by, closed_at=now)


def _close_what_is_known_by_now(*, by: User, now: datetime) -> list[int]:
    """EXTRA findings whose request an attempt has adopted since; their lines."""
    known = Attempt.objects.filter(vendor=VENDOR, request_id=OuterRef("request_id"))
    extra = Finding.objects.unexplained().filter(Exists(known), kind=K.EXTRA)
    found = dict(extra.values_list("pk", "line"))
    Finding.objects.filter(pk__in=found).update(
        explanation="An attempt of ours took this request up later",
        closed_by=by,
        closed_at=now,
    )
    return [line for line in found.values() if line is not None]


def _fit(words: str, most_letters: int) -> str:
    return "".join(c if c.isprintable() else " " for c in words).strip()[:most_letters]
