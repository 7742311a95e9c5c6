"""One submission of a job to a vendor.

Committed *before* the call, so that a crash after it can't be forgotten. The callback token is a
capability: only its hash is kept.
"""

from __future__ import annotations

import hashlib

from django.db import models
from django.db.models import Q


class AttemptOutcome(models.TextChoices):
    """What we know of the vendor's answer to the POST."""

    OPEN = "OPEN", "No answer recorded yet"
    ACCEPTED = "ACCEPTED", "Accepted"
    NOT_ACCEPTED = "NOT_ACCEPTED", "Surely not accepted"
    UNKNOWN = "UNKNOWN", "Can't tell"


class Attempt(models.Model):
    """`request_id` is the vendor's; it and the token are secrets."""

    job = models.ForeignKey(
        "jobs.RestorationJob", on_delete=models.PROTECT, related_name="attempts"
    )
    number = models.PositiveSmallIntegerField()
    vendor = models.CharField(max_length=20)
    token_sha256 = models.CharField(max_length=64, unique=True)
    request_id = models.CharField(max_length=200, null=True, blank=True)
    outcome = models.CharField(max_length=12, choices=AttemptOutcome, default=AttemptOutcome.OPEN)
    vendor_status = models.CharField(
        max_length=12, blank=True, help_text="The last status that the vendor told us."
    )
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    problem = models.CharField(max_length=500, blank=True)
    house_cost_micros = models.BigIntegerField(
        default=0, help_text="What the house may have paid for this attempt in vain."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="attempts_are_numbered"),
            models.UniqueConstraint(
                fields=["vendor", "request_id"],
                condition=Q(request_id__isnull=False),
                name="a_request_belongs_to_one_attempt",
            ),
            models.UniqueConstraint(
                fields=["job"],
                condition=Q(outcome__in=["OPEN", "ACCEPTED", "UNKNOWN"]) & Q(house_cost_micros=0),
                name="one_live_attempt_per_job",
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of job {self.job_id}: {self.outcome}"

    @staticmethod
    def hash_token(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()
