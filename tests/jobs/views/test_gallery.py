"""The gallery: a member's own photos, and a clear word for every file that can't be taken."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from jobs import storage
from jobs.models import Photo, PhotoState
from jobs.views.gallery import PHOTOS_ON_A_PAGE
from tests.builders import make_job, make_member, make_photo
from tests.fakes import png

pytestmark = pytest.mark.django_db

GALLERY_QUERIES = 6  # session, member, count, photos, their jobs, wallet


def send(client: Client, *files: tuple[str, bytes]) -> Any:
    uploads = [SimpleUploadedFile(name, data) for name, data in files]
    return client.post(reverse("upload"), {"files": uploads})


# --- Whose photos ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("method", "name"), [("get", "gallery"), ("get", "upload"), ("post", "upload")]
)
def test_whoever_is_not_signed_in_is_asked_to(client: Client, method: str, name: str):
    response = getattr(client, method)(reverse(name))
    assert response.status_code == 302
    assert response.url == f"{reverse('account_login')}?next={reverse(name)}"


def test_a_member_sees_their_own_photos_and_nobody_elses(client: Client, member: User):
    make_photo(owner=member, title="Our wedding")
    make_photo(title="Somebody else's wedding")
    page = client.get(reverse("gallery")).content.decode()
    assert "Our wedding" in page
    assert "Somebody else" not in page


@pytest.mark.parametrize("state", [PhotoState.ERASING, PhotoState.ERASED])
def test_what_is_erased_or_about_to_be_is_gone_from_the_page(
    client: Client, member: User, state: str
):
    make_photo(owner=member, title="Taken back", state=state)
    assert "Taken back" not in client.get(reverse("gallery")).content.decode()


def test_a_title_cannot_smuggle_markup_into_the_page(client: Client, member: User):
    make_photo(owner=member, title="<script>alert(1)</script>")
    page = client.get(reverse("gallery")).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_gallery_does_the_same_few_queries_whatever_its_length(
    client: Client, member: User, django_assert_num_queries: Any
):
    make_job(photo=make_photo(owner=member))
    with django_assert_num_queries(GALLERY_QUERIES):
        client.get(reverse("gallery"))
    for _ in range(7):
        photo = make_photo(owner=member)
        make_job(photo=photo)
        make_job(photo=photo)
    with django_assert_num_queries(GALLERY_QUERIES):
        client.get(reverse("gallery"))


def test_the_newest_job_of_a_photo_stands_on_its_card(client: Client, member: User):
    photo = make_photo(owner=member)
    make_job(photo=photo)
    newest = make_job(photo=photo)
    (card,) = client.get(reverse("gallery")).context["photos"]
    assert card.latest_job == newest


def test_a_long_gallery_comes_in_pages_newest_first(client: Client, member: User):
    photos = [make_photo(owner=member) for _ in range(PHOTOS_ON_A_PAGE + 1)]
    first = client.get(reverse("gallery")).context["photos"]
    assert [card.photo for card in first] == photos[:0:-1]
    second = client.get(reverse("gallery"), {"page": 2}).context["photos"]
    assert [card.photo for card in second] == photos[:1]


@pytest.mark.parametrize("page", ["0", "-1", "999", "x", "", "1' OR 1=1"])
def test_a_page_that_is_not_there_is_no_error(client: Client, member: User, page: str):
    make_photo(owner=member)
    assert client.get(reverse("gallery"), {"page": page}).status_code == 200


# --- Uploading ------------------------------------------------------------------------------
@pytest.mark.usefixtures("bucket")
def test_one_photo_leads_to_its_own_page_and_rings_for_its_copies(
    client: Client, member: User, rings: list[str]
):
    response = send(client, ("Grandmother.png", png()))
    photo = Photo.objects.get()
    assert photo.owner == member
    assert response.url == reverse("photo", args=[photo.pk])
    assert storage.keys_under(photo.prefix) == [photo.original_key]
    assert rings == ["prepare"]


@pytest.mark.usefixtures("bucket")
def test_several_photos_lead_to_the_gallery_which_counts_them(
    client: Client, member: User, rings: list[str]
):
    response = send(client, ("a.png", png()), ("b.png", png()))
    assert response.url == reverse("gallery")
    assert "2 photos are here." in client.get(response.url).content.decode()
    assert rings == ["prepare"]


@pytest.mark.usefixtures("bucket")
def test_each_file_is_judged_by_itself_and_the_refused_are_named_with_the_reason(
    client: Client, member: User, rings: list[str]
):
    response = send(
        client, ("good.png", png()), ("diary.jpg", b"Dear diary"), ("<b>empty.jpg", b"")
    )
    page = response.content.decode()
    assert response.status_code == 422
    assert [photo.title for photo in Photo.objects.all()] == ["good"]
    assert "2 files were not taken" in page
    assert "<strong><bdi>diary.jpg</bdi></strong>: This is not a picture that we can read." in page
    assert "<strong><bdi>&lt;b&gt;empty.jpg</bdi></strong>: This file is empty." in page
    assert "The other one is below." in page
    assert rings == ["prepare"]


@pytest.mark.usefixtures("bucket")
def test_when_nothing_can_be_taken_nobody_is_rung(client: Client, member: User, rings: list[str]):
    response = send(client, ("diary.jpg", b"Dear diary"))
    assert response.status_code == 422
    assert rings == []
    assert not Photo.objects.exists()


def test_with_the_store_down_the_page_says_so_and_keeps_nothing(
    client: Client, member: User, monkeypatch: pytest.MonkeyPatch
):
    def put(key: str, file: Any, *, content_type: str) -> None:
        raise storage.StorageUnavailable("down")

    monkeypatch.setattr(storage, "put", put)
    response = send(client, ("a.png", png()))
    assert response.status_code == 422
    assert "Our picture store can&#x27;t be reached just now" in response.content.decode()
    assert not Photo.objects.exists()


def test_no_file_at_all_is_said_so(client: Client, member: User):
    response = client.post(reverse("upload"), {})
    assert response.status_code == 422
    assert "Please choose at least one photo." in response.content.decode()


@pytest.mark.usefixtures("bucket")
def test_as_many_files_as_are_allowed_come_at_once(client: Client, member: User, rings: list[str]):
    files = [(f"{n}.png", png(16, 16)) for n in range(settings.UPLOAD_MAX_FILES)]
    send(client, *files)
    assert Photo.objects.count() == settings.UPLOAD_MAX_FILES


def test_more_files_than_allowed_are_told_how_many_are(client: Client, member: User):
    files = [(f"{n}.png", png(16, 16)) for n in range(settings.UPLOAD_MAX_FILES + 1)]
    response = send(client, *files)
    assert response.status_code == 422
    assert "Please choose at most 20 photos at a time." in response.content.decode()


def test_looking_at_the_upload_address_leads_to_the_gallery(client: Client, member: User):
    assert client.get(reverse("upload"))["Location"] == reverse("gallery")


def test_an_upload_from_another_site_is_refused():
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_member())
    assert strict.post(reverse("upload"), {"files": []}).status_code == 403
