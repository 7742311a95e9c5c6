"""The only door to Stripe: opens checkouts, asks after them, and checks the seal of its events.

No ORM here, and nothing global: each `CardProcessor` has its own client, key, address and time
limits. Whatever goes wrong leaves as one of three errors, each of which says whether trying again
can help. Call it outside transactions: it waits for the network.

Only what we rely on is read out of Stripe's objects (API version pinned by the library, see
"API changelog"), into frozen dataclasses. Amounts are micro-dollars here, cents at Stripe.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import httpx
import stripe
from django.conf import settings
from stripe import StripeClient

# The library would write an identifier of this machine into the home folder and send it along.
stripe.enable_telemetry = False

MICROS_IN_A_CENT = 10_000
CURRENCY = "usd"
# A payment that has ended without money, by its PaymentIntent's status.
FAILED_INTENTS = ("requires_payment_method", "canceled")


class CardsError(Exception):
    """The card processor did not do what we asked. Nothing was charged by it."""


class CardsUnavailable(CardsError):
    """It can't be reached or is out of order: the same call may succeed later."""


class CardsRefused(CardsError):
    """It understood and said no: the same call will fail again."""


class BadSignature(CardsError):
    """This did not come from the card processor, or not now, or is no event."""


@dataclass(frozen=True)
class Session:
    """A Checkout Session, as far as money depends on it."""

    id: str
    url: str
    status: str  # open, complete, expired
    payment_status: str  # paid, unpaid, no_payment_required
    mode: str
    amount_micros: int | None
    currency: str
    reference: str
    named_top_up: str
    payment_intent: str
    payment_failed: bool
    live: bool

    @property
    def is_paid(self) -> bool:
        return self.payment_status == "paid"


@dataclass(frozen=True)
class Event:
    """A signed event. `about` is the object that it tells of, as the event had it."""

    id: str
    type: str
    created: int
    live: bool
    about: Mapping[str, Any]


class HttpDoor(stripe.HTTPClient):
    """Stripe's own httpx client passes the body by a way that httpx has deprecated, and follows the
    library's time limit of 80 seconds; this one says how long each phase may take."""

    name = "httpx"

    def __init__(self, transport: httpx.BaseTransport | None = None) -> None:
        super().__init__()
        timeout = httpx.Timeout(settings.CARDS_READ_SECONDS, connect=settings.CARDS_CONNECT_SECONDS)
        self._http = httpx.Client(timeout=timeout, transport=transport, trust_env=False)

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        **_: Any,
    ) -> tuple[str, int, Mapping[str, str]]:
        try:
            answer = self._http.request(method, url, headers=headers, content=post_data or None)
        except httpx.HTTPError as problem:
            raise stripe.APIConnectionError(  # type: ignore[no-untyped-call]
                f"{type(problem).__name__} on the way to the card processor", should_retry=True
            ) from problem
        return answer.text, answer.status_code, answer.headers

    def close(self) -> None:
        self._http.close()


