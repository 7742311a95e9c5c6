"""What a page asks while something moves on it: cheap, unchanged is 304, and never for long."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from jobs.models import Photo, PhotoState, RestorationJob
from jobs.states import JobState
from jobs.views.cards import PhotoCard
from jobs.views.live import live_address
from tests.builders import decide, make_consent, make_job, make_photo, pending, run
from tests.fakes import FakeVendor

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    """The question comes without cookies."""
    return Client()


def address_of(*jobs: RestorationJob, photos: tuple[Photo, ...] = ()) -> str:
    owner = (jobs[0] if jobs else photos[0]).owner_id
    return live_address(owner, photos=[PhotoCard(photo) for photo in photos], jobs=jobs)


def rows(response: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = json.loads(response.content)["rows"]
    return found


def test_a_page_with_many_moving_rows_asks_one_query_and_an_unchanged_answer_is_304(
    browser: Client, member: User, django_assert_num_queries: Any
):
    jobs = [make_job(photo=make_photo(owner=member)) for _ in range(3)]
    arriving = make_photo(owner=member, state=PhotoState.UPLOADED)
    address = address_of(*jobs, photos=(arriving,))
    with django_assert_num_queries(1):
        first = browser.get(address)
    assert rows(first) == {
        **{str(job.pk): ["READY", place] for place, job in enumerate(jobs)},
        str(arriving.pk): ["UPLOADED", None],
    }
    with django_assert_num_queries(1):
        again = browser.get(address, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_it_is_one_query_even_from_somebody_who_is_signed_in(
    client: Client, photo: Photo, django_assert_num_queries: Any
):
    address = address_of(make_job(photo=photo))
    with django_assert_num_queries(1):
        assert client.get(address).status_code == 200


def test_the_query_finds_its_rows_and_their_places_by_an_index(browser: Client, photo: Photo):
    address = address_of(make_job(photo=photo))
    with CaptureQueriesContext(connection) as queries:
        browser.get(address)
    (query,) = queries.captured_queries
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
        cursor.execute(explain + query["sql"])
        plan = "\n".join(str(line) for line in cursor.fetchall())
    assert "jobs_due" in plan
    assert not re.search(r"SCAN (TABLE )?(U0|jobs_)|Seq Scan", plan), plan


def test_what_has_moved_is_told_with_another_etag(
    browser: Client, photo: Photo, vendor: FakeVendor
):
    job = make_job(photo=photo)
    address = address_of(job)
    before = browser.get(address)
    run("submit")
    after = browser.get(address, headers={"if-none-match": before["ETag"]})
    assert after.status_code == 200
    assert rows(after) == {str(job.pk): ["QUEUED", None]}


def test_the_place_counts_who_is_handed_over_before(browser: Client, member: User):
    first, second = (make_job(photo=make_photo(owner=member)) for _ in range(2))
    other = make_job()  # somebody else's, later
    assert rows(browser.get(address_of(first, second))) == {
        str(first.pk): ["READY", 0],
        str(second.pk): ["READY", 1],
    }
    assert rows(browser.get(address_of(other))) == {str(other.pk): ["READY", 2]}
    same = timezone.now()
    RestorationJob.objects.update(due_at=same)
    places = sorted(
        place for job in (first, other) for _, place in rows(browser.get(address_of(job))).values()
    )
    assert len(set(places)) == 2  # at the same moment, by their numbers


def test_nobody_counts_a_queue_to_its_end(
    browser: Client, member: User, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("jobs.models.job.PLACES_COUNTED", 2)
    jobs = [make_job(photo=make_photo(owner=member)) for _ in range(4)]
    assert rows(browser.get(address_of(jobs[3]))) == {str(jobs[3].pk): ["READY", 2]}


def test_an_address_that_is_not_ours_is_not_there_and_an_old_one_has_gone(
    browser: Client, photo: Photo
):
    address = address_of(make_job(photo=photo))
    assert browser.get(address[:-3] + "xx/").status_code == 404
    with time_machine.travel(timezone.now() + timedelta(seconds=settings.LIVE_SECONDS + 60)):
        assert browser.get(address).status_code == 410


def test_an_address_names_rows_of_one_member_alone(browser: Client, member: User):
    """Also when it was made for a row that is somebody else's."""
    address = live_address(member.pk, photos=[], jobs=[make_job()])
    assert rows(browser.get(address)) == {}


