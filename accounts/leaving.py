"""Closing an account: what goes of a member in this room, and what stands in the way.

Addresses, name, password, second factor, sessions and letters go; the row of the member stays
under a made-up address, because money and consents refer to it, and says nothing of who it was.
Lock order: the member's row before everything else.
"""

from __future__ import annotations

import json
import secrets

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.members import locked
from accounts.models import Correction, Letter, MemberSession, TopUp, TopUpState, User
from accounts.payments import card_facts

GONE_DOMAIN = "heirloom.invalid"  # RFC 2606: no mail can be sent there


class CannotLeave(Exception):
    """Something must end first. The message is for the member; nothing was changed."""


def obstacles(member: User) -> list[str]:
    """Why the account can't be closed now, in the member's words; nothing if it can."""
    found = []
    if member.is_staff or member.is_superuser:
        found.append(
            _(
                "This is a staff account: what you decided and saw must stay in your name. Ask an "
                "administrator to take your role away first."
            )
        )
    if TopUp.objects.filter(member=member, state=TopUpState.OPEN).exists():
        found.append(
            _(
                "A payment by card has been begun and not ended. Pay it, or wait until it has "
                "expired: that takes two hours at most."
            )
        )
    if any(_is_disputed(top_up) for top_up in TopUp.objects.filter(member=member, disputed=True)):
        found.append(
            _(
                "Your card’s bank has an open dispute about a payment of yours. The account can "
                "be closed when that is decided."
            )
        )
    if Correction.objects.waiting().filter(member=member).exists():
        found.append(
            _(
                "Our billing staff are about to correct something in your wallet. The account can "
                "be closed when that is decided."
            )
        )
    return found


def begin(member: User) -> User:
    """The member's row, locked until the end of the transaction. Raises CannotLeave."""
    row = locked(member)
    if row is None:
        raise CannotLeave(_("This account has been closed."))
    if found := obstacles(row):
        raise CannotLeave(" ".join(found))
    return row


def forget(member: User) -> None:
    """Take everything away that says who it was. In the transaction of `begin`, as its end."""
    EmailAddress.objects.filter(user=member).delete()
    Authenticator.objects.filter(user=member).delete()
    Letter.objects.filter(to=member).delete()
    member.email = f"deleted-{secrets.token_hex(12)}@{GONE_DOMAIN}"
    member.name = ""
    member.time_zone = member.language = ""
    member.is_active = False
    member.last_login = None
    member.left_at = timezone.now()
    member.set_unusable_password()
    member.save()
    member.groups.clear()
    member.user_permissions.clear()


def forget_card_pages(member: User) -> None:
    """The addresses of card pages, which know the payer's e-mail."""
    TopUp.objects.filter(member=member).exclude(session_url="").update(session_url="")


def end_sessions(member: User) -> int:
    """Delete the member's sessions, in every browser; they are dead already. How many there were.

    Not in the transaction: the request that asks for it ends its own session after that.
    """
    deleted, _rows = MemberSession.objects.filter(member_id=member.pk).delete()
    return deleted


def _is_disputed(top_up: TopUp) -> bool:
    """Whether a dispute is open; one that was lost stands in nobody's way."""
    bodies = top_up.events.filter(type__in=card_facts.RETURNS).values_list("body", flat=True)
    facts = card_facts.returned(json.loads(body) for body in bodies)
    return any(dispute.is_open for dispute in facts.disputes.values())
