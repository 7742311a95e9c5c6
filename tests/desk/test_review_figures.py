"""How long members waited, and what reviewers decided, counted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from desk import review_figures
from jobs.models import Consent
from jobs.steps import review
from tests.builders import decide, make_member, pending
from tests.staff import queries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket", "rings")]


@pytest.mark.parametrize(
    ("count", "median", "percentile_95"),
    [(0, None, None), (1, 1, 1), (2, 1, 2), (3, 2, 3), (19, 10, 19), (20, 10, 19), (100, 50, 95)],
)
def test_a_percentile_is_the_nearest_rank(
    count: int, median: int | None, percentile_95: int | None
):
    ordered = [timedelta(minutes=number) for number in range(1, count + 1)]
    for percent, minutes in ((50, median), (95, percentile_95)):
        expected = None if minutes is None else timedelta(minutes=minutes)
        assert review_figures.percentile(ordered, percent) == expected


def test_the_wait_ends_with_the_deciding_decision_and_counts_in_its_period():
    quick, slow, half, child = pending(), pending(), pending(), pending("CHILD")
    now = timezone.now()
    for given, hours in ((quick, 1), (slow, 30), (child, 10)):
        Consent.objects.filter(pk=given.pk).update(created_at=now - timedelta(hours=hours))
        decide(given, approve=given != slow)
    review.ask(consent=half, by=make_member(), seen=review.seen(half), question="Who?")
    later = now + timedelta(hours=25)
    day, week, *_ = review_figures.waits(timezone.now())[0]
    assert (day.count, week.count) == (3, 3)
    assert day.median is not None
    assert round(day.median.total_seconds() / 3600) == 10
    assert day.percentile_95 is not None
    assert round(day.percentile_95.total_seconds() / 3600) == 30
    day, week, *_ = review_figures.waits(later)[0]
    assert (day.count, day.median, week.count) == (0, None, 3)


def test_decisions_are_counted_by_reviewer_and_rejections_by_reason(desk: Client, rosa: User):
    decide(pending(), by=rosa)
    decide(pending(), by=rosa, approve=False)
    asked = pending()
    review.ask(consent=asked, by=rosa, seen=review.seen(asked), question="Who?")
    since = timezone.now() - timedelta(days=1)
    figures = review_figures.figures(rosa, now=timezone.now(), since=since)
    assert figures.by_reviewer == [
        review_figures.ReviewerTally(rosa.email, approved=1, rejected=1, asked=1)
    ]
    reasons = {one.reason: one.count for one in figures.by_reason}
    assert reasons["The person shown should be asked first"] == 1
    assert sum(reasons.values()) == 1
    page = desk.get(reverse("desk_review_figures")).content.decode()
    for words in ("95th percentile", rosa.email, "The person shown should be asked first"):
        assert words in page


def test_the_figures_do_a_fixed_number_of_queries(desk: Client, rosa: User):
    path = reverse("desk_review_figures")
    decide(pending(), by=rosa)
    counted = queries(desk, path)
    for approve in (True, False, True):
        decide(pending(), approve=approve)
    assert queries(desk, path) == counted
