"""The vendor's bill against our books: bring in an export, name every difference, close the day.

Days are UTC. A line belongs to the day of its time; an attempt to the day on which we learned that
the vendor completed it (`Attempt.completed_at`). What is asked of them:

- **DOUBLED**: the line's request stood in an earlier line, of this export or another. Nothing else
  is asked of such a line: it should not be.
- **EXTRA**: we know no such request. Should an attempt adopt it later, the next import says so,
  closes the finding and judges the line anew.
- **MISPRICED**: we know the request as completed, and the cost is not the one frozen into its job,
  or the model is another.
- **ORPHANED**: it costs something and no member paid: the vendor billed what it never completed,
  or the job ended without a charge, or another attempt is the one that brought the picture. Only
  said once the job has ended. A line can be MISPRICED and ORPHANED: each needs its own explanation.
- **MISSING**: we know the attempt as completed, and no line of any import, of whatever day, names
  it. So a line just after midnight serves an attempt completed just before. A finding whose line
  comes in a later import closes itself.

Which days an import speaks for: all from the day of its first line to that of its last, or those
that the clerk names. MISSING is asked for these days alone; on a day that is not over, up to the
last line. Closing a day asks everything once more, whatever was imported.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit
from accounts.models import Transfer, TransferKind, User
from accounts.money import dollars
from accounts.words import said
from jobs.gateway.usage import (
    FAST_CLOCK,
    FIRST_MOMENT,
    UnreadableUsage,
    UsageEntry,
    read_usage,
)
from jobs.models import Attempt, DayClose, Finding, FindingKind, UsageImport, UsageLine
from jobs.states import TERMINAL, JobState

VENDOR = "pixazo"
MOST_LETTERS = 500
EXPLAINED_IN_A_ROW = 1000  # findings to one entry of the trail, when a whole kind is explained
ONE_DAY = timedelta(days=1)
K = FindingKind


class ReconciliationError(Exception):
    """Nothing was changed. The message is for the clerk."""


class CannotImport(ReconciliationError):
    """Nothing of the file was taken. `problems` are sentences."""

    def __init__(self, *problems: str) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


class CannotExplain(ReconciliationError):
    """The finding stays as it is."""


class CannotClose(ReconciliationError):
    """The day stays open."""


@dataclass(frozen=True)
class Imported:
    """An export that is in, and how many findings of each kind it brought."""

    usage_import: UsageImport
    found: Counter[FindingKind]


@dataclass(frozen=True)
class DayTotals:
    """A day in both books, in micro-dollars."""

    line_count: int = 0
    billed_micros: int = 0
    expected_micros: int = 0
    finding_count: int = 0


def start_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


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
        _one_at_a_time()
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
                    "imported_at": f"{earlier.imported_at:%Y-%m-%d at %H:%M}",
                }
            )
        if overlaps:
            entries = _unseen(entries)
        usage_import = UsageImport.objects.create(
            vendor=VENDOR,
            file_name=_fit(file_name, 200) or "export.csv",
            sha256=sha256,
            line_count=len(entries),
            imported_by=by,
        )
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
        lines = UsageLine.objects.filter(usage_import=usage_import)
        _close_what_came(usage_import, by=by, now=now)
        adopted = _close_what_is_known_by_now(by=by, now=now)
        found = _judge(lines)
        if adopted:
            found += _judge(UsageLine.objects.filter(pk__in=adopted))
        found += _miss(begin, end)
        audit.record(
            actor=by,
            action="usage.import",
            what=f"{usage_import.file_name}: {len(entries):,} lines, {found.total():,} findings; "
            f"speaks for {begin:%Y-%m-%d} to {end - timedelta(microseconds=1):%Y-%m-%d}",
            subject=f"usage import {usage_import.pk}",
        )
    return Imported(usage_import, found)


def explain(
    *, finding: Finding, by: User, explanation: str, now: datetime | None = None
) -> Finding:
    """Close a finding. Raises CannotExplain without words, or when somebody closed it before."""
    explanation = _words_of(explanation)
    with transaction.atomic():
        _one_at_a_time()
        findings = Finding.objects.select_related("attempt__job__owner")
        finding = findings.select_for_update(of=("self",)).get(pk=finding.pk)
        if finding.closed_at is not None:
            raise CannotExplain(
                _("%(request_id)s is explained already.") % {"request_id": finding.request_id}
            )
        finding.explanation, finding.closed_by = explanation, by
        finding.closed_at = now or timezone.now()
        finding.save(update_fields=["explanation", "closed_by", "closed_at"])
        audit.record(
            actor=by,
            action="usage.explain",
            what=f"{finding.kind} on {finding.day}: billed {dollars(finding.billed_micros)}, "
            f"expected {dollars(finding.expected_micros)}",
            why=explanation,
            subject=f"finding {finding.pk}",
            member=finding.attempt.job.owner if finding.attempt else None,
        )
    return finding


def explain_all(
    *, day: date, kind: FindingKind | str, by: User, explanation: str, now: datetime | None = None
) -> int:
    """Close every open finding of a kind on a day, all of them or none; how many there were.

    However many: a few queries and one entry of the trail for `EXPLAINED_IN_A_ROW` of them. Raises
    CannotExplain without words, or when none is open.
    """
    explanation, now = _words_of(explanation), now or timezone.now()
    with transaction.atomic():
        _one_at_a_time()
        still_open = Finding.objects.unexplained().filter(day=day, kind=kind).order_by("pk")
        every = list(still_open.values_list("pk", "billed_micros", "expected_micros"))
        if not every:
            raise CannotExplain(_("No line of this kind is open any more."))
        for start in range(0, len(every), EXPLAINED_IN_A_ROW):
            several = every[start : start + EXPLAINED_IN_A_ROW]
            Finding.objects.filter(pk__in=[pk for pk, _billed, _expected in several]).update(
                explanation=explanation, closed_by=by, closed_at=now
            )
            audit.record(
                actor=by,
                action="usage.explain",
                what=f"{_count(len(several), f'{kind} finding')} on {day}: "
                f"billed {dollars(sum(billed for _pk, billed, _expected in several))}, "
                f"expected {dollars(sum(expected for _pk, _billed, expected in several))}",
                why=explanation,
                subject=f"findings {several[0][0]} to {several[-1][0]}",
            )
    return len(every)


def close_day(*, day: date, by: User, note: str = "", now: datetime | None = None) -> DayClose:
    """Record that a day is in order. A day to which something came since is closed once more.

    Asks everything again first, so a difference that arose since the import stands in the list
    even when the close is refused. Raises CannotClose.
    """
    now, note = now or timezone.now(), note.strip()
    if now < start_of(day) + ONE_DAY:
        raise CannotClose(_("This day is not over yet (days are UTC)."))
    if len(note) > MOST_LETTERS:
        raise CannotClose(_("Please keep the note to %(most)s letters.") % {"most": MOST_LETTERS})
    with transaction.atomic():
        _one_at_a_time()
        _judge(UsageLine.objects.filter(day=day))
        _miss(start_of(day), start_of(day) + ONE_DAY)
    with transaction.atomic():
        _one_at_a_time()
        still_open = Finding.objects.filter(day=day).unexplained().count()
        if still_open:
            raise CannotClose(
                ngettext(
                    "%(count)s line of this day still to be explained.",
                    "%(count)s lines of this day still to be explained.",
                    still_open,
                )
                % {"count": f"{still_open:,}"}
            )
        waiting = _lines_under_way(day).count()
        if waiting:
            raise CannotClose(
                ngettext(
                    "%(count)s line of this day still belongs to a restoration under way.",
                    "%(count)s lines of this day still belong to restorations under way.",
                    waiting,
                )
                % {"count": f"{waiting:,}"}
            )
        last = DayClose.objects.filter(vendor=VENDOR, day=day).order_by("-number").first()
        if last is not None and not _came_since(last):
            raise CannotClose(_("This day is closed, and nothing has come since."))
        totals = totals_of(day, day).get(day, DayTotals())
        close = DayClose.objects.create(
            vendor=VENDOR,
            day=day,
            number=last.number + 1 if last else 1,
            line_count=totals.line_count,
            billed_micros=totals.billed_micros,
            expected_micros=totals.expected_micros,
            finding_count=totals.finding_count,
            note=note,
            closed_by=by,
        )
        audit.record(
            actor=by,
            action="day.close",
            what=f"{day}, close {close.number}: {close.line_count:,} lines, billed "
            f"{dollars(close.billed_micros)}, expected {dollars(close.expected_micros)}, "
            f"{_count(close.finding_count, 'finding')} explained",
            why=note,
            subject=f"day {day}",
        )
    return close


def totals_of(first: date, last: date) -> dict[date, DayTotals]:
    """Both books by day, for the days on which something is in either; three queries."""
    billed = {
        row["day"]: row
        for row in UsageLine.objects.filter(day__range=(first, last))
        .values("day")
        .annotate(count=Count("pk"), micros=Sum("cost_micros"))
        .order_by()
    }
    expected = Attempt.objects.filter(
        vendor=VENDOR, completed_at__gte=start_of(first), completed_at__lt=start_of(last) + ONE_DAY
    ).cost_by_day()
    findings = dict(
        Finding.objects.filter(day__range=(first, last))
        .values_list("day")
        .annotate(count=Count("pk"))
        .order_by()
    )
    return {
        day: DayTotals(
            line_count=billed[day]["count"] if day in billed else 0,
            billed_micros=billed[day]["micros"] if day in billed else 0,
            expected_micros=expected.get(day, 0),
            finding_count=findings.get(day, 0),
        )
        for day in sorted({*billed, *expected, *findings})
    }


def _words_of(explanation: str) -> str:
    explanation = said(explanation)
    if not explanation:
        raise CannotExplain(_("Please say what explains it."))
    if len(explanation) > MOST_LETTERS:
        raise CannotExplain(
            _("Please explain it in at most %(most)s letters.") % {"most": MOST_LETTERS}
        )
    return explanation


def _one_at_a_time() -> None:
    """Imports, explanations and closes wait for each other: each import looks at every line and
    closes findings in an order of its own.

    SQLite has one writer at a time anyway. Taken first, before any row.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE jobs_usageimport IN EXCLUSIVE MODE")


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


