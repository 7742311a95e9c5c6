"""The gateway's page: what it counts, in how many queries, and who may press its buttons."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.roles import BILLING_STAFF, REVIEWERS
from desk import gateway
from desk.gateway import GATEWAY_QUERIES
from jobs.models import Attempt, Breaker, BreakerEvent, BreakerState, RestorationJob
from jobs.states import JobState
from tests.builders import make_job, make_photo
from tests.jobs.usage import attempted
from tests.staff import staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> tuple[Client, User]:
    return staff(BILLING_STAFF)


def page(client: Client) -> str:
    return " ".join(client.get(reverse("desk_gateway")).content.decode().split())


def stop(status: int = 402, vendor: str = "pixazo", **fields: Any) -> Breaker:
    now = timezone.now()
    return Breaker.objects.create(
        vendor=vendor,
        state=BreakerState.OPEN,
        http_status=status,
        why="Insufficient Balance",
        opened_at=now,
        probe_at=now + timedelta(minutes=1),
        **fields,
    )


def tried(*, ago: timedelta = timedelta(minutes=5), takes: float = 0, **fields: Any) -> Attempt:
    """An attempt of some time ago, answered after `takes` seconds."""
    attempt = attempted(make_job(), completed_at=None)
    at = timezone.now() - ago
    defaults = {"created_at": at, "answered_at": at + timedelta(seconds=takes)}
    Attempt.objects.filter(pk=attempt.pk).update(**{**defaults, **fields})
    return attempt


def test_an_empty_house_has_a_gateway_page(desk: tuple[Client, User]):
    text = page(desk[0])
    assert "Pixazo" in text
    assert "Nothing was sent in the last 24 hours." in text
    assert "Nothing is under way." in text
    assert "None in the last 30 days." in text


@pytest.mark.parametrize(("key", "shown"), [("", False), ("a key", True)])
def test_a_vendor_that_we_have_no_key_for_is_not_shown(settings: Any, key: str, shown: bool):
    settings.FAL_KEY = key
    names = [vendor.name for vendor in gateway.of_gateway(timezone.now()).vendors]
    assert ("fal.ai" in names) == shown


def test_what_submissions_came_to_is_counted_by_hour_and_day():
    two_hours = timedelta(hours=2)
    tried()
    tried(ago=two_hours)
    tried(ago=timedelta(hours=25))
    for status in (401, 402, 403):
        tried(ago=two_hours, outcome="NOT_ACCEPTED", http_status=status)
    tried(outcome="NOT_ACCEPTED", http_status=429)
    tried(outcome="NOT_ACCEPTED", http_status=400)
    tried(outcome="NOT_ACCEPTED", http_status=None)
    tried(outcome="NOT_ACCEPTED", http_status=None, answered_at=None)
    tried(outcome="UNKNOWN", http_status=500)
    tried(outcome="OPEN", http_status=None, answered_at=None)
    (pixazo, *_) = gateway.of_gateway(timezone.now()).vendors
    counted = [(rate.hour, rate.day) for rate in pixazo.rates]
    assert counted == [(1, 2), (1, 1), (0, 3), (1, 1), (1, 1), (1, 1), (1, 1), (1, 1)]
    assert pixazo.submissions == 11  # each stands in exactly one line


def test_times_are_the_median_and_the_95th_percentile():
    for seconds in range(1, 21):
        attempt = tried(takes=seconds)
        Attempt.objects.filter(pk=attempt.pk).update(
            completed_at=timezone.now() - timedelta(minutes=5) + timedelta(seconds=100)
        )
    (pixazo, *_) = gateway.of_gateway(timezone.now()).vendors
    assert (pixazo.to_answer.median, pixazo.to_answer.percentile_95) == (
        timedelta(seconds=10),
        timedelta(seconds=19),
    )
    assert pixazo.to_completion.median is not None
    assert 99 <= pixazo.to_completion.median.total_seconds() <= 101


def test_the_oldest_of_each_state_is_named_and_leads_to_its_job(desk: tuple[Client, User]):
    now = timezone.now()
    photo = make_photo()
    old, new, queued = (make_job(photo=photo) for _ in range(3))
    RestorationJob.objects.filter(pk=old.pk).update(created_at=now - timedelta(hours=3))
    RestorationJob.objects.filter(pk=queued.pk).update(
        state=JobState.QUEUED, submitted_at=now - timedelta(minutes=7)
    )
    ready, waiting = gateway.of_gateway(now).waiting
    assert (ready.state, ready.count, ready.oldest) == (JobState.READY, 2, old)
    assert (waiting.state, waiting.oldest) == (JobState.QUEUED, queued)
    assert waiting.since == now - timedelta(minutes=7)
    text = page(desk[0])
    assert str(old.pk) in text
    assert str(new.pk) not in text
    assert "3 hours" in text


def test_what_the_house_paid_for_is_listed_with_its_restoration(desk: tuple[Client, User]):
    attempt = tried(outcome="UNKNOWN", house_cost_micros=2_900)
    tried(house_cost_micros=100, completed_at=timezone.now())
    tried(house_cost_micros=5, ago=timedelta(days=31))
    text = page(desk[0])
    assert "2 in the last 30 days, $0.003 in all." in text
    assert str(attempt.job_id) in text
    assert "Completed, so it is billed" in text


@pytest.mark.parametrize("many", [1, 4])
def test_the_number_of_queries_is_the_same_for_few_and_many(many: int):
    for _ in range(many):
        tried(house_cost_micros=5)
        make_job()
        BreakerEvent.objects.create(vendor="pixazo", kind="PROBED")
    with CaptureQueriesContext(connection) as queries:
        gateway.of_gateway(timezone.now())
    assert len(queries) == GATEWAY_QUERIES


@pytest.mark.parametrize(
    ("status", "words"),
    [(402, "Top up our balance at Pixazo."), (401, "whether our key was changed")],
)
def test_when_it_is_stopped_the_page_says_why_and_what_to_do(
    desk: tuple[Client, User], status: int, words: str
):
    stop(status)
    BreakerEvent.objects.create(vendor="pixazo", kind="OPENED", why="402: Insufficient Balance")
    text = page(desk[0])
    assert words in text
    assert f"({status}). It says: “Insufficient Balance”" in text
    assert "Have one try now" in text
    assert "402: Insufficient Balance" in text
    assert "Nothing is sent to Pixazo" in desk[0].get(reverse("desk")).content.decode()


def test_a_vendor_that_stands_in_is_not_tried_while_the_usual_one_works(
    desk: tuple[Client, User], settings: Any
):
    settings.FAL_KEY = "a key"
    stop(401, vendor="fal")
    text = page(desk[0])
    assert "no restoration would go to fal.ai now" in text
    assert reverse("desk_gateway_try", args=["fal"]) not in text
    assert reverse("desk_gateway_close", args=["fal"]) in text
    stop()
    text = page(desk[0])
    assert "no restoration would go to fal.ai now" not in text
    assert reverse("desk_gateway_try", args=["fal"]) in text


def test_a_throttled_vendor_shows_until_when(desk: tuple[Client, User]):
    Breaker.objects.create(vendor="pixazo", wait_until=timezone.now() + timedelta(minutes=1))
    text = page(desk[0])
    assert "asked us to send nothing until" in text
    assert "Have one try now" not in text
    assert "Send all again" in text


def test_a_clerk_has_one_try_and_then_sends_all(desk: tuple[Client, User], rings: list[str]):
    client, clerk = desk
    breaker = stop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.db.transaction.on_commit", lambda act, **_: act())
        answer = client.post(reverse("desk_gateway_try", args=["pixazo"]))
        assert answer["Location"] == reverse("desk_gateway")
        breaker.refresh_from_db()
        assert breaker.probe_at is not None
        assert breaker.probe_at <= timezone.now()
        client.post(reverse("desk_gateway_close", args=["pixazo"]))
    breaker.refresh_from_db()
    assert breaker.state == BreakerState.CLOSED
    assert rings == ["submit", "submit"]
    assert set(
        AuditEntry.objects.filter(actor=clerk, action__startswith="breaker.").values_list(
            "action", flat=True
        )
    ) == {"breaker.try", "breaker.close"}
    assert str(clerk) in page(client)


@pytest.mark.parametrize("name", ["desk_gateway_try", "desk_gateway_close"])
def test_what_is_sending_already_is_said(desk: tuple[Client, User], name: str):
    answer = desk[0].post(reverse(name, args=["pixazo"]), follow=True)
    assert "Pixazo is being sent to already." in answer.content.decode()
    assert desk[0].post(reverse(name, args=["nobody"])).status_code == 404
    assert desk[0].get(reverse(name, args=["pixazo"])).status_code == 405


def test_nobody_else_comes_in():
    stop()
    for role in (REVIEWERS, ""):
        client, _ = staff(role)
        assert client.get(reverse("desk_gateway")).status_code == 403
        for name in ("desk_gateway_try", "desk_gateway_close"):
            assert client.post(reverse(name, args=["pixazo"])).status_code == 403
    assert Client().get(reverse("desk_gateway")).status_code == 302
    assert Breaker.objects.get().state == BreakerState.OPEN
