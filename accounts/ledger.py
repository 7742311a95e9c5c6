"""The only writer of wallets and transfers.

Every verb here locks the member's wallet, looks again, and writes one transfer, in one
transaction. The rules:

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

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import letters
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
    K.REINSTATED: (A.FUNDING, A.AVAILABLE),
    K.LOSS: (A.HOUSE, A.FUNDING),
    K.RECOVERY: (A.FUNDING, A.HOUSE),
    K.DEBT_PAID: (A.AVAILABLE, A.HOUSE),
    K.DEBT_BACK: (A.HOUSE, A.AVAILABLE),
    K.WAIVED: (A.PROMO, A.REVENUE),
    K.UNWAIVED: (A.REVENUE, A.PROMO),
}

# What makes a member's debt larger, and what makes it smaller.
DEBT = {K.LOSS: 1, K.DEBT_BACK: 1, K.RECOVERY: -1, K.DEBT_PAID: -1}
# After these there may be money for a debt, or a debt that is no more.
SQUARED_AFTER = (
    K.TOP_UP,
    K.BONUS,
    K.RELEASE,
    K.REFUND,
    K.CREDIT,
    K.REINSTATED,
    K.RECOVERY,
)


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


class OverMonthlyLimit(LedgerError):
    """The member's own limit for the calendar month (UTC) stands in the way."""

    def __init__(self, *, limit_micros: int, spent_micros: int, needed_micros: int) -> None:
        self.limit_micros = limit_micros
        self.spent_micros = spent_micros
        self.needed_micros = needed_micros
        super().__init__(f"{needed_micros} would go over {limit_micros}, {spent_micros} are spent")


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


def grant_bonus(*, user: User, amount_micros: int, memo: str = "") -> Transfer | None:
    """A present of the house becomes available, once per member ever; None for a second one."""
    with transaction.atomic():
        wallet = _lock(user)
        if wallet.transfers.filter(kind=K.BONUS).exists():
            return None
        key = f"bonus:{user.pk}"
        return _post(user=user, kind=K.BONUS, amount_micros=amount_micros, key=key, memo=memo)


def take_bonus_back(*, user: User, memo: str = "") -> Transfer | None:
    """Undo the bonus as far as it is still there; None when there is nothing to take."""
    with transaction.atomic():
        wallet = _lock(user)
        bonus = wallet.transfers.filter(kind=K.BONUS).first()
        taken = wallet.transfers.filter(kind=K.BONUS_BACK).exists()
        left = min(bonus.amount_micros, wallet.available_micros) if bonus and not taken else 0
        if not left:
            return None
        key = f"bonus-back:{user.pk}"
        return _post(user=user, kind=K.BONUS_BACK, amount_micros=left, key=key, memo=memo)


def take_back(
    *, user: User, amount_micros: int, key: str, memo: str, reference: str
) -> list[Transfer]:
    """A card took its payment back: what is still available goes, the rest is owed.

    Money set aside for jobs under way stays there; what of it comes back pays the debt. Raises
    KeyReused for another amount.
    """
    parts = {K.PAYOUT: f"{key}:paid-out", K.LOSS: f"{key}:lost"}
    with transaction.atomic():
        wallet = _lock(user)
        earlier = list(Transfer.objects.filter(key__in=parts.values()).order_by("pk"))
        if earlier:
            if sum(part.amount_micros for part in earlier) != amount_micros:
                raise KeyReused(f"the key {key!r} already stands for another amount")
            return earlier
        available = min(amount_micros, wallet.available_micros)
        amounts = {K.PAYOUT: available, K.LOSS: amount_micros - available}
        return [
            _post(
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
        _lock(user)
        return [
            _post(
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
    return _post(
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
        left = _lock(user).available_micros
        if not left:
            return None
        return _post(
            user=user,
            kind=K.DEBIT,
            amount_micros=left,
            key=key,
            actor=user,
            reason=gettext_noop("Given up when the account was closed"),
        )


def hold(*, user: User, amount_micros: int, key: str, memo: str, reference: str) -> Transfer:
    """Set money aside for a job. Raises InsufficientFunds, OverMonthlyLimit."""
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


def waive(*, user: User, amount_micros: int, key: str, memo: str, reference: str) -> Transfer:
    """What this costs is the house's to pay: it stands on the statement, beside the balances."""
    return _post(
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
    return _post(
        user=waived.wallet.user,
        kind=K.UNWAIVED,
        amount_micros=waived.amount_micros,
        key=key,
        memo=waived.memo,
        reference=waived.reference,
        reason=reason,
    )


def owed_by(user: User) -> int:
    """What cards took back beyond the member's balance, and what has not been paid back since.

    Less than nothing only inside a transaction of this module, until `_square` has returned it.
    """
    sums = {
        row["kind"]: row["total"]
        for row in Transfer.objects.filter(wallet__user=user, kind__in=DEBT)
        .values("kind")
        .annotate(total=Sum("amount_micros"))
        .order_by()
    }
    return sum(sign * sums.get(kind, 0) for kind, sign in DEBT.items())


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


def set_limits(
    *, user: User, monthly_limit_micros: int | None, warn_below_micros: int | None
) -> None:
    """The member's own limit for a month, and the balance worth an e-mail; None for none."""
    with transaction.atomic():
        wallet = _lock(user)
        wallet.monthly_limit_micros = monthly_limit_micros
        wallet.warn_below_micros = warn_below_micros
        wallet.save(update_fields=["monthly_limit_micros", "warn_below_micros"])


def month_of(moment: datetime) -> tuple[datetime, datetime]:
    """The first instant of the moment's calendar month in UTC, and of the next."""
    first = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first, (first + timedelta(days=32)).replace(day=1)


def _lock(user: User) -> Wallet:
    wallet_of(user)
    wallets = Wallet.objects.select_for_update(of=("self",))
    return wallets.select_related("user").get(user=user)


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
        if kind == K.HOLD:
            _check_limit(wallet, amount_micros)
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
    owed = owed_by(wallet.user)
    amount = min(owed, wallet.available_micros) if owed > 0 else -owed
    if amount:
        _post(
            user=wallet.user,
            kind=K.DEBT_PAID if owed > 0 else K.DEBT_BACK,
            amount_micros=amount,
            key=f"debt:{transfer.pk}",
            memo=gettext_noop("For what your card took back"),
            reference=transfer.reference,
        )


def _check_limit(wallet: Wallet, amount_micros: int) -> None:
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
    now = balance_of(hold)
    room = now.charged if kind == K.REFUND else now.open
    if amount_micros > room:
        raise ExceedsHold(f"{amount_micros} asked, {room} left of hold {hold.pk}")
