"""reconciliation: exactly what differs between the vendor's bill and our books, and its close."""

from __future__ import annotations

import threading
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts import ledger
from accounts.models import AuditEntry, User
from jobs import reconciliation
from jobs.catalog import CODEFORMER
from jobs.models import (
    Attempt,
    DayClose,
    Finding,
    FindingKind,
    RestorationJob,
    UsageImport,
    UsageLine,
)
from jobs.reconciliation import CannotClose, CannotExplain, CannotImport
from jobs.states import JobState
from tests.builders import make_member
from tests.jobs.usage import (
    DAY,
    NOON,
    Line,
    attempted,
    billed,
    delivered,
    ended,
    export,
    failed,
    ordered,
    rich_photo,
)
from tests.racing import at_once

pytestmark = pytest.mark.django_db

MAY_20, MAY_21 = date(2026, 5, 20), date(2026, 5, 21)
NEXT_DAY = DAY + timedelta(days=1, hours=6)


@pytest.fixture
def clerk() -> User:
    return make_member(micros=0, is_staff=True)


def take(clerk: User, lines: list[Line], **options: Any) -> UsageImport:
    said: dict[str, Any] = {"file_name": "usage.csv", "now": NEXT_DAY, **options}
    return reconciliation.import_usage(data=export(lines), by=clerk, **said).usage_import


def findings(**which: Any) -> list[tuple[str, str]]:
    rows = Finding.objects.filter(**which).order_by("kind", "pk")
    return [(finding.kind, finding.request_id) for finding in rows]


def explain_all(clerk: User) -> None:
    for finding in Finding.objects.unexplained():
        reconciliation.explain(finding=finding, by=clerk, explanation="Asked the vendor.")


def charge_back(attempt: Attempt) -> None:
    hold = attempt.job.hold
    assert hold is not None
    charged = ledger.balance_of(hold).charged
    ledger.refund(hold=hold, amount_micros=charged, key=f"back:{attempt.pk}", reason="Asked for.")


# --- Exactly what differs -------------------------------------------------------------------
@pytest.fixture
def a_day() -> tuple[list[Line], list[tuple[str, str | None]]]:
    """The export of a day with sixty good lines and some of each kind, and those by name."""
    photo = rich_photo()
    good = [delivered(photo=photo) for _ in range(54)]
    good += [delivered(photo=photo, model=CODEFORMER) for _ in range(6)]
    lines = [billed(attempt) for attempt in good]
    wrong: list[tuple[str, str | None]] = []
    for _ in range(3):
        wrong.append((FindingKind.MISSING, delivered(photo=photo).request_id))
    for request_id in ("gfpgan_nobodys-1", "gfpgan_nobodys-2"):
        lines.append(Line(request_id))
        wrong.append((FindingKind.EXTRA, request_id))
    for changes in ({"cost": "0.0062"}, {"cost": "0"}, {"cost": "0.003099"}, {"model": "flux"}):
        attempt = delivered(photo=photo)
        lines.append(billed(attempt, **changes))
        wrong.append((FindingKind.MISPRICED, attempt.request_id))
    for attempt in good[:2]:
        lines.append(billed(attempt))
        wrong.append((FindingKind.DOUBLED, attempt.request_id))
    refunded = delivered(photo=photo)
    charge_back(refunded)
    for attempt in (refunded, failed(photo=photo), failed(photo=photo, state=JobState.ERROR)):
        lines.append(billed(attempt))
        wrong.append((FindingKind.ORPHANED, attempt.request_id))
    return lines, wrong


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_day_with_a_known_number_of_each_kind_lists_exactly_those(
    clerk: User, a_day: tuple[list[Line], list[tuple[str, str | None]]], data: Any
):
    lines, wrong = a_day
    shuffled = data.draw(st.permutations(lines))
    cut = data.draw(st.integers(0, len(shuffled)))
    whole_day = {"first_day": MAY_20, "last_day": MAY_20}
    with transaction.atomic():
        take(clerk, shuffled[:cut], **whole_day)
        take(clerk, shuffled[cut:], file_name="rest.csv", **whole_day)
        still_open = findings(closed_at=None)
        closed = set(Finding.objects.exclude(closed_at=None).values_list("kind", "explanation"))
        transaction.set_rollback(True)
    assert sorted(still_open) == sorted((kind, name or "") for kind, name in wrong)
    assert closed <= {("MISSING", "Came in rest.csv")}


def test_a_second_attempt_that_was_bought_in_vain_is_orphaned(clerk: User):
    job = ordered()
    first, second = attempted(job), attempted(job, completed_at=NOON + timedelta(minutes=5))
    ended(job, JobState.DELIVERED, paid=True)
    take(clerk, [billed(second), billed(first)])
    assert findings() == [("ORPHANED", second.request_id)]


def test_a_first_attempt_that_never_brought_anything_is_orphaned_when_billed(clerk: User):
    job = ordered()
    first, second = attempted(job, completed_at=None), attempted(job)
    ended(job, JobState.DELIVERED, paid=True)
    take(clerk, [billed(first), billed(second)])
    assert findings() == [("ORPHANED", first.request_id)]