def _judge(lines: QuerySet[UsageLine]) -> Counter[FindingKind]:
    """Write down how these lines differ from our books, each difference once; which are new."""
    requests = lines.values("request_id")
    attempts = {
        attempt.request_id: attempt
        for attempt in Attempt.objects.filter(
            vendor=VENDOR, request_id__in=requests
        ).select_related("job")
    }
    paid = _attempts_that_were_paid(Attempt.objects.filter(vendor=VENDOR, request_id__in=requests))
    known = set(Finding.objects.filter(line__in=lines.values("pk")).values_list("kind", "line"))
    earlier = UsageLine.objects.filter(request_id=OuterRef("request_id"), pk__lt=OuterRef("pk"))
    found = []
    for line in lines.annotate(is_repeated=Exists(earlier)):
        attempt = attempts.get(line.request_id)
        for kind, expected in _differences(line, attempt, paid):
            if (kind, line.pk) not in known:
                found.append(
                    Finding(
                        day=line.day,
                        kind=kind,
                        request_id=line.request_id,
                        line=line,
                        attempt=attempt,
                        expected_micros=expected,
                        billed_micros=line.cost_micros,
                    )
                )
    Finding.objects.bulk_create(found, batch_size=2000)
    return Counter(FindingKind(one.kind) for one in found)


