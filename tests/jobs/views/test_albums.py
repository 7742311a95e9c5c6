"""The albums' pages: made, named, filled from the gallery, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from jobs.models import Album, Photo
from jobs.steps import albums
from tests.builders import make_member, make_photo
from tests.fakes import png

pytestmark = pytest.mark.django_db

ALBUMS_QUERIES = 5  # session, member, albums, their covers, wallet


@pytest.fixture
def album(member: User) -> Album:
    return albums.create(owner=member, name="Aunts")


def photos_in(album: Album) -> set[Photo]:
    return set(album.photos.all())


def press(client: Client, name: str, *photos: Photo, **said: Any) -> Any:
    return client.post(reverse(name), {"photo": [str(photo.pk) for photo in photos], **said})


def test_an_album_is_made_and_shown(client: Client, member: User):
    answer: Any = client.post(reverse("albums"), {"name": "Aunts", "description": "All <four>."})
    album = Album.objects.get(owner=member)
    assert answer.url == f"{reverse('gallery')}?album={album.pk}"
    page = client.get(answer.url).content.decode()
    assert "<h1><bdi>Aunts</bdi></h1>" in page
    assert "All &lt;four&gt;." in page
    assert "This album is empty" in page
    assert "Aunts" in client.get(reverse("albums")).content.decode()


def test_a_name_that_is_taken_is_said_beside_the_field(client: Client, album: Album):
    answer: Any = client.post(reverse("albums"), {"name": "aunts"})
    assert answer.status_code == 422
    assert "You have an album “aunts” already." in answer.content.decode()
    assert client.post(reverse("albums"), {"name": "x" * 81}).status_code == 422


def test_an_album_gets_another_name_and_is_deleted_without_its_photos(
    client: Client, member: User, album: Album
):
    photo = make_photo(owner=member)
    albums.put(album=album, photos=[photo])
    client.post(reverse("album", args=[album.pk]), {"name": "Uncles", "description": ""})
    album.refresh_from_db()
    assert album.name == "Uncles"
    deleted: Any = client.post(reverse("album_delete", args=[album.pk]))
    assert deleted.url == reverse("albums")
    assert not Album.objects.exists()
    assert Photo.objects.visible().get() == photo


def test_albums_are_moved_by_buttons(client: Client, member: User, album: Album):
    boats = albums.create(owner=member, name="Boats")
    client.post(reverse("album_move", args=[boats.pk]), {"up": ""})
    assert [card["album"] for card in client.get(reverse("albums")).context["albums"]] == [
        boats,
        album,
    ]
    client.post(reverse("album_move", args=[boats.pk]), {"down": ""})
    assert list(Album.objects.in_order()) == [album, boats]


def test_what_is_ticked_goes_in_and_out_and_over(client: Client, member: User, album: Album):
    one, two = make_photo(owner=member), make_photo(owner=member)
    boats = albums.create(owner=member, name="Boats")
    answer = press(client, "album_put", one, two, to_album=str(album.pk), back="stage=NEW")
    assert answer.url == f"{reverse('gallery')}?stage=NEW"
    assert photos_in(album) == {one, two}
    assert "2 photos are in “Aunts” now." in client.get(answer.url).content.decode()
    press(client, "album_move_photos", one, in_album=str(album.pk), to_album=str(boats.pk))
    assert (photos_in(album), photos_in(boats)) == ({two}, {one})
    press(client, "album_take_out", two, in_album=str(album.pk))
    assert photos_in(album) == set()
    shown = client.get(reverse("gallery"), {"album": str(boats.pk)}).context["photos"]
    assert [card.photo for card in shown] == [one]


@pytest.mark.parametrize("name", ["album_put", "album_move_photos", "album_take_out"])
def test_without_a_photo_or_an_album_one_is_asked_for(client: Client, album: Album, name: str):
    answer = press(client, name, to_album=str(album.pk), in_album=str(album.pk))
    assert "Please tick" in client.get(answer.url).content.decode()
    answer = press(client, name, make_photo(owner=album.owner), to_album="", in_album="x")
    assert "Please tick" in client.get(answer.url).content.decode()


@pytest.mark.usefixtures("bucket")
def test_photos_are_uploaded_straight_into_an_album(client: Client, album: Album, rings: list[str]):
    files = [SimpleUploadedFile("a.png", png()), SimpleUploadedFile("diary.txt", b"Dear diary")]
    answer: Any = client.post(reverse("upload"), {"files": files, "album": str(album.pk)})
    assert answer.status_code == 422
    assert answer.context["album"] == album
    assert [photo.title for photo in photos_in(album)] == ["a"]
    files = [SimpleUploadedFile("b.png", png(20, 20))]
    answer = client.post(reverse("upload"), {"files": files, "album": str(album.pk)})
    assert answer.url == f"{reverse('gallery')}?album={album.pk}"
    assert len(photos_in(album)) == 2


def test_nobody_elses_album_is_there(client: Client, member: User):
    theirs = albums.create(owner=make_member(), name="Theirs")
    photo = make_photo(owner=member)
    assert client.get(reverse("album", args=[theirs.pk])).status_code == 404
    assert client.get(reverse("gallery"), {"album": str(theirs.pk)}).status_code == 404
    for name in ("album_delete", "album_move"):
        assert client.post(reverse(name, args=[theirs.pk])).status_code == 404
    assert press(client, "album_put", photo, to_album=str(theirs.pk)).status_code == 404
    assert press(client, "album_take_out", photo, in_album=str(theirs.pk)).status_code == 404
    answer: Any = client.post(reverse("upload"), {"album": str(theirs.pk)})
    assert answer.status_code == 404
    assert "Theirs" not in client.get(reverse("albums")).content.decode()
    assert Album.objects.get() == theirs


@pytest.mark.parametrize("name", ["album_put", "album_move_photos", "album_take_out"])
def test_looking_at_a_buttons_address_does_nothing(client: Client, member: User, name: str):
    looked: Any = client.get(reverse(name))
    assert looked.url == reverse("albums")
    stranger: Any = Client().post(reverse(name))
    assert stranger.url.startswith(reverse("account_login"))


def test_the_albums_take_the_same_few_queries_however_many_they_are(
    client: Client, member: User, django_assert_num_queries: Any
):
    for number in range(6):
        one = albums.create(owner=member, name=f"album {number}")
        albums.put(album=one, photos=[make_photo(owner=member) for _ in range(3)])
    with django_assert_num_queries(ALBUMS_QUERIES):
        page = client.get(reverse("albums"))
    for card in page.context["albums"]:
        assert card["cover"].photo == card["album"].photos.latest("created_at")
        assert f'src="{card["cover"].thumbnail_url.split("?")[0]}' in page.content.decode()
