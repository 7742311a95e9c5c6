"""A site that takes cards, with Stripe at the other end of the transport."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.payments import cards
from tests import fake_cards
from tests.fake_cards import FakeCards


@pytest.fixture
def card_processor(monkeypatch: pytest.MonkeyPatch, settings: Any) -> FakeCards:
    settings.STRIPE_SECRET_KEY = fake_cards.KEY
    settings.STRIPE_WEBHOOK_SECRET = fake_cards.SECRET
    settings.FIRST_PAYMENT_BONUS_MICROS = 0  # a test about the bonus says so
    settings.CARDS_RETRIES = 0
    fake = FakeCards()
    monkeypatch.setattr(cards, "processor", lambda: fake.processor)
    return fake
