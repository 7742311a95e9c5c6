"""Members, their wallets, and the transfers that explain every balance.

Money is whole micro-dollars (1 USD = 1,000,000). `accounts.ledger` is the only writer of `Wallet`
and `Transfer`; the database itself refuses a negative balance, a repeated key, and any change to a
transfer once it is written (triggers, see migration 0002).
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.money import dollars


class UserManager(BaseUserManager["User"]):
    """Creates members by e-mail address."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        """A member. Raises ValueError without an e-mail address."""
        if not email:
            raise ValueError("A member needs an e-mail address.")
        user = self.model(email=email.lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        """A member who may do everything in the admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)


class User(AbstractUser):
    """A person who signs in with an e-mail address."""

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(max_length=150, blank=True)
    email = models.EmailField("e-mail address", unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_member_per_email_in_any_case")
        ]

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email.partition("@")[0]


class Wallet(models.Model):
    """What a member can spend (available) and what waits for a job's outcome (held).

    Both are projections of the member's transfers; `manage.py check_ledger` proves it.
    """

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="wallet")
    available_micros = models.BigIntegerField(default=0)
    held_micros = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
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


class TransferKind(models.TextChoices):
    """What moved. The kind alone decides where from and where to (`accounts.ledger.ROUTES`)."""

    TOP_UP = "TOP_UP", "Top-up"
    BONUS = "BONUS", "Bonus"
    HOLD = "HOLD", "Set aside"
    CAPTURE = "CAPTURE", "Charged"
    RELEASE = "RELEASE", "Returned, not charged"
    REFUND = "REFUND", "Refunded"
    CREDIT = "CREDIT", "Adjustment in your favour"
    DEBIT = "DEBIT", "Adjustment against you"


class TransferQuerySet(models.QuerySet["Transfer"]):
    def for_member(self, user: User) -> TransferQuerySet:
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

    class Meta:
        indexes = [models.Index(fields=["wallet", "-id"], name="statement_of_a_wallet")]
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
                fields=["hold"], condition=Q(kind="CAPTURE"), name="a_hold_is_captured_once"
            ),
            models.UniqueConstraint(
                fields=["hold"], condition=Q(kind="RELEASE"), name="a_hold_is_released_once"
            ),
            models.CheckConstraint(
                condition=Q(available_after_micros__gte=0) & Q(held_after_micros__gte=0),
                name="running_balances_never_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_micros}"

    @property
    def signed_words(self) -> str:
        """The amount with its direction for the member's available money; no bare minus sign."""
        adds = {TransferKind.TOP_UP, TransferKind.BONUS, TransferKind.RELEASE, TransferKind.REFUND}
        if self.kind in adds | {TransferKind.CREDIT}:
            return f"+ {dollars(self.amount_micros)}"
        if self.kind == TransferKind.CAPTURE:
            return f"{dollars(self.amount_micros)} from what was set aside"
        return f"− {dollars(self.amount_micros)}"
