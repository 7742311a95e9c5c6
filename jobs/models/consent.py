"""Who said what about which picture, after reading which text.

A consent is the uploader's statement. What they say about another person is kept as *their
attestation*; no word here claims more. Events are append-only.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Depicted(models.TextChoices):
    """Who is in the picture, as the uploader says."""

    MYSELF = "MYSELF", "Myself"
    ADULT_RELATIVE = "ADULT_RELATIVE", "An adult who agreed to this"
    CHILD = "CHILD", "A child whose parent or guardian I am"
    DECEASED = "DECEASED", "A relative who has died"
    OTHER = "OTHER", "Somebody else"
    NOBODY = "NOBODY", "Nobody can be recognised"


NEEDS_REVIEW = frozenset({Depicted.CHILD, Depicted.OTHER})


class ConsentStatus(models.TextChoices):
    """Where a consent stands. Only GRANTED and APPROVED can be live."""

    GRANTED = "GRANTED", "Given"
    PENDING_REVIEW = "PENDING_REVIEW", "Waiting for a reviewer"
    APPROVED = "APPROVED", "Approved by a reviewer"
    REJECTED = "REJECTED", "Not accepted by a reviewer"
    WITHDRAWN = "WITHDRAWN", "Withdrawn"
    EXPIRED = "EXPIRED", "Ended on its date"


class ConsentNotice(models.Model):
    """The text that a member reads. A published version never changes."""

    version = models.PositiveIntegerField(unique=True)
    title = models.CharField(max_length=200)
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    published_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-version"]

    def __str__(self) -> str:
        return f"{self.title} (version {self.version})"


class ConsentQuerySet(models.QuerySet["Consent"]):
    def newest(self) -> Consent | None:
        """The one given last: it replaces those before it."""
        return self.order_by("-created_at", "-pk").first()

    def newest_by_photo(self) -> dict[uuid.UUID, Consent]:
        """For each photo, the one given last; one query."""
        return {consent.photo_id: consent for consent in self.order_by("created_at", "pk")}

    def live(self, *, vendor: str, now: datetime) -> ConsentQuerySet:
        """Those that allow sending to this vendor, now."""
        return self.filter(
            Q(keep_until__isnull=True) | Q(keep_until__gte=now.date()),
            status__in=[ConsentStatus.GRANTED, ConsentStatus.APPROVED],
            purpose_restore=True,
            vendors__contains=f"|{vendor}|",
            photo__sha256=models.F("photo_sha256"),
        )


class Consent(models.Model):
    """One statement about one photo. `photo_sha256` binds it to these very bytes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    photo = models.ForeignKey("jobs.Photo", on_delete=models.PROTECT, related_name="consents")
    photo_sha256 = models.CharField(max_length=64)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    session_fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the session's key.")
    notice = models.ForeignKey(ConsentNotice, on_delete=models.PROTECT)
    depicted = models.JSONField(help_text="Codes of who is in the picture.")
    basis = models.CharField(max_length=500, blank=True, help_text="In the uploader's own words.")
    purpose_restore = models.BooleanField(default=False)
    vendors = models.CharField(
        max_length=100, blank=True, help_text="Vendors that may receive a copy, as |pixazo|fal|."
    )
    keep_until = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=15, choices=ConsentStatus)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        permissions = [("review_consent", "Can decide on a consent that waits for review")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=ConsentStatus.values), name="consent_status_is_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_status_display()}: photo {self.photo_id}"

    def is_live_for(self, vendor: str, *, now: datetime | None = None) -> bool:
        """Whether this consent allows a restoration by this vendor now."""
        now = now or timezone.now()
        return Consent.objects.filter(pk=self.pk).live(vendor=vendor, now=now).exists()

    @property
    def is_live(self) -> bool:
        return self.is_live_for("pixazo")

    @property
    def depicted_words(self) -> str:
        return ", ".join(str(Depicted(code).label) for code in self.depicted)


class ConsentEvent(models.Model):
    """A change of a consent's status, written once."""

    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="events")
    from_status = models.CharField(max_length=15, blank=True)
    to_status = models.CharField(max_length=15)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT
    )
    why = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.from_status or 'nothing'} to {self.to_status}"


def parse_vendors(names: Any) -> str:
    """`["pixazo", "fal"]` as the stored `|pixazo|fal|`."""
    return "|" + "|".join(names) + "|" if names else ""
