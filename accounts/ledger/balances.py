"""What the books say: a wallet, where a hold's money is now, what a member owes. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Sum

from accounts.ledger.routes import DEBT
from accounts.models import Transfer, TransferKind, User, Wallet

K = TransferKind


@dataclass(frozen=True)
class HoldBalance:
    """What became of a hold, in micro-dollars."""

    held: int
    captured: int
    released: int
    refunded: int

    @property
    def open(self) -> int:
        """Still set aside."""
        return self.held - self.captured - self.released

    @property
    def charged(self) -> int:
        """What the member has paid in the end."""
        return self.captured - self.refunded


def wallet_of(user: User) -> Wallet:
    """The member's wallet, opened on first use."""
    wallet, _is_new = Wallet.objects.get_or_create(user=user)
    return wallet


def balances_of(holds: Iterable[int]) -> dict[int, HoldBalance]:
    """Where the money of these HOLD transfers (by id) is now; two queries, however many."""
    amounts = dict(Transfer.objects.filter(pk__in=holds).values_list("pk", "amount_micros"))
    sums = {
        (row["hold"], row["kind"]): row["total"]
        for row in Transfer.objects.filter(hold__in=amounts)
        .values("hold", "kind")
        .annotate(total=Sum("amount_micros"))
        .order_by()
    }
    return {
        pk: HoldBalance(
            held=amount,
            captured=sums.get((pk, K.CAPTURE), 0),
            released=sums.get((pk, K.RELEASE), 0),
            refunded=sums.get((pk, K.REFUND), 0),
        )
        for pk, amount in amounts.items()
    }


def balance_of(hold: Transfer) -> HoldBalance:
    """Where the money of a HOLD transfer is now."""
    return balances_of([hold.pk])[hold.pk]


def owed_by(user: User) -> int:
    """What cards took back beyond the member's balance, and what has not been paid back since.

    Less than nothing only inside a transaction of `posting`, until it has squared it.
    """
    sums = {
        row["kind"]: row["total"]
        for row in Transfer.objects.filter(wallet__user=user, kind__in=DEBT)
        .values("kind")
        .annotate(total=Sum("amount_micros"))
        .order_by()
    }
    return sum(sign * sums.get(kind, 0) for kind, sign in DEBT.items())
