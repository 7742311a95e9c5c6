"""A member's albums. A photo may lie in several, or in none: an album holds no picture itself."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce, Lower

from jobs.models.photo import Photo, PhotoState

if TYPE_CHECKING:
    from accounts.models import User

NAME_CHARACTERS = 80
DESCRIPTION_CHARACTERS = 600


class AlbumQuerySet(models.QuerySet["Album"]):
    def for_member(self, user: User) -> AlbumQuerySet:
        return self.filter(owner=user)

    def in_order(self) -> AlbumQuerySet:
        return self.order_by("position", "pk")

    def with_covers(self) -> AlbumQuerySet:
        """With `photo_count` and `cover_id` (its newest prepared photo), in the same query."""
        seen = AlbumPhoto.objects.filter(photo__in=Photo.objects.visible())
        of_this = seen.filter(album=OuterRef("pk"))
        newest = of_this.filter(photo__state=PhotoState.PREPARED)
        newest = newest.order_by("-photo__created_at", "-photo__pk")
        count = of_this.order_by().values("album").annotate(n=Count("pk")).values("n")
        return self.annotate(
            photo_count=Coalesce(Subquery(count), 0),
            cover_id=Subquery(newest.values("photo")[:1], output_field=models.UUIDField()),
        )


class Album(models.Model):
    """A name under which a member keeps photos together."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="albums"
    )
    name = models.CharField(max_length=NAME_CHARACTERS)
    description = models.TextField(max_length=DESCRIPTION_CHARACTERS, blank=True)
    position = models.PositiveIntegerField(help_text="Among the member's albums, from 0.")
    photos: models.ManyToManyField[Photo, AlbumPhoto] = models.ManyToManyField(
        Photo, through="jobs.AlbumPhoto", related_name="albums"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AlbumQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["owner", "position"], name="albums_of_a_member")]
        constraints = [
            models.UniqueConstraint("owner", Lower("name"), name="one_album_of_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class AlbumPhoto(models.Model):
    """That a photo lies in an album. Both are the same member's; `steps.albums` sees to it."""

    album = models.ForeignKey(Album, on_delete=models.CASCADE, related_name="places")
    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="places")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["album", "photo"], name="once_in_an_album"),
        ]

    def __str__(self) -> str:
        return f"photo {self.photo_id} in album {self.album_id}"
