"""The sandbox's card processor, spoken to by Stripe's own library and by our own door to it."""

from __future__ import annotations

import re
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import stripe
from aiohttp import web

from accounts.payments import cards
from sandbox.cards.app import make_app
from sandbox.cards.settings import Settings
from tests.sandbox.harness import Client, Loop, served

pytestmark = pytest.mark.loopback

KEY, SECRET = "sk_test_here", "whsec_here"
GOOD, DECLINED, POOR = "4242 4242 4242 4242", "4000000000000002", "4000000000009995"


to_close: list[Any] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while to_close:
        to_close.pop().close()


class Site:
    """The site's webhook: checks each seal, keeps each event."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.answers: list[int] = []

    def app(self) -> web.Application:
        async def take(request: web.Request) -> web.Response:
            event = stripe.Webhook.construct_event(
                await request.read(), request.headers["Stripe-Signature"], SECRET, api_key=KEY
            )
            self.events.append(event)
            return web.Response(status=self.answers.pop(0) if self.answers else 200)

        app = web.Application()
        app.router.add_post("/webhooks/stripe/", take)
        return app

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def card_settings(loop: Loop, site: Site, tmp_path: Path) -> Iterator[Settings]:
    with served(loop, site.app()) as url:
        yield Settings(
            key=KEY,
            webhook_secret=SECRET,
            webhook_url=f"{url}/webhooks/stripe/",
            directory=tmp_path,
            bank_seconds=0.1,
            retry_pauses=(0.05,) * 5,
        )


@pytest.fixture
def sandbox(loop: Loop, card_settings: Settings) -> Iterator[Client]:
    with served(loop, make_app(card_settings)) as url:
        yield Client(loop, url)


@pytest.fixture
def ours(sandbox: Client) -> cards.CardProcessor:
    return door(sandbox)


def door(sandbox: Client, key: str = KEY) -> cards.CardProcessor:
    made = cards.CardProcessor(key=key, webhook_secret=SECRET, api_base=sandbox.url)
    to_close.append(made)
    return made


def opened(ours: cards.CardProcessor, top_up_id: str = "", **said: Any) -> cards.Session:
    wanted: dict[str, Any] = {
        "top_up_id": top_up_id or str(uuid.uuid4()),
        "amount_micros": 10_000_000,
        "email": "anna@family.example",
        "expires_at": datetime.now(UTC) + timedelta(hours=2),
        "return_url": "http://127.0.0.1:1/back/",
    }
    return ours.open_checkout(**{**wanted, **said})


def act(sandbox: Client, action: str, **said: Any) -> Any:
    answer = sandbox("POST", "/_sandbox/act", json={"action": action, **said})
    assert answer.status == 200, answer.body
    return answer.json


def paid(sandbox: Client, ours: cards.CardProcessor) -> cards.Session:
    session = opened(ours)
    act(sandbox, "pay", session=session.id, number=GOOD)
    return ours.session(session.id)


def heard(sandbox: Client, site: Site, *types: str) -> list[Any]:
    """The events once all of these have come, in this order: they may overtake each other."""
    sandbox.wait_for(lambda: Counter(types) <= Counter(site.types))
    events = [event for event in site.events if event.type in types]
    return sorted(events, key=lambda event: types.index(event.type))


# --- The API, as our door and Stripe's library see it -------------------------------------------
def test_our_door_opens_a_checkout_and_reads_it_back(ours: cards.CardProcessor):
    session = opened(ours, "11111111-2222-4333-8444-555555555555")
    assert session.url.endswith(f"/pay/{session.id}")
    assert replace(session, id="", url="") == cards.Session(
        id="",
        url="",
        status="open",
        payment_status="unpaid",
        mode="payment",
        amount_micros=10_000_000,
        currency="usd",
        reference="11111111-2222-4333-8444-555555555555",
        named_top_up="11111111-2222-4333-8444-555555555555",
        payment_intent="",
        payment_failed=False,
        live=False,
    )
    assert ours.session(session.id) == session


def test_a_key_gives_the_same_answer_and_refuses_other_parameters(ours: cards.CardProcessor):
    top_up_id, ends = str(uuid.uuid4()), datetime.now(UTC) + timedelta(hours=1)
    first = opened(ours, top_up_id, expires_at=ends)
    assert opened(ours, top_up_id, expires_at=ends) == first
    with pytest.raises(cards.CardsRefused):
        opened(ours, top_up_id, expires_at=ends, amount_micros=20_000_000)


def library(sandbox: Client, key: str = KEY) -> stripe.StripeClient:
    http = cards.HttpDoor()
    to_close.append(http)
    return stripe.StripeClient(key, base_addresses={"api": sandbox.url}, http_client=http)


def test_a_wrong_key_is_an_authentication_error_that_hides_it(sandbox: Client):
    with pytest.raises(stripe.AuthenticationError) as caught:
        library(sandbox, "sk_test_of_somebody_else").v1.checkout.sessions.retrieve("cs_1")
    assert "somebody" not in str(caught.value)
    assert sandbox("GET", "/v1/checkout/sessions/cs_1").status == 401


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"mode": "subscription"}, None),
        ({"line_items": []}, "parameter_missing"),
        ({"success_url": ""}, "parameter_missing"),
        ({"expires_at": timedelta(minutes=1)}, None),
        ({"expires_at": timedelta(hours=25)}, None),
        ({"moode": "payment"}, "parameter_unknown"),
    ],
    ids=["mode", "no items", "no way back", "too soon", "too late", "unknown"],
)
def test_what_stripe_would_refuse_is_refused(sandbox: Client, wrong: dict[str, Any], code: str):
    said: dict[str, Any] = {
        "mode": "payment",
        "success_url": "http://127.0.0.1/",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "usd",
                    "unit_amount": 500,
                    "product_data": {"name": "x"},
                },
            }
        ],
    }
    sessions = library(sandbox).v1.checkout.sessions
    assert sessions.create(params=said).amount_total == 500  # type: ignore[arg-type]
    if isinstance(after := wrong.get("expires_at"), timedelta):
        wrong = {"expires_at": int(time.time() + after.total_seconds())}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        sessions.create(params={**said, **wrong})  # type: ignore[arg-type]
    assert caught.value.code == code


def test_what_is_not_there_is_said_in_stripes_words(sandbox: Client):
    with pytest.raises(stripe.InvalidRequestError, match="No such payment_intent: 'pi_x'") as found:
        library(sandbox).v1.payment_intents.retrieve("pi_x")
    assert (found.value.http_status, found.value.code) == (404, "resource_missing")
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        library(sandbox).v1.customers.retrieve("cus_x")


def test_nobody_at_home_is_unavailable_to_our_door(
    sandbox: Client, ours: cards.CardProcessor, settings: Any
):
    act(sandbox, "behave", api_down=9)
    with pytest.raises(cards.CardsUnavailable):
        opened(ours)
    act(sandbox, "behave", api_down=0)
    assert opened(ours).status == "open"


# --- Paying -------------------------------------------------------------------------------------
def test_a_good_card_pays_and_the_site_is_told(
    sandbox: Client, ours: cards.CardProcessor, site: Site
):
    session = paid(sandbox, ours)
    assert (session.status, session.is_paid) == ("complete", True)
    (event,) = heard(sandbox, site, "checkout.session.completed")
    assert event.data.object.payment_intent == session.payment_intent
    assert event.api_version == "2026-10-28.endive"
    assert not event.livemode
    assert not [name for name in event.data.object.to_dict() if name.startswith("_")]
    intent = library(sandbox).v1.payment_intents.retrieve(session.payment_intent)
    assert (intent.status, intent.metadata.to_dict()) == (
        "succeeded",
        {"top_up": session.reference},
    )


def seal_of(page: bytes) -> str:
    found = re.search(rb'name="seal" value="([^"]+)"', page)
    assert found
    return found[1].decode()


def submit(sandbox: Client, session: cards.Session, number: str) -> Any:
    page = sandbox("GET", f"/pay/{session.id}")
    form = {"seal": seal_of(page.body), "number": number}
    return sandbox("POST", f"/pay/{session.id}", data=form)


def test_the_card_page_pays_and_leads_back(sandbox: Client, ours: cards.CardProcessor):
    session = opened(ours)
    page = sandbox("GET", f"/pay/{session.id}")
    assert b"$10.00" in page.body
    assert b"This is a stand-in" in page.body
    assert "form-action 'self' http://127.0.0.1:1" in page.headers["Content-Security-Policy"]
    answer = submit(sandbox, session, GOOD)
    assert (answer.status, answer.headers["Location"]) == (303, "http://127.0.0.1:1/back/")
    assert sandbox("GET", f"/pay/{session.id}").status == 410


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (DECLINED, "Your card was declined."),
        (POOR, "Your card has insufficient funds."),
        ("4242424242424241", "Your card number is invalid."),
        ("4242", "Your card number is incomplete."),
        ("5555555555554444", "Only test cards work here"),
        ("<script>", "Your card number is incomplete."),
    ],
)
def test_a_card_that_does_not_pay_says_why_and_can_be_tried_again(
    sandbox: Client, ours: cards.CardProcessor, site: Site, number: str, words: str
):
    session = opened(ours)
    answer = submit(sandbox, session, number)
    assert answer.status == 402
    assert words in answer.body.decode()
    assert b"<script>" not in answer.body
    assert ours.session(session.id) == session
    assert submit(sandbox, session, GOOD).status == 303


def test_only_its_own_form_pays(sandbox: Client, ours: cards.CardProcessor):
    session = opened(ours)
    answer = sandbox("POST", f"/pay/{session.id}", data={"number": GOOD, "seal": "x"})
    assert answer.status == 403
    assert sandbox("POST", "/_sandbox/act", data={"action": "expire"}).status == 403
    assert sandbox("GET", "/_sandbox/", headers={"Host": "evil.example"}).status == 403


@pytest.mark.parametrize(
    ("method", "type_", "intent_failed"),
    [
        ("bank-pays", "checkout.session.async_payment_succeeded", False),
        ("bank-fails", "checkout.session.async_payment_failed", True),
    ],
)
def test_a_bank_decides_later(
    sandbox: Client,
    ours: cards.CardProcessor,
    site: Site,
    method: str,
    type_: str,
    intent_failed: bool,
):
    session = opened(ours)
    act(sandbox, "pay", session=session.id, number=method)
    completed, decided = heard(sandbox, site, "checkout.session.completed", type_)
    assert completed.data.object.payment_status == "unpaid"
    assert (decided.data.object.payment_status == "paid") is not intent_failed
    assert ours.session(session.id).payment_failed is intent_failed


def test_a_session_is_expired_by_hand(sandbox: Client, ours: cards.CardProcessor, site: Site):
    session = opened(ours)
    library(sandbox).v1.checkout.sessions.expire(session.id)
    heard(sandbox, site, "checkout.session.expired")
    assert ours.session(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match=r"Only Checkout Sessions with a status"):
        library(sandbox).v1.checkout.sessions.expire(session.id)


# --- Refunds and disputes -----------------------------------------------------------------------
def test_refunds_tell_the_running_total_and_end_at_the_whole(
    sandbox: Client, ours: cards.CardProcessor, site: Site
):
    intent = paid(sandbox, ours).payment_intent
    refunds = library(sandbox).v1.refunds
    refunds.create(params={"payment_intent": intent, "amount": 300})
    with pytest.raises(stripe.InvalidRequestError, match=r"greater than unrefunded amount"):
        refunds.create(params={"payment_intent": intent, "amount": 701})
    refunds.create(params={"payment_intent": intent})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        refunds.create(params={"payment_intent": intent})
    assert caught.value.code == "charge_already_refunded"
    sandbox.wait_for(lambda: site.types.count("charge.refunded") == 2)
    charges = [event.data.object for event in site.events if event.type == "charge.refunded"]
    said = {(charge.amount_refunded, charge.refunded) for charge in charges}
    assert said == {(300, False), (1000, True)}
    assert {charge.payment_intent for charge in charges} == {intent}
    created = heard(sandbox, site, "refund.created", "refund.created")
    assert {event.data.object.amount for event in created} == {300, 700}


def test_a_refund_can_fail_later(sandbox: Client, ours: cards.CardProcessor, site: Site):
    refund = act(sandbox, "refund", payment_intent=paid(sandbox, ours).payment_intent)
    act(sandbox, "refund_fails", refund=refund["id"])
    (event,) = heard(sandbox, site, "refund.failed")
    assert (event.data.object.status, event.data.object.amount) == ("failed", 1000)


@pytest.mark.parametrize("end", ["won", "lost"])
def test_a_dispute_runs_its_course(
    sandbox: Client, ours: cards.CardProcessor, site: Site, end: str
):
    dispute = act(sandbox, "dispute", payment_intent=paid(sandbox, ours).payment_intent)
    heard(sandbox, site, "charge.dispute.created", "charge.dispute.funds_withdrawn")
    act(sandbox, end, dispute=dispute["id"])
    (closed,) = heard(sandbox, site, "charge.dispute.closed")
    moves = [move.amount for move in closed.data.object.balance_transactions]
    assert closed.data.object.status == end
    assert moves == ([-1000, 1000] if end == "won" else [-1000])
    if end == "won":
        heard(sandbox, site, "charge.dispute.funds_reinstated")
    back = "charge.dispute.funds_reinstated" in site.types
    assert back or end == "lost"


# --- Events -------------------------------------------------------------------------------------
def test_an_event_is_sent_again_until_it_is_taken(
    sandbox: Client, ours: cards.CardProcessor, site: Site
):
    site.answers = [503, 500, 200]
    paid(sandbox, ours)
    sandbox.wait_for(lambda: len(site.events) == 3)
    assert len({event.id for event in site.events}) == 1
    (kept,) = sandbox.wait_for(
        lambda: [
            one for one in sandbox("GET", "/_sandbox/events").json if one["state"] == "delivered"
        ]
    )
    assert kept["statuses"] == [503, 500, 200]


def test_an_event_can_be_lost_doubled_and_sent_again(
    sandbox: Client, ours: cards.CardProcessor, site: Site
):
    act(sandbox, "behave", drop=1)
    paid(sandbox, ours)
    act(sandbox, "behave", copies=8)
    second = paid(sandbox, ours)
    sandbox.wait_for(lambda: len(site.events) == 8)
    assert {event.data.object.id for event in site.events} == {second.id}
    lost = next(one for one in sandbox("GET", "/_sandbox/events").json if one["state"] == "dropped")
    act(sandbox, "send_again", event=lost["id"])
    sandbox.wait_for(lambda: len(site.events) == 9)
    assert site.events[-1].id == lost["id"]


def test_a_restart_keeps_everything_and_delivers_what_waits(
    loop: Loop, card_settings: Settings, site: Site
):
    nowhere = replace(card_settings, webhook_url="http://127.0.0.1:1/", retry_pauses=(60.0,))
    with served(loop, make_app(nowhere)) as url:
        first = Client(loop, url)
        session = paid(first, door(first))
        first.wait_for(lambda: first("GET", "/_sandbox/events").json[0]["statuses"])
    assert site.events == []
    with served(loop, make_app(card_settings)) as url:
        second = Client(loop, url)
        heard(second, site, "checkout.session.completed")
        assert door(second).session(session.id) == session


def test_the_control_page_shows_payments_and_plays_them(
    sandbox: Client, ours: cards.CardProcessor, site: Site
):
    paid(sandbox, ours)
    page = sandbox("GET", "/_sandbox/").body.decode()
    assert "Refund all" in page
    assert "anna@family.example" in page
    (payment,) = sandbox("GET", "/_sandbox/payments").json
    form = {
        "seal": seal_of(page.encode()),
        "action": "refund",
        "payment_intent": payment["intent"]["id"],
    }
    assert sandbox("POST", "/_sandbox/act", data=form).status == 303
    heard(sandbox, site, "charge.refunded")
    answer = sandbox("POST", "/_sandbox/act", json={"action": "refund", "payment_intent": "pi_x"})
    assert (answer.status, answer.json["error"]) == (400, "No such payment_intent: 'pi_x'")
    assert sandbox("POST", "/_sandbox/act", json={"action": "fly"}).status == 400
    assert sandbox("POST", "/_sandbox/act", json=[]).status == 400
