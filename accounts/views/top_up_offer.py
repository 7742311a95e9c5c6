"""What the wallet's page offers to who pays in: the presets, and the form for another amount."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.conf import settings

from accounts.forms import TopUpForm
from accounts.models import TopUp, TopUpState, User
from accounts.money import decimal_dollars, dollars, whole_dollars
from accounts.payments import cards


@dataclass(frozen=True)
class Preset:
    """One offered amount, with the number of its own little form."""

    form_id: uuid.UUID
    dollars: str
    words: str


@dataclass(frozen=True)
class TopUpOffer:
    """What `accounts/_top_up.html` shows."""

    presets: list[Preset]
    form: TopUpForm
    bonus_words: str


def top_up_form(member: User, *, answered: TopUpForm | None = None) -> TopUpOffer | None:
    """What a page needs that includes `accounts/_top_up.html`; None when cards are off."""
    if not cards.enabled():
        return None
    had_a_payment = TopUp.objects.filter(member=member, state=TopUpState.PAID).exists()
    bonus = 0 if had_a_payment else settings.FIRST_PAYMENT_BONUS_MICROS
    presets = [
        Preset(uuid.uuid4(), decimal_dollars(micros), whole_dollars(micros))
        for micros in settings.TOP_UP_PRESETS_MICROS
    ]
    form = answered or TopUpForm(initial={"form_id": uuid.uuid4()})
    return TopUpOffer(presets, form, dollars(bonus) if bonus > 0 else "")
