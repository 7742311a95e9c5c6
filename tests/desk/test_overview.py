"""The overview's page: periods, warnings, words and a file; nobody else's business."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts import ledger
from accounts.roles import BILLING_STAFF, REVIEWERS
from jobs.models import Attempt
from jobs.states import JobState
from jobs.steps import stop
from tests.builders import make_job, make_member, run
from tests.fakes import FakeVendor
from tests.jobs.usage import attempted, delivered, ended, ordered
from tests.staff import staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> Client:
    return staff(BILLING_STAFF)[0]


def page(client: Client, **terms: str) -> str:
    return client.get(reverse("desk_overview"), terms).content.decode()


def test_an_empty_house_has_an_overview(clerk: Client):
    text = page(clerk)
    assert "Billing overview" in text
    assert "Nothing failed in this period." in text
    assert "The vendor refuses us" not in text


def test_a_month_shows_its_figures_as_charts_and_as_tables(clerk: Client):
    with time_machine.travel(datetime(2026, 5, 20, 12, tzinfo=UTC), tick=False):
        attempt = delivered()
        job = ordered()
        ended(job, JobState.FAILED, paid=False)
    text = page(clerk, month="2026-05")
    assert "1 May 2026 – 31 May 2026" in text
    assert "20 May, Revenue: $0.0031" in text
    assert "GFPGAN: 1 in all, most for 20 May (1)." in text
    assert str(attempt.job.owner) in text
    assert "$0.0031" not in page(clerk, month="2026-04").partition("The house’s own")[0]


def test_the_days_table_is_folded_and_has_the_days_on_which_something_happened(clerk: Client):
    assert "The figures of the days" not in page(clerk, month="2026-05")
    for day in (3, 20):
        with time_machine.travel(datetime(2026, 5, day, 12, tzinfo=UTC), tick=False):
            delivered()
    text = page(clerk, month="2026-05")
    table = text[text.index("The figures of the days") : text.index('aria-labelledby="by-model"')]
    assert re.findall(r">(2026-\d\d-\d\d)<", table) == ["2026-05-03", "2026-05-20"]
    assert '<details class="more" open' not in text


def test_what_cards_took_back_and_the_house_bears_is_told_apart_from_what_came_in(clerk: Client):
    member = make_member(micros=0)
    with time_machine.travel(datetime(2026, 5, 20, 12, tzinfo=UTC), tick=False):
        ledger.top_up(user=member, amount_micros=10_000_000, key="t")
        ledger.hold(user=member, amount_micros=4_000_000, key="h", memo="", reference="")
        ledger.take_back(user=member, amount_micros=9_000_000, key="r", memo="", reference="")
    text = page(clerk, month="2026-05")
    for words in (
        "Paid in</dt><dd>$10.00",
        "Returned to cards</dt><dd>$9.00",
        "Borne by the house</dt><dd>$3.00",
        "At the card processor, less what was returned</dt><dd>$1.00 given",
    ):
        assert words in text.replace("\n</dt>", "</dt>")
    with time_machine.travel(datetime(2026, 6, 2, 12, tzinfo=UTC), tick=False):
        ledger.bring_back(user=member, key="r", new_key="w", memo="", reference="")
    text = page(clerk, month="2026-06")
    assert "Returned to cards</dt><dd>$9.00 came back" in text
    assert "Borne by the house</dt><dd>$3.00 came back" in text
    assert "Paid in</dt><dd>$0.00" in text


def test_what_was_bought_in_vain_is_listed_with_its_reason(clerk: Client, vendor: FakeVendor):
    stopped, unclear = make_job(), make_job()
    run("submit")
    stop.stop(job=stopped, by=stopped.owner)
    unclear.attempts.update(house_cost_micros=2_000)
    text = page(clerk)
    rows = text[text.index('id="in-vain"') : text.index('id="spenders"')]
    listed = rows.split("<tr")[2:]
    assert len(listed) == 2
    reasons = {str(stopped.pk): "The member stopped waiting", str(unclear.pk): "sent once more"}
    for key, reason in reasons.items():
        (row,) = [row for row in listed if key in row]
        assert reason in row
    assert "$0.0031" in rows
    assert "$0.002" in rows
    member = clerk.get(reverse("desk_member", args=[stopped.owner_id])).content.decode()
    assert "Stopped waiting, 30 days</dt><dd>1</dd>" in member


def test_a_loss_is_said_in_words_never_with_a_minus_sign(clerk: Client):
    with time_machine.travel(datetime(2026, 5, 20, 12, tzinfo=UTC), tick=False):
        job = ordered()
        attempted(job)
    Attempt.objects.update(completed_at=datetime(2026, 5, 20, 12, tzinfo=UTC))
    text = page(clerk, month="2026-05")
    assert "$0.0031 lost" in text
    assert not re.search(r"[-−]\$|\$[-−]", text)


def test_no_chart_carries_a_style_that_the_policy_would_refuse(clerk: Client):
    delivered(at=datetime.now(UTC))
    text = page(clerk)
    assert "<rect" in text
    assert "style=" not in text
    assert "<style" not in text


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"first": "2026-05-03", "last": "2026-05-04"}, "3 May 2026 – 4 May 2026"),
        ({"month": "2024-02"}, "1 February 2024 – 29 February 2024"),
    ],
)
def test_a_period_can_be_chosen(clerk: Client, terms: dict[str, str], words: str):
    assert words in page(clerk, **terms)


@pytest.mark.parametrize("days", ["7", "30", "90", "x", "99999999999"])
def test_the_last_days_end_today(clerk: Client, days: str):
    today = datetime.now(UTC).date()
    assert f"{today.day} {today:%B %Y} <span" in page(clerk, days=days)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2026-05-04", "2026-05-03", "The first day lies after the last."),
        ("2020-01-01", "2026-01-01", "A year is the most"),
        ("0001-01-01", "0001-01-02", "no books of that time"),
        ("2026-05-04", "", "required"),
        ("yesterday", "2026-05-04", "valid date"),
    ],
)
def test_a_period_that_is_none_is_refused_in_words(
    clerk: Client, first: str, last: str, words: str
):
    response = clerk.get(reverse("desk_overview"), {"first": first, "last": last})
    assert response.status_code == 422
    assert words in response.content.decode()


def test_when_the_vendor_refuses_us_the_page_says_so_plainly(clerk: Client):
    job = make_job()
    attempted(job, completed_at=None)
    Attempt.objects.update(outcome="NOT_ACCEPTED", http_status=402, answered_at=datetime.now(UTC))
    text = page(clerk)
    assert "The vendor refuses us (402: our balance)" in text
    assert "1 restoration waits because of it; nobody is charged." in text


def test_a_months_table_is_a_file_with_a_line_for_each_day(clerk: Client):
    with time_machine.travel(datetime(2026, 5, 20, 12, tzinfo=UTC), tick=False):
        attempted(ordered(), completed_at=datetime(2026, 5, 20, 12, tzinfo=UTC))
    answer = clerk.get(reverse("desk_overview_csv"), {"month": "2026-05"})
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 32
    assert lines[20] == "2026-05-20,0.00,0.00,0.00,0.0031,0.00,-0.0031,100.00,0.00,0.00,0.00,0,0"


@pytest.mark.parametrize("name", ["desk_overview", "desk_overview_csv"])
def test_nobody_else_comes_in(name: str):
    for role in (REVIEWERS, ""):
        client, _ = staff(role)
        assert client.get(reverse(name)).status_code == 403
    assert Client().get(reverse(name)).status_code == 302
