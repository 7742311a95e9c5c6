"""One job's card, its place on the photo's page, and taking it back."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User, Wallet
from jobs.models import Photo, PhotoState, RestorationJob, ResultVersion
from jobs.states import JobState
from tests.builders import make_job, run
from tests.fakes import FakeVendor
from tests.jobs.breaking import stop

pytestmark = pytest.mark.django_db

DOORS = [("get", "job"), ("get", "job_card"), ("post", "job_cancel"), ("post", "keep_result")]
DOORS += [("get", "job_stop"), ("post", "job_stop")]
# session, member, job, its versions, two looks at the ledger, the usual time, the breakers
JOB_QUERIES = 8


@pytest.mark.parametrize(("method", "name"), DOORS)
def test_somebody_elses_job_is_not_there_whichever_door_is_tried(
    client: Client, member: User, method: str, name: str
):
    job = make_job()
    assert getattr(client, method)(reverse(name, args=[job.pk])).status_code == 404
    job.refresh_from_db()
    assert job.state == JobState.READY


@pytest.mark.parametrize(("method", "name"), DOORS)
def test_a_job_is_shown_to_nobody_who_is_not_signed_in(client: Client, method: str, name: str):
    address = reverse(name, args=[make_job().pk])
    response = getattr(client, method)(address)
    assert response["Location"] == f"{reverse('account_login')}?next={address}"


@pytest.mark.parametrize(
    ("state", "headers", "is_told"),
    [
        (JobState.FAILED, {"X-Looked-At": "1"}, True),
        (JobState.FAILED, {}, False),
        (JobState.QUEUED, {"X-Looked-At": "1"}, False),
    ],
)
def test_a_card_that_is_looked_at_tells_the_end(
    client: Client, photo: Photo, state: JobState, headers: dict[str, str], is_told: bool
):
    job = make_job(photo=photo)
    RestorationJob.objects.filter(pk=job.pk).update(state=state)
    client.get(reverse("job_card", args=[job.pk]), headers=headers)
    job.refresh_from_db()
    assert (job.told_at is not None) == is_told


def test_a_jobs_card_takes_few_queries(
    client: Client, photo: Photo, django_assert_num_queries: Any
):
    job = make_job(photo=photo)
    with django_assert_num_queries(JOB_QUERIES):
        client.get(reverse("job_card", args=[job.pk]))


def test_a_moving_jobs_card_is_fetched_again_when_it_has_moved_and_a_finished_one_is_not(
    client: Client, photo: Photo
):
    job = make_job(photo=photo)
    card = client.get(reverse("job_card", args=[job.pk])).content.decode()
    assert "data-hx-trigger" in card
    client.post(reverse("job_cancel", args=[job.pk]))
    card = client.get(reverse("job_card", args=[job.pk])).content.decode()
    assert "hx-trigger" not in card
    assert "You were not charged" in card


def test_a_card_says_that_the_restorer_is_stopped_and_that_nothing_is_lost_by_it(
    client: Client, photo: Photo
):
    job, words = make_job(photo=photo), "can’t take work just now. Nothing is charged"
    addresses = [reverse("job_card", args=[job.pk]), reverse("photo", args=[photo.pk])]
    assert not any(words in client.get(each).content.decode() for each in addresses)
    stop()
    assert all(words in client.get(each).content.decode() for each in addresses)
    # The row does not move when the vendor is stopped, so the card looks by itself now and then.
    assert "every 60s" in client.get(addresses[0]).content.decode()


def test_an_order_can_be_taken_back_before_it_is_sent(client: Client, photo: Photo):
    job = make_job(photo=photo)
    response = client.post(reverse("job_cancel", args=[job.pk]), follow=True)
    assert "Cancelled. You were not charged." in response.content.decode()
    wallet = Wallet.objects.get(user=photo.owner)
    assert (wallet.available_micros, wallet.held_micros) == (1_000_000, 0)


# --- To stop waiting ------------------------------------------------------------------------
def test_cancelling_what_was_sent_meanwhile_does_nothing_yet_and_tells_what_it_would_mean(
    client: Client, photo: Photo, vendor: FakeVendor
):
    job = make_job(photo=photo)
    run("submit")
    response = client.post(reverse("job_cancel", args=[job.pk]), follow=True)
    text = response.content.decode()
    assert "has already been sent" in text
    assert "The $0.0031 that is set aside returns to your wallet at once." in text
    assert "10 times are left" in text
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


def test_whoever_was_told_can_stop_waiting(client: Client, photo: Photo, vendor: FakeVendor):
    job = make_job(photo=photo)
    run("submit")
    card = client.get(reverse("job_card", args=[job.pk])).content.decode()
    assert reverse("job_stop", args=[job.pk]) in card
    assert reverse("job_cancel", args=[job.pk]) not in card
    response = client.post(reverse("job_stop", args=[job.pk]), follow=True)
    assert "You were not charged. $0.0031 is back in your wallet." in response.content.decode()
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED


def test_looking_at_the_page_stops_nothing(client: Client, photo: Photo, vendor: FakeVendor):
    job = make_job(photo=photo)
    run("submit")
    assert "handed to Pixazo" in client.get(reverse("job_stop", args=[job.pk])).content.decode()
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("READY", "you can cancel it"),
        ("SUBMITTING", "handed over at this moment"),
        ("COMPLETED", "restored already"),
        ("ERROR", "ended already"),
        ("FAILED", "ended already"),
    ],
)
def test_what_cannot_be_stopped_says_why(client: Client, photo: Photo, state: str, words: str):
    job = make_job(photo=photo)
    RestorationJob.objects.filter(pk=job.pk).update(state=state)
    response = client.get(reverse("job_stop", args=[job.pk]), follow=True)
    assert words in response.content.decode()
    if state != "READY":
        response = client.post(reverse("job_stop", args=[job.pk]), follow=True)
        assert words in response.content.decode()
        assert RestorationJob.objects.get(pk=job.pk).state == state


def test_the_statement_leads_to_the_jobs_place_on_its_page(client: Client, photo: Photo):
    job = make_job(photo=photo)
    response = client.get(reverse("job", args=[job.pk]))
    page = reverse("photo", args=[photo.pk])
    assert response["Location"] == f"{page}?right={job.pk}#job-{job.pk}"


# --- Further versions -----------------------------------------------------------------------
@pytest.fixture
def versions(photo: Photo) -> RestorationJob:
    """A delivered job whose vendor sent three pictures."""
    job = make_job(photo=photo)
    RestorationJob.objects.filter(pk=job.pk).update(
        state=JobState.DELIVERED,
        result_key=f"{photo.prefix}results/{job.pk}.png",
        result_width_px=64,
        result_height_px=48,
    )
    for number in (2, 3):
        ResultVersion.objects.create(
            job=job,
            number=number,
            key=f"{photo.prefix}results/{job.pk}-{number}.png",
            sha256="0" * 64,
            format="PNG",
            width_px=64,
            height_px=48,
        )
    return job


def test_further_versions_are_shown_each_with_its_preview_and_links(
    client: Client, versions: RestorationJob
):
    card = client.get(reverse("job_card", args=[versions.pk])).content.decode()
    for number in (2, 3):
        assert f"results/{versions.pk}-{number}-preview.webp" in card
        for name in ("job_picture", "keepsake"):  # to see, to keep
            assert f'href="{reverse(name, args=[versions.pk])}?version={number}"' in card


@pytest.mark.parametrize(
    ("gone", "left", "words"),
    [
        ({"state": PhotoState.ERASING}, "consent_record", "This photo has been erased."),
        ({"trashed_at": timezone.now()}, "trash", "This photo is in the trash."),
    ],
)
def test_a_tab_that_still_shows_what_is_gone_is_led_away_whole(
    client: Client, versions: RestorationJob, gone: dict[str, Any], left: str, words: str
):
    Photo.objects.update(**gone)
    card = client.get(reverse("job_card", args=[versions.pk]), headers={"HX-Request": "true"})
    record = reverse(left, args=[versions.photo_id] if left == "consent_record" else [])
    assert (card["HX-Redirect"], card.content) == (record, b"")
    assert client.get(record).content.decode().count(words) == 1
