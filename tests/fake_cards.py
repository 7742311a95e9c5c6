"""Stripe inside the process, at the other end of the transport: the library is the real one.

It keeps as much of the documented shapes as our side reads; tests/sandbox/test_cards.py holds the
sandbox's fuller one to the same library.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx
import stripe

from accounts.models import TopUp
from accounts.payments.cards import CardProcessor

KEY, SECRET = "sk_test_key", "whsec_test"
API_BASE = "https://cards.test"


@dataclass
class FakeCards:
    """Set `on_request` to answer (or raise) something else."""

    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    on_request: Callable[[httpx.Request], httpx.Response] | None = None

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._answers: dict[str, httpx.Response] = {}
        self.processor = CardProcessor(
            key=KEY,
            webhook_secret=SECRET,
            api_base=API_BASE,
            transport=httpx.MockTransport(self._answer),
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.on_request:
            return self.on_request(request)
        if request.method == "POST":
            key = request.headers["Idempotency-Key"]
            if key not in self._answers:
                self._answers[key] = httpx.Response(200, json=self._open(form(request)))
            return self._answers[key]
        return httpx.Response(200, json=self.sessions[request.url.path.rpartition("/")[2]])

    def _open(self, asked: dict[str, str]) -> dict[str, Any]:
        number = next(self._numbers)
        session = {
            "id": f"cs_test_{number}",
            "object": "checkout.session",
            "url": f"https://checkout.test/pay/cs_test_{number}",
            "status": "open",
            "payment_status": "unpaid",
            "mode": asked["mode"],
            "amount_total": int(asked["line_items[0][price_data][unit_amount]"]),
            "currency": asked["line_items[0][price_data][currency]"],
            "client_reference_id": asked["client_reference_id"],
            "metadata": {"top_up": asked["metadata[top_up]"]},
            "payment_intent": None,
            "livemode": False,
        }
        self.sessions[str(session["id"])] = session
        return session

    def pay(self, top_up: TopUp) -> dict[str, Any]:
        """The member typed a good card in."""
        assert top_up.session_id
        session = self.sessions[top_up.session_id]
        session |= {
            "status": "complete",
            "payment_status": "paid",
            "payment_intent": f"pi_{top_up.session_id}",
            "url": None,
        }
        return session


def form(request: httpx.Request) -> dict[str, str]:
    return dict(parse_qsl(request.content.decode(), keep_blank_values=True))


_events = itertools.count(1)


def event(type_: str, about: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An event's JSON, with the documented frame."""
    return {
        "id": f"evt_{next(_events)}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "type": type_,
        "created": int(time.time()),
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "data": {"object": about},
        **fields,
    }


def signed(body: str, *, secret: str = SECRET, at: int | None = None) -> str:
    """The Stripe-Signature header."""
    header: str = stripe.WebhookSignature.generate_signature_header(body, secret, at)
    return header


def charge(top_up: TopUp, *, refunded_cents: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"ch_{top_up.payment_intent}",
        "object": "charge",
        "amount": top_up.amount_micros // 10_000,
        "amount_refunded": refunded_cents,
        "currency": "usd",
        "payment_intent": top_up.payment_intent,
        "refunded": refunded_cents == top_up.amount_micros // 10_000,
        **fields,
    }


def refund(top_up: TopUp, *, cents: int, number: int = 1, status: str = "succeeded") -> Any:
    return {
        "id": f"re_{number}",
        "object": "refund",
        "amount": cents,
        "currency": "usd",
        "charge": f"ch_{top_up.payment_intent}",
        "payment_intent": top_up.payment_intent,
        "status": status,
    }


def dispute(
    top_up: TopUp, *, cents: int, status: str = "needs_response", moves: tuple[int, ...] = ()
) -> dict[str, Any]:
    """`moves` are the amounts of its balance transactions, in cents."""
    return {
        "id": "dp_1",
        "object": "dispute",
        "amount": cents,
        "currency": "usd",
        "charge": f"ch_{top_up.payment_intent}",
        "payment_intent": top_up.payment_intent,
        "status": status,
        "balance_transactions": [{"amount": cents, "currency": "usd"} for cents in moves],
    }


def body_of(said: dict[str, Any]) -> str:
    return json.dumps(said, indent=2)