@pytest.mark.parametrize("state", [JobState.CANCELLED, JobState.ERROR])
def test_what_the_vendor_completed_and_no_member_paid_for_is_orphaned(clerk: User, state: JobState):
    job = ordered()
    attempt = attempted(job)
    ended(job, state, paid=False)
    take(clerk, [billed(attempt)])
    assert findings() == [("ORPHANED", attempt.request_id)]
    assert Finding.objects.get().expected_micros == 3_100


def test_a_charge_that_went_back_in_part_is_still_a_charge(clerk: User):
    attempt = delivered()
    assert attempt.job.hold is not None
    ledger.refund(hold=attempt.job.hold, amount_micros=3_000, key="part", reason="Smaller.")
    take(clerk, [billed(attempt)])
    assert findings() == []


def test_a_failed_request_that_the_vendor_lists_for_nothing_is_in_order(clerk: User):
    take(clerk, [billed(failed(), cost="0")])
    assert findings() == []


def test_a_line_can_be_mispriced_and_orphaned(clerk: User):
    attempt = delivered()
    charge_back(attempt)
    take(clerk, [billed(attempt, cost="1")])
    assert findings() == [("MISPRICED", attempt.request_id), ("ORPHANED", attempt.request_id)]


def test_of_a_doubled_line_nothing_else_is_asked(clerk: User):
    attempt = delivered()
    take(clerk, [billed(attempt), billed(attempt, cost="9", model="other")])
    assert findings() == [("DOUBLED", attempt.request_id)]
    assert Finding.objects.get().attempt == attempt


def test_an_unknown_request_that_comes_twice_is_extra_once_and_doubled_once(clerk: User):
    take(clerk, [Line("nobodys"), Line("nobodys")])
    assert findings() == [("DOUBLED", "nobodys"), ("EXTRA", "nobodys")]


def test_a_line_of_an_earlier_import_counts_for_doubled(clerk: User):
    attempt = delivered()
    take(clerk, [billed(attempt)])
    take(clerk, [billed(attempt), Line("nobodys")], file_name="two.csv")
    assert findings() == [("DOUBLED", attempt.request_id), ("EXTRA", "nobodys")]
    doubled = Finding.objects.get(kind="DOUBLED")
    assert doubled.line is not None
    assert doubled.line.usage_import.file_name == "two.csv"


def test_an_export_that_overlaps_brings_only_its_new_lines(clerk: User):
    old, new, bought_twice = delivered(), delivered(), delivered()
    take(clerk, [billed(old), billed(bought_twice)])
    again = take(
        clerk,
        [billed(old), billed(bought_twice), billed(bought_twice), billed(new)],
        overlaps=True,
    )
    assert again.line_count == 2
    assert findings(closed_at=None) == [("DOUBLED", bought_twice.request_id)]


def test_while_a_job_is_under_way_nobody_says_orphaned_and_the_close_asks_again(clerk: User):
    job = ordered()
    attempt = attempted(job, completed_at=None)
    RestorationJob.objects.filter(pk=job.pk).update(state=JobState.PROCESSING)
    take(clerk, [billed(attempt)])
    assert findings() == []
    with pytest.raises(CannotClose, match="1 line of this day still belongs to a restoration"):
        reconciliation.close_day(day=MAY_20, by=clerk, now=NEXT_DAY)
    ended(job, JobState.ERROR, paid=False)
    with pytest.raises(CannotClose, match="1 line of this day still to be explained"):
        reconciliation.close_day(day=MAY_20, by=clerk, now=NEXT_DAY)
    assert findings() == [("ORPHANED", attempt.request_id)]


def test_an_unknown_request_that_an_attempt_adopts_later_is_judged_anew(clerk: User):
    attempt = delivered()
    Attempt.objects.filter(pk=attempt.pk).update(request_id=None, completed_at=None)
    take(clerk, [billed(attempt, request_id="late", cost="0.5")])
    Attempt.objects.filter(pk=attempt.pk).update(request_id="late", completed_at=NOON)
    take(clerk, [], file_name="next.csv", first_day=MAY_20, last_day=MAY_20)
    assert findings(closed_at=None) == [("MISPRICED", "late")]
    (extra,) = Finding.objects.filter(kind="EXTRA")
    assert extra.explanation == "An attempt of ours took this request up later"


# --- Midnight, and the days that an import speaks for ------------------------------------------
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


# --- In whole or not at all, and once ----------------------------------------------------------
def test_an_export_with_one_bad_line_leaves_nothing(clerk: User):
    with pytest.raises(CannotImport) as refused:
        take(clerk, [Line("fine"), Line("bad", cost="a lot")])
    assert refused.value.problems[0].startswith("Line 3: the cost 'a lot'")
    assert not UsageImport.objects.exists()
    assert not UsageLine.objects.exists()
    assert not AuditEntry.objects.exists()


def test_the_same_file_is_refused_in_words(clerk: User):
    take(clerk, [Line("nobodys")], file_name="may.csv")
    with pytest.raises(CannotImport, match=rf"{clerk.email} imported it as may\.csv on 2"):
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


# --- Explaining --------------------------------------------------------------------------------
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


# --- Closing a day -----------------------------------------------------------------------------
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
