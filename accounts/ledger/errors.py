"""What the books refuse. Nothing was written then."""

from __future__ import annotations


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