def _differences(
    line: UsageLine, attempt: Attempt | None, paid: set[int]
) -> Iterator[tuple[FindingKind, int]]:
    """Each kind of difference, with what we had expected for it in micro-dollars."""
    if line.is_repeated:  # type: ignore[attr-defined]
        yield K.DOUBLED, 0
    elif attempt is None:
        yield K.EXTRA, 0
    elif attempt.completed_at is None:
        if attempt.job.state in TERMINAL and line.cost_micros:
            yield K.ORPHANED, 0
    else:
        fair = attempt.job.vendor_cost_micros
        if line.cost_micros != fair or line.model != attempt.job.model.usual.model_id:
            yield K.MISPRICED, fair
        if line.cost_micros and attempt.pk not in paid:
            yield K.ORPHANED, fair


def _attempts_that_were_paid(attempts: QuerySet[Attempt]) -> set[int]:
    """Of each job with a charge that stands, the attempt that completed first; two queries.

    A free restoration that brought its picture is paid for, too: by the house.
    """
    jobs = attempts.values("job")
    brought: dict[object, tuple[int, int | None, bool]] = {}
    completed = Attempt.objects.filter(job__in=jobs, completed_at__isnull=False)
    for pk, job, hold, rerun_of, state in completed.order_by("completed_at", "number").values_list(
        "pk", "job", "job__hold", "job__instead_of", "job__state"
    ):
        waived = rerun_of is not None and state in (JobState.COMPLETED, JobState.DELIVERED)
        brought.setdefault(job, (pk, hold, waived))
    sums = dict(
        Transfer.objects.filter(
            kind__in=[TransferKind.CAPTURE, TransferKind.REFUND],
            hold__in=attempts.values("job__hold"),
        )
        .values_list("hold")
        .annotate(
            charged=Sum("amount_micros", filter=Q(kind=TransferKind.CAPTURE), default=0)
            - Sum("amount_micros", filter=Q(kind=TransferKind.REFUND), default=0)
        )
        .order_by()
    )
    return {pk for pk, hold, waived in brought.values() if waived or sums.get(hold, 0) > 0}


