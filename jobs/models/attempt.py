"""One submission of a job to a vendor.

Committed *before* the call, so that a crash after it can't be forgotten. The callback token is a
capability: only its hash is kept.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, TruncDate
from django.utils.translation import gettext_lazy as _


class AttemptOutcome(models.TextChoices):
    """What we know of the vendor's answer to the POST."""

    OPEN = "OPEN", _("No answer recorded yet")
    ACCEPTED = "ACCEPTED", _("Accepted")
    NOT_ACCEPTED = "NOT_ACCEPTED", _("Surely not accepted")
    UNKNOWN = "UNKNOWN", _("Can't tell")


# What the vendor of each attempt takes for it, in a query.
COST = Coalesce("own_cost_micros", "job__vendor_cost_micros")


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def reached_a_vendor(self) -> AttemptQuerySet:
        """Those whose vendor was given the address of a copy, or may have been; refused or not."""
        return self.exclude(outcome=AttemptOutcome.NOT_ACCEPTED, http_status__isnull=True)

    def cost_by_day(self) -> dict[date, int]:
        """What the vendors take for completed attempts, by the (UTC) day, in micro-dollars."""
        return dict(
            self.filter(completed_at__isnull=False)
            .annotate(day=TruncDate("completed_at", tzinfo=UTC))
            .values_list("day")
            .annotate(micros=models.Sum(COST))
            .order_by("day")
        )

    def count_callback(self, attempt: Attempt) -> int:
        """One more came to its address; how many did so far. Locks the attempt's row."""
        this = self.filter(pk=attempt.pk)
        this.update(callbacks=models.F("callbacks") + 1)
        return this.values_list("callbacks", flat=True).get()

    def bought_by_day(self) -> list[Any]:
        """Completed attempts by (UTC) day and vendor, newest first: how many, and what they cost.

        Rows of `day`, `vendor`, `count`, `micros`.
        """
        return list(
            self.filter(completed_at__isnull=False)
            .annotate(day=TruncDate("completed_at", tzinfo=UTC))
            .values("day", "vendor")
            .annotate(count=models.Count("pk"), micros=models.Sum(COST))
            .order_by("-day", "vendor")
        )


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
    own_cost_micros = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="What its vendor takes, when that is not the usual one; else it is the job's.",
    )
    house_cost_micros = models.BigIntegerField(
        default=0, help_text="What the house may have paid for this attempt in vain."
    )
    polls = models.PositiveIntegerField(default=0, help_text="How often we asked how it stands.")
    polled_at = models.DateTimeField(null=True, blank=True)
    poll_problem = models.CharField(
        max_length=300, blank=True, help_text="Why the last look said nothing; empty when it did."
    )
    unasked_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the vendor last did not let us ask; its silence counts from then.",
    )
    callbacks = models.PositiveIntegerField(
        default=0, help_text="How many came to its address; a Delivery is kept of the first ones."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When we learned that the vendor completed it, and so bills it.",
    )

    objects = AttemptQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        indexes = [
            models.Index(fields=["-created_at"], name="attempts_made"),
            models.Index(
                fields=["completed_at"],
                name="attempts_completed",
                condition=Q(completed_at__isnull=False),
            ),
            models.Index(
                fields=["-answered_at"],
                name="attempts_answered",
                condition=Q(answered_at__isnull=False),
            ),
        ]
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

    @property
    def was_taken(self) -> bool:
        """Whether its vendor said that it has it: in its answer, or later."""
        return self.outcome == AttemptOutcome.ACCEPTED or bool(self.vendor_status)

    @property
    def cost_micros(self) -> int:
        """What its vendor takes when it completes."""
        return self.job.vendor_cost_micros if self.own_cost_micros is None else self.own_cost_micros

    @staticmethod
    def hash_token(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()
