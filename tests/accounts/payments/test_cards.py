"""The door to Stripe: what we ask for, what we read, and which errors cross into our room."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import stripe

from accounts.payments import cards
from tests import fake_cards
from tests.fake_cards import FakeCards, body_of, event, form, signed

TOP_UP = "11111111-2222-4333-8444-555555555555"


def opened(fake: FakeCards) -> cards.Session:
    return fake.processor.open_checkout(
        top_up_id=TOP_UP,
        amount_micros=10_000_000,
        email="anna@family.example",
        expires_at=datetime(2026, 11, 21, tzinfo=UTC),
        return_url="http://testserver/wallet/top-up/1/",
    )


def test_a_checkout_is_asked_for_with_all_that_is_checked_later(card_processor: FakeCards):
    session = opened(card_processor)
    (request,) = card_processor.requests
    assert request.url == "https://cards.test/v1/checkout/sessions"
    assert request.headers["Authorization"] == f"Bearer {fake_cards.KEY}"
    assert request.headers["Idempotency-Key"] == TOP_UP
    assert request.headers["Stripe-Version"] == "2026-10-28.endive"
    assert form(request) == {
        "mode": "payment",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "1000",
        "line_items[0][price_data][product_data][name]": "Heirloom wallet",
        "client_reference_id": TOP_UP,
        "metadata[top_up]": TOP_UP,
        "payment_intent_data[metadata][top_up]": TOP_UP,
        "customer_email": "anna@family.example",
        "expires_at": str(int(datetime(2026, 11, 21, tzinfo=UTC).timestamp())),
        "success_url": "http://testserver/wallet/top-up/1/",
        "cancel_url": "http://testserver/wallet/top-up/1/?cancelled=1",
        "adaptive_pricing[enabled]": "false",
    }
    assert session == cards.Session(
        id="cs_test_1",
        url="https://checkout.test/pay/cs_test_1",
        status="open",
        payment_status="unpaid",
        mode="payment",
        amount_micros=10_000_000,
        currency="usd",
        reference=TOP_UP,
        named_top_up=TOP_UP,
        payment_intent="",
        payment_failed=False,
        live=False,
    )


def test_no_telemetry_and_nothing_global(card_processor: FakeCards):
    opened(card_processor)
    opened(card_processor)
    assert "X-Stripe-Client-Telemetry" not in card_processor.requests[-1].headers
    assert "telemetry_id" not in card_processor.requests[-1].headers["X-Stripe-Client-User-Agent"]
    assert stripe.api_key is None
    assert stripe.api_base == "https://api.stripe.com"


@pytest.mark.parametrize(
    ("intent_status", "failed"),
    [("processing", False), ("requires_payment_method", True), ("canceled", True)],
)
def test_a_complete_session_without_money_is_told_from_one_whose_money_is_coming(
    card_processor: FakeCards, intent_status: str, failed: bool
):
    session_id = opened(card_processor).id
    card_processor.sessions[session_id] |= {
        "status": "complete",
        "payment_intent": {"id": "pi_1", "status": intent_status},
    }
    session = card_processor.processor.session(session_id)
    assert (session.payment_intent, session.payment_failed) == ("pi_1", failed)
    assert card_processor.requests[-1].url.params["expand[0]"] == "payment_intent"


# --- Errors -----------------------------------------------------------------------------------
def answering(status: int, **error: Any) -> Any:
    return lambda request: httpx.Response(status, json={"error": {"message": "No.", **error}})


@pytest.mark.parametrize("status", [429, 500, 502, 503, 409])
def test_what_may_go_better_later_is_unavailable(card_processor: FakeCards, status: int):
    card_processor.on_request = answering(status, type="api_error")
    with pytest.raises(cards.CardsUnavailable):
        opened(card_processor)


@pytest.mark.parametrize(
    "problem", [httpx.ConnectError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x")]
)
def test_a_network_that_fails_is_unavailable(card_processor: FakeCards, problem: httpx.HTTPError):
    def fail(request: httpx.Request) -> httpx.Response:
        raise problem

    card_processor.on_request = fail
    with pytest.raises(cards.CardsUnavailable):
        opened(card_processor)


def test_an_answer_that_is_no_json_is_unavailable(card_processor: FakeCards):
    card_processor.on_request = lambda request: httpx.Response(502, text="<html>Bad gateway")
    with pytest.raises(cards.CardsUnavailable):
        opened(card_processor)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (400, "idempotency_error"),
        (401, "invalid_request_error"),
        (402, "card_error"),
        (403, "invalid_request_error"),
        (404, "invalid_request_error"),
    ],
)
def test_a_refusal_is_told_without_the_members_data(
    card_processor: FakeCards, status: int, kind: str
):
    card_processor.on_request = answering(status, type=kind, message="anna@family.example is bad")
    with pytest.raises(cards.CardsRefused) as caught:
        opened(card_processor)
    assert "anna" not in str(caught.value)


def test_a_lost_answer_is_asked_for_again_with_the_same_key(
    card_processor: FakeCards, settings: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.0)
    settings.CARDS_RETRIES = 1
    fake = FakeCards()

    def once(request: httpx.Request) -> httpx.Response:
        fake.on_request = None
        raise httpx.ReadTimeout("lost")

    fake.on_request = once
    assert opened(fake).id == "cs_test_1"
    assert [request.headers["Idempotency-Key"] for request in fake.requests] == [TOP_UP, TOP_UP]


# --- Signatures ---------------------------------------------------------------------------------
BODY = body_of(event("checkout.session.expired", {"id": "cs_1"}))


def heard(fake: FakeCards, body: str | bytes, signature: str) -> cards.Event:
    raw = body.encode() if isinstance(body, str) else body
    return fake.processor.event(body=raw, signature=signature)


def test_a_signed_event_is_read(card_processor: FakeCards):
    read = heard(card_processor, BODY, signed(BODY))
    assert (read.type, read.live, read.about) == ("checkout.session.expired", False, {"id": "cs_1"})


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "t=1",
        "v1=abc",
        "nonsense",
        signed(BODY, secret="whsec_other"),
        signed(BODY + " "),
        signed(BODY, at=int(time.time()) - 301),
        signed(BODY).replace("v1=", "v0="),
    ],
    ids=["none", "no v1", "no time", "nonsense", "other secret", "other body", "old", "v0 only"],
)
def test_what_is_not_sealed_for_us_now_is_refused(card_processor: FakeCards, signature: str):
    with pytest.raises(cards.BadSignature):
        heard(card_processor, BODY, signature)


def test_one_of_several_signatures_is_enough_while_a_secret_is_rolled(card_processor: FakeCards):
    both = f"{signed(BODY, secret='whsec_old')},{signed(BODY).partition(',')[2]}"
    assert heard(card_processor, BODY, both).about == {"id": "cs_1"}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no json",
        "[]",
        "{}",
        "null",
        '{"id": "evt_1", "object": "v2.core.event"}',
        '{"id": "evt_1", "type": "x", "created": "soon", "livemode": true, "data": {}}',
        '{"id": "evt_1", "type": "x", "created": 1, "livemode": false, "data": {"object": 7}}',
    ],
)
def test_a_sealed_body_that_is_no_event_is_refused(card_processor: FakeCards, body: str):
    with pytest.raises(cards.BadSignature):
        heard(card_processor, body, signed(body))


def test_bytes_that_are_no_text_are_refused(card_processor: FakeCards):
    with pytest.raises(cards.BadSignature):
        heard(card_processor, b"\xff\x00", "t=1,v1=abc")


@pytest.mark.parametrize(
    ("key", "live"),
    [("sk_test_x", False), ("rk_test_x", False), ("sk_live_x", True), ("rk_live_x", True)],
)
def test_a_key_says_whether_money_is_real(key: str, live: bool):
    processor = cards.CardProcessor(key=key, webhook_secret="w", api_base="https://cards.test")
    assert processor.live is live
