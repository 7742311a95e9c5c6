"""The only writer of wallets and transfers.

Every verb here locks the member's wallet, looks again, and writes one transfer, in one
transaction. The rules:

- **Once.** Each call carries an idempotency key. A repeated key returns the first transfer when it
  says the same thing, and raises `KeyReused` when it doesn't.
- **Balanced by construction.** A transfer's kind decides which account it leaves and which it
  enters (`ROUTES`); there is no way to write one side alone.
- **Two-phase.** Money for a job is held first; the hold is then captured or released, and a
  captured amount may be refunded up to what was captured.
- **One lock order.** Photo, consent, job, attempt, wallet; never two wallets at once.

Amounts are whole micro-dollars (1 USD = 1,000,000).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Sum, When

from accounts.models import Account, Transfer, TransferKind, User, Wallet

K, A = TransferKind, Account
ROUTES: dict[TransferKind, tuple[Account, Account]] = {
    K.TOP_UP: (A.FUNDING, A.AVAILABLE),
    K.BONUS: (A.PROMO, A.AVAILABLE),
    K.HOLD: (A.AVAILABLE, A.HELD),
    K.CAPTURE: (A.HELD, A.REVENUE),
    K.RELEASE: (A.HELD, A.AVAILABLE),
    K.REFUND: (A.REVENUE, A.AVAILABLE),
    K.CREDIT: (A.HOUSE, A.AVAILABLE),
    K.DEBIT: (A.AVAILABLE, A.HOUSE),
    K.PAYOUT: (A.AVAILABLE, A.FUNDING),
    K.BONUS_BACK: (A.AVAILABLE, A.PROMO),
    K.LOSS: (A.HOUSE, A.FUNDING),
    K.RECOVERY: (A.FUNDING, A.HOUSE),
}


class LedgerError(Exception):
    """A movement that the books do not allow. Nothing was written."""


class InsufficientFunds(LedgerError):
    """The member has less than the amount asked for."""

    def __init__(self, *, needed_micros: int, available_micros: int) -> None:
        self.needed_micros = needed_micros
        self.available_micros = available_micros
        self.missing_micros = needed_micros - available_micros
        super().__init__(f"{self.missing_micros} micro-dollars are missing")


class KeyReused(LedgerError):
    """The idempotency key already stands for another movement."""


class ExceedsHold(LedgerError):
    """More would be captured, released or refunded than the hold allows."""


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
    wallet, _ = Wallet.objects.get_or_create(user=user)
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


def top_up(
    *,
    user: User,
    amount_micros: int,
    key: str,
    memo: str = "",
    actor: User | None = None,
    reason: str = "",
) -> Transfer:
    """Paid-in money becomes available."""
    return _post(
        user=user,
        kind=K.TOP_UP,
        amount_micros=amount_micros,
        key=key,
        memo=memo,
        actor=actor,
        reason=reason,
    )


def grant_bonus(*, user: User, amount_micros: int, key: str, memo: str = "") -> Transfer:
    """A present of the house becomes available."""
    return _post(user=user, kind=K.BONUS, amount_micros=amount_micros, key=key, memo=memo)


def adjust(*, user: User, amount_micros: int, key: str, actor: User, reason: str) -> Transfer:
    """A staff correction: positive in the member's favour, negative against. Needs a reason.

    Raises LedgerError without a reason or for one's own wallet, InsufficientFunds for a debit over
    the balance.
    """
    if not reason.strip():
        raise LedgerError("An adjustment needs a reason.")
    if actor == user:
        raise LedgerError("Nobody adjusts their own wallet.")
    return _post(
        user=user,
        kind=K.CREDIT if amount_micros > 0 else K.DEBIT,
        amount_micros=abs(amount_micros),
        key=key,
        actor=actor,
        reason=reason.strip(),
    )


def hold(*, user: User, amount_micros: int, key: str, memo: str, reference: str) -> Transfer:
    """Set money aside for a job. Raises InsufficientFunds."""
    return _post(
        user=user,
        kind=K.HOLD,
        amount_micros=amount_micros,
        key=key,
        memo=memo,
        reference=reference,
    )


def capture(*, hold: Transfer, amount_micros: int, key: str) -> Transfer:
    """Charge a held amount. Raises ExceedsHold beyond what is still set aside."""
    return _post(
        user=hold.wallet.user,
        kind=K.CAPTURE,
        amount_micros=amount_micros,
        key=key,
        hold=hold,
        memo=hold.memo,
        reference=hold.reference,
    )


def release(*, hold: Transfer, key: str, reason: str = "") -> Transfer | None:
    """Give back whatever is still set aside; None when nothing is."""
    with transaction.atomic():
        _lock(hold.wallet.user)
        still_open = balance_of(hold).open
        if still_open == 0:
            return Transfer.objects.filter(key=key).first()
        return _post(
            user=hold.wallet.user,
            kind=K.RELEASE,
            amount_micros=still_open,
            key=key,
            hold=hold,
            memo=hold.memo,
            reference=hold.reference,
            reason=reason,
        )


def refund(
    *, hold: Transfer, amount_micros: int, key: str, reason: str, actor: User | None = None
) -> Transfer:
    """Give back a charged amount. Raises ExceedsHold beyond captured − already refunded."""
    return _post(
        user=hold.wallet.user,
        kind=K.REFUND,
        amount_micros=amount_micros,
        key=key,
        hold=hold,
        memo=hold.memo,
        reference=hold.reference,
        reason=reason,
        actor=actor,
    )


def lies() -> list[str]:
    """Every wallet that its transfers do not explain, and every hold paid out twice; one a line.

    Two queries, whatever the number of members.
    """
    wallets: QuerySet[Any] = Wallet.objects.annotate(
        available=_effect_on(A.AVAILABLE), held=_effect_on(A.HELD)
    ).exclude(available_micros=F("available"), held_micros=F("held"))
    settled = Sum("settlements__amount_micros", filter=~Q(settlements__kind=K.REFUND), default=0)
    overdrawn: QuerySet[Any] = (
        Transfer.objects.filter(kind=K.HOLD)
        .annotate(settled=settled)
        .filter(settled__gt=F("amount_micros"))
    )
    return [
        f"wallet {wallet.pk}: available {wallet.available_micros}, transfers say "
        f"{wallet.available}; held {wallet.held_micros}, transfers say {wallet.held}"
        for wallet in wallets.iterator()
    ] + [
        f"hold {held.pk}: {held.amount_micros} held, {held.settled} settled"
        for held in overdrawn.iterator()
    ]


def _effect_on(account: Account) -> Sum:
    """What a wallet's transfers bring to an account, less what they take, as an expression."""
    amount = F("transfers__amount_micros")
    cases = [
        When(transfers__kind=kind, then=amount if into == account else -amount)
        for kind, (out_of, into) in ROUTES.items()
        if account in (out_of, into)
    ]
    return Sum(Case(*cases, default=0), default=0)


