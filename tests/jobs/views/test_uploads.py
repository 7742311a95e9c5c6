"""One file a request: each answer says what became of it, and no file comes twice."""

from __future__ import annotations

import hashlib
import threading
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from jobs import places, storage
from jobs.models import Album, Photo, PhotoState
from jobs.steps import albums, consent
from jobs.views.uploads import MOST_CHECKSUMS
from tests.builders import make_consent, make_member, make_photo
from tests.fakes import png
from tests.racing import at_once
from tests.staff import client_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket")]


def send(client: Client, data: bytes, name: str = "gran.png", **more: str) -> Any:
    file = SimpleUploadedFile(name, data)
    return client.post(reverse("upload_one"), {"files": [file], **more})


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_photo_is_taken_and_its_address_told(client: Client, member: User, rings: list[str]):
    answer = send(client, png())
    photo = Photo.objects.get(owner=member)
    assert answer.status_code == 201
    assert answer.json() == {
        "state": "taken",
        "title": "gran",
        "address": reverse("photo", args=[photo.pk]),
    }
    assert rings == ["prepare"]


def test_the_same_file_is_not_taken_twice_and_leads_to_the_photo(
    client: Client, member: User, rings: list[str]
):
    first = send(client, png()).json()
    again = send(client, png(), "another name.png")
    assert (again.status_code, again.json()["state"]) == (200, "here")
    assert again.json()["address"] == first["address"]
    assert again.json()["words"] == "You have this photo already."
    assert Photo.objects.count() == 1
    assert rings == ["prepare"]


def test_what_somebody_else_has_is_nobodys_business(client: Client, member: User):
    data = png()
    make_photo(sha256=sha256(data))
    known = client.post(reverse("upload_known"), {"sha256": [sha256(data)]})
    assert known.json() == {"known": {}}
    assert send(client, data).status_code == 201


def test_what_lies_in_the_trash_is_found_there(client: Client, member: User):
    send(client, png())
    Photo.objects.update(trashed_at=timezone.now())
    said = send(client, png()).json()
    assert (said["state"], said["address"]) == ("here", reverse("trash"))
    assert said["words"] == "This photo is in your trash."


def test_what_was_erased_can_be_uploaded_again(client: Client, member: User):
    send(client, png())
    photo = Photo.objects.get()
    make_consent(photo)
    consent.withdraw(photo=photo, by=member)
    assert send(client, png()).status_code == 201


def test_what_is_still_being_stored_is_asked_for_again_later(client: Client, member: User):
    data = png()
    make_photo(owner=member, sha256=sha256(data), state=PhotoState.ARRIVING)
    answer = send(client, data)
    assert (answer.status_code, answer.json()["state"]) == (503, "later")
    assert answer["Retry-After"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(20))
def test_of_two_requests_at_once_one_brings_it(turn: int, rings: list[str]):
    member = make_member()
    clients = [client_of(member) for _ in range(2)]
    states = at_once(2, lambda number: send(clients[number], png()).json()["state"])
    assert sorted(states)[-1] == "taken"
    assert set(states) <= {"taken", "here", "later"}
    assert Photo.objects.with_pictures().filter(owner=member).count() == 1


def test_a_file_that_is_none_is_refused_in_words(client: Client, member: User):
    answer = send(client, b"Dear diary", "diary.jpg")
    assert (answer.status_code, answer.json()["state"]) == (422, "refused")
    assert answer.json()["words"].startswith("This is not a picture that we can read.")
    assert client.post(reverse("upload_one"), {}).json()["words"] == "There was no file."


def test_a_store_that_is_down_or_full_can_be_tried_again(
    client: Client, member: User, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        patch.setattr(places, "STORE", threading.BoundedSemaphore(1))
        with places.Place():
            answer = send(client, png())
    assert (answer.status_code, answer.json()["state"]) == (503, "later")
    assert int(answer["Retry-After"]) > 0

    def put(key: str, file: Any, **_: Any) -> None:
        raise storage.StorageUnavailable("down")

    monkeypatch.setattr(storage, "put", put)
    answer = send(client, png())
    assert (answer.status_code, answer.json()["state"]) == (503, "later")
    assert "can’t be reached" in answer.json()["words"]


def test_whoever_has_been_signed_out_is_told_so_and_not_sent_a_page():
    for name in ("upload_one", "upload_known"):
        answer: Any = Client().post(reverse(name))
        assert answer.status_code == 401
        assert "Sign in again" in answer.json()["words"]
        assert Client().get(reverse(name)).status_code == 405


def test_what_is_here_already_is_told_before_it_is_sent_in_one_query(
    client: Client, member: User, django_assert_num_queries: Any
):
    photos = [make_photo(owner=member) for _ in range(5)]
    wanted = [photo.sha256 for photo in photos[:3]] + ["0" * 64, "nonsense", "x" * 1000]
    with django_assert_num_queries(3):  # session, member, photos
        answer = client.post(reverse("upload_known"), {"sha256": wanted})
    known = answer.json()["known"]
    assert set(known) == {photo.sha256 for photo in photos[:3]}
    assert known[photos[0].sha256]["address"] == reverse("photo", args=[photos[0].pk])


def test_not_without_end_is_asked_at_once(client: Client, member: User):
    photo = make_photo(owner=member)
    wanted = [f"{n:064x}" for n in range(MOST_CHECKSUMS)] + [photo.sha256]
    assert client.post(reverse("upload_known"), {"sha256": wanted}).json() == {"known": {}}


def test_into_the_album_comes_what_is_new_and_what_was_here(client: Client, member: User):
    album = albums.create(owner=member, name="Aunts")
    before, also = make_photo(owner=member), make_photo(owner=member, sha256=sha256(png()))
    send(client, png(20, 20), album=str(album.pk))
    send(client, png(), album=str(album.pk))
    wanted = {"sha256": [before.sha256], "album": str(album.pk)}
    client.post(reverse("upload_known"), wanted)
    assert set(album.photos.all()) >= {before, also}
    assert album.photos.count() == 3
    theirs = albums.create(owner=make_member(), name="Theirs")
    assert send(client, png(30, 30), album=str(theirs.pk)).status_code == 404
    assert Album.objects.get(pk=theirs.pk).photos.count() == 0
