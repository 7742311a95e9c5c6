"""Paying in by card: the checkout that we opened, and every event the card processor sent."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from accounts.models.wallet import Transfer


class TopUpState(models.TextChoices):
    """Where a payment stands."""

    OPEN = "OPEN", _("Not paid yet")
    PAID = "PAID", _("Paid")
    FAILED = "FAILED", _("The payment did not go through")
    EXPIRED = "EXPIRED", _("Not paid in time")


class TopUp(models.Model):
    """One checkout, written before the card processor is asked; amounts in micro-dollars.

    `returned_micros` is what the card processor has taken back since (refunds, disputes).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, help_text="One for each form.")
    member = models.ForeignKey(User, on_delete=models.PROTECT, related_name="top_ups")
    amount_micros = models.BigIntegerField()
    state = models.CharField(max_length=8, choices=TopUpState, default=TopUpState.OPEN)
    session_id = models.CharField(max_length=200, unique=True, null=True, blank=True)
    session_url = models.CharField(max_length=2000, blank=True)
    payment_intent = models.CharField(max_length=200, unique=True, null=True, blank=True)
    transfer = models.OneToOneField(
        Transfer, null=True, blank=True, on_delete=models.PROTECT, related_name="top_up"
    )
    returned_micros = models.BigIntegerField(default=0)
    disputed = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_micros__gt=0), name="top_up_is_positive"),
            models.CheckConstraint(
                condition=Q(state="PAID", transfer__isnull=False)
                | (~Q(state="PAID") & Q(transfer__isnull=True)),
                name="a_paid_top_up_has_its_transfer",
            ),
            models.CheckConstraint(
                condition=Q(returned_micros__gte=0, returned_micros__lte=F("amount_micros")),
                name="no_more_returned_than_paid_in",
            ),
        ]

    def __str__(self) -> str:
        return f"top-up {self.pk}: {self.state}"


class CardVerdict(models.TextChoices):
    """What an event of the card processor did."""

    APPLIED = "APPLIED", _("Moved money or the payment")
    NOTHING = "NOTHING", _("Nothing to do")
    STALE = "STALE", _("Came after the payment had moved on")
    MISMATCHED = "MISMATCHED", _("Does not fit the checkout that we opened")


class CardEventQuerySet(models.QuerySet["CardEvent"]):
    def misfits(self) -> CardEventQuerySet:
        """Those that moved nothing because they did not fit: somebody should look."""
        return self.filter(verdict=CardVerdict.MISMATCHED)


class CardEvent(models.Model):
    """One signed event, bare of who paid, with our verdict on it. Written once (triggers)."""

    event_id = models.CharField(max_length=200, unique=True)
    type = models.CharField(max_length=100)
    top_up = models.ForeignKey(
        TopUp, null=True, blank=True, on_delete=models.PROTECT, related_name="events"
    )
    body = models.TextField()
    verdict = models.CharField(max_length=12, choices=CardVerdict)
    note = models.CharField(max_length=300, blank=True)
    received_at = models.DateTimeField(auto_now_add=True)

    objects = CardEventQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.type}: {self.verdict}"
