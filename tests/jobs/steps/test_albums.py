"""Albums keep photos together, and change none of them."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from jobs.models import Album, AlbumPhoto, Photo
from jobs.steps import albums, consent, export, leave, trash
from jobs.steps.albums import AlbumError
from tests.builders import make_consent, make_member, make_photo
from tests.racing import at_once

pytestmark = pytest.mark.django_db


def names(owner: User) -> list[str]:
    return [album.name for album in Album.objects.for_member(owner).in_order()]


def made(owner: User, *wanted: str) -> list[Album]:
    return [albums.create(owner=owner, name=name) for name in wanted]


def test_a_new_album_stands_behind_the_others():
    owner = make_member()
    made(owner, "Lübeck", "Aunts", "Boats")
    assert names(owner) == ["Lübeck", "Aunts", "Boats"]


@pytest.mark.parametrize("name", ["", "   ", "\n"])
def test_an_album_needs_a_name(name: str):
    with pytest.raises(AlbumError, match="needs a name"):
        albums.create(owner=make_member(), name=name)


def test_of_two_albums_of_a_member_none_has_the_others_name_however_it_is_written():
    owner = make_member()
    (aunts, _) = made(owner, "Aunts", "Boats")
    with pytest.raises(AlbumError, match="You have an album “aunts” already"):
        albums.create(owner=owner, name=" aunts ")
    with pytest.raises(AlbumError):
        albums.describe(album=aunts, name="Boats", description="")
    assert albums.describe(album=aunts, name="AUNTS", description="All four.").name == "AUNTS"
    assert albums.create(owner=make_member(), name="Aunts").name == "Aunts"


def test_there_is_an_end_to_them(settings: Any):
    settings.ALBUMS_MAX = 2
    owner = make_member()
    made(owner, "a", "b")
    with pytest.raises(AlbumError, match="You have 2 albums"):
        albums.create(owner=owner, name="c")


def test_albums_are_put_in_order():
    owner = make_member()
    (a, b, c) = made(owner, "a", "b", "c")
    albums.move(album=c, by=-1)
    assert names(owner) == ["a", "c", "b"]
    albums.move(album=a, by=-1)
    albums.move(album=b, by=1)
    assert names(owner) == ["a", "c", "b"]
    albums.move(album=a, by=1)
    assert names(owner) == ["c", "a", "b"]


def test_a_photo_lies_in_several_albums_and_once_in_each():
    photo = make_photo()
    (aunts, boats) = made(photo.owner, "Aunts", "Boats")
    assert albums.put(album=aunts, photos=[photo]) == 1
    assert albums.put(album=boats, photos=[photo]) == 1
    assert albums.put(album=aunts, photos=[photo]) == 0
    assert {album.name for album in photo.albums.all()} == {"Aunts", "Boats"}
    assert albums.take_out(album=aunts, photos=[photo]) == 1
    assert albums.take_out(album=aunts, photos=[photo]) == 0
    assert [album.name for album in photo.albums.all()] == ["Boats"]


def test_the_database_lets_no_photo_lie_in_an_album_twice():
    photo = make_photo()
    (album,) = made(photo.owner, "Aunts")
    albums.put(album=album, photos=[photo])
    with pytest.raises(IntegrityError), transaction.atomic():
        AlbumPhoto.objects.create(album=album, photo=photo)


def test_nobody_elses_photo_comes_into_an_album():
    owner = make_member()
    (album,) = made(owner, "Aunts")
    assert albums.put(album=album, photos=[make_photo()]) == 0
    assert not album.places.exists()


def test_moving_takes_along_only_what_was_there():
    photo = make_photo()
    other = make_photo(owner=photo.owner)
    (aunts, boats) = made(photo.owner, "Aunts", "Boats")
    albums.put(album=aunts, photos=[photo])
    assert albums.move_photos(photos=[photo, other], out_of=aunts, into=boats) == 1
    assert not aunts.places.exists()
    assert [place.photo for place in boats.places.all()] == [photo]
    assert albums.move_photos(photos=[photo], out_of=boats, into=boats) == 1
    assert boats.places.count() == 1


def test_moving_does_the_same_few_queries_however_many_there_are():
    owner = make_member()
    (aunts, boats) = made(owner, "Aunts", "Boats")

    def move(count: int) -> int:
        photos = [make_photo(owner=owner) for _ in range(count)]
        albums.put(album=aunts, photos=photos)
        with CaptureQueriesContext(connection) as queries:
            assert albums.move_photos(photos=photos, out_of=aunts, into=boats) == count
        return len(queries)

    assert move(1) == move(5)


def test_an_album_that_was_deleted_takes_no_photo_and_its_photos_are_still_there():
    photo = make_photo()
    (album,) = made(photo.owner, "Aunts")
    albums.put(album=album, photos=[photo])
    albums.delete(album=album)
    assert Photo.objects.visible().get() == photo
    album.pk = album.id  # as somebody's other window still has it
    with pytest.raises(AlbumError, match="deleted"):
        albums.put(album=album, photos=[photo])


def test_what_is_in_the_trash_is_counted_in_no_album_and_comes_back_to_it():
    photo = make_photo()
    (album,) = made(photo.owner, "Aunts")
    albums.put(album=album, photos=[photo])
    trash.put(photo=photo, by=photo.owner)
    found: Any = Album.objects.with_covers().get()
    assert (found.photo_count, found.cover_id) == (0, None)
    trash.put_back(photo=photo, by=photo.owner)
    found = Album.objects.with_covers().get()
    assert (found.photo_count, found.cover_id) == (1, photo.pk)


def test_what_is_erased_leaves_its_albums():
    photo = make_photo()
    make_consent(photo)
    (album,) = made(photo.owner, "Aunts")
    albums.put(album=album, photos=[photo])
    consent.withdraw(photo=photo, by=photo.owner)
    assert not AlbumPhoto.objects.exists()
    assert albums.put(album=album, photos=[photo]) == 0


def test_whoever_leaves_leaves_no_album():
    photo = make_photo()
    (album,) = made(photo.owner, "Aunts")
    albums.put(album=album, photos=[photo])
    leave.leave(member=photo.owner, gives_up_micros=10_000_000)
    assert not Album.objects.exists()
    with pytest.raises(AlbumError, match="closed"):
        albums.create(owner=photo.owner, name="Boats")


@pytest.mark.usefixtures("bucket")
def test_a_members_data_tell_their_albums():
    photo = make_photo()
    (album,) = made(photo.owner, "Aunts")
    albums.describe(album=album, name="Aunts", description="All four.")
    albums.put(album=album, photos=[photo])
    archive = zipfile.ZipFile(BytesIO(b"".join(export.stream(photo.owner))))
    (told,) = json.loads(archive.read("albums.json"))
    assert (told["name"], told["description"]) == ("Aunts", "All four.")
    assert told["photos"] == [str(photo.pk)]
    (told,) = json.loads(archive.read("photos.json"))
    assert told["albums"] == ["Aunts"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(20))
def test_two_windows_that_make_an_album_give_it_one_place_each(turn: int):
    owner = make_member()
    at_once(4, lambda number: albums.create(owner=owner, name=f"album {number}"))
    positions = Album.objects.for_member(owner).values_list("position", flat=True)
    assert sorted(positions) == [0, 1, 2, 3]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(20))
def test_a_photo_that_is_erased_while_it_is_put_into_an_album_is_in_none(turn: int):
    photo = make_photo()
    make_consent(photo)
    (album,) = made(photo.owner, "Aunts")

    def act(number: int) -> None:
        if number:
            albums.put(album=album, photos=[photo])
        else:
            consent.withdraw(photo=photo, by=photo.owner)

    at_once(2, act)
    assert not AlbumPhoto.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(20))
def test_two_windows_that_move_a_photo_leave_it_in_one_album(turn: int):
    photo = make_photo()
    (aunts, *others) = made(photo.owner, "Aunts", "Boats", "Cats")
    albums.put(album=aunts, photos=[photo])
    moved = at_once(
        2, lambda number: albums.move_photos(photos=[photo], out_of=aunts, into=others[number])
    )
    assert sorted(moved) == [0, 1]
    assert photo.albums.count() == 1