class CardProcessor:
    """Stripe, with one key. Safe to share between threads."""

    def __init__(
        self,
        *,
        key: str,
        webhook_secret: str,
        api_base: str,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.live = not key.partition("_")[2].startswith("test_")
        self._secret = webhook_secret
        self._http = HttpDoor(transport)
        self._client = StripeClient(
            key,
            base_addresses={"api": api_base},
            max_network_retries=settings.CARDS_RETRIES,
            http_client=self._http,
        )

    def close(self) -> None:
        self._http.close()

    def open_checkout(
        self,
        *,
        top_up_id: str,
        amount_micros: int,
        email: str,
        expires_at: datetime,
        return_url: str,
    ) -> Session:
        """A page on which this amount can be paid, once. The same top-up gives the same session.

        Raises CardsUnavailable, CardsRefused.
        """
        known = {"top_up": top_up_id}
        session = self._ask(
            self._client.v1.checkout.sessions.create,
            params={
                "mode": "payment",
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {
                            "currency": CURRENCY,
                            "unit_amount": amount_micros // MICROS_IN_A_CENT,
                            "product_data": {"name": "Heirloom wallet"},
                        },
                    }
                ],
                "client_reference_id": top_up_id,
                "metadata": known,
                "payment_intent_data": {"metadata": known},
                "customer_email": email,
                "expires_at": int(expires_at.timestamp()),
                "success_url": return_url,
                "cancel_url": f"{return_url}?cancelled=1",
                # Refunds and disputes then come in the currency that was paid in.
                "adaptive_pricing": {"enabled": False},
            },
            options={"idempotency_key": top_up_id},
        )
        return _session(session)

    def session(self, session_id: str) -> Session:
        """The session as it is now. Raises CardsUnavailable, CardsRefused."""
        return _session(
            self._ask(
                self._client.v1.checkout.sessions.retrieve,
                session_id,
                params={"expand": ["payment_intent"]},
            )
        )

    def event(self, *, body: bytes, signature: str) -> Event:
        """The event that a webhook brought. Raises BadSignature."""
        try:
            self._client.construct_event(
                body, signature, self._secret, tolerance=settings.CARD_EVENT_TOLERANCE_SECONDS
            )
            said = json.loads(body)
            return Event(
                id=str(said["id"]),
                type=str(said["type"]),
                created=int(said["created"]),
                live=bool(said["livemode"]),
                about=dict(said["data"]["object"]),
            )
        except stripe.SignatureVerificationError as problem:
            raise BadSignature("The signature does not fit.") from problem
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise BadSignature("This is no event.") from problem

    def _ask(self, call: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = call(*arguments, **options).to_dict()
        except (stripe.APIConnectionError, stripe.RateLimitError) as problem:
            raise CardsUnavailable("The card processor does not answer.") from problem
        except stripe.StripeError as problem:
            # Its words may name the member's data; our log gets the code and the request's number.
            words = f"{problem.http_status} {problem.code or ''} {problem.request_id or ''}".strip()
            # 409: the same key is being worked on at this moment, as after a double click.
            if problem.http_status in (None, 409) or problem.http_status >= 500:
                raise CardsUnavailable(f"The card processor is out of order: {words}") from problem
            raise CardsRefused(f"The card processor refused: {words}") from problem
        return answer


def enabled() -> bool:
    """Whether paying by card is offered at all."""
    return bool(settings.STRIPE_SECRET_KEY)


def processor() -> CardProcessor:
    """The one that the settings name."""
    return _processor(
        settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET, settings.STRIPE_API_BASE
    )


@cache
def _processor(key: str, webhook_secret: str, api_base: str) -> CardProcessor:
    return CardProcessor(key=key, webhook_secret=webhook_secret, api_base=api_base)


def session_in(about: Mapping[str, Any]) -> Session:
    """The session that an event tells of. Raises BadSignature when it is none."""
    try:
        return _session(about)
    except (KeyError, TypeError, AttributeError) as problem:
        raise BadSignature("This is no session.") from problem


def _session(said: Mapping[str, Any]) -> Session:
    intent = said.get("payment_intent") or ""
    intent_status = intent.get("status", "") if isinstance(intent, Mapping) else ""
    cents = said.get("amount_total")
    complete_and_unpaid = said["status"] == "complete" and said["payment_status"] == "unpaid"
    return Session(
        id=str(said["id"]),
        url=str(said.get("url") or ""),
        status=str(said["status"]),
        payment_status=str(said["payment_status"]),
        mode=str(said.get("mode") or ""),
        amount_micros=None if cents is None else int(cents) * MICROS_IN_A_CENT,
        currency=str(said.get("currency") or ""),
        reference=str(said.get("client_reference_id") or ""),
        named_top_up=str((said.get("metadata") or {}).get("top_up") or ""),
        payment_intent=str(intent["id"] if isinstance(intent, Mapping) else intent),
        payment_failed=complete_and_unpaid and intent_status in FAILED_INTENTS,
        live=bool(said["livemode"]),
    )
