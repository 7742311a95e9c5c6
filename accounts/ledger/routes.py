"""Which account each kind of movement leaves and which it enters: the books balance by this."""

from __future__ import annotations

from accounts.models import Account, TransferKind

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