def _miss(begin: datetime, end: datetime) -> Counter[FindingKind]:
    """Write down the attempts completed in between that no line names; which are new."""
    missing = (
        Attempt.objects.filter(vendor=VENDOR, completed_at__gte=begin, completed_at__lt=end)
        .exclude(Exists(UsageLine.objects.filter(request_id=OuterRef("request_id"))))
        .exclude(Exists(Finding.objects.filter(kind=K.MISSING, attempt=OuterRef("pk"))))
        .select_related("job")
        .order_by("completed_at", "pk")
    )
    found = [
        Finding(
            day=attempt.completed_at.astimezone(UTC).date(),
            kind=K.MISSING,
            request_id=attempt.request_id or "",
            attempt=attempt,
            expected_micros=attempt.job.vendor_cost_micros,
        )
        for attempt in missing
        if attempt.completed_at
    ]
    Finding.objects.bulk_create(found, batch_size=2000)
    return Counter(FindingKind(one.kind) for one in found)


def _lines_under_way(day: date) -> QuerySet[UsageLine]:
    """Lines whose end we don't know yet, so that ORPHANED can't be said or ruled out."""
    under_way = Attempt.objects.filter(
        vendor=VENDOR, request_id=OuterRef("request_id"), completed_at=None
    ).exclude(job__state__in=TERMINAL)
    return UsageLine.objects.filter(Exists(under_way), day=day)


def _came_since(close: DayClose) -> bool:
    """Whether lines came, or findings were closed, after the day was (it was closed with none)."""
    lines = UsageLine.objects.filter(day=close.day, usage_import__imported_at__gt=close.closed_at)
    findings = Finding.objects.filter(day=close.day, closed_at__gt=close.closed_at)
    return lines.exists() or findings.exists()


def _fit(words: str, most_letters: int) -> str:
    return "".join(c if c.isprintable() else " " for c in words).strip()[:most_letters]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
