"""reconciliation.closing: what differs is explained, and the day closed when all is in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from accounts.models import AuditEntry, User
from jobs import reconciliation
from jobs.models import DayClose, Finding
from jobs.reconciliation import CannotClose, CannotExplain
from tests.jobs.usage import (
    DAY,
    MAY_20,
    MAY_21,
    NEXT_DAY,
    Line,
    billed,
    delivered,
    findings,
    take,
)

pytestmark = pytest.mark.django_db


def explain_all(clerk: User) -> None:
    for finding in Finding.objects.unexplained():
        reconciliation.explain(finding=finding, by=clerk, explanation="Asked the vendor.")


# --- Explaining -----------------------------------------------------------------------------
def test_an_explanation_closes_a_finding_once_and_is_in_the_audit_trail(clerk: User):
    attempt = delivered()
    take(clerk, [billed(attempt, cost="1")])
    finding = Finding.objects.get()
    with pytest.raises(CannotExplain, match="Please say what explains it"):
        reconciliation.explain(finding=finding, by=clerk, explanation="  ")
    reconciliation.explain(finding=finding, by=clerk, explanation=" A typo of theirs. ")
    with pytest.raises(CannotExplain, match="explained already"):
        reconciliation.explain(finding=finding, by=clerk, explanation="Again.")
    finding.refresh_from_db()
    assert (finding.explanation, finding.closed_by) == ("A typo of theirs.", clerk)
    entry = AuditEntry.objects.get(action="usage.explain")
    assert (entry.why, entry.member) == ("A typo of theirs.", attempt.job.owner)
    assert "billed $1.00, expected $0.0031" in entry.what
    assert attempt.request_id
    assert attempt.request_id not in entry.what  # a secret; the finding names it
    assert entry.subject == f"finding {finding.pk}"


# --- Closing a day --------------------------------------------------------------------------
def test_a_day_is_closed_with_the_totals_of_both_books(clerk: User):
    attempts = [delivered(), delivered()]
    take(clerk, [billed(attempts[0]), billed(attempts[1], cost="0.01")])
    with pytest.raises(CannotClose, match="1 line of this day still to be explained"):
        reconciliation.close_day(day=MAY_20, by=clerk, now=NEXT_DAY)
    explain_all(clerk)
    close = reconciliation.close_day(day=MAY_20, by=clerk, note="Fine.", now=NEXT_DAY)
    assert (close.number, close.line_count, close.finding_count) == (1, 2, 1)
    assert (close.billed_micros, close.expected_micros) == (13_100, 6_200)
    entry = AuditEntry.objects.get(action="day.close")
    assert (entry.subject, entry.why) == ("day 2026-05-20", "Fine.")


def test_how_much_is_to_be_explained_is_told_in_the_clerks_figures(clerk: User):
    take(clerk, [Line(f"nobodys-{number}") for number in range(1_234)])
    with translation.override("de"), pytest.raises(CannotClose, match=r"1\.234 Zeilen"):
        reconciliation.close_day(day=MAY_20, by=clerk, now=NEXT_DAY)


def test_a_day_is_not_closed_before_it_is_over(clerk: User):
    with pytest.raises(CannotClose, match="not over"):
        reconciliation.close_day(day=MAY_20, by=clerk, now=DAY + timedelta(days=1, microseconds=-1))
    assert reconciliation.close_day(day=MAY_20, by=clerk, now=DAY + timedelta(days=1))


def test_a_close_finds_what_no_import_spoke_for(clerk: User):
    attempt = delivered()
    with pytest.raises(CannotClose, match="1 line"):
        reconciliation.close_day(day=MAY_20, by=clerk, now=NEXT_DAY)
    assert findings() == [("MISSING", attempt.request_id)]


def test_a_closed_day_is_closed_again_only_when_something_came_since(clerk: User):
    attempt = delivered()
    take(clerk, [billed(attempt)])
    reconciliation.close_day(day=MAY_20, by=clerk, now=NEXT_DAY)
    with pytest.raises(CannotClose, match="nothing has come since"):
        reconciliation.close_day(day=MAY_20, by=clerk, now=NEXT_DAY)
    take(clerk, [billed(attempt, time="2026-05-20T13:00Z")], file_name="late.csv")
    with pytest.raises(CannotClose, match="1 line"):
        reconciliation.close_day(day=MAY_20, by=clerk, now=NEXT_DAY)
    explain_all(clerk)
    again = reconciliation.close_day(day=MAY_20, by=clerk, now=NEXT_DAY)
    assert (again.number, again.line_count, again.billed_micros) == (2, 2, 6_200)
    assert DayClose.objects.count() == 2


def test_the_totals_of_both_books_stand_on_their_own_days(clerk: User):
    late = delivered(at=DAY + timedelta(days=1, microseconds=-1))
    take(clerk, [billed(late, time="2026-05-21T00:00:00Z")], now=NEXT_DAY)
    totals = reconciliation.totals_of(MAY_20, MAY_21)
    assert (totals[MAY_20].billed_micros, totals[MAY_20].expected_micros) == (0, 3_100)
    assert (totals[MAY_21].billed_micros, totals[MAY_21].expected_micros) == (3_100, 0)
    assert reconciliation.start_of(MAY_20) == datetime(2026, 5, 20, tzinfo=UTC)
