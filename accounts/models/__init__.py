"""Who you are and what you hold, one kind a file."""

from accounts.models.audit import AuditEntry
from accounts.models.books_check import BooksCheck
from accounts.models.correction import Correction, CorrectionKind, CorrectionState
from accounts.models.letter import Letter
from accounts.models.people import User, UserManager
from accounts.models.session import MemberSession
from accounts.models.top_up import CardEvent, CardVerdict, TopUp, TopUpState
from accounts.models.wallet import Account, Transfer, TransferKind, Wallet

__all__ = [
    "Account",
    "AuditEntry",
    "BooksCheck",
    "CardEvent",
    "CardVerdict",
    "Correction",
    "CorrectionKind",
    "CorrectionState",
    "Letter",
    "MemberSession",
    "TopUp",
    "TopUpState",
    "Transfer",
    "TransferKind",
    "User",
    "UserManager",
    "Wallet",
]
