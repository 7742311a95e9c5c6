"""The only writer of wallets and transfers.

Every verb here locks the member's wallet, looks again, and writes one transfer, in one
transaction (`posting`, which nobody else imports). The rules:

- **Once.** Each call carries an idempotency key. A repeated key returns the first transfer when it
  says the same thing, and raises `KeyReused` when it doesn't.
- **Balanced by construction.** A transfer's kind decides which account it leaves and which it
  enters (`ROUTES`); there is no way to write one side alone.
- **Two-phase.** Money for a job is held first; the hold is then captured or released, and a
  captured amount may be refunded up to what was captured.
- **Never below nothing, and nothing twice.** What a card takes back beyond what is left is borne
  by the house and owed by the member; whatever comes in later, a released hold too, pays it first.
- **One lock order.** The wallet comes last of all rooms' locks; never two wallets at once.

Amounts are whole micro-dollars (1 USD = 1,000,000).
"""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.ledger import posting
from accounts.ledger.balances import HoldBalance, balance_of, balances_of, owed_by, wallet_of
from accounts.ledger.errors import (
    ExceedsHold,
    InsufficientFunds,
    KeyReused,
    LedgerError,
    OverMonthlyLimit,
)
from accounts.ledger.months import month_of, room_in_month, spent_in_month
from accounts.ledger.routes import ROUTES
from accounts.models import Transfer, TransferKind, User
from accounts.models.wallet import GIVEN_UP, SETTLEMENTS

__all__ = [
    "ROUTES",
    "ExceedsHold",
    "HoldBalance",
    "InsufficientFunds",
    "KeyReused",
    "LedgerError",
    "OverMonthlyLimit",
    "adjust",
    "balance_of",
    "balances_of",
    "bring_back",
    "capture",
    "give_up",
    "grant_bonus",
    "hold",
    "month_of",
    "owed_by",
    "refund",
    "release",
    "room_in_month",
    "set_limits",
    "spent_in_month",
    "take_back",
    "take_bonus_back",
    "top_up",
    "unwaive",
    "waive",
    "wallet_of",
]
K = TransferKind


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
    return posting.post(
        user=user,
        kind=K.TOP_UP,
        amount_micros=amount_micros,
        key=key,
        memo=memo,
        actor=actor,
        reason=reason,
    )


def grant_bonus(*, user: User, amount_micros: int, memo: str = "") -> Transfer | None:
    """A present of the house becomes available, once per member ever; None for a second one."""
    with transaction.atomic():
        wallet = posting.lock(user)
        if wallet.transfers.filter(kind=K.BONUS).exists():
            return None
        key = f"bonus:{user.pk}"
        return posting.post(
            user=user, kind=K.BONUS, amount_micros=amount_micros, key=key, memo=memo
        )


def take_bonus_back(*, user: User, memo: str = "") -> Transfer | None:
    """Undo the bonus as far as it is still there; None when there is nothing to take."""
    with transaction.atomic():
        wallet = posting.lock(user)
        bonus = wallet.transfers.filter(kind=K.BONUS).first()
        taken = wallet.transfers.filter(kind=K.BONUS_BACK).exists()
        left = min(bonus.amount_micros, wallet.available_micros) if bonus and not taken else 0
        if not left:
            return None
        key = f"bonus-back:{user.pk}"
        return posting.post(user=user, kind=K.BONUS_BACK, amount_micros=left, key=key, memo=memo)


def take_back(
    *, user: User, amount_micros: int, key: str, memo: str, reference: str
) -> list[Transfer]:
    """A card took its payment back: what is still available goes, the rest is owed.

    Money set aside for jobs under way stays there; what of it comes back pays the debt. Raises
    KeyReused for another amount.
    """
    parts = {K.PAYOUT: f"{key}:paid-out", K.LOSS: f"{key}:lost"}
    with transaction.atomic():
        wallet = posting.lock(user)
        earlier = list(Transfer.objects.filter(key__in=parts.values()).order_by("pk"))
        if earlier:
            if sum(part.amount_micros for part in earlier) != amount_micros:
                raise KeyReused(f"the key {key!r} already stands for another amount")
            return earlier
        available = min(amount_micros, wallet.available_micros)
        amounts = {K.PAYOUT: available, K.LOSS: amount_micros - available}
        return [
            posting.post(
                user=user,
                kind=kind,
                amount_micros=amounts[kind],
                key=part_key,
                memo=memo,
                reference=reference,
            )
            for kind, part_key in parts.items()
            if amounts[kind]
        ]


