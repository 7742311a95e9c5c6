"""Pay by card in a test: begin, pay, let the webhook hear of it, and look at the wallet."""

from __future__ import annotations

import uuid
from typing import Any

from accounts import ledger
from accounts.models import CardEvent, TopUp, TopUpState, Transfer, User
from accounts.payments import top_ups
from tests.builders import make_member
from tests.fake_cards import FakeCards, body_of, event, signed

TEN = 10_000_000
STRANGER = "99999999-2222-4333-8444-555555555555"


def begun(member: User | None = None, micros: int = TEN) -> TopUp:
    """On the card processor's page."""
    top_up = top_ups.begin(
        member=member or make_member(micros=0), amount_micros=micros, form_id=uuid.uuid4()
    )
    return top_ups.open_checkout(top_up, return_url="http://testserver/back/")


def paid(fake: FakeCards, member: User | None = None, micros: int = TEN) -> TopUp:
    top_up = begun(member, micros)
    hear(fake, event("checkout.session.completed", fake.pay(top_up)))
    top_up.refresh_from_db()
    assert top_up.state == TopUpState.PAID
    return top_up


def hear(fake: FakeCards, said: dict[str, Any]) -> CardEvent:
    """As the webhook does: sealed, read, received."""
    body = body_of(said)
    read = fake.processor.event(body=body.encode(), signature=signed(body))
    return top_ups.receive(read, body=body)


def available(member: User) -> int:
    return ledger.wallet_of(member).available_micros


def movements(member: User) -> list[tuple[str, int]]:
    rows = Transfer.objects.filter(wallet__user=member).order_by("pk")
    return [(kind, micros) for kind, micros in rows.values_list("kind", "amount_micros")]
