"""What happens to money: sessions, payments, refunds, disputes, in Stripe's own objects.

Every change writes its objects and the events that Stripe would send for it, and hands those to the
courier. Amounts are cents. Numbers of test cards: Stripe, "Testing".
"""

from __future__ import annotations

import secrets
import time
from typing import Any

from sandbox.cards import parameters
from sandbox.cards.courier import Behaviour, Courier
from sandbox.cards.errors import Refused, missing, no_such
from sandbox.cards.store import Object, Store

API_VERSION = "2026-10-28.endive"
GOOD_CARD = "4242424242424242"
DECLINES = {
    "4000000000000002": ("generic_decline", "Your card was declined."),
    "4000000000009995": ("insufficient_funds", "Your card has insufficient funds."),
    "4000000000000069": ("expired_card", "Your card has expired."),
    "4000000000000127": ("incorrect_cvc", "Your card's security code is incorrect."),
}
BANK_PAYS, BANK_FAILS = "bank-pays", "bank-fails"
SHORTEST_SECONDS, LONGEST_SECONDS = 30 * 60, 24 * 3600
SLACK_SECONDS = 60  # between the caller's clock and ours
CREATE = {
    "mode", "line_items", "client_reference_id", "metadata", "payment_intent_data",
    "customer_email", "expires_at", "success_url", "cancel_url", "adaptive_pricing",
    "payment_method_types", "expand", "locale", "submit_type",
}  # fmt: skip
REFUND = {"payment_intent", "charge", "amount", "reason", "metadata", "expand"}


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"


def now() -> int:
    return int(time.time())


