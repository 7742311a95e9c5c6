"""One callback received, kept raw, with our verdict on it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Verdict(models.TextChoices):
    """What a callback did."""

    APPLIED = "APPLIED", _("Moved the job")
    DUPLICATE = "DUPLICATE", _("Said what we already knew")
    STALE = "STALE", _("Came after the job had moved on")
    MISMATCHED = "MISMATCHED", _("Named another request")
    MALFORMED = "MALFORMED", _("Not in the vendor's form")
    TOO_LARGE = "TOO_LARGE", _("Larger than any callback")
    UNSIGNED = "UNSIGNED", _("Its signature could not be checked: only a hint")
    MISSIGNED = "MISSIGNED", _("Signed by somebody else")
    FORGED = "FORGED", _("Not sent to an address that we gave")
    CONTRADICTED = "CONTRADICTED", _("The vendor's own status says otherwise")


class Delivery(models.Model):
    """Written by the callback view; `body` is as it came, up to CALLBACK_MAX_BYTES.

    A forged one has no attempt, and only so much of its body as shows what it was.
    """

    vendor = models.CharField(max_length=20, default="pixazo")
    attempt = models.ForeignKey(
        "jobs.Attempt", null=True, on_delete=models.PROTECT, related_name="deliveries"
    )
    body = models.TextField()
    byte_size = models.PositiveBigIntegerField(default=0, help_text="As announced or as counted.")
    verdict = models.CharField(max_length=12, choices=Verdict)
    note = models.CharField(max_length=300, blank=True)
    replay_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replays"
    )
    replayed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    received_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["-received_at"], name="forged_deliveries", condition=Q(verdict="FORGED")
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(attempt__isnull=True, verdict="FORGED")
                | Q(attempt__isnull=False) & ~Q(verdict="FORGED"),
                name="only_a_forged_delivery_has_no_attempt",
            ),
            models.CheckConstraint(
                condition=Q(replay_of=None, replayed_by=None)
                | Q(replay_of__isnull=False, replayed_by__isnull=False),
                name="a_replay_was_somebodys",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} for attempt {self.attempt_id}"
