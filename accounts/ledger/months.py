"""The calendar month (UTC): what a member spent in it, and what their own limit still allows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import Sum
from django.utils import timezone

from accounts.ledger.balances import wallet_of
from accounts.ledger.errors import OverMonthlyLimit
from accounts.models import Transfer, TransferKind, User, Wallet

K = TransferKind


def month_of(moment: datetime) -> tuple[datetime, datetime]:
    """The first instant of the moment's calendar month in UTC, and of the next."""
    first = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first, (first + timedelta(days=32)).replace(day=1)


def spent_in_month(user: User, *, at: datetime | None = None) -> int:
    """Set aside or charged in the calendar month (UTC), less what came back of it."""
    first, next_first = month_of(at or timezone.now())
    holds = Transfer.objects.filter(
        wallet__user=user, kind=K.HOLD, created_at__gte=first, created_at__lt=next_first
    )
    held: int = holds.aggregate(sum=Sum("amount_micros", default=0))["sum"]
    returned: int = Transfer.objects.filter(
        hold__in=holds.values("pk"), kind__in=[K.RELEASE, K.REFUND]
    ).aggregate(sum=Sum("amount_micros", default=0))["sum"]
    return held - returned


def room_in_month(user: User) -> int | None:
    """What the member's own monthly limit still allows; None without a limit."""
    limit = wallet_of(user).monthly_limit_micros
    return None if limit is None else max(0, limit - spent_in_month(user))


def check_limit(wallet: Wallet, amount_micros: int) -> None:
    """Raises OverMonthlyLimit. The wallet is locked: two holds can't both take the last room."""
    if wallet.monthly_limit_micros is None:
        return
    spent = spent_in_month(wallet.user)
    if spent + amount_micros > wallet.monthly_limit_micros:
        raise OverMonthlyLimit(
            limit_micros=wallet.monthly_limit_micros,
            spent_micros=spent,
            needed_micros=amount_micros,
        )
