"""The one place where a balance changes: lock the wallet, look again, write one transfer."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_noop

from accounts import letters
from accounts.ledger import balances, months
from accounts.ledger.errors import ExceedsHold, InsufficientFunds, KeyReused, LedgerError
from accounts.ledger.routes import ROUTES, SQUARED_AFTER
from accounts.models import Account, Transfer, TransferKind, User, Wallet

K, A = TransferKind, Account


def lock(user: User) -> Wallet:
    """The member's wallet, this transaction's until its end."""
    balances.wallet_of(user)
    wallets = Wallet.objects.select_for_update(of=("self",))
    return wallets.select_related("user").get(user=user)


def post(
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
    """Lock, look again, move; once for each key. Raises LedgerError, in all its kinds."""
    if amount_micros <= 0:
        raise LedgerError("An amount must be more than nothing.")
    with transaction.atomic():
        wallet = lock(user)
        earlier = Transfer.objects.filter(key=key).first()
        if earlier is not None:
            said = (earlier.wallet_id, earlier.kind, earlier.amount_micros, earlier.hold_id)
            if said != (wallet.pk, kind, amount_micros, hold.pk if hold else None):
                raise KeyReused(f"the key {key!r} already stands for another movement")
            return earlier
        if hold is not None:
            _check_hold(hold, kind, amount_micros)
        if kind == K.HOLD:
            months.check_limit(wallet, amount_micros)
        out_of, into = ROUTES[kind]
        change = {A.AVAILABLE: 0, A.HELD: 0, out_of: -amount_micros, into: amount_micros}
        if wallet.available_micros + change[A.AVAILABLE] < 0:
            raise InsufficientFunds(
                needed_micros=amount_micros, available_micros=wallet.available_micros
            )
        before = wallet.available_micros
        wallet.available_micros += change[A.AVAILABLE]
        wallet.held_micros += change[A.HELD]
        wallet.save(update_fields=["available_micros", "held_micros"])
        transfer = Transfer.objects.create(
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
        _warn_if_low(wallet, before, transfer)
        if kind in SQUARED_AFTER:
            _square(wallet, transfer)
        return transfer


def _square(wallet: Wallet, transfer: Transfer) -> None:
    """Let what has come in pay what is owed, or return what was paid back too much."""
    if not wallet.transfers.filter(kind=K.LOSS).exists():
        return
    owed = balances.owed_by(wallet.user)
    amount = min(owed, wallet.available_micros) if owed > 0 else -owed
    if amount:
        post(
            user=wallet.user,
            kind=K.DEBT_PAID if owed > 0 else K.DEBT_BACK,
            amount_micros=amount,
            key=f"debt:{transfer.pk}",
            memo=gettext_noop("For what your card took back"),
            reference=transfer.reference,
        )


def _warn_if_low(wallet: Wallet, before_micros: int, transfer: Transfer) -> None:
    """One letter for each crossing of the member's line, downwards."""
    line = wallet.warn_below_micros
    if line is not None and wallet.available_micros < line <= before_micros:
        letters.write(
            to=wallet.user,
            kind="low_balance",
            key=f"low-balance:{transfer.pk}",
            context={"available_micros": wallet.available_micros, "line_micros": line},
        )


def _check_hold(hold: Transfer, kind: TransferKind, amount_micros: int) -> None:
    """Raises ExceedsHold. The wallet is locked, so what we read stays true."""
    if hold.kind != K.HOLD:
        raise LedgerError("Only a hold can be settled.")
    now = balances.balance_of(hold)
    room = now.charged if kind == K.REFUND else now.open
    if amount_micros > room:
        raise ExceedsHold(f"{amount_micros} asked, {room} left of hold {hold.pk}")