def bring_back(*, user: User, key: str, new_key: str, memo: str, reference: str) -> list[Transfer]:
    """Undo `take_back(key)`: a dispute was won. Who bore it gets it back, member or house."""
    undone = {f"{key}:paid-out": K.REINSTATED, f"{key}:lost": K.RECOVERY}
    with transaction.atomic():
        posting.lock(user)
        return [
            posting.post(
                user=user,
                kind=undone[part.key],
                amount_micros=part.amount_micros,
                key=f"{new_key}:{undone[part.key].lower()}",
                memo=memo,
                reference=reference,
            )
            # The debt first: what is given back must not pay what is owed no more.
            for part in Transfer.objects.filter(key__in=undone).order_by("-pk")
        ]


def adjust(*, user: User, amount_micros: int, key: str, actor: User, reason: str) -> Transfer:
    """A staff correction: positive in the member's favour, negative against. Needs a reason.

    Raises LedgerError without a reason or for one's own wallet, InsufficientFunds for a debit over
    the balance.
    """
    if not reason.strip():
        raise LedgerError(_("An adjustment needs a reason."))
    if actor == user:
        raise LedgerError(_("Nobody adjusts their own wallet."))
    return posting.post(
        user=user,
        kind=K.CREDIT if amount_micros > 0 else K.DEBIT,
        amount_micros=abs(amount_micros),
        key=key,
        actor=actor,
        reason=reason.strip(),
    )


def give_up(*, user: User, key: str) -> Transfer | None:
    """The member leaves what is available to the house, as they said they would; None for nothing.

    The one adjustment that a member makes of their own wallet: it can only be against themselves.
    """
    with transaction.atomic():
        left = posting.lock(user).available_micros
        if not left:
            return None
        return posting.post(
            user=user,
            kind=K.DEBIT,
            amount_micros=left,
            key=key,
            actor=user,
            reason=GIVEN_UP,
        )


def hold(*, user: User, amount_micros: int, key: str, memo: str, reference: str) -> Transfer:
    """Set money aside for a job. Raises InsufficientFunds, OverMonthlyLimit."""
    return posting.post(
        user=user,
        kind=K.HOLD,
        amount_micros=amount_micros,
        key=key,
        memo=memo,
        reference=reference,
    )


def capture(*, hold: Transfer, amount_micros: int, key: str) -> Transfer:
    """Charge a held amount. Raises ExceedsHold beyond what is still set aside."""
    return _follow(hold, K.CAPTURE, amount_micros=amount_micros, key=key)


def release(*, hold: Transfer, key: str, reason: str = "") -> Transfer | None:
    """Give back whatever is still set aside; None when nothing is."""
    with transaction.atomic():
        posting.lock(hold.wallet.user)
        still_open = balance_of(hold).open
        if still_open == 0:
            return Transfer.objects.filter(key=key).first()
        return _follow(hold, K.RELEASE, amount_micros=still_open, key=key, reason=reason)


def refund(
    *, hold: Transfer, amount_micros: int, key: str, reason: str, actor: User | None = None
) -> Transfer:
    """Give back a charged amount. Raises ExceedsHold beyond captured − already refunded."""
    return _follow(hold, K.REFUND, amount_micros=amount_micros, key=key, reason=reason, actor=actor)


def _follow(
    earlier: Transfer,
    kind: TransferKind,
    *,
    amount_micros: int,
    key: str,
    reason: str = "",
    actor: User | None = None,
) -> Transfer:
    """Move money for what an earlier transfer moved it for."""
    return posting.post(
        user=earlier.wallet.user,
        kind=kind,
        amount_micros=amount_micros,
        key=key,
        hold=earlier if kind in SETTLEMENTS else None,
        memo=earlier.memo,
        reference=earlier.reference,
        reason=reason,
        actor=actor,
    )


def waive(*, user: User, amount_micros: int, key: str, memo: str, reference: str) -> Transfer:
    """What this costs is the house's to pay: it stands on the statement, beside the balances."""
    return posting.post(
        user=user,
        kind=K.WAIVED,
        amount_micros=amount_micros,
        key=key,
        memo=memo,
        reference=reference,
    )


def unwaive(*, waived: Transfer, key: str, reason: str) -> Transfer:
    """Undo a waiver: it was not done after all."""
    if waived.kind != K.WAIVED:
        raise LedgerError("Only what was waived can be taken back so.")
    return _follow(waived, K.UNWAIVED, amount_micros=waived.amount_micros, key=key, reason=reason)


def set_limits(
    *, user: User, monthly_limit_micros: int | None, warn_below_micros: int | None
) -> None:
    """The member's own limit for a month, and the balance worth an e-mail; None for none."""
    with transaction.atomic():
        wallet = posting.lock(user)
        wallet.monthly_limit_micros = monthly_limit_micros
        wallet.warn_below_micros = warn_below_micros
        wallet.save(update_fields=["monthly_limit_micros", "warn_below_micros"])
