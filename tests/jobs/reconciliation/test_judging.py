"""reconciliation.judging: exactly what differs between the vendor's bill and our books."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts import ledger
from accounts.models import User
from jobs import reconciliation
from jobs.catalog import CODEFORMER
from jobs.models import Attempt, Finding, FindingKind, RestorationJob
from jobs.reconciliation import CannotClose
from jobs.states import JobState
from tests.jobs.usage import (
    MAY_20,
    NEXT_DAY,
    NOON,
    Line,
    attempted,
    billed,
    delivered,
    ended,
    failed,
    findings,
    ordered,
    rich_photo,
    take,
)

pytestmark = pytest.mark.django_db


def charge_back(attempt: Attempt) -> None:
    hold = attempt.job.hold
    assert hold is not None
    charged = ledger.balance_of(hold).charged
    ledger.refund(hold=hold, amount_micros=charged, key=f"back:{attempt.pk}", reason="Asked for.")


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
