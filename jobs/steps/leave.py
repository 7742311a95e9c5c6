"""Close a member's account: what they showed us goes, what proves money and consent stays.

One transaction: either all of it is gone or nothing. It is the withdrawal of everything at once,
so it waits for no restoration; what is under way ends uncharged, like a withdrawal. What is left
in the wallet is given up only with the member's word for that very amount.

Lock order: member, photos, consents, jobs, top-up, wallet.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import leaving, ledger
from accounts.leaving import CannotLeave
from accounts.models import User
from jobs.models import Album, Consent, ConsentStatus, Photo, RestorationJob
from jobs.states import TERMINAL
from jobs.steps import consent

__all__ = ["CannotLeave", "MoneyLeft", "leave", "would_be_left"]


class MoneyLeft(CannotLeave):
    """More would be lost than the member has agreed to."""

    def __init__(self, available_micros: int) -> None:
        self.available_micros = available_micros
        super().__init__(_("There is money in your wallet."))


def would_be_left(member: User) -> int:
    """What the wallet would hold once everything under way had ended uncharged (micro-dollars)."""
    wallet = ledger.wallet_of(member)
    unfinished = RestorationJob.objects.for_member(member).unfinished()
    holds = [hold for hold in unfinished.values_list("hold", flat=True) if hold is not None]
    charged = sum(balance.charged for balance in ledger.balances_of(holds).values())
    back = wallet.available_micros + wallet.held_micros + charged
    return max(0, back - max(0, ledger.owed_by(member)))


def leave(*, member: User, gives_up_micros: int) -> list[Photo]:
    """The end of the account; its photos are being erased then, and are returned.

    Raises CannotLeave; MoneyLeft when the wallet would hold more than `gives_up_micros`.
    """
    with transaction.atomic():
        member = leaving.begin(member)
        photos = list(
            Photo.objects.for_member(member).with_pictures().order_by("pk").select_for_update()
        )
        # All of a kind before the next kind: ending the first job locks the wallet already.
        list(Consent.objects.filter(photo__in=photos).order_by("pk").select_for_update())
        mine = RestorationJob.objects.for_member(member)
        list(mine.unfinished().order_by("pk").select_for_update())
        leaving.forget_card_pages(member)
        for photo in photos:
            consent.forget(
                photo,
                to=ConsentStatus.WITHDRAWN,
                by=member,
                why=consent.ACCOUNT_CLOSED,
                code="left",
                words=gettext_noop("You closed your account."),
            )
        Album.objects.for_member(member).delete()
        available = ledger.wallet_of(member).available_micros
        if available > gives_up_micros:
            raise MoneyLeft(available)
        ledger.give_up(user=member, key=f"given-up:{member.pk}")
        mine.filter(state__in=TERMINAL, told_at__isnull=True).update(
            told_at=timezone.now(), due_at=None
        )
        leaving.forget(member)
    return photos