def test_a_page_on_which_nothing_moves_has_no_address(client: Client, photo: Photo):
    page = reverse("photo", args=[photo.pk])
    assert "data-live-address" not in client.get(page).content.decode()
    assert "data-live-address" not in client.get(reverse("gallery")).content.decode()
    job = make_job(photo=photo)
    for address in (page, reverse("gallery")):
        text = client.get(address).content.decode()
        assert f'data-live="{job.pk}" data-live-state="READY"' in text
        (asked,) = re.findall(r'data-live-address="([^"]+)"', text)
        assert rows(Client().get(asked)) == {str(job.pk): ["READY", 0]}


def test_the_address_stays_short_however_much_moves(member: User):
    photos = [PhotoCard(Photo(owner=member, state=PhotoState.UPLOADED)) for _ in range(200)]
    assert len(live_address(member.pk, photos=photos, jobs=[])) < 3000


# --- How long it takes ------------------------------------------------------------------------
def delivered(job: RestorationJob, seconds: float) -> None:
    assert job.ready_at is not None
    RestorationJob.objects.filter(pk=job.pk).update(
        state=JobState.DELIVERED, due_at=None, ended_at=job.ready_at + timedelta(seconds=seconds)
    )


def test_the_usual_time_is_the_median_of_a_models_results_once_there_are_enough(
    client: Client, photo: Photo
):
    for seconds in (10, 20, 4000, 30):
        delivered(make_job(), seconds)
    job = make_job(photo=photo)
    card = reverse("job_card", args=[job.pk])
    assert "usually" not in client.get(card).content.decode()
    delivered(make_job(), 40)
    assert "usually 30 seconds" in client.get(card).content.decode()
    assert RestorationJob.objects.usual_seconds("codeformer") is None


def test_a_reviewers_time_is_not_the_restorers(client: Client, photo: Photo):
    """The clock begins when nothing stands in the way any more."""
    with time_machine.travel(timezone.now() - timedelta(days=3)):
        consent = pending(owner=photo.owner)
        job = make_job(photo=consent.photo)
    card = reverse("job_card", args=[job.pk])
    assert (job.state, job.ready_at) == ("AWAITING_CONSENT", None)
    assert "so far" not in client.get(card).content.decode()
    decide(consent)
    job.refresh_from_db()
    assert job.ready_at is not None
    assert timezone.now() - job.ready_at < timedelta(minutes=5)
    assert "so far" in client.get(card).content.decode()


def test_a_card_says_its_place_and_its_time_without_a_script(client: Client, member: User):
    ahead = make_consent(make_photo(owner=member)).photo
    make_job(photo=ahead)
    job = make_job(photo=make_photo(owner=member))
    with time_machine.travel(timezone.now(), tick=False):
        since = timezone.now() - timedelta(seconds=75)
        RestorationJob.objects.filter(pk=job.pk).update(ready_at=since)
        text = client.get(reverse("photo", args=[job.photo_id])).content.decode()
    assert "1 before yours" in text
    assert 'data-live-clock="75">1:15</span>' in text
    assert "Reload to see how far it is" in text


@pytest.mark.parametrize(("usual", "late_after"), [(40, 300), (200, 600)])
def test_a_card_says_that_it_is_late_from_three_times_the_usual_on_but_not_at_once(
    client: Client, photo: Photo, usual: int, late_after: int
):
    for _ in range(5):
        delivered(make_job(), usual)
    job = make_job(photo=photo)
    for waited, is_late in ((late_after - 1, False), (late_after + 1, True)):
        with time_machine.travel(timezone.now(), tick=False):
            since = timezone.now() - timedelta(seconds=waited)
            RestorationJob.objects.filter(pk=job.pk).update(ready_at=since)
            texts = [
                client.get(reverse(name, args=[number])).content.decode()
                for name, number in (("job_card", job.pk), ("photo", photo.pk))
            ]
        for text in texts:
            assert f'data-live-late="{late_after}"{"" if is_late else " hidden"}>longer' in text
    assert (
        f'data-live-late="{late_after}">longer' in client.get(reverse("gallery")).content.decode()
    )


# --- The header's balance ---------------------------------------------------------------------
def test_a_finished_jobs_card_brings_the_balance_along(client: Client, photo: Photo):
    job = make_job(photo=photo)
    card = reverse("job_card", args=[job.pk])
    assert "hx-swap-oob" not in client.get(card).content.decode()
    client.post(reverse("job_cancel", args=[job.pk]))
    text = client.get(card).content.decode()
    assert '<span class="money" id="balance" title="$1.00" data-hx-swap-oob="true">$1.00<' in text
