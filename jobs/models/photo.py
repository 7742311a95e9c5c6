"""A photograph as it was uploaded, and the copies made from it.

The original's bytes in S3 are never touched. Everything of a photo lies under one prefix
(`photos/<id>/`), so erasing it is deleting that prefix. Whom a photo belongs to never changes.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.utils.translation import gettext_lazy as _

from accounts.models.leased import Leased
from accounts.words import straight
from jobs.states import JobState

if TYPE_CHECKING:
    from accounts.models import User
    from jobs.models.album import Album
    from jobs.models.consent import Consent
    from jobs.models.job import JobQuerySet


class PhotoState(models.TextChoices):
    """Where a photo is. Of an upload that broke off the member is shown nothing."""

    ARRIVING = "ARRIVING", _("Being uploaded")
    BROKEN_OFF = "BROKEN_OFF", _("Upload broke off")
    UPLOADED = "UPLOADED", _("Being prepared")
    PREPARED = "PREPARED", _("Ready")
    UNREADABLE = "UNREADABLE", _("Could not be prepared")
    ERASING = "ERASING", _("Being erased")
    ERASED = "ERASED", _("Erased")


NOT_HERE = (PhotoState.ARRIVING, PhotoState.BROKEN_OFF)  # nor ever was
GONE = (PhotoState.ERASING, PhotoState.ERASED)


class Stage(models.TextChoices):
    """How far a photo has come, as its owner looks for it."""

    NEW = "NEW", _("Not restored yet")
    UNDER_WAY = "UNDER_WAY", _("Being restored")
    RESTORED = "RESTORED", _("Restored")


class PhotoQuerySet(models.QuerySet["Photo"]):
    def for_member(self, user: User) -> PhotoQuerySet:
        """What the member has, or had: an upload counts when its original lies in S3."""
        return self.filter(owner=user).exclude(state__in=NOT_HERE)

    def visible(self) -> PhotoQuerySet:
        """Not erased, nor about to be, nor in the trash."""
        return self.with_pictures().filter(trashed_at__isnull=True)

    def with_pictures(self) -> PhotoQuerySet:
        """Not erased, nor about to be; those in the trash still have theirs."""
        return self.exclude(state__in=(*NOT_HERE, *GONE))

    def in_trash(self) -> PhotoQuerySet:
        return self.with_pictures().filter(trashed_at__isnull=False)

    def to_prepare(self) -> PhotoQuerySet:
        return self.filter(state=PhotoState.UPLOADED)

    def arriving(self) -> PhotoQuerySet:
        """Uploads of which nobody knows yet whether the store takes them: a row, first of all."""
        return self.filter(state=PhotoState.ARRIVING)

    def to_erase(self) -> PhotoQuerySet:
        return self.filter(state__in=[PhotoState.ERASING, PhotoState.BROKEN_OFF])

    def newest_first(self) -> PhotoQuerySet:
        return self.order_by("-created_at", "-pk")

    def older_than(self, moment: datetime, pk: uuid.UUID) -> PhotoQuerySet:
        """What comes after a photo, newest first; found by the index, whatever came before."""
        return self.filter(created_at__lte=moment).exclude(created_at=moment, pk__gte=pk)

    def newer_than(self, moment: datetime, pk: uuid.UUID) -> PhotoQuerySet:
        return self.filter(created_at__gte=moment).exclude(created_at=moment, pk__lte=pk)

    def in_album(self, album: Album) -> PhotoQuerySet:
        return self.filter(places__album=album)

    def at_stage(self, stage: str) -> PhotoQuerySet:
        """One restored once and being restored again is at both of the later stages."""
        delivered = _jobs_of_a_photo().filter(state=JobState.DELIVERED)
        unfinished = _jobs_of_a_photo().unfinished()
        match stage:
            case Stage.RESTORED:
                return self.filter(Exists(delivered))
            case Stage.UNDER_WAY:
                return self.filter(Exists(unfinished))
            case _:
                return self.exclude(Exists(delivered)).exclude(Exists(unfinished))

    def restored_with(self, model_key: str) -> PhotoQuerySet:
        delivered = _jobs_of_a_photo().filter(state=JobState.DELIVERED, model_key=model_key)
        return self.filter(Exists(delivered))

    def with_jobs(self) -> PhotoQuerySet:
        """With every photo's jobs, newest first, in one more query."""
        from jobs.models.job import RestorationJob

        return self.prefetch_related(
            Prefetch("jobs", RestorationJob.objects.newest_first(), to_attr="newest_jobs")
        )


