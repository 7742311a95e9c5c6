"""The gallery: a member's own photos, and a clear word for every file that can't be taken."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from jobs import catalog, images, places, storage
from jobs.models import Breaker, BreakerState, Photo, PhotoState, RestorationJob
from jobs.states import JobState
from jobs.views.gallery import PHOTOS_ON_A_PAGE
from tests.builders import make_job, make_member, make_photo, run
from tests.fakes import FakeVendor, png
from tests.racing import at_once
from tests.staff import client_of

pytestmark = pytest.mark.django_db

# session, member, albums, photos, their jobs, usual time, vendors, count, wallet
GALLERY_QUERIES = 9


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


def test_a_card_says_when_its_restorer_is_stopped_and_no_card_costs_a_query_more(
    client: Client, member: User, django_assert_num_queries: Any
):
    first = make_job(photo=make_photo(owner=member))
    words = "GFPGAN: the restorer can’t take work just now. It goes on by itself."
    assert words not in client.get(reverse("gallery")).content.decode()
    Breaker.objects.create(
        vendor="pixazo",
        state=BreakerState.OPEN,
        opened_at=timezone.now(),
        probe_at=timezone.now(),
        http_status=402,
        met_by="submit",
    )
    for _ in range(3):
        make_job(photo=make_photo(owner=member))
    with django_assert_num_queries(GALLERY_QUERIES + 1):  # which of them may go elsewhere
        text = client.get(reverse("gallery")).content.decode()
    assert text.count(words) == 4
    RestorationJob.objects.filter(pk=first.pk).update(state=JobState.QUEUED)
    assert client.get(reverse("gallery")).content.decode().count(words) == 3


def test_the_newest_job_of_a_photo_stands_on_its_card(client: Client, member: User):
    photo = make_photo(owner=member)
    make_job(photo=photo)
    newest = make_job(photo=photo)
    (card,) = client.get(reverse("gallery")).context["photos"]
    assert card.latest_job == newest


def test_of_several_results_the_chosen_one_is_named_until_something_new_is_under_way(
    client: Client, member: User
):
    photo = make_photo(owner=member)
    chosen = make_job(photo=photo, model=catalog.CODEFORMER)
    make_job(photo=photo)
    RestorationJob.objects.update(state=JobState.DELIVERED)
    with CaptureQueriesContext(connection) as before:
        assert "GFPGAN: Done" in client.get(reverse("gallery")).content.decode()
    Photo.objects.update(keeper=chosen)
    with CaptureQueriesContext(connection) as after:
        text = client.get(reverse("gallery")).content.decode()
    assert "CodeFormer: Done" in text
    assert len(after) == len(before)
    newest = make_job(photo=photo)
    RestorationJob.objects.filter(pk=newest.pk).update(state=JobState.FAILED)
    text = client.get(reverse("gallery")).content.decode()
    assert "GFPGAN: Could not be restored" in text


def test_pictures_come_only_when_they_are_near_and_their_place_is_kept(
    client: Client, member: User
):
    make_photo(owner=member, width_px=640, height_px=480)
    text = client.get(reverse("gallery")).content.decode()
    (image,) = re.findall("<img [^>]*>", text[text.index('id="photos"') :])
    for attribute in ('loading="lazy"', 'width="640"', 'height="480"'):
        assert attribute in image


def test_photos_are_picked_in_every_format_that_is_taken_or_made_with_the_phones_camera(
    client: Client, member: User
):
    inputs = re.findall("<input [^>]*>", client.get(reverse("gallery")).content.decode())
    (picker,) = [one for one in inputs if 'name="files"' in one]
    assert "multiple" in picker
    for content_type in images.CONTENT_TYPES.values():
        assert content_type in picker
    # Browsers that know no HEIC or AVIF go by the name.
    for ending in (".heic", ".heif", ".avif"):
        assert ending in picker
    (camera,) = [one for one in inputs if 'capture="environment"' in one]
    assert 'type="file"' in camera
    assert 'accept="image/*"' in camera


# --- Pages ----------------------------------------------------------------------------------
def shown(client: Client, **query: str) -> list[Photo]:
    return [card.photo for card in client.get(reverse("gallery"), query).context["photos"]]


def test_a_long_gallery_comes_in_pages_newest_first_and_back_again(client: Client, member: User):
    photos = [make_photo(owner=member) for _ in range(2 * PHOTOS_ON_A_PAGE + 1)][::-1]
    first = client.get(reverse("gallery")).context["page"]
    assert first.newer == ""
    second = client.get(reverse("gallery"), {"before": first.older}).context["page"]
    third = client.get(reverse("gallery"), {"before": second.older}).context["page"]
    assert third.older == ""
    assert first.photos + second.photos + third.photos == photos
    again = client.get(reverse("gallery"), {"after": third.newer}).context["page"]
    assert again.photos == second.photos
    top = client.get(reverse("gallery"), {"after": second.newer}).context["page"]
    assert (top.photos, top.newer) == (first.photos, "")


def test_photos_of_the_same_moment_are_each_seen_once(client: Client, member: User):
    photos = {make_photo(owner=member).pk for _ in range(PHOTOS_ON_A_PAGE + 2)}
    Photo.objects.update(created_at=timezone.now())
    first = client.get(reverse("gallery")).context["page"]
    second = client.get(reverse("gallery"), {"before": first.older}).context["page"]
    seen = [photo.pk for photo in first.photos + second.photos]
    assert len(seen) == len(photos)
    assert set(seen) == photos


def test_a_photo_that_comes_meanwhile_moves_no_other_to_the_next_page(client: Client, member: User):
    for _ in range(PHOTOS_ON_A_PAGE + 1):
        make_photo(owner=member)
    first = client.get(reverse("gallery")).context["page"]
    make_photo(owner=member)
    second = shown(client, before=first.older)
    assert len(second) == 1
    assert second[0] not in first.photos


@pytest.mark.parametrize("edge", ["0", "-1", "999", "x", "", "1' OR 1=1", "1-x", "9" * 30 + "-0"])
@pytest.mark.parametrize("side", ["before", "after"])
def test_a_page_that_is_not_there_is_the_first_one(
    client: Client, member: User, side: str, edge: str
):
    photo = make_photo(owner=member)
    assert shown(client, **{side: edge}) == [photo]
    assert shown(client, before=f"0-{'0' * 32}") == [photo]


def test_no_page_is_found_by_counting_through_those_before_it(client: Client, member: User):
    for _ in range(PHOTOS_ON_A_PAGE + 1):
        make_photo(owner=member)
    first = client.get(reverse("gallery")).context["page"]
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("gallery"), {"before": first.older})
    assert not any("OFFSET" in one["sql"] for one in queries)


# --- Which are shown ------------------------------------------------------------------------
def test_photos_are_found_by_stage_and_by_model(client: Client, member: User):
    new, under_way, done = (make_photo(owner=member) for _ in range(3))
    make_job(photo=under_way)
    make_job(photo=done)
    RestorationJob.objects.filter(photo=done).update(state=JobState.DELIVERED)
    assert shown(client, stage="NEW") == [new]
    assert shown(client, stage="UNDER_WAY") == [under_way]
    assert shown(client, stage="RESTORED") == [done]
    assert shown(client, model="gfpgan") == [done]
    assert shown(client, model="codeformer") == []
    assert shown(client, stage="nonsense", model="no-such") == [done, under_way, new]


def test_what_is_narrowed_stays_so_on_the_next_page_and_after_a_deed(client: Client, member: User):
    for _ in range(PHOTOS_ON_A_PAGE + 1):
        make_photo(owner=member)
    page = client.get(reverse("gallery"), {"stage": "NEW"})
    assert f"?stage=NEW&amp;before={page.context['page'].older}" in page.content.decode()
    answer: Any = client.post(
        reverse("trash_many"), {"photo": [str(Photo.objects.all()[0].pk)], "back": "stage=NEW"}
    )
    assert answer.url == f"{reverse('gallery')}?stage=NEW"


def test_a_deed_leads_back_to_the_gallery_and_nowhere_else(client: Client, member: User):
    answer: Any = client.post(reverse("trash_many"), {"back": "https://elsewhere.example/?a=b"})
    assert answer.url.startswith(f"{reverse('gallery')}?")


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
    response = send(client, ("a.png", png()), ("b.png", png(colour="red")))
    assert response.url == reverse("gallery")
    assert "2 photos are uploaded." in client.get(response.url).content.decode()
    assert rings == ["prepare"]


@pytest.mark.usefixtures("bucket")
def test_the_same_file_is_not_taken_twice_and_leads_to_the_photo(
    client: Client, member: User, rings: list[str]
):
    send(client, ("a.png", png()))
    photo = Photo.objects.get()
    response = send(client, ("once more.png", png()))
    assert response.url == reverse("photo", args=[photo.pk])
    assert "You have this photo already." in client.get(response.url).content.decode()
    Photo.objects.update(trashed_at=timezone.now())
    assert send(client, ("once more.png", png())).url == reverse("trash")
    assert Photo.objects.count() == 1


@pytest.mark.usefixtures("bucket")
def test_of_several_those_that_are_here_are_named_and_the_others_taken(
    client: Client, member: User, rings: list[str]
):
    send(client, ("first.png", png()))
    first = Photo.objects.get()
    response = send(client, ("again.png", png()), ("new.png", png(colour="red")))
    page = response.content.decode()
    assert response.status_code == 200
    assert "You have this photo already" in page
    assert f'<a href="{reverse("photo", args=[first.pk])}"><bdi>first</bdi></a>' in page
    assert "The other one is below." in page
    assert Photo.objects.count() == 2


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
    def put(key: str, file: Any, **_: Any) -> None:
        raise storage.StorageUnavailable("down")

    monkeypatch.setattr(storage, "put", put)
    response = send(client, ("a.png", png()))
    assert response.status_code == 422
    assert "Our picture store can’t be reached just now" in response.content.decode()
    assert not Photo.objects.for_member(member).exists()


def test_once_the_store_is_down_no_further_file_waits_for_it(
    client: Client, member: User, monkeypatch: pytest.MonkeyPatch
):
    asked = []

    def put(key: str, file: Any, **_: Any) -> None:
        asked.append(key)
        raise storage.StorageUnavailable("hangs")

    monkeypatch.setattr(storage, "put", put)
    response = send(client, ("diary.jpg", b"Dear diary"), *[(f"{n}.png", png()) for n in range(3)])
    assert len(asked) == 1
    assert "4 files were not taken" in response.content.decode()
    assert [refusal["name"] for refusal in response.context["outcome"].refusals] == [
        "diary.jpg",
        "0.png",
        "1.png",
        "2.png",
    ]


class HangingStore:
    """Takes no file before `answers` is set; `came` counts who waits."""

    def __init__(self) -> None:
        self.came, self.answers = threading.Semaphore(0), threading.Event()

    def put(self, key: str, file: Any, **_: Any) -> None:
        self.came.release()
        assert self.answers.wait(60)


@pytest.mark.django_db(transaction=True)
def test_a_store_that_hangs_stops_some_uploads_and_neither_the_next_nor_a_callback(
    monkeypatch: pytest.MonkeyPatch, vendor: FakeVendor, rings: list[str]
):
    places_free = 2
    monkeypatch.setattr(places, "STORE", threading.BoundedSemaphore(places_free))
    store = HangingStore()
    monkeypatch.setattr(storage, "put", store.put)
    make_job()
    run("submit")
    vendor.finish()
    uploaders = [client_of(make_member()) for _ in range(places_free + 1)]

    def act(number: int) -> tuple[int, int | None]:
        """Who waits for the store, and, when all who may do, what the others are told."""
        if number < places_free:
            return send(uploaders[number], (f"{number}.png", png())).status_code, None
        try:
            for _ in range(places_free):
                assert store.came.acquire(timeout=60)
            refused = send(uploaders[number], ("late.png", png()))
            assert refused["Retry-After"]
            assert "<bdi>late.png</bdi></strong>: Many photos are" in refused.content.decode()
            path = vendor.last.callback_url.removeprefix("http://testserver")
            said = Client().post(path, vendor.last.callback(), content_type="application/json")
            return refused.status_code, said.status_code
        finally:
            store.answers.set()

    assert sorted(at_once(places_free + 1, act), key=str) == [(302, None), (302, None), (503, 200)]
    assert RestorationJob.objects.get().state == JobState.COMPLETED
    assert Photo.objects.filter(title__in=["0", "1"]).count() == places_free
    assert not Photo.objects.filter(title="late").exists()
    assert send(uploaders[-1], ("late.png", png())).status_code == 302


def test_no_file_at_all_is_said_so(client: Client, member: User):
    response = client.post(reverse("upload"), {})
    assert response.status_code == 422
    assert "Please choose at least one photo." in response.content.decode()


@pytest.mark.usefixtures("bucket")
def test_as_many_files_as_are_allowed_come_at_once(client: Client, member: User, rings: list[str]):
    files = [(f"{n}.png", png(16, 16 + n)) for n in range(settings.UPLOAD_MAX_FILES)]
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


@pytest.mark.parametrize("state", [PhotoState.ARRIVING, PhotoState.BROKEN_OFF])
def test_an_upload_that_has_not_arrived_has_no_place_on_any_page(
    client: Client, member: User, state: PhotoState
):
    photo = make_photo(owner=member, title="Half", state=state, trashed_at=timezone.now())
    for name in ("gallery", "trash", "consents", "data"):
        page = client.get(reverse(name))
        assert (page.status_code, b"Half" in page.content) == (200, False)
    assert client.get(reverse("data")).context["photos"] == 0
    for name in ("photo", "consent", "consent_record"):
        assert client.get(reverse(name, args=[photo.pk])).status_code == 404
    for name in ("trash_photo", "put_back", "erase_now", "withdraw"):
        assert client.post(reverse(name, args=[photo.pk])).status_code == 404
    photo.refresh_from_db()
    assert photo.state == state


def test_what_can_be_taken_is_said_in_the_readers_language_and_tied_to_the_picker(
    client: Client, member: User
):
    User.objects.filter(pk=member.pk).update(language="de")
    page = client.get(reverse("gallery")).content.decode()
    assert 'aria-describedby="id_files_helptext"' in page
    assert 'id="id_files_helptext">JPEG, PNG' in page
    assert "Jeweils bis zu" in page
