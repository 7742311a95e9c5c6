"""Wallets, and the transfers that explain every balance.

Money is whole micro-dollars (1 USD = 1,000,000). `accounts.ledger` is the only writer of `Wallet`
and `Transfer`; the database itself refuses a negative balance, a repeated key, and any change to a
transfer once it is written (triggers, see `accounts.append_only`).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import gettext_noop

from accounts import kept
from accounts.models.people import User
from accounts.money import dollars


class Wallet(models.Model):
    """What a member can spend (available) and what waits for a job's outcome (held).

    Both are projections of the member's transfers; `manage.py check_ledger` proves it.
    """

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="wallet")
    available_micros = models.BigIntegerField(default=0)
    held_micros = models.BigIntegerField(default=0)
    monthly_limit_micros = models.BigIntegerField(
        null=True, blank=True, help_text="What the member allows for a calendar month."
    )
    warn_below_micros = models.BigIntegerField(
        null=True, blank=True, default=500_000, help_text="A balance that is worth an e-mail."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(monthly_limit_micros__gte=0) & Q(warn_below_micros__gt=0),
                name="wallet_limits_make_sense",
            ),
            models.CheckConstraint(
                condition=Q(available_micros__gte=0), name="wallet_available_never_negative"
            ),
            models.CheckConstraint(
                condition=Q(held_micros__gte=0), name="wallet_held_never_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"wallet of {self.user_id}"


class Account(models.TextChoices):
    """The places money can be. A member holds the last two; the others are the house's sums."""

    FUNDING = "funding"
    PROMO = "promo"
    HOUSE = "house"
    REVENUE = "revenue"
    AVAILABLE = "available"
    HELD = "held"


# Why a member's balance went to the house, as its row keeps it.
GIVEN_UP = gettext_noop("Given up when the account was closed")


class TransferKind(models.TextChoices):
    """What moved. The kind alone decides where from and where to (`accounts.ledger.ROUTES`)."""

    TOP_UP = "TOP_UP", lazy("Top-up")
    BONUS = "BONUS", lazy("Bonus")
    HOLD = "HOLD", lazy("Set aside")
    CAPTURE = "CAPTURE", lazy("Charged")
    RELEASE = "RELEASE", lazy("Returned, not charged")
    REFUND = "REFUND", lazy("Refunded")
    CREDIT = "CREDIT", lazy("Adjustment in your favour")
    DEBIT = "DEBIT", lazy("Adjustment against you")
    PAYOUT = "PAYOUT", lazy("Returned to your card")
    BONUS_BACK = "BONUS_BACK", lazy("Bonus taken back")
    REINSTATED = "REINSTATED", lazy("Back from your card")
    LOSS = "LOSS", lazy("Returned to your card, owed by you")
    RECOVERY = "RECOVERY", lazy("Back from your card, owed no more")
    DEBT_PAID = "DEBT_PAID", lazy("Paid back what you owed")
    DEBT_BACK = "DEBT_BACK", lazy("Returned: you had paid back too much")
    WAIVED = "WAIVED", lazy("Free for you, paid by us")
    UNWAIVED = "UNWAIVED", lazy("Free for you, not done after all")


# What these say is on the statement, but the member's balances stay as they are.
WAIVERS = (TransferKind.WAIVED, TransferKind.UNWAIVED)
BESIDE_THE_BALANCES = (TransferKind.LOSS, TransferKind.RECOVERY, *WAIVERS)
ADDING = (
    TransferKind.TOP_UP,
    TransferKind.BONUS,
    TransferKind.RELEASE,
    TransferKind.REFUND,
    TransferKind.CREDIT,
    TransferKind.REINSTATED,
    TransferKind.DEBT_BACK,
)
TAKING = (
    TransferKind.HOLD,
    TransferKind.DEBIT,
    TransferKind.PAYOUT,
    TransferKind.BONUS_BACK,
    TransferKind.DEBT_PAID,
)
SETTLEMENTS = (TransferKind.CAPTURE, TransferKind.RELEASE, TransferKind.REFUND)


