"""reconciliation.importing: an export comes in whole and once, and speaks for its days."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, User
from jobs import reconciliation
from jobs.models import Finding, UsageImport, UsageLine
from jobs.reconciliation import CannotImport
from tests.jobs.usage import (
    DAY,
    MAY_20,
    MAY_21,
    NEXT_DAY,
    NOON,
    Line,
    billed,
    delivered,
    findings,
    take,
)
from tests.racing import at_once

pytestmark = pytest.mark.django_db


# --- Midnight, and the days that an import speaks for ---------------------------------------
def test_a_line_just_after_midnight_serves_an_attempt_completed_just_before(clerk: User):
    attempt = delivered(at=DAY + timedelta(hours=23, minutes=59, seconds=59))
    line = billed(attempt, time="2026-05-21T00:00:01Z")
    other = billed(delivered(), time="2026-05-20T10:00:00Z")
    take(clerk, [other, line], now=NEXT_DAY + timedelta(days=1))
    assert findings() == []
    assert set(UsageLine.objects.values_list("day", flat=True)) == {MAY_20, MAY_21}


def test_a_missing_line_that_comes_later_closes_its_finding_by_itself(clerk: User):
    attempt = delivered(at=DAY + timedelta(hours=23, minutes=59, seconds=59))
    take(clerk, [billed(delivered())])
    assert findings(closed_at=None) == [("MISSING", attempt.request_id)]
    late = billed(attempt, time="2026-05-21T00:00:01Z")
    take(clerk, [late], file_name="may-21.csv", now=NEXT_DAY + timedelta(days=1))
    finding = Finding.objects.get()
    assert (finding.explanation, finding.closed_by) == ("Came in may-21.csv", clerk)


def test_an_explanation_given_by_hand_is_not_written_over(clerk: User):
    attempt = delivered()
    take(clerk, [Line("nobodys")])
    finding = Finding.objects.get(kind="MISSING")
    reconciliation.explain(finding=finding, by=clerk, explanation="They forgot it.")
    take(clerk, [billed(attempt)], file_name="two.csv")
    finding.refresh_from_db()
    assert finding.explanation == "They forgot it."


def test_only_the_days_of_the_lines_are_asked_for_what_is_missing(clerk: User):
    delivered(at=DAY - timedelta(seconds=1))
    delivered(at=DAY + timedelta(days=1))
    first, last = delivered(at=DAY), delivered(at=DAY + timedelta(days=1, microseconds=-1))
    take(clerk, [Line("nobodys")])
    assert {finding[1] for finding in findings(kind="MISSING")} == {
        first.request_id,
        last.request_id,
    }
    assert set(Finding.objects.values_list("day", flat=True)) == {MAY_20}


def test_the_clerk_may_name_the_days_also_for_an_export_without_lines(clerk: User):
    delivered()
    with pytest.raises(CannotImport, match="There are no lines in it"):
        take(clerk, [])
    with pytest.raises(CannotImport, match="The first day lies after the last"):
        take(clerk, [], first_day=MAY_21, last_day=MAY_20)
    with pytest.raises(CannotImport, match="more than 92 days"):
        take(clerk, [Line("old", time="2025-01-01T00:00Z"), Line("new")])
    take(clerk, [], first_day=MAY_20, last_day=MAY_20)
    assert [kind for kind, _ in findings()] == ["MISSING"]


def test_a_day_that_is_not_over_is_asked_up_to_the_last_line(clerk: User):
    before = delivered(at=NOON - timedelta(minutes=1))
    delivered(at=NOON + timedelta(minutes=1))
    take(clerk, [Line("nobodys", time=NOON.isoformat())], now=NOON + timedelta(hours=1))
    assert findings(kind="MISSING") == [("MISSING", before.request_id)]


# --- In whole or not at all, and once -------------------------------------------------------
def test_an_export_with_one_bad_line_leaves_nothing(clerk: User):
    with pytest.raises(CannotImport) as refused:
        take(clerk, [Line("fine"), Line("bad", cost="a lot")])
    assert refused.value.problems[0].startswith("Line 3: the cost 'a lot'")
    assert not UsageImport.objects.exists()
    assert not UsageLine.objects.exists()
    assert not AuditEntry.objects.exists()


def test_the_same_file_is_refused_in_words(clerk: User):
    take(clerk, [Line("nobodys")], file_name="may.csv")
    said = rf"{clerk.email} imported it as may\.csv on [0-9]{{4}}(-[0-9]{{2}}){{2}} [0-9:]{{5}} UTC"
    with pytest.raises(CannotImport, match=said):
        take(clerk, [Line("nobodys")], file_name="copy of may.csv")
    assert UsageLine.objects.count() == 1


def test_a_file_that_is_too_large_is_refused(clerk: User, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(settings, "USAGE_MAX_BYTES", 10)
    with pytest.raises(CannotImport, match="More than 0 MB"):
        take(clerk, [Line("nobodys")])


@pytest.mark.django_db(transaction=True)
def test_two_clerks_who_import_the_same_at_once_get_one(clerk: User):
    def try_it(number: int) -> bool:
        try:
            take(clerk, [Line("nobodys")], file_name=f"{number}.csv")
        except CannotImport:
            return False
        return True

    assert sorted(at_once(4, try_it)) == [False, False, False, True]
    assert findings() == [("EXTRA", "nobodys")]


@pytest.mark.django_db(transaction=True)
def test_two_files_that_share_a_request_at_once_make_one_of_them_doubled(clerk: User):
    attempt = delivered()
    at_once(
        2,
        lambda number: take(
            clerk, [billed(attempt), Line(f"nobodys-{number}")], file_name=f"{number}.csv"
        ),
    )
    assert [kind for kind, _ in findings()] == ["DOUBLED", "EXTRA", "EXTRA"]


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.django_db(transaction=True)
def test_an_import_and_the_explanation_of_many_lines_never_wait_in_a_circle(
    clerk: User, backwards: bool
):
    """The page explains line after line in one transaction; an import closes those that came."""
    came = [billed(delivered()), billed(delivered())]
    take(clerk, [Line("nobodys")])
    first, second = Finding.objects.filter(kind="MISSING").order_by("-pk" if backwards else "pk")
    began = threading.Event()

    def explain_both() -> None:
        with transaction.atomic():
            reconciliation.explain(finding=first, by=clerk, explanation="They forgot it.")
            began.set()
            time.sleep(0.5)
            reconciliation.explain(finding=second, by=clerk, explanation="They forgot it.")

    def import_both() -> None:
        began.wait()
        take(clerk, came, file_name="two.csv")

    at_once(2, lambda number: (explain_both, import_both)[number]())
    assert {finding.explanation for finding in Finding.objects.filter(kind="MISSING")} == {
        "They forgot it."
    }


def test_thousands_of_lines_take_as_few_queries_as_ten_and_are_written_in_batches(clerk: User):
    def import_lines(count: int, start: int) -> tuple[int, int]:
        with CaptureQueriesContext(connection) as queries:
            take(clerk, [Line(f"r{start + number}") for number in range(count)])
        inserts = [query for query in queries if "INSERT" in query["sql"]]
        return len(queries) - len(inserts), len(inserts)

    few, inserts_of_few = import_lines(10, 0)
    many, inserts_of_many = import_lines(3_000, 10)
    assert few == many
    assert inserts_of_many - inserts_of_few < 100
    assert Finding.objects.count() == 3_010


def test_an_import_is_in_the_audit_trail(clerk: User):
    usage_import = take(clerk, [Line("nobodys")], file_name="may.csv")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor) == ("usage.import", clerk)
    assert entry.subject == f"usage import {usage_import.pk}"
    assert entry.what == ("may.csv: 1 lines, 1 findings; speaks for 2026-05-20 to 2026-05-20")