def _jobs_of_a_photo() -> JobQuerySet:
    from jobs.models.job import RestorationJob

    return RestorationJob.objects.filter(photo=OuterRef("pk"))


class Photo(Leased):
    """One uploaded picture. Sizes are pixels as seen upright."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="photos"
    )
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=12, choices=PhotoState, default=PhotoState.UPLOADED)
    sha256 = models.CharField(max_length=64, db_index=True, help_text="Of the original's bytes.")
    byte_size = models.PositiveBigIntegerField()
    format = models.CharField(max_length=10, help_text="One of images.FORMATS.")
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()
    taken = models.CharField(
        max_length=25, blank=True, help_text="When, as the file says (EXIF); ISO 8601."
    )
    note = models.CharField(max_length=300, blank=True, help_text="What the member should know.")
    prepared_extension = models.CharField(max_length=4, blank=True)
    faces = models.JSONField(
        default=list, blank=True, help_text="Boxes in px of the prepared copy."
    )
    has_faces_strip = models.BooleanField(default=False)
    keeper = models.ForeignKey(
        "jobs.RestorationJob",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The result that its member chose among several.",
    )
    is_veiled = models.BooleanField(
        default=False, help_text="Whether it has its veiled copy; those prepared long ago do not."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    trashed_at = models.DateTimeField(null=True, blank=True, help_text="Erased a while later.")
    erased_at = models.DateTimeField(null=True, blank=True)

    objects = PhotoQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-created_at", "-id"], name="gallery_in_pages"),
            models.Index(
                fields=["state", "due_at"], name="photos_due", condition=Q(due_at__isnull=False)
            ),
            models.Index(
                fields=["trashed_at"],
                name="photos_in_trash",
                condition=Q(trashed_at__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=PhotoState.values), name="photo_state_is_known"
            )
        ]

    def __str__(self) -> str:
        return straight(self.title)

    @property
    def prefix(self) -> str:
        """Where everything of this photo lies in S3."""
        return f"photos/{self.pk}/"

    @property
    def original_key(self) -> str:
        return f"{self.prefix}original"

    @property
    def prepared_key(self) -> str:
        """The metadata-free copy that a vendor may fetch."""
        return f"{self.prefix}prepared.{self.prepared_extension}"

    @property
    def preview_key(self) -> str:
        return f"{self.prefix}preview.webp"

    @property
    def faces_key(self) -> str:
        """Its faces beside each other, if it `has_faces_strip`."""
        return f"{self.prefix}faces.webp"

    @property
    def thumbnail_key(self) -> str:
        return f"{self.prefix}thumbnail.webp"

    @property
    def veiled_key(self) -> str:
        """A few pixels of it, in which nobody can be recognised: for a reviewer's queue."""
        return f"{self.prefix}veiled.webp"

    @property
    def taken_at(self) -> datetime | None:
        """By the camera's or scanner's own clock, whatever its zone."""
        return datetime.fromisoformat(self.taken).replace(tzinfo=None) if self.taken else None

    @property
    def is_erased(self) -> bool:
        """Or about to be: no page shows its pictures any more."""
        return self.state in GONE

    @property
    def is_in_trash(self) -> bool:
        return self.trashed_at is not None

    @property
    def erased_on(self) -> date | None:
        """The day on which a photo in the trash is erased."""
        if self.trashed_at is None:
            return None
        return (self.trashed_at + timedelta(days=settings.TRASH_DAYS)).date()

    @property
    def face_widths(self) -> list[int]:
        """Of the faces found in it, in px of the prepared copy."""
        return [face["width"] for face in self.faces]

    @property
    def current_consent(self) -> Consent | None:
        """The newest consent given for this photo, live or not."""
        return self.consents.newest()