def _lock(user: User) -> Wallet:
    wallet_of(user)
    return Wallet.objects.select_for_update().get(user=user)


def _post(
    *,
    user: User,
    kind: TransferKind,
    amount_micros: int,
    key: str,
    hold: Transfer | None = None,
    memo: str = "",
    reference: str = "",
    actor: User | None = None,
    reason: str = "",
) -> Transfer:
    """Lock, look again, move. The one place where a balance changes."""
    if amount_micros <= 0:
        raise LedgerError("An amount must be more than nothing.")
    with transaction.atomic():
        wallet = _lock(user)
        earlier = Transfer.objects.filter(key=key).first()
        if earlier is not None:
            said = (earlier.wallet_id, earlier.kind, earlier.amount_micros, earlier.hold_id)
            if said != (wallet.pk, kind, amount_micros, hold.pk if hold else None):
                raise KeyReused(f"the key {key!r} already stands for another movement")
            return earlier
        if hold is not None:
            _check_hold(hold, kind, amount_micros)
        out_of, into = ROUTES[kind]
        change = {A.AVAILABLE: 0, A.HELD: 0, out_of: -amount_micros, into: amount_micros}
        if wallet.available_micros + change[A.AVAILABLE] < 0:
            raise InsufficientFunds(
                needed_micros=amount_micros, available_micros=wallet.available_micros
            )
        wallet.available_micros += change[A.AVAILABLE]
        wallet.held_micros += change[A.HELD]
        wallet.save(update_fields=["available_micros", "held_micros"])
        return Transfer.objects.create(
            wallet=wallet,
            kind=kind,
            amount_micros=amount_micros,
            key=key,
            hold=hold,
            memo=memo,
            reference=reference,
            actor=actor,
            reason=reason,
            available_after_micros=wallet.available_micros,
            held_after_micros=wallet.held_micros,
        )


def _check_hold(hold: Transfer, kind: TransferKind, amount_micros: int) -> None:
    """Raises ExceedsHold. The wallet is locked, so what we read stays true."""
    if hold.kind != K.HOLD:
        raise LedgerError("Only a hold can be settled.")
    now = balance_of(hold)
    room = now.charged if kind == K.REFUND else now.open
    if amount_micros > room:
        raise ExceedsHold(f"{amount_micros} asked, {room} left of hold {hold.pk}")
