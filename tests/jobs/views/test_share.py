"""The page that makes links, and the page that a link shows: to strangers, and of nobody."""

from __future__ import annotations

import io
import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from jobs import rates, storage
from jobs.models import Photo, RestorationJob, Share
from jobs.steps.collect import preview_key
from tests.builders import make_member
from tests.fakes import FakeVendor
from tests.jobs.steps.test_not_them import restored
from tests.staff import queries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket", "rings")]


@pytest.fixture
def job(photo: Photo, vendor: FakeVendor) -> RestorationJob:
    """The member's result; its photo's title is a name."""
    Photo.objects.filter(pk=photo.pk).update(title="Adelheid Muster")
    return restored(vendor, photo)


@pytest.fixture(autouse=True)
def _nobody_is_too_often_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis isn't asked."""
    monkeypatch.setattr(rates, "within", lambda name, *, most: True)


def send(client: Client, job: RestorationJob, **said: str) -> Any:
    form = {"click_key": str(uuid.uuid4()), "days": "7", "agreed": "on", **said}
    return client.post(reverse("share", args=[job.pk]), {k: v for k, v in form.items() if v})


def make(client: Client, job: RestorationJob, **said: str) -> str:
    """The path of a new link, as the page says it."""
    text = send(client, job, **said).content.decode()
    found = re.search(r'id="address"[^>]*>http://testserver(/s/[\w-]{43}/)<', text)
    assert found, text
    return found[1]


def test_nothing_is_shared_before_they_agree(client: Client, job: RestorationJob):
    answer = send(client, job, agreed="")
    assert answer.status_code == 422
    assert "Please tick that they agree" in answer.content.decode()
    assert not Share.objects.exists()


def test_the_address_stands_there_once(client: Client, job: RestorationJob):
    path = make(client, job)
    page = client.get(reverse("share", args=[job.pk])).content.decode()
    assert path not in page
    assert "Opened 0 times." in page


def test_a_reloaded_page_makes_no_second_link(client: Client, job: RestorationJob):
    shown = client.get(reverse("share", args=[job.pk])).context["form"]["click_key"].value()
    paths = {make(client, job, click_key=str(shown)) for _ in range(2)}
    assert len(paths) == Share.objects.count() == 1
    client.post(reverse("share_revoke", args=[Share.objects.get().pk]))
    answer = send(client, job, click_key=str(shown))
    assert answer["Location"] == reverse("share", args=[job.pk])
    assert "it shows nothing now" in client.get(answer["Location"]).content.decode()
    assert Share.objects.count() == 1


def test_a_page_that_made_a_link_offers_another(client: Client, job: RestorationJob):
    answer = send(client, job)
    fresh = answer.context["form"]["click_key"].value()
    make(client, job, click_key=str(fresh))
    assert Share.objects.count() == 2


def test_a_stranger_sees_the_picture_and_nothing_else(client: Client, job: RestorationJob):
    answer = Client().get(make(client, job))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Adelheid" not in text
    assert job.owner.email not in text
    assert text.count("<img") == text.count("X-Amz-Expires=300") == 1
    assert answer["X-Robots-Tag"].startswith("noindex")
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"] == "private, no-store"
    assert not answer.cookies


def test_title_and_original_only_if_the_owner_chose_so(client: Client, job: RestorationJob):
    text = Client().get(make(client, job, with_title="on", with_original="on")).content.decode()
    assert "Adelheid Muster" in text
    assert text.count("X-Amz-Expires=300") == 2


def test_the_picture_carries_nothing(client: Client, job: RestorationJob):
    file = io.BytesIO()
    storage.get(preview_key(job.result_key), file)
    with Image.open(file) as seen:
        assert seen.format == "WEBP"
        assert not set(seen.info) - {"loop", "background", "timestamp", "duration"}
        assert not seen.getexif()


def test_owners_and_heads_are_not_counted(client: Client, job: RestorationJob):
    path = make(client, job)
    client.get(path)
    Client().head(path)
    assert Share.objects.get().views == 0
    Client().get(path)
    assert Share.objects.get().views == 1


def test_ended_it_says_so_and_no_more(client: Client, job: RestorationJob):
    path = make(client, job)
    assert client.post(reverse("share_revoke", args=[Share.objects.get().pk])).status_code == 302
    answer = Client().get(path)
    assert answer.status_code == 404
    assert "shows nothing any more" in answer.content.decode()
    assert answer["X-Robots-Tag"].startswith("noindex")
    assert "Ended by you" in client.get(reverse("share", args=[job.pk])).content.decode()


def test_a_link_asked_for_too_often_asks_for_patience(
    client: Client, job: RestorationJob, monkeypatch: pytest.MonkeyPatch
):
    path, asked = make(client, job), []

    def within(name: str, *, most: int) -> bool:
        asked.append(name)
        return len(asked) <= 1

    monkeypatch.setattr(rates, "within", within)
    assert [Client().get(path).status_code for _ in range(2)] == [200, 429]
    assert path.split("/")[2] not in asked[0]
    assert Share.objects.get().views == 1


def test_nobody_shares_or_ends_what_is_anothers(client: Client, job: RestorationJob):
    make(client, job)
    stranger = Client()
    stranger.force_login(make_member())
    assert send(stranger, job).status_code == 404
    link = Share.objects.get()
    assert stranger.post(reverse("share_revoke", args=[link.pk])).status_code == 404
    link.refresh_from_db()
    assert link.revoked_at is None


def test_all_links_are_listed_and_ended_from_there(client: Client, job: RestorationJob):
    path = make(client, job)
    Client().get(path)
    page = client.get(reverse("shares")).content.decode()
    for words in ("Adelheid Muster", "Works", "Opened once.", job.model.name, "X-Amz-Signature"):
        assert words in page
    assert path not in page
    link = Share.objects.get()
    assert client.get(reverse("share_revoke", args=[link.pk]))["Location"] == reverse("shares")
    answer = client.post(reverse("share_revoke", args=[link.pk]), {"among_all": "1"})
    assert answer["Location"] == f"{reverse('shares')}?page=1"
    page = client.get(answer["Location"]).content.decode()
    assert "Ended by you" in page
    assert reverse("share_revoke", args=[link.pk]) not in page
    assert Client().get(path).status_code == 404


def test_the_list_is_its_members_alone_and_knows_no_erased_photos_name(
    client: Client, job: RestorationJob
):
    make(client, job)
    stranger = Client()
    assert stranger.get(reverse("shares")).status_code == 302
    stranger.force_login(make_member())
    assert "There are none" in stranger.get(reverse("shares")).content.decode()
    Photo.objects.filter(pk=job.photo_id).update(state="ERASED")
    page = client.get(reverse("shares")).content.decode()
    assert "Erased photo" in page
    assert "Shows nothing" in page
    assert "Adelheid" not in page
    assert "X-Amz-Signature" not in page


def test_the_lists_queries_do_not_grow(client: Client, job: RestorationJob):
    make(client, job)
    few = queries(client, reverse("shares"))
    for _ in range(3):
        make(client, job)
    assert queries(client, reverse("shares")) == few
