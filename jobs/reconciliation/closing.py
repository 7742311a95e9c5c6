"""Explain what differs, one finding or a whole kind, and close the day when all is in order."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit
from accounts.figures import rounded
from accounts.models import User
from accounts.money import dollars_on_record as dollars
from accounts.words import said
from jobs.models import DayClose, Finding, FindingKind, UsageLine
from jobs.reconciliation import judging
from jobs.reconciliation.days import ONE_DAY, VENDOR, DayTotals, start_of, totals_of
from jobs.reconciliation.errors import CannotClose, CannotExplain

MOST_LETTERS = 500
EXPLAINED_IN_A_ROW = 1000  # findings to one entry of the trail, when a whole kind is explained


def explain(
    *, finding: Finding, by: User, explanation: str, now: datetime | None = None
) -> Finding:
    """Close a finding. Raises CannotExplain without words, or when somebody closed it before."""
    explanation = _words_of(explanation)
    with transaction.atomic():
        judging.one_at_a_time()
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
        judging.one_at_a_time()
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
        judging.one_at_a_time()
        judging.judge(UsageLine.objects.filter(day=day))
        judging.miss(start_of(day), start_of(day) + ONE_DAY)
    with transaction.atomic():
        judging.one_at_a_time()
        still_open = Finding.objects.filter(day=day).unexplained().count()
        if still_open:
            raise CannotClose(
                ngettext(
                    "%(count)s line of this day still to be explained.",
                    "%(count)s lines of this day still to be explained.",
                    still_open,
                )
                % {"count": rounded(still_open)}
            )
        waiting = judging.lines_under_way(day).count()
        if waiting:
            raise CannotClose(
                ngettext(
                    "%(count)s line of this day still belongs to a restoration under way.",
                    "%(count)s lines of this day still belong to restorations under way.",
                    waiting,
                )
                % {"count": rounded(waiting)}
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


def _words_of(explanation: str) -> str:
    explanation = said(explanation)
    if not explanation:
        raise CannotExplain(_("Please say what explains it."))
    if len(explanation) > MOST_LETTERS:
        raise CannotExplain(
            _("Please explain it in at most %(most)s letters.") % {"most": MOST_LETTERS}
        )
    return explanation


def _came_since(close: DayClose) -> bool:
    """Whether lines came, or findings were closed, after the day was (it was closed with none)."""
    lines = UsageLine.objects.filter(day=close.day, usage_import__imported_at__gt=close.closed_at)
    findings = Finding.objects.filter(day=close.day, closed_at__gt=close.closed_at)
    return lines.exists() or findings.exists()


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
