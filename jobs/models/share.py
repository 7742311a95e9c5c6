"""A link by which somebody without an account sees one result, for a few days."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from jobs.models.consent import Consent
from jobs.models.job import RestorationJob
from jobs.models.photo import GONE
from jobs.states import JobState

if TYPE_CHECKING:
    from accounts.models import User


class ShareQuerySet(models.QuerySet["Share"]):
    def for_member(self, user: User) -> ShareQuerySet:
        return self.filter(job__owner=user)

    def of_photo(self, photo_id: uuid.UUID) -> ShareQuerySet:
        return self.filter(job__photo=photo_id)

    def newest_first(self) -> ShareQuerySet:
        return self.order_by("-created_at", "-pk")

    def open(self, now: datetime) -> ShareQuerySet:
        """Neither ended by their owner nor by their date."""
        return self.filter(revoked_at__isnull=True, expires_at__gt=now)

    def live(self, now: datetime) -> ShareQuerySet:
        """Those that show a picture now: open, and there is one, and its consent allows it.

        Asked anew with each look, so that whatever ends a photo ends its links in that moment.
        """
        allowed = Consent.objects.newest_of_each_photo().in_force(now)
        return (
            self.open(now)
            .filter(
                Exists(allowed.filter(photo=OuterRef("job__photo"))),
                job__state=JobState.DELIVERED,
                job__photo__trashed_at__isnull=True,
                job__owner__left_at__isnull=True,
            )
            .exclude(job__photo__state__in=GONE)
        )

    def seen(self, now: datetime) -> None:
        """Somebody looked."""
        self.update(views=F("views") + 1, last_seen_at=now)


class Share(models.Model):
    """One link. Of its token only the SHA-256 is kept: who reads the database can't look."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job = models.ForeignKey(RestorationJob, on_delete=models.PROTECT, related_name="shares")
    token_sha256 = models.CharField(max_length=64, unique=True)
    with_original = models.BooleanField(default=False)
    with_title = models.BooleanField(default=False)
    views = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)

    objects = ShareQuerySet.as_manager()

    class Meta:
        verbose_name = _("link to a result")
        verbose_name_plural = _("links to results")
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="a_link_ends_after_it_began"
            )
        ]

    def __str__(self) -> str:
        return f"link to {self.job_id} until {self.expires_at:%Y-%m-%d}"

    @staticmethod
    def hash_token(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()