class TransferQuerySet(models.QuerySet["Transfer"]):
    def for_member(self, user: User) -> TransferQuerySet:
        """The member's statement."""
        return self.filter(wallet__user=user)

    def open_holds(self) -> TransferQuerySet:
        """Holds that nothing has settled yet; a job settles its hold whole."""
        return self.filter(kind=TransferKind.HOLD, settlements__isnull=True)

    def newest_first(self) -> TransferQuerySet:
        return self.order_by("-pk")


class Transfer(models.Model):
    """One movement of money, written once and never changed."""

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="transfers")
    kind = models.CharField(max_length=10, choices=TransferKind)
    amount_micros = models.BigIntegerField()
    key = models.CharField(max_length=120, unique=True, help_text="Idempotency key: once each.")
    hold = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="settlements"
    )
    available_after_micros = models.BigIntegerField()
    held_after_micros = models.BigIntegerField()
    memo = models.CharField(max_length=200, blank=True)
    reference = models.CharField(max_length=64, blank=True, db_index=True)
    actor = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="transfers_made"
    )
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TransferQuerySet.as_manager()

    about = ""  # what its reference stands for, today: see `statements.described`

    class Meta:
        indexes = [
            models.Index(fields=["wallet", "-id"], name="statement_of_a_wallet"),
            models.Index(fields=["created_at"], name="transfers_of_a_period"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount_micros__gt=0), name="transfer_is_positive"),
            models.CheckConstraint(
                condition=Q(kind__in=TransferKind.values), name="transfer_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["CAPTURE", "RELEASE", "REFUND"], hold__isnull=False)
                | Q(hold__isnull=True),
                name="only_settlements_name_a_hold",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["CAPTURE", "RELEASE", "REFUND"]) | Q(hold__isnull=False),
                name="a_settlement_names_its_hold",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["CREDIT", "DEBIT"])
                | (Q(actor__isnull=False) & ~Q(reason="")),
                name="an_adjustment_has_actor_and_reason",
            ),
            models.UniqueConstraint(
                fields=["wallet"], condition=Q(kind="BONUS"), name="one_bonus_per_member_ever"
            ),
            models.UniqueConstraint(
                fields=["hold"], condition=Q(kind="CAPTURE"), name="a_hold_is_captured_once"
            ),
            models.UniqueConstraint(
                fields=["hold"], condition=Q(kind="RELEASE"), name="a_hold_is_released_once"
            ),
            models.UniqueConstraint(
                fields=["reference"], condition=Q(kind="WAIVED"), name="a_job_is_waived_once"
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["WAIVED", "UNWAIVED"]) | ~Q(reference=""),
                name="a_waiver_names_its_job",
            ),
            models.CheckConstraint(
                condition=Q(available_after_micros__gte=0) & Q(held_after_micros__gte=0),
                name="running_balances_never_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_micros}"

    @property
    def adds(self) -> bool:
        """Whether the member has more to spend after it."""
        return self.kind in ADDING

    @property
    def takes(self) -> bool:
        """Whether the member has less to spend after it. (A charge takes what was set aside.)"""
        return self.kind in TAKING

    @property
    def words(self) -> str:
        """What it was for. The memo is for ever; what is `about` can be forgotten."""
        return self.about or kept.words(self.memo)

    @property
    def reason_words(self) -> str:
        """Why, in the reader's language where the house said it; what staff wrote stays theirs."""
        is_ours = self.actor_id is None or self.reason == GIVEN_UP
        return kept.words(self.reason) if is_ours else self.reason

    @property
    def is_of_a_job(self) -> bool:
        """Whether `reference` names a restoration."""
        return self.kind in (TransferKind.HOLD, *SETTLEMENTS, *WAIVERS) and bool(self.reference)

    @property
    def signed_words(self) -> str:
        """The amount with its direction for the member's available money; no bare minus sign."""
        if self.adds:
            return _("plus %(amount)s") % {"amount": dollars(self.amount_micros)}
        if self.takes:
            return _("minus %(amount)s") % {"amount": dollars(self.amount_micros)}
        if self.kind in BESIDE_THE_BALANCES:
            return _("%(amount)s beside your balance") % {"amount": dollars(self.amount_micros)}
        return _("%(amount)s from what was set aside") % {"amount": dollars(self.amount_micros)}