class Till:
    """The card processor's business. For one thread."""

    def __init__(self, store: Store, courier: Courier, behaviour: Behaviour) -> None:
        self._store, self._courier, self._behaviour = store, courier, behaviour

    # --- Sessions -----------------------------------------------------------------------------
    def open_session(self, said: dict[str, Any], *, base_url: str) -> Object:
        """`POST /v1/checkout/sessions`. Raises Refused."""
        parameters.only(said, CREATE)
        if parameters.text(said, "mode", needed=True) != "payment":
            raise Refused("The sandbox takes mode=payment only.", param="mode")
        cents, currency, names = _lines(said)
        if currency == "usd" and cents < 50:
            raise Refused(
                "The Checkout Session's total amount must convert to at least 50 cents.",
                code="amount_too_small",
            )
        expires_at = now() + LONGEST_SECONDS
        if "expires_at" in said:
            expires_at = parameters.whole(said["expires_at"], "expires_at")
            ahead = expires_at - now()
            if not SHORTEST_SECONDS - SLACK_SECONDS <= ahead <= LONGEST_SECONDS + SLACK_SECONDS:
                raise Refused(
                    "The `expires_at` timestamp must be between 30 minutes and 24 hours from "
                    "Checkout Session creation.",
                    param="expires_at",
                )
        intent_data = said.get("payment_intent_data", {})
        session_id = new_id("cs_test")
        session: Object = {
            "id": session_id,
            "object": "checkout.session",
            "adaptive_pricing": {
                "enabled": said.get("adaptive_pricing", {}).get("enabled") == "true"
            },
            "amount_subtotal": cents,
            "amount_total": cents,
            "cancel_url": parameters.text(said, "cancel_url"),
            "client_reference_id": parameters.text(said, "client_reference_id"),
            "created": now(),
            "currency": currency,
            "customer": None,
            "customer_details": None,
            "customer_email": parameters.text(said, "customer_email"),
            "expires_at": expires_at,
            "livemode": False,
            "metadata": parameters.words(said, "metadata"),
            "mode": "payment",
            "payment_intent": None,
            "payment_link": None,
            "payment_method_types": ["card", "us_bank_account"],
            "payment_status": "unpaid",
            "status": "open",
            "success_url": parameters.text(said, "success_url", needed=True),
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "ui_mode": "hosted_page",
            "url": f"{base_url}/pay/{session_id}",
            # Ours, not Stripe's: what the card page shows and the payment will carry.
            "_names": names,
            "_intent_metadata": parameters.words(intent_data, "metadata"),
        }
        return self._store.put(session, due_at=expires_at)

    def session(self, id_: str) -> Object:
        found = self._store.get("checkout.session", id_)
        if found is None:
            raise no_such("checkout.session", id_, "session")
        return found

    def expire(self, id_: str) -> Object:
        """`POST /v1/checkout/sessions/{id}/expire`."""
        session = self.session(id_)
        if session["status"] != "open":
            raise Refused(
                'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
                f'Session has a status of "{session["status"]}".'
            )
        session |= {"status": "expired", "url": None}
        self._store.put(session)
        self._tell("checkout.session.expired", session)
        return session

    # --- Paying ---------------------------------------------------------------------------------
    def pay(self, id_: str, method: str) -> Object:
        """A person pays with a card's number, or by bank. Raises Refused, as a card form would."""
        session = self.session(id_)
        if session["status"] != "open":
            raise Refused("This page has been used or has expired.", status=410)
        by_bank = method in (BANK_PAYS, BANK_FAILS)
        if not by_bank:
            _check_card(method)
        intent: Object = {
            "id": new_id("pi"),
            "object": "payment_intent",
            "amount": session["amount_total"],
            "amount_received": 0,
            "created": now(),
            "currency": session["currency"],
            "latest_charge": None,
            "livemode": False,
            "metadata": session["_intent_metadata"],
            "status": "processing",
            "_session": session["id"],
            "_bank": method if by_bank else "",
        }
        session |= {"status": "complete", "payment_intent": intent["id"], "url": None}
        session["customer_details"] = {"email": session["customer_email"]}
        if by_bank:
            self._store.put(intent, due_at=time.time() + self._behaviour.bank_seconds)
            self._store.put(session)
            self._tell("checkout.session.completed", session)
            return session
        self._receive(intent, session, "card")
        self._tell("checkout.session.completed", session)
        return session

    def go_on(self) -> None:
        """What is due by the clock: sessions that run out, banks that have decided."""
        for about in self._store.due(time.time()):
            if about["object"] == "checkout.session":
                if about["status"] == "open":
                    self.expire(about["id"])
            else:
                self._bank_decides(about)

    def _bank_decides(self, intent: Object) -> None:
        session = self.session(intent["_session"])
        if intent["_bank"] == BANK_PAYS:
            self._receive(intent, session, "us_bank_account")
            self._tell("checkout.session.async_payment_succeeded", session)
            return
        self._store.put(intent | {"status": "requires_payment_method"})
        self._tell("checkout.session.async_payment_failed", session)

    def _receive(self, intent: Object, session: Object, kind: str) -> None:
        charge: Object = {
            "id": new_id("ch"),
            "object": "charge",
            "amount": intent["amount"],
            "amount_captured": intent["amount"],
            "amount_refunded": 0,
            "captured": True,
            "created": now(),
            "currency": intent["currency"],
            "disputed": False,
            "livemode": False,
            "metadata": intent["metadata"],
            "paid": True,
            "payment_intent": intent["id"],
            "payment_method_details": {"type": kind},
            "refunded": False,
            "status": "succeeded",
        }
        intent |= {"status": "succeeded", "amount_received": intent["amount"]}
        intent["latest_charge"] = charge["id"]
        session["payment_status"] = "paid"
        for about in (charge, intent, session):
            self._store.put(about)

    # --- Refunds --------------------------------------------------------------------------------
    def refund(self, said: dict[str, Any]) -> Object:
        """`POST /v1/refunds`, of the whole or a part."""
        parameters.only(said, REFUND)
        charge = self._charge_of(said)
        left = charge["amount"] - charge["amount_refunded"]
        cents = parameters.whole(said["amount"], "amount") if "amount" in said else left
        if not left:
            raise Refused(
                f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
            )
        if not 0 < cents <= left:
            raise Refused(
                f"Refund amount ({_dollars(cents)}) is greater than unrefunded amount on charge "
                f"({_dollars(left)})",
                param="amount",
            )
        refund: Object = {
            "id": new_id("re"),
            "object": "refund",
            "amount": cents,
            "charge": charge["id"],
            "created": now(),
            "currency": charge["currency"],
            "metadata": parameters.words(said, "metadata"),
            "payment_intent": charge["payment_intent"],
            "reason": parameters.text(said, "reason"),
            "status": "succeeded",
        }
        charge["amount_refunded"] += cents
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self._store.put(refund)
        self._store.put(charge)
        self._tell("refund.created", refund)
        self._tell("charge.refunded", charge)
        return refund

    def refund_fails(self, id_: str) -> Object:
        """The bank could not take a refund: the money is the merchant's again."""
        refund = self._store.get("refund", id_)
        if refund is None:
            raise no_such("refund", id_)
        if refund["status"] != "succeeded":
            raise Refused("This refund has failed before.")
        refund |= {"status": "failed", "failure_reason": "unknown"}
        charge = self._store.get("charge", refund["charge"])
        assert charge is not None
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
        self._store.put(refund)
        self._store.put(charge)
        self._tell("refund.updated", refund)
        self._tell("refund.failed", refund)
        return refund

    # --- Disputes -------------------------------------------------------------------------------
    def dispute(self, payment_intent: str) -> Object:
        """A card holder tells their bank that they don't know this payment."""
        charge = self._charge_of({"payment_intent": payment_intent})
        if charge["disputed"]:
            raise Refused("This payment is disputed already.")
        cents = charge["amount"] - charge["amount_refunded"]
        if not cents:
            raise Refused("There is nothing left of this payment to dispute.")
        dispute: Object = {
            "id": new_id("du"),
            "object": "dispute",
            "amount": cents,
            "balance_transactions": [],
            "charge": charge["id"],
            "created": now(),
            "currency": charge["currency"],
            "is_charge_refundable": False,
            "livemode": False,
            "metadata": {},
            "payment_intent": charge["payment_intent"],
            "reason": "fraudulent",
            "status": "needs_response",
        }
        self._store.put(charge | {"disputed": True})
        self._tell("charge.dispute.created", dispute)
        dispute["balance_transactions"] = [_move(dispute, -cents)]
        self._store.put(dispute)
        self._tell("charge.dispute.funds_withdrawn", dispute)
        return dispute

    def decide(self, id_: str, *, won: bool) -> Object:
        """The card's bank has decided a dispute."""
        dispute = self._store.get("dispute", id_)
        if dispute is None:
            raise no_such("dispute", id_)
        if dispute["status"] in ("won", "lost"):
            raise Refused("This dispute has been decided.")
        dispute["status"] = "won" if won else "lost"
        if won:
            dispute["balance_transactions"].append(_move(dispute, dispute["amount"]))
            self._tell("charge.dispute.funds_reinstated", dispute)
        self._store.put(dispute)
        self._tell("charge.dispute.closed", dispute)
        return dispute

    # --- Events ---------------------------------------------------------------------------------
    def _tell(self, type_: str, about: Object) -> None:
        event: Object = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": now(),
            "data": {"object": public(about)},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": type_,
        }
        self._store.add_event(event)
        self._courier.send(event["id"])

    def _charge_of(self, said: dict[str, Any]) -> Object:
        charge_id = parameters.text(said, "charge")
        if charge_id is None:
            intent_id = parameters.text(said, "payment_intent")
            if intent_id is None:
                raise missing("payment_intent")
            intent = self._store.get("payment_intent", intent_id)
            if intent is None:
                raise no_such("payment_intent", intent_id, "payment_intent")
            charge_id = intent["latest_charge"]
            if charge_id is None:
                raise Refused(
                    f"The PaymentIntent {intent_id} does not have a successful charge to refund.",
                    code="payment_intent_unexpected_state",
                )
        charge = self._store.get("charge", charge_id)
        if charge is None:
            raise no_such("charge", charge_id, "charge")
        return charge


