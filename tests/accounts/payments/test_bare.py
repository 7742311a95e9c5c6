"""payments.bare: an event is kept with what money depends on, and nothing of who paid."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts.models import TopUp
from accounts.payments import card_facts, cards
from accounts.payments.bare import bare
from tests.fake_cards import body_of, charge, dispute, event, refund

SECRET = "Grandmother Anna, Main Street 7"
TOP_UP = TopUp(amount_micros=10_000_000, payment_intent="pi_1")
PAYER = {
    "customer_details": {"email": SECRET, "name": SECRET, "address": {"line1": SECRET}},
    "customer_email": SECRET,
    "customer": SECRET,
    "receipt_email": SECRET,
    "receipt_url": SECRET,
    "billing_details": {"name": SECRET, "phone": SECRET, "tax_id": SECRET},
    "shipping": {"name": SECRET},
    "shipping_details": {"name": SECRET},
    "collected_information": {"shipping_details": {"name": SECRET}},
    "custom_fields": [{"text": {"value": SECRET}}],
    "customer_address": SECRET,
    "name": SECRET,
    "phone": SECRET,
    "address": SECRET,
    "description": SECRET,
    "statement_descriptor": SECRET,
    "evidence": {"customer_name": SECRET, "customer_purchase_ip": SECRET},
    "payment_method_details": {"type": "card", "card": {"last4": SECRET, "fingerprint": SECRET}},
    "destination_details": {"card": {"reference": SECRET}},
    "source": {"owner": {"email": SECRET}},
    "url": SECRET,
    "a_field_that_stripe_adds_one_day": SECRET,
}


def telling(type: str, about: dict[str, Any]) -> dict[str, Any]:
    metadata = {**(about.get("metadata") or {}), "note": SECRET}
    moves = [{**move, "source": SECRET} for move in about.get("balance_transactions") or []]
    said = event(type, {**about, **PAYER, "metadata": metadata, "balance_transactions": moves})
    return {
        **said,
        "account": SECRET,
        "request": {"id": SECRET},
        "data": {**said["data"], "previous_attributes": {"receipt_email": SECRET}},
    }


def all_kinds() -> list[dict[str, Any]]:
    return [
        telling("charge.refunded", charge(TOP_UP, refunded_cents=300)),
        telling("refund.created", refund(TOP_UP, cents=300)),
        telling("refund.failed", refund(TOP_UP, cents=100, number=2, status="failed")),
        telling("charge.dispute.created", dispute(TOP_UP, cents=1000, moves=(-1000,))),
        telling("charge.dispute.closed", dispute(TOP_UP, cents=1000, status="lost")),
    ]


@pytest.mark.parametrize("said", all_kinds(), ids=lambda said: str(said["type"]))
def test_nothing_of_who_paid_is_kept(said: dict[str, Any]):
    assert SECRET in body_of(said)
    kept = bare(body_of(said))
    assert "Anna" not in kept
    assert "Main Street" not in kept


def test_what_went_back_is_computed_alike_from_what_is_kept():
    whole = [json.loads(body_of(said)) for said in all_kinds()]
    kept = [json.loads(bare(body_of(said))) for said in all_kinds()]
    assert kept != whole
    for upto in range(1, len(whole) + 1):
        assert card_facts.returned(kept[:upto]) == card_facts.returned(whole[:upto])


def test_a_session_reads_alike_but_for_its_pages_address():
    about = {
        "id": "cs_1",
        "object": "checkout.session",
        "status": "complete",
        "payment_status": "paid",
        "mode": "payment",
        "amount_total": 1000,
        "currency": "usd",
        "client_reference_id": "top-up",
        "metadata": {"top_up": "top-up"},
        "payment_intent": {"id": "pi_1", "status": "succeeded", "receipt_email": SECRET},
        "livemode": False,
    }
    said = event("checkout.session.completed", about)
    kept = json.loads(bare(body_of(said)))["data"]["object"]
    assert cards.session_in(kept) == cards.session_in(about)
    assert "Anna" not in json.dumps(kept)


@pytest.mark.parametrize("nested", [{"a": SECRET}, [SECRET]])
def test_what_nests_where_a_plain_value_is_expected_does_not_come_along(nested: Any):
    assert "Anna" not in bare(body_of(event("refund.created", {"id": "re_1", "amount": nested})))
