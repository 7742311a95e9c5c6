"""A refund or an adjustment that staff make by hand, and the second person it may need."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import F, Q, Sum
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from accounts.models.wallet import Transfer
from accounts.money import dollars


class CorrectionKind(models.TextChoices):
    """What is done to the member's wallet."""

    REFUND = "REFUND", _("Refund of a charge")
    CREDIT = "CREDIT", _("Adjustment in the member's favour")
    DEBIT = "DEBIT", _("Adjustment against the member")


class CorrectionState(models.TextChoices):
    """Where a correction stands."""

    WAITING = "WAITING", _("Waits for a second person")
    DONE = "DONE", _("Done")
    REFUSED = "REFUSED", _("Refused")
    RECALLED = "RECALLED", _("Taken back")


class CorrectionQuerySet(models.QuerySet["Correction"]):
    def waiting(self) -> CorrectionQuerySet:
        return self.filter(state=CorrectionState.WAITING)

    def decided(self) -> CorrectionQuerySet:
        return self.exclude(state=CorrectionState.WAITING)

    def with_people(self) -> CorrectionQuerySet:
        """With all that a line about a correction shows."""
        return self.select_related("member", "asked_by", "decided_by", "hold", "transfer")

    def moved_for(self, member: User, *, by: User, since: datetime) -> int:
        """All that a person moved, or still asks to move, for a member since then, either way."""
        lately = self.filter(Q(asked_at__gte=since) | Q(decided_at__gte=since)).filter(
            member=member,
            asked_by=by,
            state__in=[CorrectionState.DONE, CorrectionState.WAITING],
        )
        moved: int = lately.aggregate(sum=Sum("amount_micros", default=0))["sum"]
        return moved


class Correction(models.Model):
    """Asked for by one member of staff; above the limit, decided by another (micro-dollars).

    One that waits can be taken back by who asked: nobody has decided then.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, help_text="One for each form.")
    kind = models.CharField(max_length=6, choices=CorrectionKind)
    member = models.ForeignKey(User, on_delete=models.PROTECT, related_name="corrections")
    hold = models.ForeignKey(
        Transfer, null=True, blank=True, on_delete=models.PROTECT, related_name="corrections"
    )
    amount_micros = models.BigIntegerField()
    reason = models.CharField(max_length=500)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="corrections_asked")
    asked_at = models.DateTimeField(auto_now_add=True)
    needs_second = models.BooleanField()
    state = models.CharField(max_length=8, choices=CorrectionState)
    decided_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="corrections_decided"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_note = models.CharField(max_length=500, blank=True)
    transfer = models.OneToOneField(
        Transfer, null=True, blank=True, on_delete=models.PROTECT, related_name="correction"
    )

    objects = CorrectionQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        permissions = [("correct_money", "Can refund and adjust, and be the second person")]
        constraints = [
            models.CheckConstraint(condition=Q(amount_micros__gt=0), name="correction_is_positive"),
            models.CheckConstraint(condition=~Q(reason=""), name="a_correction_has_a_reason"),
            models.CheckConstraint(
                condition=~Q(asked_by=F("member")), name="nobody_corrects_their_own_wallet"
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | (~Q(decided_by=F("asked_by")) & ~Q(decided_by=F("member"))),
                name="the_second_person_is_another",
            ),
            models.CheckConstraint(
                condition=Q(kind="REFUND", hold__isnull=False)
                | (~Q(kind="REFUND") & Q(hold__isnull=True)),
                name="a_refund_names_its_hold",
            ),
            models.CheckConstraint(
                condition=Q(state="DONE", transfer__isnull=False)
                | (Q(state__in=["WAITING", "REFUSED", "RECALLED"], transfer__isnull=True)),
                name="a_done_correction_has_its_transfer",
            ),
            models.CheckConstraint(
                condition=Q(needs_second=False)
                | Q(state__in=["WAITING", "RECALLED"], decided_by__isnull=True)
                | Q(state__in=["DONE", "REFUSED"], decided_by__isnull=False),
                name="a_large_correction_is_decided_by_a_second_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_micros}: {self.state}"

    @property
    def words(self) -> str:
        """What it does, and how much: "Refund of a charge, $25.00"."""
        return f"{self.get_kind_display()}, {dollars(self.amount_micros)}"
