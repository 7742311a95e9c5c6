"""Albums: made, named, put in order, filled and emptied. No photo is changed by any of it.

What lies in the trash keeps its albums and is seen in none; what is erased leaves them
(`consent.forget`). Lock order: member, photo. A member's albums are changed under their own lock,
so that two windows give no album the same place or number too many.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts import members
from accounts.models import User
from jobs.models import Album, AlbumPhoto, Photo
from jobs.models.album import AlbumQuerySet


class AlbumError(Exception):
    """Not possible. The message is for the member; nothing was changed."""


def create(*, owner: User, name: str, description: str = "") -> Album:
    """A new album, behind the others. Raises AlbumError."""
    with transaction.atomic():
        mine = _locked(owner)
        if mine.count() >= settings.ALBUMS_MAX:
            raise AlbumError(
                _("You have %(most)s albums, which is as many as there can be.")
                % {"most": settings.ALBUMS_MAX}
            )
        last: int | None = mine.aggregate(last=Max("position"))["last"]
        position = 0 if last is None else last + 1
        album = Album(owner=owner, description=description, position=position)
        return _named(album, name)


def describe(*, album: Album, name: str, description: str) -> Album:
    """Another name or description. Raises AlbumError."""
    with transaction.atomic():
        album = _of(_locked(album.owner), album)
        album.description = description
        return _named(album, name)


def move(*, album: Album, by: int) -> None:
    """One place up (-1) or down (1) among its owner's albums; at the end it stays."""
    with transaction.atomic():
        mine = _locked(album.owner)
        albums = list(mine.in_order())
        here = albums.index(_of(mine, album))
        there = min(max(here + by, 0), len(albums) - 1)
        albums.insert(there, albums.pop(here))
        for position, one in enumerate(albums):
            one.position = position
        Album.objects.bulk_update(albums, ["position"])


def delete(*, album: Album) -> None:
    """The album goes; its photos stay."""
    with transaction.atomic():
        _locked(album.owner).filter(pk=album.pk).delete()


def put(*, album: Album, photos: Collection[Photo]) -> int:
    """Put photos into an album; says how many were not in it. Raises AlbumError."""
    with transaction.atomic():
        album = _of(_locked(album.owner), album)
        # Locked against erasure: whoever comes first, an erased photo is in no album.
        mine = Photo.objects.for_member(album.owner).with_pictures()
        found = list(
            mine.filter(pk__in=[photo.pk for photo in photos]).order_by("pk").select_for_update()
        )
        before = album.places.count()
        AlbumPhoto.objects.bulk_create(
            [AlbumPhoto(album=album, photo=photo) for photo in found], ignore_conflicts=True
        )
        return album.places.count() - before


def take_out(*, album: Album, photos: Collection[Photo]) -> int:
    """Take photos out of an album; says how many were in it."""
    taken, _rows = album.places.filter(photo__in=photos).delete()
    return taken


def move_photos(*, photos: Collection[Photo], out_of: Album, into: Album) -> int:
    """Out of one album and into another, in one step; says how many moved. Raises AlbumError."""
    with transaction.atomic():
        mine = _locked(into.owner)
        there = list(_of(mine, out_of).photos.filter(pk__in=[photo.pk for photo in photos]))
        put(album=into, photos=there)
        if into.pk != out_of.pk:
            take_out(album=out_of, photos=there)
        return len(there)


def _named(album: Album, name: str) -> Album:
    album.name = " ".join(name.split())
    if not album.name:
        raise AlbumError(_("An album needs a name."))
    with suppress(IntegrityError), transaction.atomic():
        album.save()
        return album
    raise AlbumError(_("You have an album “%(album)s” already.") % {"album": album.name})


def _locked(owner: User) -> AlbumQuerySet:
    """The member's albums, which nobody else changes now. Raises AlbumError."""
    if members.locked(owner) is None:
        raise AlbumError(_("This account has been closed."))
    return Album.objects.for_member(owner)


def _of(albums: AlbumQuerySet, album: Album) -> Album:
    found = albums.filter(pk=album.pk).first()
    if found is None:
        raise AlbumError(_("This album has been deleted."))
    return found