def public(about: Object) -> Object:
    """An object as Stripe shows it: without what the sandbox notes for itself."""
    return {name: value for name, value in about.items() if not name.startswith("_")}


def _lines(said: dict[str, Any]) -> tuple[int, str, list[str]]:
    """The total, its currency, and what is bought."""
    items = said.get("line_items")
    if not isinstance(items, list) or not items:
        raise missing("line_items")
    cents, currencies, names = 0, set(), []
    for number, item in enumerate(items):
        where = f"line_items[{number}]"
        data = item.get("price_data") if isinstance(item, dict) else None
        if not isinstance(data, dict):
            raise missing(f"{where}[price_data]")
        amount = parameters.whole(data.get("unit_amount"), f"{where}[price_data][unit_amount]")
        quantity = parameters.whole(item.get("quantity", "1"), f"{where}[quantity]")
        currency = parameters.text(data, "currency", needed=True) or ""
        if amount < 0 or quantity < 1 or len(currency) != 3:
            raise Refused("Invalid amount, quantity or currency.", param=where)
        cents += amount * quantity
        currencies.add(currency.lower())
        product = data.get("product_data", {})
        names.append(str(product.get("name", "")) if isinstance(product, dict) else "")
    if len(currencies) != 1:
        raise Refused("All line items must have the same currency.", param="line_items")
    return cents, currencies.pop(), names


def _check_card(typed: str) -> None:
    """Raises Refused with the words that Stripe gives a card's owner."""
    number = "".join(typed.split()).replace("-", "")

    def refusal(message: str, code: str, decline_code: str = "") -> Refused:
        return Refused(message, status=402, kind="card_error", code=code, decline_code=decline_code)

    if not number.isascii() or not number.isdigit() or not 12 <= len(number) <= 19:
        raise refusal("Your card number is incomplete.", "incomplete_number")
    if not _luhn(number):
        raise refusal("Your card number is invalid.", "invalid_number")
    if number in DECLINES:
        decline_code, message = DECLINES[number]
        raise refusal(message, "card_declined", decline_code)
    if number != GOOD_CARD:
        raise refusal(
            "Your card was declined. Only test cards work here; no real card should be typed in.",
            "card_declined",
            "test_mode_live_card",
        )


def _luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _move(dispute: Object, cents: int) -> Object:
    return {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": cents,
        "created": now(),
        "currency": dispute["currency"],
        "fee": 1500 if cents < 0 else 0,
        "net": cents - (1500 if cents < 0 else 0),
        "type": "adjustment",
    }


def _dollars(cents: int) -> str:
    return f"${cents / 100:,.2f}"
