"""One callback received, kept raw, with our verdict on it."""

from __future__ import annotations

from django.db import models


class Verdict(models.TextChoices):
    """What a callback did."""

    APPLIED = "APPLIED", "Moved the job"
    DUPLICATE = "DUPLICATE", "Said what we already knew"
    STALE = "STALE", "Came after the job had moved on"
    MISMATCHED = "MISMATCHED", "Named another request"
    MALFORMED = "MALFORMED", "Not in the vendor's form"
    CONTRADICTED = "CONTRADICTED", "The vendor's own status says otherwise"


class Delivery(models.Model):
    """Written by the callback view; `body` is as it came, up to CALLBACK_MAX_BYTES."""

    attempt = models.ForeignKey("jobs.Attempt", on_delete=models.PROTECT, related_name="deliveries")
    body = models.TextField()
    verdict = models.CharField(max_length=12, choices=Verdict)
    note = models.CharField(max_length=300, blank=True)
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return f"{self.verdict} for attempt {self.attempt_id}"
